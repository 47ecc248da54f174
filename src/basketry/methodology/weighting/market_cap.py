"""Capitalisation weights."""

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Floats
from basketry.market.panel import Panel
from basketry.methodology.weighting import WEIGHTING, WeightingRule
from basketry.methodology.weighting._proportional import in_proportion


@WEIGHTING.register("market_cap")
class MarketCap(WeightingRule):
    """Weight each asset by its market capitalisation.

    >>> MarketCap().words()
    'Assets are weighted by market capitalisation.'
    """

    formula = "w_i = P_i S_i / Σ_j P_j S_j"
    source = "Laspeyres (1871); S&P Dow Jones Indices, Index Mathematics Methodology"

    def weights(self, view: Panel, selected: NDArray[np.int64]) -> Floats:
        """Return the weights before capping."""
        return in_proportion(view, selected, view.latest("market_cap"), "market_cap")

    def shares(self, view: Panel, selected: NDArray[np.int64]) -> Floats:
        """Return the supply."""
        return (view.latest("market_cap") / view.latest("price"))[selected]

    def words(self) -> str:
        """Return the rule as a sentence."""
        return "Assets are weighted by market capitalisation."
