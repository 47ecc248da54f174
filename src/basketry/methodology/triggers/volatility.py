"""Volatility above a threshold."""

from datetime import timedelta

import numpy as np
from pydantic import Field

from basketry.core.numbers import standard_deviation
from basketry.core.rule import Duration
from basketry.core.time import YEAR_DAYS
from basketry.methodology.triggers import TRIGGERS, Moment, TriggerRule


@TRIGGERS.register("volatility")
class Volatility(TriggerRule):
    """Rebalance when the volatility of the index since its last change rises above a threshold.

    Attributes:
        above: Annualised volatility (365 days), a fraction.
        window: Length of the window; it begins anew with each basket.

    >>> Volatility(above=0.8).words()
    'An extra rebalance when the annualised volatility over 30 days exceeds 80%.'
    """

    formula = "√365 · sd(ln I_t/I_t−1 over window) > above"
    source = "Event-driven rebalancing in risk-control indices: S&P Risk Control Indices"

    above: float = Field(gt=0)
    window: Duration = timedelta(days=30)

    @property
    def memory(self) -> timedelta:
        """The window."""
        return self.window

    def fires(self, moment: Moment) -> bool:
        """Return whether the volatility is above the threshold, once a whole window is there."""
        now = moment.times[-1]
        if now - moment.changed_at < np.timedelta64(self.window):
            return False
        first = int(np.searchsorted(moment.times, now - np.timedelta64(self.window)))
        levels = moment.levels[first:]
        if len(levels) < 3 or not (levels > 0).all():
            return False
        step = float((now - moment.times[first]) / np.timedelta64(1, "D")) / (len(levels) - 1)
        # Imported where it is used: Numba takes half a second to load.
        from basketry.core.elementary import log

        return bool(standard_deviation(np.diff(log(levels))) * np.sqrt(YEAR_DAYS / step) > self.above)

    def words(self) -> str:
        """Return the rule as a sentence."""
        return (
            f"An extra rebalance when the annualised volatility over {self.window.days} days exceeds "
            f"{self.above * 100:g}%."
        )
