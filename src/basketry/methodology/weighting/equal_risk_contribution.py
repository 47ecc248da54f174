"""Equal risk contribution (risk parity)."""

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from basketry.core.numbers import Floats
from basketry.core.rule import Duration, Reads
from basketry.market.panel import Panel
from basketry.methodology.risk import equal_risk_contribution, window_covariance
from basketry.methodology.weighting import WEIGHTING, WeightingRule


@WEIGHTING.register("equal_risk_contribution")
class EqualRiskContribution(WeightingRule):
    """Weight assets so that each contributes the same risk.

    Attributes:
        window: Log returns that count.
        shrinkage: Share by which correlations are shrunk towards zero.

    >>> EqualRiskContribution(window="90d", shrinkage=0.2).words()
    'Each asset contributes the same risk, by the covariance of log returns over 90 days, ...'
    """

    formula = "w_i (Σw)_i = w_j (Σw)_j"
    source = "Maillard, Roncalli and Teïletche (2010), Properties of equally weighted risk contribution portfolios"

    window: Duration = timedelta(days=90)
    shrinkage: float = Field(0.0, ge=0, le=1)

    def weights(self, view: Panel, selected: NDArray[np.int64]) -> Floats:
        """Return the weights before capping."""
        return equal_risk_contribution(window_covariance(view, selected, self.window, self.shrinkage))

    @property
    def reads(self) -> Reads:
        """The figures."""
        return Reads(fields=("price",))

    def words(self) -> str:
        """Return the rule as a sentence."""
        days = self.window.days
        words = f"Each asset contributes the same risk, by the covariance of log returns over {days} days"
        return words + (f", correlations shrunk by {self.shrinkage * 100:g}%." if self.shrinkage else ".")
