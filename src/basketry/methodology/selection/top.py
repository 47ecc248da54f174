"""A fixed number of the best."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from basketry.core.numbers import Floats
from basketry.market.panel import Panel
from basketry.methodology.selection import SELECTION, SelectionRule


@SELECTION.register("top")
class Top(SelectionRule):
    """Want the n best.

    >>> Top(number=20).words()
    'The best 20 are taken.'
    """

    shorthand = "number"
    formula = "rank ≤ n"
    source = "Usual; for example CoinDesk 20, CMBI 10, CCi30"
    needs_figures = False

    number: int = Field(ge=1, le=100_000)

    def count(self, view: Panel, ranked: NDArray[np.int64], metric: Floats) -> int:
        """Return the number, or as many as there are."""
        del view, metric
        return min(self.number, len(ranked))

    def most(self) -> int:
        """Return the number."""
        return self.number

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"The best {self.number} are taken."
