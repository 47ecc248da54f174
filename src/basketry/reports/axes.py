"""Axes of a chart: where a value lies on a linear or a log scale, and which values and instants are labelled."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from basketry.core.elementary import exp_of, log, log_of
from basketry.core.numbers import Floats

Instant = np.datetime64
MARGIN = 0.04
"""What an axis reaches beyond its values, as a share of their range."""
_MINUTES, _DAY = 60_000_000, 86_400_000_000
_STEPS = (
    *(number * 1_000_000 for number in (1, 2, 5, 10, 15, 30)),
    *(number * _MINUTES for number in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)),
    *(number * _DAY for number in (1, 2, 7, 14)),
)
"""Microseconds between ticks, below a month."""
_MONDAY = 4 * _DAY
"""The first Monday after the first of January 1970."""
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Tick(NamedTuple):
    """A labelled place of an axis; of a time axis the value is in microseconds since 1970."""

    value: float
    label: str


@dataclass(frozen=True)
class Scale:
    """How values become coordinates: `low` lies at `start` and `high` at `end`.

    Logarithms are those whose bits are the same on any processor; the two ends of a log scale are above zero.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def of(self, values: Floats) -> Floats:
        """Return coordinates, in the shape of the values; NaN stays NaN.

        >>> Scale(0.0, 10.0, 100.0, 0.0).of(np.array([0.0, 2.5, 10.0])).tolist()
        [100.0, 75.0, 0.0]
        """
        if self.log:
            low = log_of(self.low)
            shares = (log(values) - low) / (log_of(self.high) - low)
        else:
            shares = (values - self.low) / (self.high - self.low)
        return self.start + shares * (self.end - self.start)


def linear_range(low: float, high: float) -> tuple[float, float]:
    """Return the ends of a linear axis for values from low to high; constant values lie in its middle.

    >>> linear_range(100.0, 200.0), linear_range(100.0, 100.0), linear_range(0.0, 0.0)
    ((96.0, 204.0), (95.0, 105.0), (-1.0, 1.0))
    """
    size = max(abs(low), abs(high))
    if high - low <= 1e-9 * size:
        half = size * 0.05 if size else 1.0
        return low - half, high + half
    margin = (high - low) * MARGIN
    return (low - margin if low < 0 else max(0.0, low - margin)), high + margin


def log_range(low: float, high: float) -> tuple[float, float]:
    """Return the ends of a log axis for values from low to high, both above zero."""
    factor = exp_of((log_of(high) - log_of(low)) * MARGIN)
    return low / factor, high * factor


def number(value: Decimal, decimals: int, scientific: bool) -> str:
    """Return a number of an axis, with a true minus.

    >>> number(Decimal(-12500), 0, False), number(Decimal("1.5e12"), 0, True), number(Decimal("1e-6"), 0, True)
    ('−12,500', '1.5×10¹²', '10⁻⁶')
    """
    if not value:
        return "0"
    if not scientific:
        return f"{value:,.{decimals}f}".replace("-", "−")
    exponent = value.adjusted()
    mantissa = f"{value.scaleb(-exponent).normalize():f}".replace("-", "−")
    power = f"10{str(exponent).translate(_RAISED)}"
    return {"1": power, "−1": f"−{power}"}.get(mantissa, f"{mantissa}×{power}")


def percentage(value: Decimal, decimals: int, scientific: bool) -> str:
    """Return a fraction as a percentage of an axis.

    >>> percentage(Decimal("-0.2"), 1, False), percentage(Decimal("0.0025"), 4, False)
    ('−20%', '0.25%')
    """
    del scientific
    return f"{value:.{max(0, decimals - 2)}%}".replace("-", "−")


def linear_ticks(
    low: float, high: float, count: int, label: Callable[[Decimal, int, bool], str] = number
) -> list[Tick]:
    """Return at most `count` ticks, three or more, in steps of 1, 2 or 5 times a power of ten, as many as there can be.

    Args:
        low: The lower end of the axis. high: The upper end, above it.
        count: How many ticks at most.
        label: Makes a text of a tick, of the decimals of the step, and of whether a power of ten is written.

    >>> [tick.label for tick in linear_ticks(0.0, 1.0, 5, percentage)]
    ['0%', '50%', '100%']
    >>> [tick.label for tick in linear_ticks(940.0, 1230.0, 6)]
    ['950', '1,000', '1,050', '1,100', '1,150', '1,200']
    """
    exponent = Decimal(high - low).adjusted()
    for digit, power in ((digit, power) for power in (exponent - 1, exponent) for digit in (1, 2, 5)):
        step = float(f"{digit}e{power}")
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first < count:
            break
    values = [Decimal(place * digit).scaleb(power) for place in range(first, last + 1)]
    largest = max((abs(value) for value in values), default=Decimal(0))
    scientific = bool(largest) and not -4 <= largest.adjusted() < 9
    return [Tick(float(value), label(value, max(0, -power), scientific)) for value in values]


def log_ticks(low: float, high: float) -> list[Tick]:
    """Return the powers of ten of a log axis, of many every second or third; over few, 2 and 5 times them as well.

    >>> [tick.label for tick in log_ticks(80.0, 2500.0)]
    ['100', '200', '500', '1,000', '2,000']
    >>> [tick.label for tick in log_ticks(0.5e-6, 2e12)]
    ['10⁻⁶', '0.001', '1', '1,000', '10⁶', '10⁹', '10¹²']
    """
    first, last = Decimal(low).adjusted(), Decimal(high).adjusted()
    every = 1 + (last - first) // 8
    digits = (1, 2, 5) if high / low < 500 else (1,)
    found = []
    for power in (power for power in range(first, last + 1) if power % every == 0):
        for digit in digits:
            value = Decimal(digit).scaleb(power)
            if low <= float(value) <= high:
                found.append(Tick(float(value), number(value, max(0, -power), not -5 < power < 6)))
    return found


def log_marks(low: float, high: float) -> Floats:
    """Return all digits times the powers of ten of a log axis, at which small marks stand; none over many powers.

    >>> log_marks(8.0, 31.0).tolist()
    [8.0, 9.0, 10.0, 20.0, 30.0]
    """
    first, last = Decimal(low).adjusted(), Decimal(high).adjusted()
    powers = range(first, last + 1) if last - first < 6 else range(0)
    values = np.array([float(f"{digit}e{power}") for power in powers for digit in range(1, 10)])
    return values[(values >= low) & (values <= high)]


def time_ticks(first: Instant, last: Instant, count: int) -> list[Tick]:
    """Return at most `count` ticks on whole seconds, minutes, hours, days, Mondays, months or years of UTC.

    A label is the year, the month as 2024-06, the day as 2024-06-21, or the time of day. Of times of day the first has
    its day, and midnight is told by its day. Where no tick falls between the two instants, the first one is labelled.

    >>> [tick.label for tick in time_ticks(np.datetime64("2019-11-05"), np.datetime64("2020-03-02"), 5)]
    ['2019-12', '2020-01', '2020-02', '2020-03']
    """
    start, end = (int(instant.astype("datetime64[us]").astype(np.int64)) for instant in (first, last))
    for step in _STEPS:
        if end - start < count * step:
            origin = _MONDAY if step % (7 * _DAY) == 0 else 0
            values = range(start + (origin - start) % step, end + 1, step)
            return _labelled(list(values) or [start])
    for unit, steps in (("M", (1, 3, 6)), ("Y", (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000))):
        zero = 0 if unit == "M" else 1970
        whole = np.arange(first.astype(f"datetime64[{unit}]"), last.astype(f"datetime64[{unit}]") + 1)
        whole = whole[whole >= first]
        for step in steps:
            chosen = whole[(whole.astype(np.int64) + zero) % step == 0]
            if len(chosen) <= count:
                return [Tick(float(_microseconds(chosen[place])), str(chosen[place])) for place in range(len(chosen))]
    return []


def _microseconds(instant: Instant) -> int:
    return int(instant.astype("datetime64[us]").astype(np.int64))


def _labelled(values: list[int]) -> list[Tick]:
    instants: NDArray[np.datetime64] = np.array(values, dtype=np.int64).view("datetime64[us]")
    found = []
    for place, (value, written) in enumerate(zip(values, np.datetime_as_string(instants, unit="s"), strict=True)):
        day, _, time = str(written).partition("T")
        time = time.removesuffix(":00") if value % _MINUTES == 0 else time
        found.append(Tick(float(value), day if value % _DAY == 0 else time if place else f"{day} {time}"))
    return found
