"""Equal weights."""

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Floats
from basketry.market.panel import Panel
from basketry.methodology.weighting import WEIGHTING, WeightingRule


@WEIGHTING.register("equal")
class Equal(WeightingRule):
    """Weight every asset the same.

    >>> Equal().words()
    'All assets have the same weight.'
    """

    formula = "w_i = 1/n"
    source = "DeMiguel, Garlappi and Uppal (2009), Optimal versus naive diversification"

    def weights(self, view: Panel, selected: NDArray[np.int64]) -> Floats:
        """Return 1/n each."""
        del view
        return np.full(len(selected), 1.0 / len(selected))

    def words(self) -> str:
        """Return the rule as a sentence."""
        return "All assets have the same weight."
