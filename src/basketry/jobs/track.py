"""Follow an index: its folder and a lake in, a simulated portfolio with costs, causes and a recommendation out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_serializer, field_validator, model_validator

from basketry.core.errors import BasketryError, DataError, MethodologyError, nearest_hint
from basketry.index.result import IndexResult
from basketry.jobs.recompute import recomputed
from basketry.lake.lake import Lake
from basketry.ledger.folder import read_folder
from basketry.methodology.methodology import Methodology
from basketry.methodology.parse import parse_yaml
from basketry.methodology.returns.leverage import Leverage
from basketry.methodology.returns.volatility_target import VolatilityTarget
from basketry.tracking.costs import TradingCosts
from basketry.tracking.frontier import Frontier, frontier
from basketry.tracking.policies import POLICIES, Policy
from basketry.tracking.run import TrackingResult, follow
from basketry.tracking.target import Target

Progress = Callable[[str], None]
PAST = timedelta(days=365)


class VenueTerms(BaseModel):
    """What trading costs, with volumes and volatilities from the lake; see `TradingCosts.from_volumes`.

    Attributes:
        half_spread: Half the spread, fraction.
        fee: Fee of the venues, fraction.
        impact_factor: Y of the square-root law.
        participation: Largest share of the median daily volume traded in one step.
        gas: Fixed cost of a trade, quote currency.
        minimum: Smallest trade, quote currency.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    half_spread: float = Field(0.0005, ge=0, lt=1)
    fee: float = Field(0.001, ge=0, lt=1)
    impact_factor: float = Field(1.0, ge=0)
    participation: float = Field(0.1, gt=0, le=1)
    gas: float = Field(0.0, ge=0)
    minimum: float = Field(0.0, ge=0)

    def words(self) -> str:
        """Return the terms as a sentence."""
        said = (
            f"half spread {self.half_spread * 1e4:g} bp, fees {self.fee * 1e4:g} bp, square-root impact with "
            f"Y = {self.impact_factor:g} on volumes of the lake, at most {self.participation:.0%} of a day's volume"
        )
        said += f", gas {self.gas:g} a trade" if self.gas else ""
        return said + (f", no trade below {self.minimum:g}" if self.minimum else "")


class TrackTerms(BaseModel):
    """How an index is followed: the file `track.yaml`.

    Attributes:
        policy: When and towards what the portfolio trades, a rule of the registry POLICIES.
        venues: What trading costs.
        value: Value at the start, quote currency.
        fee: Management fee, fraction a year.
        cash_buffer: Cash aimed at, fraction.
        column: The series of the index that is followed; not a leveraged one, which its members cannot follow.
        yields: Whether holdings earn the staking yields of the lake.
        start: First day; the index's first unless given.
        end: Last day.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, allow_inf_nan=False)

    policy: Policy = Field(default_factory=lambda: POLICIES.build("bands", 0.1))
    venues: VenueTerms = Field(default_factory=VenueTerms)
    value: float = Field(1_000_000.0, gt=0)
    fee: float = Field(0.0, ge=0, lt=1)
    cash_buffer: float = Field(0.0, ge=0, lt=1)
    column: str = "price_return"
    yields: bool = False
    start: str | None = None
    end: str | None = None

    @field_validator("policy", mode="before")
    @classmethod
    def _build(cls, value: Any) -> Any:
        return value if isinstance(value, Policy) else policy_of(value)

    @field_validator("start", "end", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        # YAML reads 2020-01-01 without quotes as a date.
        return value.isoformat() if isinstance(value, date) else value

    @field_serializer("policy")
    def _write(self, policy: Policy) -> Any:
        return {policy.name: policy.entry()} if policy.parameters() else policy.name

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise ValueError(f"end {self.end} is not after start {self.start}")
        return self

    def document(self) -> dict[str, Any]:
        """Return the terms as plain values."""
        return self.model_dump(mode="json", exclude_none=True)

    @staticmethod
    def parse(value: Mapping[str, Any], where: str = "track") -> TrackTerms:
        """Return the terms that a mapping says.

        Raises:
            MethodologyError: A key is unknown or a value wrong.

        >>> TrackTerms.parse({"policy": {"bands": {"relative": 0.2}}}).policy.label()
        'bands (relative 0.2)'
        """
        try:
            return TrackTerms.model_validate(dict(value))
        except ValidationError as error:
            problem = error.errors()[0]
            path = ".".join([where, *(str(part) for part in problem["loc"])])
            model = VenueTerms if problem["loc"][:1] == ("venues",) and len(problem["loc"]) > 1 else TrackTerms
            if problem["type"] == "extra_forbidden":
                hint = nearest_hint(str(problem["loc"][-1]), model.model_fields)
                raise MethodologyError(f"{path}: unknown key{hint}; keys: {', '.join(model.model_fields)}") from error
            message = problem["msg"].removeprefix("Value error, ")
            raise MethodologyError(f"{path}: {message}, was {problem['input']!r}") from error
        except BasketryError as error:
            raise type(error)(f"{where}.policy: {error}") from error


def policy_of(value: Any) -> Policy:
    """Return the policy that a name, or a name with parameters, says.

    >>> policy_of({"calendar": "7d"}).words()
    'Every 7 days the portfolio is brought to its target.'
    """
    if isinstance(value, str):
        return POLICIES.build(value, None)
    if isinstance(value, Mapping) and len(value) == 1:
        ((name, parameters),) = value.items()
        return POLICIES.build(str(name), parameters)
    raise MethodologyError("a policy is a name, or one name with parameters, as in bands: {relative: 0.2}")


def load_terms(text: str | None, venues: Path | None, **given: Any) -> TrackTerms:
    """Return the terms of a command line.

    Args:
        text: A policy as YAML, `bands: {relative: 0.2}`, or the path of a file with all terms.
        venues: A YAML file with what trading costs.
        given: Other terms; None leaves the file's or the default.

    Raises:
        MethodologyError: A file cannot be read, or a key or value is wrong.
    """
    document: dict[str, Any] = {}
    if text is not None:
        file = Path(text)
        if file.suffix in (".yaml", ".yml"):
            document = dict(_mapping(file))
        else:
            document["policy"] = parse_yaml(text)
    if venues is not None:
        document["venues"] = dict(_mapping(venues))
    document |= {name: value for name, value in given.items() if value is not None}
    return TrackTerms.parse(document)


def _mapping(file: Path) -> Mapping[str, Any]:
    try:
        value = parse_yaml(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise MethodologyError(f"{file}: cannot be read: {error}") from error
    if not isinstance(value, Mapping):
        raise MethodologyError(f"{file}: expected keys, was {value!r}")
    return value


@dataclass(frozen=True, eq=False)
class Followed:
    """An index that can be followed, and what trading its members costs.

    Attributes:
        index: The index, calculated from the lake.
        target: What is to be followed.
        costs: What trading costs.
        terms: How.
    """

    index: IndexResult
    target: Target
    costs: TradingCosts
    terms: TrackTerms

    def run(self) -> TrackingResult:
        """Return the simulated portfolio."""
        terms = self.terms
        return follow(
            self.target,
            terms.policy,
            self.costs,
            value=terms.value,
            fee=terms.fee,
            cash_buffer=terms.cash_buffer,
        )

    def frontier(self, policies: Sequence[Policy] | None = None, *, budget: float | None = None) -> Frontier:
        """Return tracking error against cost over policies, and the one to use.

        Raises:
            DataError: There are fewer than three instants, or no policy stays within the budget.
        """
        if len(self.target.times) < 3:
            raise DataError("a tracking error needs at least three instants; let the span be longer")
        terms = self.terms
        return frontier(
            self.target,
            self.costs,
            policies,
            value=terms.value,
            fee=terms.fee,
            cash_buffer=terms.cash_buffer,
            budget=budget,
        )


def followed(
    folder: Path, lake: Lake, terms: TrackTerms, *, table: str = "daily", progress: Progress | None = None
) -> Followed:
    """Return the index of a folder, recalculated from a lake, ready to be followed.

    Raises:
        MethodologyError: The series to follow is unknown or leveraged, or is not stated for a leveraged index.
        RecordError: The folder is not that of an index.
        DataError: The lake lacks what the index needs, or has no volumes.
    """
    published = read_folder(folder)
    _check_column(published.methodology, terms)
    if progress is not None:
        progress(f"Computing {published.methodology.symbol}")
    index = recomputed(published, lake, table)
    if "volume" not in index.panel.fields:
        raise DataError(
            f"{lake.address}: has no volumes, from which costs are estimated; import them (column volume, a day's "
            "value traded in the currency of prices)"
        )
    target = Target.from_index(
        index, column=terms.column, yields=terms.yields, past=PAST, start=terms.start, end=terms.end
    )
    panel = index.panel
    rows = np.searchsorted(panel.times, target.times, side="right") - 1
    columns = np.array([panel.position(asset) for asset in target.assets])
    # The volume of a successor before its migration is that of the old asset.
    volumes = panel.until(target.times[-1]).comparable("volume", columns=columns)[rows]
    venues = terms.venues
    costs = TradingCosts.from_volumes(
        target,
        volumes,
        half_spread=venues.half_spread,
        fee=venues.fee,
        impact_factor=venues.impact_factor,
        participation=venues.participation,
        gas=venues.gas,
        minimum=venues.minimum,
    )
    return Followed(index, target, costs, terms)


def _check_column(rules: Methodology, terms: TrackTerms) -> None:
    """Refuse a series that holding the members cannot follow, and a leveraged index of which no series is stated."""
    series = {rule.column(): rule for rule in rules.first.returns}
    if terms.column not in series:
        hint = nearest_hint(terms.column, series)
        raise MethodologyError(f"{rules.symbol} has no series {terms.column!r}{hint}; it has {', '.join(series)}")
    levered = [name for name, rule in series.items() if isinstance(rule, Leverage)]
    stated = "column" in terms.model_fields_set
    if isinstance(series[terms.column], Leverage | VolatilityTarget) or (levered and not stated):
        name = terms.column if stated else levered[0]
        raise MethodologyError(
            f"{rules.symbol}: holding the members cannot follow {name}, whose exposure is not 1; to follow what it is "
            "a multiple of, state --column price_return (column: price_return in a file of terms)"
        )
