"""Minimum variance."""

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from basketry.core.numbers import Floats
from basketry.core.rule import Duration, Reads
from basketry.market.panel import Panel
from basketry.methodology.risk import minimum_variance, window_covariance
from basketry.methodology.weighting import WEIGHTING, WeightingRule


@WEIGHTING.register("minimum_variance")
class MinimumVariance(WeightingRule):
    """Weight assets so that the variance is least, none held short.

    Attributes:
        window: Log returns that count.
        shrinkage: Share by which correlations are shrunk towards zero.

    >>> MinimumVariance(window="90d", shrinkage=0.2).words()
    'The variance is least, by the covariance of log returns over 90 days, correlations shrunk by 20%.'
    """

    formula = "min w'Σw, Σ w_i = 1, w ≥ 0"
    source = "Markowitz (1952), Portfolio selection; Clarke, de Silva and Thorley (2006)"

    window: Duration = timedelta(days=90)
    shrinkage: float = Field(0.2, ge=0, le=1)

    def weights(self, view: Panel, selected: NDArray[np.int64]) -> Floats:
        """Return the weights before capping."""
        return minimum_variance(window_covariance(view, selected, self.window, self.shrinkage))

    @property
    def reads(self) -> Reads:
        """The figures."""
        return Reads(fields=("price",))

    def words(self) -> str:
        """Return the rule as a sentence."""
        words = f"The variance is least, by the covariance of log returns over {self.window.days} days"
        return words + (f", correlations shrunk by {self.shrinkage * 100:g}%." if self.shrinkage else ".")
