"""The terms of a vault: its assets and their units, fees, spread, cut-off, staking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from basketry.core.digest import canonical_json, digest_bytes
from basketry.core.errors import MethodologyError, nearest_hint
from basketry.core.rule import Duration
from basketry.tracking.vault.ledger import SHARES

Valuation = Literal["prudent", "redemption", "market"]
"""How staked assets count: see `Staking.valuation`."""

DAY_US = 86_400_000_000


class _Terms(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Staking(_Terms):
    """How one asset is staked.

    Attributes:
        priced_as: Price id of the staked form (as stETH for ether); '' where it has no market.
        unbonding: From the request to leave until the units are free.
        valuation: `redemption` counts a staked unit as one unit of the asset, `market` at the price of the staked form,
            `prudent` at the dearer for those who come and at the cheaper for those who leave. Only the last leaves
            nothing to gain from the difference.
    """

    priced_as: str = ""
    unbonding: Duration = timedelta(0)
    valuation: Valuation = "prudent"

    @model_validator(mode="after")
    def _has_a_market(self) -> Self:
        if self.valuation == "market" and not self.priced_as:
            raise ValueError("valuation 'market' needs the price id of the staked form in `priced_as`")
        return self


class VaultTerms(_Terms):
    """What a vault promises; fixed for its life.

    Fractions are decimals and used exactly. All rounding is in favour of the vault.

    Attributes:
        quote: Asset in which cash orders are paid and net asset value is counted.
        decimals: Decimals of each asset's smallest unit, the quote asset's included.
        share_decimals: Decimals of the shares.
        create_fee: Fraction of the new shares that the manager gets.
        redeem_fee: Fraction of the redeemed shares that the manager gets.
        spread: Fraction by which cash orders are worse than net asset value; it stays in the vault and pays for the
            trades that cash orders cause.
        management_fee: Fraction of all shares a year that the manager gets, by dilution, as a continuous stream.
        performance_fee: Fraction of the gain over the high-water mark that the manager gets, by dilution.
        cut_off: Time of day, UTC. A cash order is executed at the first valuation at or after the first cut-off after
            it was given.
        max_price_age: Prices older than this make the net asset value stale.
        dead_shares: Shares that the founder pays for and nobody can redeem, smallest units: a donation is shared with
            them, so inflating the value of a share costs more than it can take. There is at least one, so that a
            vault never is without shares.
        staking: Terms of the assets that can be staked.

    >>> terms = VaultTerms(quote="usd-coin", decimals={"usd-coin": 6, "bitcoin": 8}, management_fee=Decimal("0.0095"))
    >>> terms.rate("management_fee")
    Fraction(19, 2000)
    """

    quote: str
    decimals: Mapping[str, int]
    share_decimals: int = Field(18, ge=0, le=36)
    create_fee: Decimal = Field(Decimal(0), ge=0, lt=1)
    redeem_fee: Decimal = Field(Decimal(0), ge=0, lt=1)
    spread: Decimal = Field(Decimal(0), ge=0, lt=1)
    management_fee: Decimal = Field(Decimal(0), ge=0, lt=1)
    performance_fee: Decimal = Field(Decimal(0), ge=0, lt=1)
    cut_off: time = time(16)
    max_price_age: Duration = timedelta(hours=1)
    dead_shares: int = Field(1000, ge=1)
    staking: Mapping[str, Staking] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _assets_are_known(self) -> Self:
        for asset in (self.quote, *self.staking):
            if asset not in self.decimals:
                raise ValueError(f"{asset!r} has no decimals{nearest_hint(asset, self.decimals)}; add it to `decimals`")
        if SHARES in self.decimals:
            raise ValueError(f"{SHARES!r} names the vault's own shares; give the asset another id")
        for asset, places in self.decimals.items():
            if not 0 <= places <= 36:
                raise ValueError(f"{asset!r} has {places} decimals; give 0 to 36")
        if self.quote in self.staking:
            raise ValueError(f"{self.quote!r} is the quote asset and stays liquid; take it out of `staking`")
        return self

    @classmethod
    def parse(cls, values: Mapping[str, object]) -> VaultTerms:
        """Return terms from plain values, as a file holds them.

        Raises:
            MethodologyError: A term is unknown, missing or out of range; the message names it.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            problem = error.errors()[0]
            place = ".".join(str(part) for part in problem["loc"]) or "terms"
            hint = nearest_hint(place, cls.model_fields) if problem["type"] == "extra_forbidden" else ""
            raise MethodologyError(f"vault: {place}{hint}: {problem['msg'].removeprefix('Value error, ')}") from error

    def rate(self, name: str) -> Fraction:
        """Return a fee or the spread as an exact fraction."""
        return Fraction(getattr(self, name))

    def unit(self, asset: str) -> int:
        """Return the smallest units in one whole unit of an asset, or of the shares.

        Raises:
            MethodologyError: The asset has no decimals.
        """
        if asset == SHARES:
            return int(10**self.share_decimals)
        if asset not in self.decimals:
            raise MethodologyError(
                f"{asset!r} has no decimals in the vault's terms{nearest_hint(asset, self.decimals)}; "
                f"assets: {', '.join(self.decimals)}"
            )
        return int(10 ** self.decimals[asset])

    def executable_from(self, given_at: int) -> int:
        """Return the first cut-off after an instant; both microseconds UTC."""
        clock = self.cut_off
        seconds = (clock.hour * 60 + clock.minute) * 60 + clock.second
        offset = seconds * 1_000_000 + clock.microsecond
        return ((given_at - offset) // DAY_US + 1) * DAY_US + offset

    @property
    def digest(self) -> str:
        """SHA-256 of the terms."""
        return digest_bytes(canonical_json(self.model_dump(mode="json")).encode())


@dataclass(frozen=True, slots=True)
class Receipt:
    """What changed hands between the vault and one holder.

    Attributes:
        paid: To the vault, smallest units by account (held, staked, unbonding) and asset.
        received: From the vault, likewise.
        shares: Shares that the holder got (positive) or gave up (negative).
        fee_shares: Shares that the manager got.
    """

    paid: Mapping[tuple[str, str], int] = field(default_factory=dict)
    received: Mapping[tuple[str, str], int] = field(default_factory=dict)
    shares: int = 0
    fee_shares: int = 0
