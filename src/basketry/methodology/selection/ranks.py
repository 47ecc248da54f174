"""A range of ranks."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from basketry.core.errors import MethodologyError
from basketry.core.numbers import Floats
from basketry.market.panel import Panel
from basketry.methodology.selection import SELECTION, SelectionRule


@SELECTION.register("ranks")
class Ranks(SelectionRule):
    """Want the ranks from one to another, as mid and small caps.

    Attributes:
        first: The best rank that is wanted; better ones are never in.
        last: The worst rank that is wanted.

    >>> Ranks(first=11, last=30).words()
    'Ranks 11 to 30 are taken.'
    """

    formula = "first ≤ rank ≤ last"
    source = "Coin Metrics, Bletchley 20 (ranks 11 to 30) and Bletchley 40 (31 to 70)"
    needs_figures = False

    first: int = Field(ge=1, le=100_000)
    last: int = Field(ge=1, le=100_000)

    @model_validator(mode="after")
    def _ordered(self) -> "Ranks":
        if self.first > self.last:
            raise MethodologyError(f"first {self.first} must not be above last {self.last}")
        return self

    @property
    def passed_over(self) -> int:
        """The number of ranks before the first."""
        return self.first - 1

    def count(self, view: Panel, ranked: NDArray[np.int64], metric: Floats) -> int:
        """Return how many of the ranks there are."""
        del view, metric
        return max(min(self.last, len(ranked)) - self.passed_over, 0)

    def most(self) -> int:
        """Return the number of ranks."""
        return self.last - self.passed_over

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"Ranks {self.first} to {self.last} are taken."
