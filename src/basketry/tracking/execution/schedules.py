"""Schedules: how much of an order is due when."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from basketry.core.errors import DataError
from basketry.core.numbers import Floats, exact_sum
from basketry.market.tape import Ints
from basketry.tracking.execution.almgren_chriss import AlmgrenChriss
from basketry.tracking.venues.venue import Side

_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """Slices of one order.

    Attributes:
        side: What the trader does.
        time: When each slice is decided, microseconds, ascending.
        size: Base units of each slice, from 0.

    Raises:
        DataError: Times do not ascend, or a size is negative.
    """

    side: Side
    time: Ints
    size: Floats

    def __post_init__(self) -> None:
        """Refuse slices out of order."""
        if self.time.shape != self.size.shape or not self.size.size or (np.diff(self.time) <= 0).any():
            raise DataError("schedule: give one size a time, and times in ascending order")
        if not (self.size >= 0).all() or not np.isfinite(self.size).all():
            raise DataError("schedule: a slice must be a number of base units from 0")

    @property
    def total(self) -> float:
        """Base units of the whole order."""
        return exact_sum(self.size)

    def rounded(self, lot: float) -> Schedule:
        """Return the schedule in whole lots: what is rounded away from one slice is due with the next.

        What is left at the end, less than one lot, is not traded.

        >>> twap("buy", 1.0, start=0, end=3, slices=3).rounded(0.25).size
        array([0.25, 0.25, 0.5 ])
        """
        if lot <= 0:
            raise DataError(f"schedule: a lot must be positive, was {lot}")
        due = np.floor(np.cumsum(self.size) / lot * (1 + _TOLERANCE))
        return replace(self, size=np.diff(due, prepend=0.0) * lot)


def at_once(side: Side, size: float, time: int = 0) -> Schedule:
    """Return a schedule of one slice.

    >>> at_once("sell", 5.0).size
    array([5.])
    """
    return Schedule(side, np.array([time], dtype=np.int64), np.array([size], dtype=np.float64))


def twap(side: Side, size: float, *, start: int, end: int, slices: int) -> Schedule:
    """Return equal slices at equal distances, the first at the start: time-weighted.

    Args:
        side: What the trader does. size: Base units.
        start: Microseconds. end: Microseconds, exclusive.
        slices: How many.

    Raises:
        DataError: The span is too short for the slices.

    >>> twap("buy", 6.0, start=0, end=60, slices=3).time
    array([ 0, 20, 40])
    """
    return Schedule(side, _grid(start, end, slices), np.full(slices, size / slices))


def vwap(side: Side, size: float, *, start: int, end: int, volume: Floats) -> Schedule:
    """Return slices at equal distances, in proportion to an expected profile of volume: volume-weighted.

    Args:
        side: What the trader does. size: Base units.
        start: Microseconds. end: Microseconds, exclusive.
        volume: Expected in each interval, in any unit; for example the mean of past days.

    Raises:
        DataError: No volume is expected, one is negative, or the span is too short.

    >>> vwap("buy", 6.0, start=0, end=30, volume=np.array([1.0, 0.0, 2.0])).size
    array([2., 0., 4.])
    """
    total = exact_sum(volume) if volume.size else 0.0
    if not total > 0 or not (volume >= 0).all():
        raise DataError("schedule: a profile of volume needs numbers from 0 and one above it")
    return Schedule(side, _grid(start, end, volume.size), size * volume / total)


def optimal(side: Side, model: AlmgrenChriss, *, start: int, unit: int) -> Schedule:
    """Return the slices of the Almgren-Chriss path, each at the start of its interval.

    Args:
        side: What the trader does.
        model: Sizes, impact and aversion to risk.
        start: Microseconds.
        unit: Microseconds of one unit of the model's time, for example a day.

    >>> model = AlmgrenChriss(size=100.0, duration=1.0, intervals=4, volatility=1.0, temporary=1.0)
    >>> optimal("sell", model, start=0, unit=1_000_000).time
    array([     0, 250000, 500000, 750000])
    """
    end = start + round(model.duration * unit)
    return Schedule(side, _grid(start, end, model.intervals), model.slices)


def _grid(start: int, end: int, slices: int) -> Ints:
    if slices < 1 or end - start < slices:
        raise DataError(f"schedule: {slices} slices do not fit from {start} to {end} µs; give a longer span")
    return start + np.arange(slices, dtype=np.int64) * (end - start) // slices
