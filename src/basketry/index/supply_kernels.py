"""Compiled inner loops of the supply guard: which supplies jump at all, and which figure is believed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from basketry.core.compiled import kernel
from basketry.core.numbers import Bools, Floats

BELIEVED, REPORTED, SEEN, BORN, ANCHOR = range(5)
"""Places in the state of `follow`: the figure believed, the last reported, the microseconds of that and of the first,
and the row from which growth over a window is judged."""

OPPOSITE, STEADY = 2.0 / (1.0 + 1e-9), 1.5
"""By which factor price and supply must move against each other, and within which the capitalisation must stay, for a
jump to be taken for a redenomination that nobody has recorded. A supply that doubled is often a capitalisation over a
price, and twice as much to rounding only."""


@kernel()
def _within(value: float, other: float, factor: float) -> bool:
    return value <= factor * other and value * factor >= other


@kernel()
def widen(values: Floats, low: Floats, high: Floats) -> None:
    """Widen the range of each column, shape (N,) each, by the positive ones of some rows, shape (k, N)."""
    for row in range(values.shape[0]):
        for column in range(values.shape[1]):
            value = values[row, column]
            if value > 0.0:
                low[column] = min(low[column], value)
                high[column] = max(high[column], value)


@kernel()
def first_jumps(supply: Floats, stamps: NDArray[np.int64], columns: NDArray[np.int64], limits: Any, state: Any) -> None:
    """Note the first row at which each supply is not believed without a confirmation.

    Until then everything reported is believed, so that this is `follow` without its figures. What was looked at before
    is not looked at again.

    Args:
        supply: Shape (T, N); NaN where unknown.
        stamps: Microseconds of the rows, shape (T,).
        columns: Assets to look at, shape (n,).
        limits: As for `follow`.
        state: Two arrays changed in place. Whole numbers, shape (6, N): the first row, the rows done, the row of the
            start of the window, and the microseconds of the last figure, of the last one taken up unjudged, and of the
            first. Figures, shape (5, N): the last, the one at the start of the window, the last one taken up unjudged,
            the least (infinite before the first) and the largest (0).
    """
    numbers, figures = state
    step, change, _, window, young = limits
    tightest = min(step, change)
    for column in columns:
        first, done, place, seen, judged_from, born = numbers[:, column]
        last, earlier, unjudged, low, high = figures[:, column]
        for row in range(done, supply.shape[0]):
            if row >= first:
                break
            value = supply[row, column]
            if not value > 0.0:
                continue
            now = stamps[row]
            low, high = min(low, value), max(high, value)
            if not last > 0.0 or now - seen > window:
                born = now
            if now - born < young:
                unjudged, judged_from = value, now
            elif high > tightest * low:
                # Only a supply that moved so far at all needs the figure of a window before.
                while place < row and stamps[place] <= now - window:
                    if supply[place, column] > 0.0:
                        earlier = supply[place, column]
                    place += 1
                then = unjudged if judged_from > now - window else earlier
                if not (_within(value, last, step) and _within(value, then, change)):
                    first = row
            last, seen = value, now
        numbers[0, column] = first
        numbers[1, column] = max(done, supply.shape[0])
        numbers[2, column], numbers[3, column] = place, seen
        numbers[4, column], numbers[5, column] = judged_from, born
        figures[0, column], figures[1, column], figures[2, column] = last, earlier, unjudged
        figures[3, column], figures[4, column] = low, high


@kernel()
def _redenominated(
    reported: Floats, prices: Floats, believed: Floats, stamps: NDArray[np.int64], reach: int, row: int
) -> bool:
    """Return whether price and supply moved by opposite factors since a row at most `reach` before, so that the
    capitalisation stays: what a redenomination does that nobody has recorded.
    """
    value, price = reported[row], prices[row]
    earlier = row - 1
    while earlier >= 0 and stamps[earlier] >= stamps[row] - reach:
        before, then = reported[earlier], prices[earlier]
        if before > 0.0 and believed[earlier] == before and then > 0.0 and price > 0.0:
            apart = not _within(value, before, OPPOSITE) and not _within(price, then, OPPOSITE)
            if apart and _within(value * price, before * then, STEADY):
                return True
        earlier -= 1
    return False


@kernel()
def follow(
    reported: Floats,
    second: Floats,
    prices: Floats,
    accepted: Bools,
    stamps: NDArray[np.int64],
    limits: Any,
    state: Floats,
    believed: Floats,
    start: int,
    stop: int,
) -> None:
    """Follow one supply from row `start` to `stop`, exclusive, and write the figure believed at each row.

    A figure is believed that is a small step from the one believed before, that a second source gives as well, that was
    accepted, or that moved against the price so that the capitalisation stays; anything within the first days, or after
    a window without one. While a figure is not believed, the one believed grows with what is reported.

    Args:
        reported: Shape (T,); NaN where unknown.
        second: The same by a second source, shape (T,); NaN where it has none.
        prices: Shape (T,); NaN where unknown.
        accepted: Rows at which an event or a decision confirms what is reported, shape (T,).
        stamps: Microseconds of the rows, shape (T,).
        limits: (step, change, agreement as factors; window, first days in microseconds).
        state: See BELIEVED and the others; changed in place.
        believed: Shape (T,); before `start` what was written earlier.
        start, stop: Rows to follow.
    """
    step, change, agreement, window, young = limits
    for row in range(start, stop):
        value = reported[row]
        if not value > 0.0:
            believed[row] = state[BELIEVED]
            continue
        if not state[BELIEVED] > 0.0 or stamps[row] - state[SEEN] > window:
            state[BORN] = stamps[row]
        if stamps[row] - state[BORN] < young:
            state[BELIEVED], state[ANCHOR] = value, row
        else:
            anchor = int(state[ANCHOR])
            while anchor + 1 < row and stamps[anchor + 1] <= stamps[row] - window:
                anchor += 1
            state[ANCHOR] = anchor
            grown = state[BELIEVED] * (value / state[REPORTED])
            if _within(value, state[BELIEVED], step) and _within(value, believed[anchor], change):
                state[BELIEVED] = value
            elif (
                accepted[row]
                or _within(value, second[row], agreement)
                or _redenominated(reported, prices, believed, stamps, young, row)
            ):
                state[BELIEVED], state[ANCHOR] = value, row
            elif _within(value, state[REPORTED], step) and _within(grown, believed[anchor], change):
                state[BELIEVED] = grown
        state[REPORTED], state[SEEN] = value, stamps[row]
        believed[row] = state[BELIEVED]
