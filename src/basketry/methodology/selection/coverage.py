"""As many as make up a share of the market."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from basketry.core.numbers import Floats, exact_sum
from basketry.market.panel import Panel
from basketry.methodology.selection import SELECTION, SelectionRule


@SELECTION.register("coverage")
class Coverage(SelectionRule):
    """Want the fewest best whose figures together reach a share of the total of all eligible assets.

    >>> rule = Coverage(share=0.8)
    >>> rule.count(None, np.arange(3), np.array([70.0, 20.0, 10.0]))
    2
    """

    shorthand = "share"
    formula = "min n : Σ_{k≤n} m_k ≥ share · Σ_k m_k"
    source = "CF Benchmarks Broad Cap (99% of the market), MSCI investable market indices"

    share: float = Field(gt=0, le=1)

    def count(self, view: Panel, ranked: NDArray[np.int64], metric: Floats) -> int:
        """Return the number at which the cumulative share is reached."""
        del view
        if not len(ranked):
            return 0
        reached = np.cumsum(metric) >= self.share * exact_sum(metric) * (1 - 1e-12)
        return int(reached.argmax()) + 1 if reached.any() else len(ranked)

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"As many of the best are taken as together make up {self.share:.10%} of the eligible total.".replace(
            "0000000%", "%"
        ).replace(".000%", "%")
