"""A series of levels at a stated step: checked once, resampled only by a stated rule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from basketry.core.errors import DataError, nearest_hint
from basketry.core.numbers import Floats
from basketry.core.time import DAY, MICROSECOND, YEAR_DAYS, format_duration, format_instant, parse_duration, to_instant

Times = NDArray[np.datetime64]
Instant = str | date | datetime | np.datetime64


@dataclass(frozen=True, eq=False)
class Levels:
    """Levels of an index, asset or product at a stated step; one that exists is valid.

    Attributes:
        times: UTC instants, datetime64[us], shape (T,), T >= 2, increasing.
        level: Positive and finite, shape (T,).
        name: Shown beside every figure.
        currency: Of the levels.
        step: Time between levels, a day unless stated. No frequency is inferred.
        longest: Longest time between levels; by default the step. Series of markets that close state more, as 5 days
            for stocks; their returns over a weekend count as one.

    Raises:
        DataError: Fewer than two levels, a duplicate, levels out of order, one that is not a positive number, a step
            shorter than stated, or a gap. The message names the first place and what to do.

    >>> days = np.arange("2024-01-01", "2024-01-04", dtype="datetime64[D]")
    >>> levels = Levels(days, np.array([100.0, 110.0, 99.0]), "EXAMPLE")
    >>> levels.returns.round(6).tolist(), levels.per_year
    ([0.1, -0.1], 365.0)
    """

    times: Times
    level: Floats
    name: str = "index"
    currency: str = "USD"
    step: np.timedelta64 = DAY
    longest: np.timedelta64 | None = None

    def __post_init__(self) -> None:
        times = np.array(self.times)
        if times.dtype.kind != "M":
            raise DataError(f"{self.name}: times must be datetime64, was {times.dtype}; use Levels.of for other types")
        level = np.array(self.level, dtype=np.float64)
        if times.ndim != 1 or times.shape != level.shape:
            raise DataError(
                f"{self.name}: times and levels must be two columns as long, were {times.shape}, {level.shape}"
            )
        step = self.step.astype("timedelta64[us]")
        longest = step if self.longest is None else self.longest.astype("timedelta64[us]")
        if not MICROSECOND <= step <= longest:
            raise DataError(f"{self.name}: the step must be positive and no longer than the longest, was {_text(step)}")
        times = times.astype("datetime64[us]")
        for field, value in (("times", times), ("level", level), ("step", step), ("longest", longest)):
            object.__setattr__(self, field, value)
        _check_levels(self)
        _check_steps(self, longest)
        times.flags.writeable = level.flags.writeable = False

    @classmethod
    def of(
        cls,
        times: Iterable[Instant],
        level: Iterable[float],
        *,
        name: str = "index",
        currency: str = "USD",
        step: str | timedelta = "1d",
        longest: str | timedelta | None = None,
    ) -> Levels:
        """Return levels from dates, datetimes or ISO texts.

        A bare date is 00:00 UTC. Times with any offsets become UTC; times without one are UTC, but may not be mixed
        with times that have one, since nobody can say which zone they mean.

        Raises:
            DataError: As the class; times with and without an offset are mixed.

        >>> Levels.of(["2024-01-01T01:00+01:00", "2024-01-01T19:00-05:00"], [1.0, 2.0]).times.astype(str).tolist()
        ['2024-01-01T00:00:00.000000', '2024-01-02T00:00:00.000000']
        """
        given = list(times)
        if len({aware for value in given if (aware := _has_offset(value, name)) is not None}) > 1:
            raise DataError(f"{name}: some times have an offset from UTC and others none; give all of them one")
        instants = np.array([to_instant(value) for value in given], dtype="datetime64[us]")
        bound = None if longest is None else _duration(longest)
        return cls(instants, np.array(list(level), dtype=np.float64), name, currency, _duration(step), bound)

    @classmethod
    def from_frame(
        cls,
        frame: pl.DataFrame,
        *,
        time: str = "time",
        level: str = "level",
        name: str | None = None,
        currency: str = "USD",
        step: str | timedelta = "1d",
        longest: str | timedelta | None = None,
    ) -> Levels:
        """Return levels from two columns of a frame: times (dates, UTC or zoned datetimes, ISO texts) and levels.

        Raises:
            DataError: As `of`; a column is missing or has gaps.
        """
        for column in (time, level):
            if column not in frame.columns:
                raise DataError(f"no column {column!r}{nearest_hint(column, frame.columns)}; there are {frame.columns}")
            if frame[column].null_count():
                row = frame[column].is_null().arg_max()
                raise DataError(f"column {column!r} has {frame[column].null_count()} gaps, the first in row {row}; "
                                "drop those rows, then resample")  # fmt: skip
        if not frame[level].dtype.is_numeric():
            raise DataError(f"column {level!r} must hold numbers, was {frame[level].dtype}")
        return cls.of(
            frame[time].to_list(),
            frame[level].cast(pl.Float64).to_list(),
            name=name or level,
            currency=currency,
            step=step,
            longest=longest,
        )

    @property
    def returns(self) -> Floats:
        """Simple returns a step, r = I_t / I_(t-1) - 1, shape (T-1,)."""
        return self.level[1:] / self.level[:-1] - 1

    @property
    def years(self) -> float:
        """Time from the first to the last level in years of 365 days."""
        return float((self.times[-1] - self.times[0]) / DAY) / YEAR_DAYS

    @property
    def per_year(self) -> float:
        """Returns in a year of 365 days: by the step where it never varies, else as counted."""
        return YEAR_DAYS * float(DAY / self.step) if self.is_even else len(self.returns) / self.years

    @property
    def is_even(self) -> bool:
        """Whether every step is as stated."""
        return bool(self.longest == self.step)

    @property
    def frequency(self) -> str:
        """The step in words, for the convention beside a figure.

        >>> Levels.of(["2024-01-05", "2024-01-08"], [1, 2], longest="5d").frequency
        'steps of 1d to 5d, 121.67 a year as counted'
        """
        if self.is_even:
            return f"steps of {_text(self.step)}, {self.per_year:g} a year"
        return f"steps of {_text(self.step)} to {_text(self.longest)}, {self.per_year:.2f} a year as counted"

    def cut(self, start: Instant | None = None, end: Instant | None = None) -> Levels:
        """Return the levels at start <= t < end.

        Raises:
            DataError: Fewer than two are left.
        """
        first = 0 if start is None else int(np.searchsorted(self.times, to_instant(start)))
        last = len(self.times) if end is None else int(np.searchsorted(self.times, to_instant(end)))
        return replace(self, times=self.times[first:last], level=self.level[first:last])

    def resampled(
        self, step: str | timedelta, *, at: Instant | None = None, oldest: str | timedelta | None = None
    ) -> Levels:
        """Return the levels on an even grid: at each instant the last level at or before it.

        Args:
            step: Between the instants.
            at: One instant of the grid; by default the last level's, so that the newest level stays.
            oldest: How old a level may be that stands in; by default less than one step of the series before.

        Raises:
            DataError: At some instant the last level is older; the message names the first.

        >>> Levels.of(["2024-01-05", "2024-01-08"], [1, 2], longest="5d").resampled("1d", oldest="2d").level.tolist()
        [1.0, 1.0, 1.0, 2.0]
        """
        length = _duration(step)
        limit = self.step - MICROSECOND if oldest is None else _duration(oldest)
        anchor = self.times[-1] if at is None else to_instant(at)
        before, after = (self.times[-1] - anchor) // length, (anchor - self.times[0]) // length
        grid = anchor + np.arange(-int(after), int(before) + 1) * length
        rows = np.searchsorted(self.times, grid, side="right") - 1
        late = np.flatnonzero(grid - self.times[rows] > limit)
        if len(late):
            first = late[0]
            raise DataError(
                f"{self.name}: at {format_instant(grid[first])} the last level is of "
                f"{format_instant(self.times[rows[first]])}, older than {_text(limit)} ({len(late)} such); "
                "state a larger `oldest` to hold levels, or cut the series"
            )
        return Levels(grid, self.level[rows], self.name, self.currency, length)


@dataclass(frozen=True, eq=False)
class Together:
    """Series at the same instants.

    Attributes:
        times: Shape (T,).
        level: One column a series, shape (T, N).
        names: N names.
        step, longest: Between levels, as in `Levels`.
        per_year, years, frequency: As in `Levels`.
    """

    times: Times
    level: Floats
    names: tuple[str, ...]
    step: np.timedelta64
    longest: np.timedelta64
    per_year: float
    years: float
    frequency: str


def together(series: Sequence[Levels], *, common: bool = False) -> Together:
    """Return series side by side.

    By default all must have the same instants from the latest start to the earliest end. With `common`, only the
    instants that all have are kept, so that a series that is never closed is read at the times of one that is; the
    longest step is then the longest of any series.

    Raises:
        DataError: The steps differ, the times do not overlap, or an instant is missing in one series.

    >>> a = Levels.of(["2024-01-01", "2024-01-02", "2024-01-03"], [1, 2, 3], name="a")
    >>> b = Levels.of(["2024-01-02", "2024-01-03"], [5, 6], name="b")
    >>> together([a, b]).level.tolist()
    [[2.0, 5.0], [3.0, 6.0]]
    """
    if not series:
        raise DataError("no series given")
    steps = {levels.step for levels in series}
    if len(steps) > 1:
        texts = ", ".join(f"{levels.name} {_text(levels.step)}" for levels in series)
        raise DataError(f"the series have different steps ({texts}); resample them to one")
    start, end = max(levels.times[0] for levels in series), min(levels.times[-1] for levels in series)
    if start >= end:
        raise DataError(f"the series do not overlap: the last starts at {format_instant(start)}, the first ends at "
                        f"{format_instant(end)}")  # fmt: skip
    own = [levels.times[(levels.times >= start) & (levels.times <= end)] for levels in series]
    times = own[0]
    for levels, instants in zip(series[1:], own[1:], strict=True):
        if not common and not np.array_equal(times, instants):
            odd = np.setxor1d(times, instants)[0]
            raise DataError(f"{series[0].name} and {levels.name} do not have the same instants, first at "
                            f"{format_instant(odd)}; resample them to one grid, or keep the common ones")  # fmt: skip
        times = np.intersect1d(times, instants)
    longest = max(levels.longest or levels.step for levels in series)
    level = np.column_stack([levels.level[np.searchsorted(levels.times, times)] for levels in series])
    lead = Levels(times, level[:, 0], " and ".join(levels.name for levels in series), step=series[0].step,
                  longest=longest)  # fmt: skip
    names = tuple(levels.name for levels in series)
    return Together(times, level, names, lead.step, longest, lead.per_year, lead.years, lead.frequency)


def _check_levels(levels: Levels) -> None:
    if len(levels.level) < 2:
        raise DataError(f"{levels.name}: {len(levels.level)} level(s); a return needs two")
    wrong = np.flatnonzero(~(np.isfinite(levels.level) & (levels.level > 0)))
    if len(wrong):
        row = wrong[0]
        raise DataError(
            f"{levels.name}: level {levels.level[row]} at {format_instant(levels.times[row])} is not a positive number "
            f"({len(wrong)} such); drop those rows and resample, or cut the series there: no return follows them"
        )


def _check_steps(levels: Levels, longest: np.timedelta64) -> None:
    if np.isnat(levels.times).any():
        raise DataError(f"{levels.name}: time of row {int(np.isnat(levels.times).argmax())} is missing")
    steps = np.diff(levels.times)
    for row in np.flatnonzero(steps <= np.timedelta64(0, "us"))[:1]:
        kind = "is there twice" if steps[row] == np.timedelta64(0, "us") else "comes after a later one"
        raise DataError(
            f"{levels.name}: {format_instant(levels.times[row + 1])} {kind}; keep one level an instant, in order"
        )
    for row in np.flatnonzero(steps < levels.step)[:1]:
        raise DataError(
            f"{levels.name}: {_text(steps[row])} from {format_instant(levels.times[row])} to the next level, but the "
            f"stated step is {_text(levels.step)}; state the step, or resample"
        )
    gaps = np.flatnonzero(steps > longest)
    if len(gaps):
        row = gaps[0]
        raise DataError(
            f"{levels.name}: {_text(steps[row])} without a level after {format_instant(levels.times[row])}, more than "
            f"{_text(longest)} ({len(gaps)} such); state the step, or `longest` for a market that closes, or resample"
        )


def _has_offset(value: Instant, name: str) -> bool | None:
    """Return whether a time has an offset from UTC; None for a bare date, which is 00:00 UTC either way."""
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError as error:
            raise DataError(f"{name}: {value!r} is not a date or time; write for example 2020-01-31") from error
        return None if len(value.strip()) <= len("2020-01-31") else moment.tzinfo is not None
    if isinstance(value, datetime):
        return value.utcoffset() is not None
    if isinstance(value, np.datetime64):
        return False
    return None


def _duration(length: str | timedelta) -> np.timedelta64:
    return np.timedelta64(parse_duration(length), "us")


def _text(length: np.timedelta64 | None) -> str:
    if length is None:
        return ""
    return format_duration(length.astype("timedelta64[us]").item())
