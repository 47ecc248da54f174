"""Weights by any named metric."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from basketry.core.numbers import Floats
from basketry.market.panel import Panel
from basketry.methodology.metrics import metric
from basketry.methodology.weighting import WEIGHTING, WeightingRule
from basketry.methodology.weighting._proportional import in_proportion


@WEIGHTING.register("metric")
class Metric(WeightingRule):
    """Weight each asset by a power of a named metric, such as value locked.

    >>> Metric(metric="tvl").words()
    'Assets are weighted by tvl.'
    """

    formula = "w_i ∝ m_i^p"
    source = "Fundamental indexation: Arnott, Hsu and Moore (2005)"

    metric: str = Field(min_length=1)
    power: float = Field(1.0, gt=0, le=2)

    def weights(self, view: Panel, selected: NDArray[np.int64]) -> Floats:
        """Return the weights before capping."""
        with np.errstate(invalid="ignore"):
            figures = metric(view, self.metric) ** self.power
        return in_proportion(view, selected, figures, self.metric)

    def words(self) -> str:
        """Return the rule as a sentence."""
        power = "" if self.power == 1 else f"the power {self.power:g} of "
        return f"Assets are weighted by {power}{self.metric}."
