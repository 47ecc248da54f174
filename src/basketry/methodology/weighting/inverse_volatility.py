"""Weights by the inverse of volatility."""

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from basketry.core.errors import MethodologyError
from basketry.core.numbers import Floats, normalise
from basketry.market.panel import Panel
from basketry.methodology.metrics import volatility
from basketry.methodology.rule import Duration
from basketry.methodology.weighting import WEIGHTING, WeightingRule


@WEIGHTING.register("inverse_volatility")
class InverseVolatility(WeightingRule):
    """Weight each asset by one over the standard deviation of its log returns.

    >>> InverseVolatility().words()
    'Assets are weighted by the inverse of their volatility over 90 days.'
    """

    formula = "w_i = σ_i⁻¹ / Σ_j σ_j⁻¹"
    source = "Equal risk contribution where correlations are equal: Maillard, Roncalli and Teïletche (2010)"

    window: Duration = timedelta(days=90)

    def weights(self, view: Panel, selected: NDArray[np.int64]) -> Floats:
        """Return the weights before capping."""
        spread = volatility(view, self.window)[selected]
        wrong = np.flatnonzero(~(spread > 0))
        if len(wrong):
            raise MethodologyError(
                f"{view.assets[int(selected[wrong[0]])]!r} has no volatility over {self.window.days} days; require a "
                f"longer history, as in `- history: {{min_days: {self.window.days + 10}}}`"
            )
        return normalise(1 / spread)

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"Assets are weighted by the inverse of their volatility over {self.window.days} days."
