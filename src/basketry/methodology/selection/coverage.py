"""As many as make up a share of the market."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from basketry.core.errors import MethodologyError
from basketry.core.numbers import Floats, exact_sum, percent
from basketry.market.panel import Panel
from basketry.methodology.selection import SELECTION, SelectionRule


@SELECTION.register("coverage")
class Coverage(SelectionRule):
    """Want the fewest best whose figures together reach a share of the total of all eligible assets.

    With `enter` and `leave` in place of one share: the fewest that reach `enter` are in, members among the fewest that
    reach `leave` stay, and nobody else is taken.

    Attributes:
        share: The share of the total.
        enter: The share up to which assets are in.
        leave: The share up to which members stay.

    >>> rule = Coverage(share=0.8)
    >>> rule.count(None, np.arange(3), np.array([70.0, 20.0, 10.0]))
    2
    >>> Coverage(enter=0.7, leave=0.8).words()
    'As many of the best as together make up 70% of the eligible total are in; members up to 80% of it stay.'
    """

    shorthand = "share"
    formula = "min n : Σ_{k≤n} m_k ≥ share · Σ_k m_k"
    source = (
        "CF Benchmarks Broad Cap (99% of the market), MSCI investable market indices; with a buffer S&P digital "
        "market indices and CF Large Cap"
    )

    share: float | None = Field(None, gt=0, le=1)
    enter: float | None = Field(None, gt=0, le=1)
    leave: float | None = Field(None, gt=0, le=1)

    @model_validator(mode="after")
    def _either(self) -> "Coverage":
        if (self.share is None) == (self.enter is None) or (self.enter is None) != (self.leave is None):
            raise MethodologyError("coverage: write one share, as in 0.8, or both enter and leave")
        if self.enter is not None and self.leave is not None and self.enter > self.leave:
            raise MethodologyError(f"enter {self.enter:g} must not be above leave {self.leave:g}")
        return self

    @property
    def sticky(self) -> bool:
        """Whether members stay up to another share than that at which others enter."""
        return self.leave is not None

    def equation(self) -> str:
        """Return the formula, with both shares where there are two."""
        if not self.sticky:
            return self.formula
        return "in: min n : Σ_{k≤n} m_k ≥ enter · Σ_k m_k; a member: min n : Σ_{k≤n} m_k ≥ leave · Σ_k m_k"

    def count(self, view: Panel, ranked: NDArray[np.int64], metric: Floats) -> int:
        """Return the number at which the cumulative share is reached."""
        del view, ranked
        return fewest(metric, self.share or self.enter or 1.0)

    def stay(self, metric: Floats) -> int:
        """Return the number at which `leave` is reached."""
        return fewest(metric, self.leave or 1.0)

    def told(self, rank: int, metric: Floats, *, member: bool) -> str:
        """Return the cumulative share up to an asset, and what the two shares say of it."""
        share = f"cumulative share {exact_sum(metric[:rank]) / exact_sum(metric):.1%}"
        enter, leave = (f"until {percent(edge or 1)}% is reached" for edge in (self.enter, self.leave))
        if rank <= fewest(metric, self.enter or 1.0):
            return f"{share}, enters {enter}"
        return f"{share}, a member stays {leave}" if member else f"{share}, not a member, enters {enter}"

    def words(self) -> str:
        """Return the rule as a sentence."""
        if self.enter is None or self.leave is None:
            return (
                f"As many of the best are taken as together make up {percent(self.share or 1)}% of the eligible total."
            )
        return (
            f"As many of the best as together make up {percent(self.enter)}% of the eligible total are in; "
            f"members up to {percent(self.leave)}% of it stay."
        )


def fewest(figures: Floats, share: float) -> int:
    """Return how many of the first figures together reach a share of their total, up to rounding.

    >>> fewest(np.array([70.0, 20.0, 10.0]), 0.7), fewest(np.array([70.0, 20.0, 10.0]), 0.71)
    (1, 2)
    """
    if not len(figures):
        return 0
    reached = np.cumsum(figures) >= share * exact_sum(figures) * (1 - 1e-12)
    return int(reached.argmax()) + 1 if reached.any() else len(figures)
