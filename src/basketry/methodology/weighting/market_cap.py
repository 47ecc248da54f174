"""Capitalisation weights."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from basketry.core.numbers import Floats
from basketry.market.panel import Panel
from basketry.methodology.weighting import WEIGHTING, WeightingRule
from basketry.methodology.weighting._proportional import in_proportion


@WEIGHTING.register("market_cap")
class MarketCap(WeightingRule):
    """Weight each asset by its market capitalisation, to a power.

    Attributes:
        power: 1 for the capitalisation itself; less flattens the weights, 0.5 being the square root.

    >>> MarketCap().words()
    'Assets are weighted by market capitalisation.'
    """

    formula = "w_i = (P_i S_i)^p / Σ_j (P_j S_j)^p"
    source = "Laspeyres (1871); S&P Dow Jones Indices, Index Mathematics Methodology"

    power: float = Field(1.0, gt=0, le=2)

    def weights(self, view: Panel, selected: NDArray[np.int64]) -> Floats:
        """Return the weights before capping."""
        return in_proportion(view, selected, view.latest("market_cap"), "market_cap", self.power)

    def shares(self, view: Panel, selected: NDArray[np.int64]) -> Floats | None:
        """Return the supply, for a power of 1."""
        if self.power != 1:
            return None
        return view.latest("market_cap")[selected] / view.latest("price")[selected]

    def words(self) -> str:
        """Return the rule as a sentence."""
        power = "" if self.power == 1 else f"the power {self.power:g} of "
        return f"Assets are weighted by {power}market capitalisation."
