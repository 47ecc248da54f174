"""Total return: staking and other income reinvested in the basket."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from basketry.core.errors import MethodologyError
from basketry.core.numbers import Floats
from basketry.core.rule import Duration
from basketry.core.time import YEAR_DAYS
from basketry.methodology.path import IndexPath, Segment
from basketry.methodology.returns import RETURNS
from basketry.methodology.returns._chain import growth, ratio
from basketry.methodology.returns._series import Series, finite, in_days, percent


@RETURNS.register("total")
class TotalReturn(Series):
    """The price return with income reinvested; an asset whose yield is unknown earns nothing.

    Over a step that ends at t the yield is the one known at t - lag, so that with daily steps and a lag of a
    day the yield known at the start of the step is used. Income of a step is yield times its days over 365.

    Method `quantity`: the units of each asset grow by simple income on the units held at the rebalance. At
    the next one the grown value is spread over the new basket, so income compounds from basket to basket.
    With J the value of the grown over the plain basket, the total return is I times J.

    Method `rate`: the income of each step, as a share of the basket at its start, is added to the step's
    growth, so income compounds every step.

    Unbonding: with `pause_before_rebalance` the basket earns nothing in that time before it is changed. As a
    change may come unannounced, and a level may not depend on a later one, income is credited that much late,
    and what is not credited when the basket changes is lost. At each change the level is that of a basket
    whose utilisation was zero during the pause. Every change of the basket counts, scheduled or not.

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

    def level(self, path: IndexPath) -> Floats:
        """Return the total-return level, shape (T,).

        Data without any staking yields give the price return: nobody is known to earn.

        Raises:
            DataError: The data hold no field of another name that was asked for.
        """
        if self.yield_field == "staking_yield" and self.yield_field not in path.view.fields:
            return path.levels.copy()
        yields = path.view.field(self.yield_field)
        known = np.searchsorted(path.view.times, path.times - np.timedelta64(self.lag), side="right") - 1
        levels = (
            self._by_quantity(path, yields, known) if self.method == "quantity" else self._by_rate(path, yields, known)
        )
        return finite(levels, path, self)

    def _by_quantity(self, path: IndexPath, yields: Floats, known: NDArray[np.int64]) -> Floats:
        # Imported where it is used: Numba takes half a second to load.
        from basketry.methodology.returns._income import grown_income

        pause = self.pause_before_rebalance / timedelta(days=1)
        reinvested = np.ones(len(path.levels))
        for segment in path.segments:
            rows = slice(segment.start, segment.end + 1)
            days = _days_held(path.times[rows])
            income = grown_income(days, pause, *_basket(segment), yields, known[rows])
            value = segment.divisor * path.levels[rows]
            share = ratio(value + income * (self.utilisation / YEAR_DAYS), value)
            reinvested[rows] = reinvested[segment.start] * share
        return path.levels * reinvested

    def _by_rate(self, path: IndexPath, yields: Floats, known: NDArray[np.int64]) -> Floats:
        from basketry.methodology.returns._income import step_income

        ratios = growth(path.levels)
        for segment in path.segments:
            rows = slice(segment.start, segment.end + 1)
            income = step_income(_days_held(path.times[rows]), *_basket(segment), yields, known[rows])[1:]
            value = segment.divisor * path.levels[rows][:-1]
            earned = income * (self.utilisation / YEAR_DAYS)
            ratios[segment.start : segment.end] += np.divide(earned, value, out=np.zeros_like(value), where=value > 0)
        return np.cumprod(np.concatenate([path.levels[:1], np.maximum(ratios, 0.0)]))

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


def _days_held(times: NDArray[np.datetime64]) -> Floats:
    """Return the days since the first of the instants."""
    days: Floats = (times - times[0]) / np.timedelta64(1, "D")
    return days


def _basket(segment: Segment) -> tuple[Floats, Floats, NDArray[np.int64]]:
    earning = segment.units if segment.frozen is None else np.where(segment.frozen, 0.0, segment.units)
    return earning, np.ascontiguousarray(segment.prices), segment.columns
