"""The rules of a reference price: the section `prices` of a methodology, or a file of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_serializer, field_validator, model_validator

from basketry.core.errors import BasketryError, MethodologyError
from basketry.core.refusals import read_model
from basketry.core.restatement import Restate
from basketry.core.rule import Duration
from basketry.core.time import format_duration, parse_duration
from basketry.core.wrong_values import shown
from basketry.market.tape import Market
from basketry.reference.health import Health
from basketry.reference.paths import Conversion
from basketry.reference.rate import RATES, TradeRate
from basketry.reference.rates.capped_median import CappedMedian


class Fallback(BaseModel):
    """What happens when a window has too few venues or no price: in this order, each step in the evidence.

    Attributes:
        wider: Longer windows to try, shortest first; such a price is stale.
        previous: How old an earlier price may be that is repeated; such a price is carried. Null for never.

    Then the price is suspended: there is none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    wider: tuple[Duration, ...] = ()
    previous: Duration | None = parse_duration("1d")

    def words(self) -> str:
        """Return the waterfall as a sentence."""
        steps = [f"a window of {format_duration(length)}" for length in self.wider]
        if self.previous is not None:
            steps.append(f"the previous price, flagged, for up to {format_duration(self.previous)}")
        return "with too few venues: " + "; then ".join([*steps, "no price"])


class PriceRules(BaseModel):
    """How the reference prices of assets are made.

    Attributes:
        rate: The rate, a rule of the registry `RATES`; `capped_median` unless given.
        currency: What prices are in.
        venues: The venues that may count; all unless given.
        groups: Venues that can fail together, by name of the group; added to what the markets say.
        min_venues: Least number of venues that count for a live price.
        health: When a market is left out.
        conversion: How other quote currencies are converted.
        fallback: What happens with too few venues.
        decimals: Digits after the point of a published price; rounded once, half to even.
        restate: When a published price is corrected after late trades or retractions.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    rate: TradeRate = Field(default_factory=CappedMedian)
    currency: str = Field("usd", min_length=1)
    venues: tuple[str, ...] | None = None
    groups: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    min_venues: int = Field(3, ge=1)
    health: Health = Field(default_factory=Health)
    conversion: Conversion = Field(default_factory=Conversion)
    fallback: Fallback = Field(default_factory=Fallback)
    decimals: int = Field(8, ge=0, le=18)
    restate: Restate = Field(default_factory=Restate)

    @field_validator("rate", mode="before")
    @classmethod
    def _build_rate(cls, value: Any) -> Any:
        if isinstance(value, TradeRate):
            return value
        if isinstance(value, str):
            return RATES.build(value, None)
        if isinstance(value, Mapping) and len(value) == 1:
            ((name, parameters),) = value.items()
            return RATES.build(str(name), parameters)
        raise ValueError("expected the name of a rate, or one rate with parameters as in {vwap: {window: 1h}}")

    @model_validator(mode="after")
    def _wider_fits(self) -> Self:
        for length in self.fallback.wider:
            RATES.build(self.rate.name, {**self.rate.parameters(), "window": format_duration(length)})
        return self

    @field_serializer("rate")
    def _write_rate(self, rate: TradeRate) -> Any:
        return {rate.name: rate.entry()} if rate.parameters() else rate.name

    def document(self) -> dict[str, Any]:
        """Return the rules as plain values for YAML and JSON; what is the default is left out."""
        document: dict[str, Any] = self.model_dump(mode="json", exclude_defaults=True)
        return {"rate": self._write_rate(self.rate), **{key: value for key, value in document.items() if key != "rate"}}

    @staticmethod
    def parse(value: Mapping[str, Any], where: str = "prices") -> PriceRules:
        """Return the rules that a mapping says.

        Raises:
            MethodologyError: A key is unknown or a value wrong; the message starts with its path.

        >>> PriceRules.parse({"rate": {"vwap": {"window": "24h"}}, "min_venues": 1}).rate.words()
        'the volume-weighted average price of 1d, trades of all venues pooled'
        """
        if not isinstance(value, Mapping):
            raise MethodologyError(f"{where}: expected keys in braces, was {shown(value)}")
        try:
            return read_model(PriceRules, value, where)
        except MethodologyError as error:
            # What a rate says of itself does not know where it stands.
            raise error.retold(lambda words: words if words.startswith(where) else f"{where}.rate: {words}") from error
        except BasketryError as error:
            raise type(error)(f"{where}.rate: {error}") from error

    def market(self, market: Market) -> Market | None:
        """Return a market with its group under these rules; None where its venue may not count."""
        if self.venues is not None and market.venue not in self.venues:
            return None
        for name, venues in self.groups.items():
            if market.venue in venues:
                return Market(market.venue, market.pair, market.base, market.quote, name, market.kind)
        return market

    def words(self) -> list[str]:
        """Return the rules as sentences."""
        venues = "all venues" if self.venues is None else ", ".join(self.venues)
        said = [
            f"The price in {self.currency} is {self.rate.words()}.",
            f"Venues: {venues}; at least {self.min_venues} must count; {self.health.words()}.",
            f"Conversion: {self.conversion.words()}.",
            f"Fall-back, {self.fallback.words()}.",
        ]
        said += [f"{name}: {', '.join(venues)} count as one source." for name, venues in self.groups.items()]
        return said
