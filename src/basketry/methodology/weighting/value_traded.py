"""Liquidity weights."""

from datetime import timedelta
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Floats
from basketry.core.rule import Duration, Reads
from basketry.market.panel import Panel
from basketry.methodology.weighting import WEIGHTING, WeightingRule
from basketry.methodology.weighting._proportional import in_proportion


@WEIGHTING.register("value_traded")
class ValueTraded(WeightingRule):
    """Weight each asset by its value traded a day over a window.

    >>> ValueTraded().words()
    'Assets are weighted by the median value traded a day over 30 days.'
    """

    formula = "w_i ∝ median(V_i over window)"
    source = "Liquidity-weighted indices; dginst index (exponential mean of volume)"

    window: Duration = timedelta(days=30)
    statistic: Literal["median", "mean"] = "median"

    def weights(self, view: Panel, selected: NDArray[np.int64]) -> Floats:
        """Return the weights before capping."""
        return in_proportion(view, selected, view.statistic("volume", self.statistic, self.window), "volume")

    @property
    def reads(self) -> Reads:
        """The figures."""
        return Reads(fields=("volume",))

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"Assets are weighted by the {self.statistic} value traded a day over {self.window.days} days."
