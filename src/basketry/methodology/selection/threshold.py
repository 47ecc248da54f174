"""Everybody above a figure."""

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Floats
from basketry.market.panel import Panel
from basketry.methodology.selection import SELECTION, SelectionRule


@SELECTION.register("threshold")
class Threshold(SelectionRule):
    """Want all whose figure is at least `min`; with ascending order, at most `min`.

    >>> Threshold(min=1e8).words()
    'Those up to the threshold of 100,000,000 are taken.'
    """

    shorthand = "min"
    formula = "metric ≥ min"
    source = "Usual for sector and momentum indices"

    min: float

    def count(self, view: Panel, ranked: NDArray[np.int64], metric: Floats) -> int:
        """Return how many reach the threshold, the largest first."""
        return self.wanted(view, ranked, metric, descending=True)

    def wanted(self, view: Panel, ranked: NDArray[np.int64], metric: Floats, *, descending: bool) -> int:
        """Return how many lie on the good side of the threshold."""
        del view, ranked
        return int(np.count_nonzero(metric >= self.min if descending else metric <= self.min))

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"Those up to the threshold of {self.min:,.10g} are taken."
