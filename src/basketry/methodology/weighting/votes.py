"""Weights that token holders vote."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from basketry.core.numbers import Floats, normalise
from basketry.core.rule import Reads
from basketry.market.panel import Panel
from basketry.methodology.metrics import metric
from basketry.methodology.weighting import WEIGHTING, WeightingRule
from basketry.methodology.weighting._proportional import in_proportion


@WEIGHTING.register("votes")
class Votes(WeightingRule):
    """Weight each asset by its share of the votes.

    Attributes:
        metric: The metric that counts votes.
        min_share: An asset with a smaller share of the votes gets nothing, a fraction; where none reaches it,
            all count.

    >>> Votes().words()
    'Assets are weighted by their share of votes.'
    """

    formula = "w_i = v_i / Σ_j v_j"
    source = "Governance-weighted baskets: Index Coop (2021), gauge votes as in Curve (2020)"

    metric: str = "votes"
    min_share: float = Field(0.0, ge=0, lt=1)

    def weights(self, view: Panel, selected: NDArray[np.int64]) -> Floats:
        """Return the weights before capping."""
        shares = in_proportion(view, selected, metric(view, self.metric), self.metric)
        kept = np.where(shares >= self.min_share, shares, 0.0)
        return normalise(kept) if kept.any() else shares

    @property
    def reads(self) -> Reads:
        """The figures."""
        return Reads(figures=(self.metric,))

    def words(self) -> str:
        """Return the rule as a sentence."""
        words = f"Assets are weighted by their share of {self.metric}"
        return words + (f", those with less than {self.min_share * 100:g}% by nothing." if self.min_share else ".")
