"""Volatility above a threshold."""

from datetime import timedelta

import numpy as np
from pydantic import Field

from basketry.core.rule import Duration
from basketry.core.time import YEAR_DAYS
from basketry.methodology.triggers import TRIGGERS, Holding, TriggerRule


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

    def first_row(self, holding: Holding) -> int | None:
        """Return the first row at which the volatility is above the threshold, once a whole window is there."""
        returns = np.diff(np.log(holding.levels))
        times = holding.view(len(holding.levels) - 1).times[-len(holding.levels) :]
        for row in range(2, len(holding.levels)):
            start = int(np.searchsorted(times, times[row] - np.timedelta64(self.window)))
            if times[row] - times[0] < np.timedelta64(self.window) or row - start < 2:
                continue
            step = float((times[row] - times[start]) / np.timedelta64(1, "D")) / (row - start)
            if returns[start:row].std(ddof=1) * np.sqrt(YEAR_DAYS / step) > self.above:
                return row
        return None

    def words(self) -> str:
        """Return the rule as a sentence."""
        return (
            f"An extra rebalance when the annualised volatility over {self.window.days} days exceeds "
            f"{self.above * 100:g}%."
        )
