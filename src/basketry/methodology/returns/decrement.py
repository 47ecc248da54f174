"""A synthetic dividend taken out day by day."""

import numpy as np
from pydantic import Field, model_validator

from basketry.core.errors import MethodologyError
from basketry.core.numbers import Floats
from basketry.methodology.day_count import DayCount, year_fraction
from basketry.methodology.path import IndexPath
from basketry.methodology.returns import RETURNS
from basketry.methodology.returns._chain import growth
from basketry.methodology.returns._series import Series, finite, in_name, percent


@RETURNS.register("decrement")
class Decrement(Series):
    """The price return less a fixed yearly amount, in points or as a fraction.

    Points are taken after the growth of a step whatever the level is, so they weigh more the lower it is.

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

    points: float | None = Field(None, ge=0)
    percent: float | None = Field(None, ge=0, lt=1)
    day_count: DayCount = "act/365"

    @model_validator(mode="after")
    def _one_of_two(self) -> "Decrement":
        if (self.points is None) == (self.percent is None):
            raise MethodologyError("needs either points or percent")
        return self

    def usual_column(self) -> str:
        """Return the amount in words, such as decrement_5pct."""
        if self.points is not None:
            return f"decrement_{in_name(self.points)}pt"
        return f"decrement_{percent(self.percent or 0.0).replace('.', 'p')}pct"

    def level(self, path: IndexPath) -> Floats:
        """Return the levels, zero once they have reached zero."""
        years = year_fraction(path.days[1:], self.day_count)
        if self.points is not None:
            levels = less_points(path.levels, years, self.points)
        else:
            levels = less_share(path.levels, years, self.percent or 0.0)
        return finite(levels, path, self)

    def words(self) -> str:
        """Return the rule as a sentence."""
        amount = f"{self.points:g} points" if self.points is not None else f"{percent(self.percent or 0.0)}%"
        return f"Decrement: the price return less {amount} a year ({self.day_count}), never below zero."


def less_points(levels: Floats, years: Floats, points: float) -> Floats:
    """Return levels less a number of index points a year, shape (T,), zero once they have reached zero.

    The recursion D_t = D_(t-1) I_t/I_(t-1) - a_t unrolls to D_t = I_t (1 - sum of a_s / I_s for s up to t).

    Args:
        levels: Price-return levels I, shape (T,).
        years: Length of each step in years, shape (T - 1,).
        points: Index points a year.

    >>> less_points(np.array([1000.0, 1100.0]), np.array([0.5]), 50.0).tolist()
    [1000.0, 1075.0]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        left = 1.0 - np.cumsum(points * years / levels[1:])
        result = np.concatenate([levels[:1], levels[1:] * left])
    gone = ~((left > 0) & (levels[1:] > 0))
    if gone.any():
        result[int(gone.argmax()) + 1 :] = 0.0
    return result


def less_share(levels: Floats, years: Floats, share: float) -> Floats:
    """Return levels less a share a year of themselves, shape (T,), zero once they have reached zero.

    >>> less_share(np.array([1000.0, 1100.0]), np.array([0.5]), 0.05).tolist()
    [1000.0, 1072.5]
    """
    factors = np.maximum(growth(levels) * (1.0 - share * years), 0.0)
    return np.cumprod(np.concatenate([levels[:1], factors]))
