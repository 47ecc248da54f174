"""The return in excess of an interest rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from basketry.core.numbers import Floats
from basketry.core.rule import Reads
from basketry.methodology.day_count import DayCount, year_fraction
from basketry.methodology.path import IndexPath
from basketry.methodology.returns import RETURNS
from basketry.methodology.returns._chain import compounded, growth
from basketry.methodology.returns._rates import RateSource, doubt_of, known_rate, rate_in_words, reads_of
from basketry.methodology.returns._series import Series, finite


@dataclass(frozen=True)
class ExcessMemory:
    """What is remembered.

    Attributes:
        level: The last level.
    """

    level: float


@RETURNS.register("excess")
class Excess(Series):
    """The price return less an interest rate, compounded step by step.

    The rate of a step is the one known at its start. A level that reaches zero stays at zero.

    Attributes:
        rate: Name of a rate of the data, or a fixed fraction a year.
        day_count: act/360 or act/365.

    >>> Excess(rate="USD_OVERNIGHT").words()
    'Excess return: the price return less the rate USD_OVERNIGHT (act/360), never below zero.'
    """

    shorthand = "rate"
    formula = "ER_t = ER_(t-1) (I_t/I_(t-1) - r_(t-1) d/360)"
    source = "S&P Dow Jones Indices, Index Mathematics Methodology, excess return indices"

    memory: ClassVar[type | None] = ExcessMemory

    rate: RateSource
    day_count: DayCount = "act/360"

    def usual_column(self) -> str:
        """Return excess_return."""
        return "excess_return"

    def extend(self, memory: ExcessMemory | None, path: IndexPath) -> tuple[ExcessMemory, Floats]:
        """Return what to remember and the levels, not below zero.

        Raises:
            DataError: The rate is not known at some instant.
        """
        cost = known_rate(path, self.rate)[:-1] * year_fraction(path.days[1:], self.day_count)
        factors = np.maximum(growth(path.levels) - cost, 0.0)
        start = float(path.levels[0]) if memory is None else memory.level
        levels = finite(compounded(start, factors), path, self)
        return ExcessMemory(float(levels[-1])), levels

    @property
    def reads(self) -> Reads:
        """The rates."""
        return reads_of(self.rate)

    def doubt(self) -> str | None:
        """Return that a stated rate is above 100% a year."""
        return doubt_of(self.rate)

    def words(self) -> str:
        """Return the rule as a sentence."""
        rate = rate_in_words(self.rate)
        return f"Excess return: the price return less {rate} ({self.day_count}), never below zero."
