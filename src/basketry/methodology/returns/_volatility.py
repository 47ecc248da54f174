"""Realised volatility of a level series, annualised, for rules that set exposure by it: one level at a time."""

import math
from collections import deque
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from basketry.core.errors import DataError
from basketry.core.time import YEAR_DAYS
from basketry.methodology.returns._memory import MICROSECONDS_A_DAY, Microseconds, NotNegative


@dataclass(frozen=True)
class Measured:
    """What a measure of volatility remembers.

    Attributes:
        levels: Instants in microseconds and levels that still count; the last level at least.
        totals: Weighted sum of squares and sum of weights, one pair for each half-life.
        fallen: Whether a level fell to zero, after which a weighted figure is infinite for good.
    """

    levels: Annotated[tuple[tuple[Microseconds, NotNegative], ...], Field(min_length=1)]
    totals: tuple[tuple[NotNegative, NotNegative], ...] = ()
    fallen: bool = False


def annual_square(before: float, now: float, days: float) -> float:
    """Return the squared log return of a step times 365 over its days; infinity for a fall to zero.

    >>> annual_square(1.0, math.e, 365.0)
    1.0
    """
    # Imported where it is used: Numba takes half a second to load.
    from basketry.core.elementary import log_of

    change = log_of(now / before) if before > 0 and now > 0 else (math.inf if before > 0 else 0.0)
    return change * change * YEAR_DAYS / days


class WeightedVolatility:
    """The largest of exponentially weighted volatilities a year with several half-lives.

    A step's weight halves with every half-life of age; weights are divided by their sum, so that the figure is
    unbiased from the first step on. The mean return is taken as zero.

    Source: J.P. Morgan, RiskMetrics (1996), with decay 0.94 a day, a half-life of 11.2 days.

    >>> measure = WeightedVolatility((11.0,), 0, Measured(((0, 1.0),)))
    >>> [round(measure.add(day * MICROSECONDS_A_DAY, level), 4) for day, level in ((1, 1.01), (2, 1.0))]
    [0.1901, 0.1901]
    """

    def __init__(self, half_lives: tuple[float, ...], base: int, memory: Measured) -> None:
        """Go on from a memory.

        Args:
            half_lives: In days.
            base: Instant from which days are counted, in microseconds.
            memory: Before the first step it holds the first level alone.
        """
        self._half_lives = half_lives
        self._base = base
        self._last = memory.levels[-1]
        self._fallen = memory.fallen
        self._totals = memory.totals or ((0.0, 0.0),) * len(half_lives)
        if len(self._totals) != len(half_lives):
            raise DataError(
                f"a volatility with {len(half_lives)} half-lives was remembered with {len(self._totals)}; calculate "
                "the index again from the base"
            )

    def add(self, time: int, level: float) -> float:
        """Return the volatility a year with one more level."""
        # Imported where it is used: Numba takes half a second to load.
        from basketry.core.elementary import power_of

        (start, before), self._last = self._last, (time, level)
        length = _days(time, self._base) - _days(start, self._base)
        square = annual_square(before, level, length)
        self._fallen = self._fallen or math.isinf(square)
        if self._fallen:
            return math.inf
        totals = []
        for half_life, (total, weight) in zip(self._half_lives, self._totals, strict=True):
            decay = power_of(0.5, length / half_life)
            totals.append((decay * total + (1.0 - decay) * square, decay * weight + (1.0 - decay)))
        self._totals = tuple(totals)
        return max(math.sqrt(total / weight) for total, weight in totals)

    def memory(self) -> Measured:
        """Return what to remember."""
        return Measured((self._last,), self._totals, self._fallen)


class WindowVolatility:
    """The volatility a year over the steps that end in (t - window, t], with equal weights and zero mean.

    >>> measure = WindowVolatility(1.0, 0, Measured(((0, 1.0),)))
    >>> [round(measure.add(day * MICROSECONDS_A_DAY, level), 4) for day, level in ((1, 1.01), (2, 1.0))]
    [0.1901, 0.1901]
    """

    def __init__(self, window: float, base: int, memory: Measured) -> None:
        """Go on from a memory.

        Args:
            window: In days, at least as long as a step.
            base: Instant from which days are counted, in microseconds.
            memory: Before the first step it holds the first level alone.
        """
        self._window = window
        self._base = base
        self._levels = deque(memory.levels[:1])
        self._squares: deque[float] = deque()
        for time, level in memory.levels[1:]:
            self._append(time, level)

    def _append(self, time: int, level: float) -> None:
        start, before = self._levels[-1]
        self._squares.append(annual_square(before, level, _days(time, self._base) - _days(start, self._base)))
        self._levels.append((time, level))

    def add(self, time: int, level: float) -> float:
        """Return the volatility a year with one more level."""
        self._append(time, level)
        opened = _days(time, self._base) - self._window
        # Level k + 1 ends step k; the level at the start of the first step that counts is kept too.
        while _days(self._levels[1][0], self._base) <= opened:
            self._levels.popleft()
            self._squares.popleft()
        return math.sqrt(math.fsum(self._squares) / len(self._squares))

    def memory(self) -> Measured:
        """Return what to remember."""
        return Measured(tuple(self._levels))


def _days(time: int, base: int) -> float:
    return (time - base) / MICROSECONDS_A_DAY
