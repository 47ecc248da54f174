"""Total return: staking and other income reinvested in the basket."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from basketry.core.errors import DataError, MethodologyError
from basketry.core.numbers import Floats, exact_sum
from basketry.core.rule import Duration, Reads
from basketry.core.time import YEAR_DAYS
from basketry.methodology.path import Carried, IndexPath, Segment
from basketry.methodology.returns import RETURNS
from basketry.methodology.returns._chain import compounded, growth, ratio
from basketry.methodology.returns._memory import Microseconds, instants
from basketry.methodology.returns._series import Series, finite, in_days, percent


@dataclass(frozen=True)
class TotalReturnMemory:
    """What is remembered.

    Attributes:
        level: The last level.
        factor: With quantity, level over price return at the last instant.
        base: With quantity, level over price return at the last change of the basket; after an error that stands, such
            that the level stands with what has grown at the prices known since.
        grown: With quantity, units that income has added since then, for each asset of the basket.
        credited: With quantity, instant in microseconds up to which income is in `grown`.
        waiting: With a pause, each step that is not yet credited in full: its end, and the units that each asset
            earns a day in it.
    """

    level: float
    factor: float = 1.0
    base: float = 1.0
    grown: tuple[float, ...] = ()
    credited: Microseconds = 0
    waiting: tuple[tuple[Microseconds, tuple[float, ...]], ...] = ()

    def __post_init__(self) -> None:
        if any(len(rates) != len(self.grown) for _, rates in self.waiting):
            raise DataError("what a total return remembers has waiting income of another number of assets")


@dataclass
class _Units:
    """Units that income adds to a basket from change to change, as arrays: those of the memory.

    Attributes:
        factor, base, credited: As in the memory.
        grown: Shape (n,).
        ends: End of each step that waits, shape (m,).
        rates: Units a day that each asset earns in it, shape (m, n).
    """

    factor: float
    base: float
    credited: int
    grown: Floats
    ends: NDArray[np.int64]
    rates: Floats

    def begin(self, assets: int, time: int) -> None:
        """Spread what has grown over a new basket; what is not credited is lost."""
        self.base = self.factor
        self.credited = time
        self.grown = np.zeros(assets)
        self.ends = np.empty(0, dtype=np.int64)
        self.rates = np.empty((0, assets))

    def carry(self, becomes: Carried) -> None:
        """Carry over what has grown and what waits as the units held."""
        self.grown = becomes.carry(self.grown)
        self.rates = np.array([becomes.carry(rates) for rates in self.rates]).reshape(len(self.rates), becomes.size)


@RETURNS.register("total")
class TotalReturn(Series):
    """The price return with income reinvested; an asset whose yield is unknown earns nothing.

    Over a step that ends at t the yield is the one known at t - lag, so that with daily steps and a lag of a
    day the yield known at the start of the step is used. Income of a step is yield times its days over 365.

    Method `quantity`: the units of each asset grow by simple income on the units held since the last change: the
    last rebalance, transition step or departure. At the next one the grown value is spread over the new basket,
    so income compounds from basket to basket. With J the value of the grown over the plain basket, the total
    return is I times J. A conversion or a fork is no change: grown units become what the units held become.

    Method `rate`: the income of each step, as a share of the basket at its start, is added to the step's
    growth, so income compounds every step.

    Unbonding: with `pause_before_rebalance` the basket earns nothing in that time before it is changed. As a
    change may come unannounced, and a level may not depend on a later one, income is credited that much late,
    and what is not credited when the basket changes is lost. At each change the level is that of a basket
    whose utilisation was zero during the pause. Every change of the basket counts, scheduled or not.

    A version may change all of it. Yields and lag change from the next step on; what has grown and what waits stay as
    they were earned. Two cases spread what has grown over the basket and lose what waits, as a change of the basket
    does: another method, and a utilisation of 0.

    Attributes:
        yield_field: Field of the panel with the income, a simple fraction a year.
        utilisation: Share of the units that earn, 0 to 1.
        lag: Age of the yield at the end of a step, at least.
        method: quantity or rate.
        pause_before_rebalance: Time before a change of the basket in which nothing is earned.

    >>> TotalReturn(utilisation=0.8).column()
    'total_return'
    """

    formula = (
        "quantity: Q_t = Q_(t-1) + Y_(t-1) Q_rebalance U d/365; rate: TR_t = TR_(t-1) (I_t/I_(t-1) + Σ w_i Y_i U d/365)"
    )
    source = "Vinter, staking yield indices (quantity); Coin Metrics, CMBI Ethereum Total Return (rate)"

    memory: ClassVar[type | None] = TotalReturnMemory

    yield_field: str = Field("staking_yield", min_length=1)
    utilisation: float = Field(1.0, ge=0, le=1)
    lag: Duration = timedelta(days=1)
    method: Literal["quantity", "rate"] = "quantity"
    pause_before_rebalance: Duration = timedelta(0)

    @model_validator(mode="after")
    def _pause_needs_quantity(self) -> TotalReturn:
        if self.method == "rate" and self.pause_before_rebalance:
            raise MethodologyError("pause_before_rebalance goes with method: quantity only; leave one of them out")
        return self

    def usual_column(self) -> str:
        """Return total_return."""
        return "total_return"

    def extend(self, memory: TotalReturnMemory | None, path: IndexPath) -> tuple[TotalReturnMemory | None, Floats]:
        """Return what to remember and the total-return level, shape (T,).

        Data without any staking yields give the price return: nobody is known to earn.

        Raises:
            DataError: The data hold no field of another name that was asked for.
        """
        if memory is None:
            if self.yield_field == "staking_yield" and not path.known.has_income(self.yield_field):
                return None, path.levels.copy()
            memory = TotalReturnMemory(level=float(path.levels[0]))
            path = replace(path, segments=(replace(path.segments[0], anew=True), *path.segments[1:]))
        kept, levels = self._by_quantity(memory, path) if self.method == "quantity" else self._by_rate(memory, path)
        return kept, finite(levels, path, self)

    def take_over(self, memory: TotalReturnMemory, before: TotalReturn, path: IndexPath) -> TotalReturnMemory:
        """Return what to remember so that what has grown is worth what it was."""
        if self.method == "rate" or (self.method == before.method and self.utilisation == before.utilisation):
            return memory
        if before.method == "rate" or not self.utilisation:
            factor = float(ratio(np.array([memory.level]), path.levels[:1])[0])
            began = int(instants(path)[0])
            return TotalReturnMemory(memory.level, factor, factor, (0.0,) * len(path.segments[0].columns), began)
        # What is remembered is multiplied by the utilisation where it is counted.
        share = before.utilisation / self.utilisation
        grown = tuple(units * share for units in memory.grown)
        waiting = tuple((end, tuple(rate * share for rate in rates)) for end, rates in memory.waiting)
        return replace(memory, grown=grown, waiting=waiting)

    def go_on(self, memory: TotalReturnMemory, was: IndexPath, now: IndexPath) -> TotalReturnMemory:
        """Return what to remember so that the next return is that of the basket with what it has grown by.

        With G the value of the grown units beside V of those held, both at the prices known now, the level F I stands
        where the factor is base (V + G) / V, so that base = F V / (V + G).
        """
        held, known = was.segments[0], now.segments[0]
        # What has grown is spread over a basket that is struck anew, whatever its prices.
        if self.method == "rate" or known.anew:
            return memory
        if held.becomes is not None:
            units = _units(memory)
            units.carry(held.becomes)
            memory = _remembered(units, memory.level)
        elif np.array_equal(held.prices, known.prices):
            return memory
        income = exact_sum(known.prices[0] * np.array(memory.grown)) * (self.utilisation / YEAR_DAYS)
        value = float(known.values[0])
        return replace(memory, base=memory.factor * value / (value + income))

    def _by_quantity(self, memory: TotalReturnMemory, path: IndexPath) -> tuple[TotalReturnMemory, Floats]:
        # Imported where it is used: Numba takes half a second to load.
        from basketry.methodology.returns._income import grown_income

        pause = self.pause_before_rebalance // timedelta(microseconds=1)
        times = instants(path)
        units = _units(memory)
        factors = np.full(len(path.levels), memory.factor)
        for segment in path.segments:
            rows = slice(segment.start, segment.end + 1)
            if segment.anew:
                units.begin(len(segment.columns), int(times[segment.start]))
            elif len(units.grown) != len(segment.columns):
                raise DataError(
                    f"{self.column()} remembers a basket of {len(units.grown)} assets, and the index goes on with "
                    f"{len(segment.columns)}; calculate it again from the base"
                )
            if segment.end > segment.start:
                ends = np.concatenate([units.ends, times[rows][1:]])
                rates = np.concatenate([units.rates, (_earning(segment) * self._yields(path, segment))[1:]])
                income, units.credited, done = grown_income(
                    times[rows], pause, np.ascontiguousarray(segment.prices), ends, rates, units.credited, units.grown
                )
                units.ends, units.rates = ends[done:], rates[done:]
                value = segment.values
                share = ratio(value + income * (self.utilisation / YEAR_DAYS), value)
                factors[segment.start + 1 : segment.end + 1] = units.base * share[1:]
                units.factor = float(factors[segment.end])
            if segment.becomes is not None:
                units.carry(segment.becomes)
        levels = path.levels * factors
        return _remembered(units, float(levels[-1])), levels

    def _by_rate(self, memory: TotalReturnMemory, path: IndexPath) -> tuple[TotalReturnMemory, Floats]:
        from basketry.methodology.returns._income import step_income

        times = instants(path)
        ratios = growth(path.levels)
        for segment in path.segments:
            rows = slice(segment.start, segment.end + 1)
            prices = np.ascontiguousarray(segment.prices)
            income = step_income(times[rows], self._yields(path, segment), _earning(segment), prices)[1:]
            value = segment.values[:-1]
            earned = income * (self.utilisation / YEAR_DAYS)
            ratios[segment.start : segment.end] += np.divide(earned, value, out=np.zeros_like(value), where=value > 0)
        levels = compounded(memory.level, np.maximum(ratios, 0.0))
        return TotalReturnMemory(float(levels[-1])), levels

    def _yields(self, path: IndexPath, segment: Segment) -> Floats:
        """Return the simple income a year at each row of a segment, 0 where unknown, shape (k, n)."""
        if self.yield_field == "staking_yield" and not path.known.has_income(self.yield_field):
            return np.zeros(segment.prices.shape)
        known = path.known.income(self.yield_field, self.lag, segment)
        return np.where(np.isfinite(known), known, 0.0)

    @property
    def reads(self) -> Reads:
        """The yields; without any staking yields nobody is known to earn."""
        usual = self.yield_field == "staking_yield"
        return Reads(optional=(self.yield_field,)) if usual else Reads(fields=(self.yield_field,))

    def words(self) -> str:
        """Return the rule as a sentence."""
        how = (
            "to the units held since the last change of the basket"
            if self.method == "quantity"
            else "to the value at every step"
        )
        sentence = (
            f"Total return: income ({self.yield_field.replace('_', ' ')}) on {percent(self.utilisation)}% of "
            f"the units is added {how}, at the rate known {in_days(self.lag / timedelta(days=1))} before"
        )
        if self.pause_before_rebalance:
            pause = in_days(self.pause_before_rebalance / timedelta(days=1))
            sentence += f"; nothing is earned in the {pause} before the basket changes"
        return sentence + "."


def _earning(segment: Segment) -> Floats:
    return segment.units if segment.frozen is None else np.where(segment.frozen, 0.0, segment.units)


def _units(memory: TotalReturnMemory) -> _Units:
    grown = np.array(memory.grown, dtype=np.float64)
    rates = np.array([rates for _, rates in memory.waiting], dtype=np.float64).reshape(len(memory.waiting), len(grown))
    ends = np.array([end for end, _ in memory.waiting], dtype=np.int64)
    return _Units(memory.factor, memory.base, memory.credited, grown, ends, rates)


def _remembered(units: _Units, level: float) -> TotalReturnMemory:
    waiting = zip(units.ends.tolist(), map(tuple, units.rates.tolist()), strict=True)
    grown = tuple(units.grown.tolist())
    return TotalReturnMemory(level, units.factor, units.base, grown, int(units.credited), tuple(waiting))
