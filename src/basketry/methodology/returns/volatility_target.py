"""Volatility target (risk control): exposure to the index that keeps its volatility near a target."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from basketry.core.errors import MethodologyError
from basketry.core.numbers import Floats
from basketry.core.rule import Duration, Reads
from basketry.methodology.day_count import DayCount, year_fraction
from basketry.methodology.path import IndexPath
from basketry.methodology.returns import RETURNS
from basketry.methodology.returns._chain import compounded, ratio
from basketry.methodology.returns._memory import MICROSECONDS_A_DAY, Microseconds, NotNegative, Positive, instants
from basketry.methodology.returns._rates import RateSource, doubt_of, known_rate, rate_in_words, reads_of
from basketry.methodology.returns._series import Series, finite, in_days, percent
from basketry.methodology.returns._volatility import Measured, WeightedVolatility, WindowVolatility

_DAY = timedelta(days=1)
_SLACK = 1e-12


@dataclass(frozen=True)
class Position:
    """What is held since the last change of exposure.

    Attributes:
        exposure: Share of the value held in the index then.
        index: Level of the index then.
        cash: Value of one unit of money at interest then.
    """

    exposure: NotNegative
    index: NotNegative
    cash: Positive


@dataclass(frozen=True)
class VolatilityTargetMemory:
    """What is remembered.

    Attributes:
        base: Instant of the base in microseconds, from which whole days are counted.
        level: The last level.
        dead: Whether the level is zero for good.
        cash: Value of one unit of money at interest since the base.
        position: What is held.
        struck: The level at the last change of exposure.
        measured: What the measure of volatility remembers.
        asked: The exposure that the levels old enough ask for.
        waiting: Instants and exposures that later levels ask for, which are not old enough yet.
    """

    base: Microseconds
    level: NotNegative
    dead: bool
    cash: Positive
    position: Position
    struck: NotNegative
    measured: Measured
    asked: NotNegative
    waiting: tuple[tuple[Microseconds, NotNegative], ...]


@RETURNS.register("volatility_target")
class VolatilityTarget(Series):
    """The index held at an exposure of target over realised volatility, the rest in cash at a rate.

    Volatility is measured at the first instant at or after each whole day since the base, as the larger of a
    short and a long exponentially weighted figure, or over a window if one is given, with zero mean and 365
    days a year. At each of these instants the wanted exposure is min(max_leverage, target / volatility), from
    levels no later than the instant less the lag; it holds for what comes after, so that with daily levels no
    level later than t - 1d - lag counts for (t - 1d, t]. Until such levels span `warm_up` it is
    min(1, max_leverage).

    Between changes the position drifts; it is changed when the wanted exposure is off by more than
    `tolerance` times the one held. A level that reaches zero stays at zero.

    Where a version changes the target or the measure, levels from its date on ask for exposure by the new ones; what
    earlier levels asked for holds until then, up to the new `max_leverage`. Weights that half-lives gave stay. A longer
    window fills up; half-lives after a window begin with its levels; a window cannot follow half-lives.

    Attributes:
        target: Volatility a year as a fraction (0.4 is 40%).
        half_life_short: Half-life of the weights of the short figure.
        half_life_long: Half-life of the weights of the long figure.
        window: Equal weights over this time instead of the two half-lives.
        max_leverage: Largest exposure.
        rate: What cash earns, and borrowing costs: name of a rate, a fraction a year, or none.
        day_count: act/360 or act/365, of the rate.
        tolerance: Fraction of the exposure held by which the wanted one may differ.
        lag: Age of the latest level that counts when exposure is set, at least.
        warm_up: Time that the levels must span before volatility counts.

    >>> VolatilityTarget(target=0.4).column()
    'volatility_target_40pct'
    """

    shorthand = "target"
    formula = "K = min(K_max, target / larger volatility); V_t = V_s [K I_t/I_s + (1 - K) C_t/C_s]"
    source = (
        "S&P Dow Jones Indices, Index Mathematics Methodology: risk control; S&P Cryptocurrency Dynamic "
        "Rebalancing Risk Control (target 40%, changed when exposure is off by more than 10%)"
    )

    memory: ClassVar[type | None] = VolatilityTargetMemory

    target: float = Field(gt=0, le=10)
    half_life_short: Duration = timedelta(days=11)
    half_life_long: Duration = timedelta(days=23)
    window: Duration | None = None
    max_leverage: float = Field(1.0, gt=0, le=10)
    rate: RateSource | None = None
    day_count: DayCount = "act/360"
    tolerance: float = Field(0.10, ge=0, le=1)
    lag: Duration = _DAY
    warm_up: Duration = timedelta(days=10)

    @model_validator(mode="after")
    def _one_measure(self) -> VolatilityTarget:
        lengths = (self.half_life_short, self.half_life_long, self.window)
        if any(length is not None and length < _DAY for length in lengths):
            raise MethodologyError("half-lives and window must be at least 1d, as volatility is measured on days")
        if self.half_life_short > self.half_life_long:
            raise MethodologyError("half_life_short must not be longer than half_life_long")
        if self.window is not None and self.model_fields_set & {"half_life_short", "half_life_long"}:
            raise MethodologyError("give either window or half-lives, not both")
        return self

    def usual_column(self) -> str:
        """Return the target in words, such as volatility_target_40pct."""
        return f"volatility_target_{percent(self.target).replace('.', 'p')}pct"

    def extend(self, memory: VolatilityTargetMemory | None, path: IndexPath) -> tuple[VolatilityTargetMemory, Floats]:
        """Return what to remember and the risk-controlled level, shape (T,).

        Raises:
            DataError: The rate is not in the data at some instant.
        """
        yearly = known_rate(path, 0.0 if self.rate is None else self.rate)[:-1]
        times = instants(path)
        kept = self._at_base(int(times[0]), float(path.levels[0])) if memory is None else memory
        if kept.dead:
            return kept, np.zeros(len(path.levels))
        cash = compounded(kept.cash, 1.0 + yearly * year_fraction(path.days[1:], self.day_count))
        kept, rows, exposures = self._watch(kept, times, path.levels, cash)
        levels = _levels(kept, rows, exposures, path.levels, cash)
        if len(rows) > 1:
            at = rows[-1]
            position = Position(exposures[-1], float(path.levels[at]), float(cash[at]))
            kept = replace(kept, position=position, struck=float(levels[at]))
        gone = levels <= 0
        if gone.any():
            levels[int(gone.argmax()) :] = 0.0
        finite(levels, path, self)
        last = replace(
            kept,
            level=float(levels[-1]),
            dead=bool(gone.any()),
            cash=float(cash[-1]),
            struck=0.0 if gone.any() else kept.struck,
        )
        return last, levels

    def follow(self, before: VolatilityTarget) -> None:
        """Raise MethodologyError for a window after half-lives, which remember no levels to fill it."""
        if self.window is not None and before.window is None:
            raise MethodologyError(
                "window: the half-lives before it remember no levels to measure a window by; change the half-lives, "
                "or write another series under `returns` of the rulebook"
            )

    def take_over(
        self, memory: VolatilityTargetMemory, before: VolatilityTarget, path: IndexPath
    ) -> VolatilityTargetMemory:
        """Return what to remember: what is asked for within the new bound, and of a window its levels, weighted."""
        del path
        asked = min(memory.asked, self.max_leverage)
        waiting = tuple((time, min(wanted, self.max_leverage)) for time, wanted in memory.waiting)
        kept = replace(memory, asked=asked, waiting=waiting)
        if self.window is None and before.window is not None:
            first, *others = memory.measured.levels
            measure = self._measure(replace(kept, measured=Measured((first,))))
            for time, level in others:
                measure.add(time, level)
            kept = replace(kept, measured=measure.memory())
        return kept

    def _at_base(self, time: int, level: float) -> VolatilityTargetMemory:
        exposure = min(1.0, self.max_leverage)
        return VolatilityTargetMemory(
            base=time,
            level=level,
            dead=False,
            cash=1.0,
            position=Position(exposure, level, 1.0),
            struck=level,
            measured=Measured(((time, level),)),
            asked=exposure,
            waiting=(),
        )

    def _watch(
        self, kept: VolatilityTargetMemory, times: NDArray[np.int64], levels: Floats, cash: Floats
    ) -> tuple[VolatilityTargetMemory, list[int], list[float]]:
        """Return what was measured, the rows from which an exposure is held (first 0), and the exposures.

        Levels are observed at the first instant at or after each whole day since the base. Held exposure drifts
        with the index. It is set anew where the wanted one differs from it by more than `tolerance` times what is
        held (exactly that does not count).
        """
        measure = self._measure(kept)
        asked, waiting = kept.asked, deque(kept.waiting)
        lag = self.lag // timedelta(microseconds=1)
        rows, exposures = [0], [kept.position.exposure]
        exposure, bought, unit = kept.position.exposure, kept.position.index, kept.position.cash
        days = (times - kept.base) // MICROSECONDS_A_DAY
        observed = np.flatnonzero(np.diff(days) > 0) + 1
        columns = (values.tolist() for values in (observed, times[observed], levels[observed], cash[observed]))
        for row, time, level, money in zip(*columns, strict=True):
            volatility = measure.add(time, level)
            waiting.append((time, self._wanted(volatility, (time - kept.base) / MICROSECONDS_A_DAY)))
            while waiting and waiting[0][0] <= time - lag:
                asked = waiting.popleft()[1]
            risky = exposure * (level / bought if bought else 1.0)
            value = risky + (1.0 - exposure) * (money / unit)
            if value <= 0:
                break
            held = risky / value
            if abs(asked - held) > self.tolerance * held * (1.0 + _SLACK) + _SLACK:
                exposure, bought, unit = asked, level, money
                rows.append(row)
                exposures.append(exposure)
        return replace(kept, measured=measure.memory(), asked=asked, waiting=tuple(waiting)), rows, exposures

    def _measure(self, kept: VolatilityTargetMemory) -> WeightedVolatility | WindowVolatility:
        if self.window is not None:
            return WindowVolatility(self.window / _DAY, kept.base, kept.measured)
        half_lives = (self.half_life_short / _DAY, self.half_life_long / _DAY)
        return WeightedVolatility(half_lives, kept.base, kept.measured)

    def _wanted(self, volatility: float, days: float) -> float:
        """Return the exposure that the levels of so many days since the base ask for."""
        if days < self.warm_up / _DAY:
            return min(1.0, self.max_leverage)
        return min(self.max_leverage, self.target / volatility) if volatility else self.max_leverage

    @property
    def reads(self) -> Reads:
        """The rates."""
        return reads_of(self.rate)

    def doubt(self) -> str | None:
        """Return that a stated rate is above 100% a year."""
        return doubt_of(self.rate)

    def words(self) -> str:
        """Return the rule as a sentence."""
        if self.window is not None:
            measure = f"the volatility over {in_days(self.window / _DAY)}"
        else:
            short, long = (in_days(length / _DAY) for length in (self.half_life_short, self.half_life_long))
            measure = f"the larger of two weighted volatilities with half-lives of {short} and {long}"
        cash = "earns nothing" if self.rate is None else f"earns {rate_in_words(self.rate)} ({self.day_count})"
        return (
            f"Volatility target of {percent(self.target)}% a year: exposure is the target over {measure}, "
            f"at most {self.max_leverage:g}, known {in_days(self.lag / _DAY)} before, changed when it is off "
            f"by more than {percent(self.tolerance)}%; the rest {cash}."
        )


def _levels(
    kept: VolatilityTargetMemory, rows: list[int], exposures: list[float], index: Floats, cash: Floats
) -> Floats:
    """Return the level at each row of exposures held from the rows given, shape (T,); not above zero once gone."""
    bought, money = index[rows], cash[rows]
    bought[0], money[0] = kept.position.index, kept.position.cash
    count = np.diff(rows, append=len(index) - 1)
    exposure, before, unit = (np.repeat(values, count) for values in (exposures, bought, money))
    ratios = exposure * ratio(index[1:], before) + (1.0 - exposure) * (cash[1:] / unit)
    struck = compounded(kept.struck, ratios[np.array(rows[1:], dtype=np.int64) - 1])
    return np.concatenate([[kept.level], np.repeat(struck, count) * ratios])
