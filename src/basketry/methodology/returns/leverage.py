"""Leveraged and inverse returns with a daily reset."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import numpy as np
from pydantic import Field, model_validator

from basketry.core.errors import MethodologyError
from basketry.core.numbers import Floats
from basketry.core.rule import Duration, Reads
from basketry.methodology.day_count import DayCount, year_fraction
from basketry.methodology.path import IndexPath
from basketry.methodology.returns import RETURNS
from basketry.methodology.returns._memory import Microseconds, instants
from basketry.methodology.returns._rates import RateSource, doubt_of, known_rate, rate_in_words, reads_of
from basketry.methodology.returns._series import Series, finite, in_days, in_name, percent


@dataclass(frozen=True)
class LeverageMemory:
    """What is remembered.

    Attributes:
        base: Instant of the base in microseconds, from which resets are counted.
        level: The last level.
        anchor: Level at the last reset; zero for good once zero.
        start: Price-return level at the last reset.
        paid: Financing since then, as a share of the anchor.
    """

    base: Microseconds
    level: float
    anchor: float
    start: float
    paid: float


@RETURNS.register("leverage")
class Leverage(Series):
    """A multiple of the return since the last reset, less the cost of financing it.

    Beyond its own value a position of K times borrows K - 1 at the financing rate. An inverse index lends:
    its value and the proceeds of the short sale, 1 + |K| in all, earn the rate. The spread is a cost in both
    cases. The rate of a step is the one known at its start; costs add up from reset to reset.

    Resets come at the first instant at or after each whole number of `reset` since the base; between them the
    position drifts. With `intraday_reset`, the position is also reset at the instant at which the underlying
    has moved against it by at least that fraction since the last reset (exactly that counts), at that
    instant's own level; the next move is counted from there. The level is zero once it has reached zero.

    Where a version changes the factor, the position is reset at the last instant before; costs and resets change from
    the next step on.

    Attributes:
        factor: The multiple K; negative for an inverse index; not 0.
        financing: Name of a rate of the data, a fixed fraction a year, or null for no cost.
        spread: Fraction a year paid beyond the rate on what is borrowed, or lost on what is lent.
        day_count: act/360 or act/365.
        reset: Time between resets; at each the exposure is K again.
        intraday_reset: Adverse move since the last reset at which the position is reset at once, a fraction.

    >>> Leverage(factor=2).column(), Leverage(factor=-1).column()
    ('leverage_2x', 'inverse_1x')
    """

    shorthand = "factor"
    formula = "L_t = L_s [1 + K (I_t/I_s - 1) - Σ ((K - 1) r + |K - 1| spread) d/360], s the last reset"
    source = "S&P Dow Jones Indices, Index Mathematics Methodology, leveraged and inverse; STOXX, intraday reset"

    memory: ClassVar[type | None] = LeverageMemory

    factor: float = Field(ge=-10, le=10)
    financing: RateSource | None = None
    spread: float = Field(0.0, ge=0, le=1)
    day_count: DayCount = "act/360"
    reset: Duration = timedelta(days=1)
    intraday_reset: float | None = Field(None, gt=0, lt=1)

    @model_validator(mode="after")
    def _not_zero(self) -> Leverage:
        if self.factor == 0:
            raise MethodologyError("factor must not be 0")
        if not self.reset:
            raise MethodologyError("reset must be longer than 0")
        wiped_out = 1.0 / abs(self.factor)
        if self.intraday_reset is not None and self.intraday_reset >= wiped_out:
            raise MethodologyError(
                f"intraday_reset {self.intraday_reset:g} comes too late: an adverse move of {wiped_out:.4g} "
                f"leaves nothing of a position of {self.factor:g} times; set it below that"
            )
        return self

    def usual_column(self) -> str:
        """Return the factor in words, such as leverage_2x or inverse_1x."""
        return f"{'leverage' if self.factor > 0 else 'inverse'}_{in_name(self.factor)}x"

    def extend(self, memory: LeverageMemory | None, path: IndexPath) -> tuple[LeverageMemory, Floats]:
        """Return what to remember and the levels.

        Raises:
            DataError: The financing rate is not in the data at some instant.
        """
        # Imported where it is used: Numba takes half a second to load.
        from basketry.methodology.returns._kernels import leveraged_levels

        rate = known_rate(path, 0.0 if self.financing is None else self.financing)
        borrowed = self.factor - 1.0
        yearly = borrowed * rate[:-1] + abs(borrowed) * self.spread
        cost = np.zeros(len(path.levels))
        cost[1:] = yearly * year_fraction(path.days[1:], self.day_count)
        times = instants(path)
        if memory is None:
            first = float(path.levels[0])
            memory = LeverageMemory(base=int(times[0]), level=first, anchor=first, start=first, paid=0.0)
        periods = (times - memory.base) // (self.reset // timedelta(microseconds=1))
        resets = np.zeros(len(path.levels), dtype=bool)
        resets[1:] = periods[1:] != periods[:-1]
        barrier = np.inf if self.intraday_reset is None else self.intraday_reset
        levels, anchor, start, paid = leveraged_levels(
            path.levels, cost, resets, self.factor, barrier, memory.level, memory.anchor, memory.start, memory.paid
        )
        finite(levels, path, self)
        kept = LeverageMemory(memory.base, float(levels[-1]), float(anchor), float(start), float(paid))
        return kept, levels

    def take_over(self, memory: LeverageMemory, before: Leverage, path: IndexPath) -> LeverageMemory:
        """Return what to remember; with another factor, of a position that was reset just now."""
        if self.factor == before.factor:
            return memory
        return LeverageMemory(memory.base, memory.level, memory.level, float(path.levels[0]), 0.0)

    @property
    def reads(self) -> Reads:
        """The rates."""
        return reads_of(self.financing)

    def doubt(self) -> str | None:
        """Return that a stated rate is above 100% a year."""
        return doubt_of(self.financing)

    def words(self) -> str:
        """Return the rule as a sentence."""
        every = in_days(self.reset / timedelta(days=1))
        words = f"Leverage {self.factor:g}: {self.factor:g} times the return since the last reset, every {every}"
        if self.financing is not None:
            words += f", financed at {rate_in_words(self.financing)} ({self.day_count})"
        if self.spread:
            words += f", with a spread of {percent(self.spread)}% a year"
        if self.intraday_reset is not None:
            words += f"; reset at once after an adverse move of {percent(self.intraday_reset)}%"
        return words + "; never below zero."
