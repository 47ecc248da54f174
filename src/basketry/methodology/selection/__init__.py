"""Selection rules: how many of the ranked candidates are wanted; the buffer around it is in `buffers.py`."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Floats
from basketry.core.rule import Registry, Rule
from basketry.market.panel import Panel

__all__ = ["SELECTION", "SelectionRule"]


class SelectionRule(Rule):
    """Base of the rules under `select:`, such as `top: 20`.

    Attributes:
        needs_figures: Whether the rule looks at figures and not only at their order, as a mean rank has none.
    """

    needs_figures: ClassVar[bool] = True

    @property
    def passed_over(self) -> int:
        """How many of the best are never taken."""
        return 0

    @property
    def sticky(self) -> bool:
        """Whether the rule itself says how far members stay; a buffer beside it is refused then."""
        return False

    def count(self, view: Panel, ranked: NDArray[np.int64], metric: Floats) -> int:
        """Return how many of the ranked candidates are wanted, from 0 to len(ranked).

        Args:
            view: The panel as of the determination.
            ranked: Columns of the eligible assets, best first; ties are broken by asset id. Shape (n,).
            metric: The figure ranked by, in the same order as `ranked`, shape (n,).
        """
        raise NotImplementedError

    def wanted(self, view: Panel, ranked: NDArray[np.int64], metric: Floats, *, descending: bool) -> int:
        """Return `count`; a rule that must know whether the largest or the smallest come first says so here."""
        del descending
        return self.count(view, ranked, metric)

    def stay(self, metric: Floats) -> int:
        """Return the rank up to which a member stays, of a rule that is sticky; arguments as of `count`."""
        raise NotImplementedError

    def told(self, rank: int, metric: Floats, *, member: bool) -> str:
        """Return what a rule that is sticky says of the asset of a rank, in words; `metric` as of `count`."""
        raise NotImplementedError

    def most(self) -> int | None:
        """Return how many are wanted at most as far as the parameters say, None where they do not."""
        return None


SELECTION: Registry[SelectionRule] = Registry("selection rule", "selection", __name__)
