"""A synthetic dividend taken out day by day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from pydantic import Field, model_validator

from basketry.core.errors import MethodologyError
from basketry.core.numbers import Floats
from basketry.methodology.day_count import DayCount, year_fraction
from basketry.methodology.path import IndexPath
from basketry.methodology.returns import RETURNS
from basketry.methodology.returns._chain import compounded, growth
from basketry.methodology.returns._series import Series, finite, in_name, percent


@dataclass(frozen=True)
class DecrementMemory:
    """What is remembered.

    Attributes:
        level: The last level.
        taken: With points, what was taken so far for each point of the price return; 0 once the level is zero.
    """

    level: float
    taken: float = 0.0


@RETURNS.register("decrement")
class Decrement(Series):
    """The price return less a fixed yearly amount, in points or as a fraction.

    Points are taken after the growth of a step whatever the level is, so they weigh more the lower it is. A version may
    change the amount, from a fraction to points too, and the day count; what was taken until then stays.

    Attributes:
        points: Index points a year.
        percent: Fraction a year, 0.05 for 5%.
        day_count: act/365 or act/360.

    >>> Decrement(percent=0.05).column(), Decrement(points=50).column()
    ('decrement_5pct', 'decrement_50pt')
    """

    shorthand = "percent"
    formula = "D_t = D_(t-1) I_t/I_(t-1) - points d/365; D_t = D_(t-1) I_t/I_(t-1) (1 - δ d/365)"
    source = "Euronext decrement indices (points; 360 days since 18 September 2023); SIX (percent)"

    memory: ClassVar[type | None] = DecrementMemory

    points: float | None = Field(None, ge=0)
    percent: float | None = Field(None, ge=0, lt=1)
    day_count: DayCount = "act/365"

    @model_validator(mode="after")
    def _one_of_two(self) -> Decrement:
        if (self.points is None) == (self.percent is None):
            raise MethodologyError("needs either points or percent")
        return self

    def usual_column(self) -> str:
        """Return the amount in words, such as decrement_5pct."""
        if self.points is not None:
            return f"decrement_{in_name(self.points)}pt"
        return f"decrement_{percent(self.percent or 0.0).replace('.', 'p')}pct"

    def extend(self, memory: DecrementMemory | None, path: IndexPath) -> tuple[DecrementMemory, Floats]:
        """Return what to remember and the levels, zero once they have reached zero."""
        years = year_fraction(path.days[1:], self.day_count)
        kept = DecrementMemory(float(path.levels[0])) if memory is None else memory
        taken = 0.0
        if self.points is not None:
            levels, taken = less_points(path.levels, years, self.points, kept.level, kept.taken)
        else:
            levels = less_share(path.levels, years, self.percent or 0.0, kept.level)
        return DecrementMemory(float(finite(levels, path, self)[-1]), taken), levels

    def take_over(self, memory: DecrementMemory, before: Decrement, path: IndexPath) -> DecrementMemory:
        """Return what to remember; where points follow a fraction, what was taken is told for each point."""
        if self.points is None or before.points is not None or memory.level <= 0:
            return memory
        return DecrementMemory(memory.level, 1.0 - memory.level / float(path.levels[0]))

    def words(self) -> str:
        """Return the rule as a sentence."""
        amount = f"{self.points:g} points" if self.points is not None else f"{percent(self.percent or 0.0)}%"
        return f"Decrement: the price return less {amount} a year ({self.day_count}), never below zero."


def less_points(levels: Floats, years: Floats, points: float, start: float, taken: float) -> tuple[Floats, float]:
    """Return levels less a number of index points a year, shape (T,), zero once zero, and what was taken at the end.

    The recursion D_t = D_(t-1) I_t/I_(t-1) - a_t unrolls to D_t = I_t (1 - sum of a_s / I_s for s up to t).

    Args:
        levels: Price-return levels I, shape (T,).
        years: Length of each step in years, shape (T - 1,).
        points: Index points a year.
        start: The level at row 0.
        taken: The sum of a_s / I_s up to row 0.

    >>> less_points(np.array([1000.0, 1100.0]), np.array([0.5]), 50.0, 1000.0, 0.0)[0].tolist()
    [1000.0, 1075.0]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        sums = np.cumsum(np.concatenate([[taken], points * years / levels[1:]]))
        left = 1.0 - sums[1:]
        result = np.concatenate([[start], levels[1:] * left])
    gone = ~((left > 0) & (levels[1:] > 0)) | (start <= 0)
    if gone.any():
        result[int(gone.argmax()) + 1 :] = 0.0
    return result, 0.0 if result[-1] <= 0 else float(sums[-1])


def less_share(levels: Floats, years: Floats, share: float, start: float) -> Floats:
    """Return levels less a share a year of themselves, shape (T,), zero once they have reached zero.

    Args:
        levels: Price-return levels, shape (T,).
        years: Length of each step in years, shape (T - 1,).
        share: Fraction a year.
        start: The level at row 0.

    >>> less_share(np.array([1000.0, 1100.0]), np.array([0.5]), 0.05, 1000.0).tolist()
    [1000.0, 1072.5]
    """
    return compounded(start, np.maximum(growth(levels) * (1.0 - share * years), 0.0))
