"""Weights by the square root of capitalisation."""

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Floats
from basketry.core.rule import Reads
from basketry.market.panel import Panel
from basketry.methodology.weighting import WEIGHTING, WeightingRule
from basketry.methodology.weighting._proportional import in_proportion


@WEIGHTING.register("sqrt_market_cap")
class SqrtMarketCap(WeightingRule):
    """Weight each asset by the square root of its market capitalisation, which flattens the weights.

    >>> SqrtMarketCap().words()
    'Assets are weighted by the square root of market capitalisation.'
    """

    formula = "w_i = √(P_i S_i) / Σ_j √(P_j S_j)"
    source = "Pando index: square root of the capitalisation (2021)"

    def weights(self, view: Panel, selected: NDArray[np.int64]) -> Floats:
        """Return the weights before capping."""
        return in_proportion(view, selected, view.latest("market_cap"), "market_cap", 0.5)

    @property
    def reads(self) -> Reads:
        """The figures."""
        return Reads(fields=("market_cap",))

    def words(self) -> str:
        """Return the rule as a sentence."""
        return "Assets are weighted by the square root of market capitalisation."
