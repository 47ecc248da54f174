"""Weights by the inverse of volatility."""

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Floats, normalise
from basketry.core.rule import Duration, Reads
from basketry.market.panel import Panel
from basketry.market.statistics import window_statistic
from basketry.methodology.risk import window_returns
from basketry.methodology.weighting import WEIGHTING, WeightingRule


@WEIGHTING.register("inverse_volatility")
class InverseVolatility(WeightingRule):
    """Weight each asset by one over the standard deviation of its log returns.

    Attributes:
        window: Returns that count; an asset needs at least 20, or half of a window shorter than 40 days.

    >>> InverseVolatility().words()
    'Assets are weighted by the inverse of their volatility over 90 days.'
    """

    formula = "w_i = (1/v_i) / Σ_j (1/v_j), v the standard deviation of log returns"
    source = "Equal risk contribution where correlations are equal: Maillard, Roncalli and Teïletche (2010)"

    window: Duration = timedelta(days=90)

    def weights(self, view: Panel, selected: NDArray[np.int64]) -> Floats:
        """Return the weights before capping."""
        returns = window_returns(view, selected, self.window)
        # The years in an annual figure cancel, so the standard deviation a row will do.
        count = window_statistic(returns, "count")
        squares = window_statistic(np.square(returns - window_statistic(returns, "mean")), "sum")
        return normalise(np.sqrt((count - 1) / squares))

    @property
    def reads(self) -> Reads:
        """The figures."""
        return Reads(fields=("price",))

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"Assets are weighted by the inverse of their volatility over {self.window.days} days."
