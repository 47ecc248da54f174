"""A fixed number of the best, or as many as a number and the members up to another."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from basketry.core.errors import MethodologyError
from basketry.core.numbers import Floats
from basketry.market.panel import Panel
from basketry.methodology.selection import SELECTION, SelectionRule


@SELECTION.register("top")
class Top(SelectionRule):
    """Want the n best.

    With `enter` and `leave` in place of one number: all of rank `enter` or better are in, members of rank `leave` or
    better stay, and nobody else is taken. So the number is not fixed.

    Attributes:
        number: How many.
        enter: The rank up to which assets are in.
        leave: The rank up to which members stay.

    >>> Top(number=20).words()
    'The best 20 are taken.'
    >>> Top(enter=40, leave=50).words()
    'The best 40 are in; members among the best 50 stay.'
    """

    shorthand = "number"
    formula = "rank ≤ n"
    source = "Usual; for example CoinDesk 20, CMBI 10, CCi30"
    needs_figures = False

    number: int | None = Field(None, ge=1, le=100_000)
    enter: int | None = Field(None, ge=1, le=100_000)
    leave: int | None = Field(None, ge=1, le=100_000)

    @model_validator(mode="after")
    def _either(self) -> "Top":
        if (self.number is None) == (self.enter is None) or (self.enter is None) != (self.leave is None):
            raise MethodologyError("top: write one number, as in 20, or both enter and leave")
        if self.enter is not None and self.leave is not None and self.enter > self.leave:
            raise MethodologyError(f"enter {self.enter} must not be above leave {self.leave}")
        return self

    @property
    def sticky(self) -> bool:
        """Whether members stay up to another rank than that at which others enter."""
        return self.leave is not None

    def equation(self) -> str:
        """Return the formula, with both ranks where there are two."""
        return "in: rank ≤ enter; a member: rank ≤ leave" if self.sticky else self.formula

    def count(self, view: Panel, ranked: NDArray[np.int64], metric: Floats) -> int:
        """Return the number, or as many as there are."""
        del view, metric
        return min(self.number or self.enter or 0, len(ranked))

    def stay(self, metric: Floats) -> int:
        """Return `leave`, or as many as there are."""
        return min(self.leave or 0, len(metric))

    def told(self, rank: int, metric: Floats, *, member: bool) -> str:
        """Return what the two ranks say of an asset."""
        del metric
        if rank <= (self.enter or 0):
            return f"enters up to rank {self.enter}"
        if member:
            return f"a member stays up to rank {self.leave}"
        return f"not a member, enters up to rank {self.enter}"

    def most(self) -> int | None:
        """Return the number, or `leave`."""
        return self.number or self.leave

    def words(self) -> str:
        """Return the rule as a sentence."""
        if self.sticky:
            return f"The best {self.enter} are in; members among the best {self.leave} stay."
        return f"The best {self.number} are taken."
