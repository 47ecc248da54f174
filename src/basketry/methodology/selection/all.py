"""Everybody who is eligible."""

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Floats
from basketry.market.panel import Panel
from basketry.methodology.selection import SELECTION, SelectionRule


@SELECTION.register("all")
class All(SelectionRule):
    """Want all eligible assets.

    >>> All().words()
    'All of them are taken.'
    """

    source = "Total-market indices, such as the CoinDesk Market Index"
    needs_figures = False

    def count(self, view: Panel, ranked: NDArray[np.int64], metric: Floats) -> int:
        """Return how many there are."""
        del view, metric
        return len(ranked)

    def words(self) -> str:
        """Return the rule as a sentence."""
        return "All of them are taken."
