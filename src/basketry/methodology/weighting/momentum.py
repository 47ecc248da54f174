"""Weights by past return."""

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Floats, normalise
from basketry.market.panel import Panel
from basketry.methodology.metrics import past_return
from basketry.methodology.rule import Duration
from basketry.methodology.scores import positive_score, standardise
from basketry.methodology.weighting import WEIGHTING, WeightingRule


@WEIGHTING.register("momentum")
class Momentum(WeightingRule):
    """Weight each asset by the score of its past return among the selected.

    Attributes:
        window: The return counts from this long ago...
        skip: ...to this long ago, so that the latest reversal does not count.

    >>> Momentum(skip="7d").words()
    'Assets are weighted by the score of their return from 90 to 7 days before.'
    """

    formula = "w_i ∝ 1 + z_i for z_i ≥ 0, else 1 / (1 − z_i), z of the past return"
    source = "S&P Momentum Indices Methodology; Jegadeesh and Titman (1993)"

    window: Duration = timedelta(days=90)
    skip: Duration = timedelta(0)

    def weights(self, view: Panel, selected: NDArray[np.int64]) -> Floats:
        """Return the weights before capping."""
        return normalise(positive_score(standardise(past_return(view, self.window, self.skip)[selected])))

    def words(self) -> str:
        """Return the rule as a sentence."""
        return (
            f"Assets are weighted by the score of their return from {self.window.days} to {self.skip.days} days before."
        )
