"""Compiled inner loops of the supply guard: which supplies jump at all, and which figure is believed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from basketry.core.numbers import Bools, Floats

BELIEVED, REPORTED, SEEN, BORN, ANCHOR = range(5)
"""Places in the state of `follow`: the figure believed, the last reported, the microseconds of that and of the first,
and the row from which growth over a window is judged."""


@njit(cache=True)
def first_jumps(
    supply: Floats, stamps: NDArray[np.int64], start: int, step: float, change: float, window: int, state: Any
) -> None:
    """Note the first row at which a supply moves by more than the guard believes at once, from row `start` on.

    Args:
        supply: Shape (T, N); NaN where unknown.
        stamps: Microseconds of the rows, shape (T,).
        start: First row not yet looked at.
        step: Largest factor from one figure to the next.
        change: Largest factor over a window.
        window: Its length in microseconds.
        state: (first (N,), last known (N,), last known before the window (N,), row of that (1,)), changed in place.
    """
    first, last, earlier, place = state
    columns = supply.shape[1]
    for row in range(start, supply.shape[0]):
        while place[0] < row and stamps[place[0]] <= stamps[row] - window:
            for column in range(columns):
                value = supply[place[0], column]
                if value > 0.0:
                    earlier[column] = value
            place[0] += 1
        for column in range(columns):
            value = supply[row, column]
            if not value > 0.0:
                continue
            if np.isnan(last[column]):
                earlier[column] = value
            before, then = last[column], earlier[column]
            # A comparison with NaN is false: a first figure is no jump.
            jumps = value > step * before or value * step < before or value > change * then or value * change < then
            if jumps and row < first[column]:
                first[column] = row
            last[column] = value


@njit(cache=True)
def follow(
    reported: Floats,
    second: Floats,
    accepted: Bools,
    stamps: NDArray[np.int64],
    limits: Any,
    state: Floats,
    believed: Floats,
    start: int,
    stop: int,
) -> None:
    """Follow one supply from row `start` to `stop`, exclusive, and write the figure believed at each row.

    A figure is believed that is a small step from the one believed before, that a second source gives as well, or that
    was accepted; anything within the first days, or after a window without one. While a figure is not believed, the
    one believed grows with what is reported.

    Args:
        reported: Shape (T,); NaN where unknown.
        second: The same by a second source, shape (T,); NaN where it has none.
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
        anew = not state[BELIEVED] > 0.0 or stamps[row] - state[SEEN] > window
        if anew:
            state[BORN] = stamps[row]
        confirmed = accepted[row] or _within(value, second[row], agreement)
        if anew or confirmed or stamps[row] - state[BORN] < young:
            state[BELIEVED] = value
            state[ANCHOR] = row
        else:
            anchor = int(state[ANCHOR])
            while anchor + 1 < row and stamps[anchor + 1] <= stamps[row] - window:
                anchor += 1
            state[ANCHOR] = anchor
            grown = state[BELIEVED] * (value / state[REPORTED])
            if _within(value, state[BELIEVED], step) and _within(value, believed[anchor], change):
                state[BELIEVED] = value
            elif _within(value, state[REPORTED], step) and _within(grown, believed[anchor], change):
                state[BELIEVED] = grown
        state[REPORTED], state[SEEN] = value, stamps[row]
        believed[row] = state[BELIEVED]


@njit(cache=True)
def _within(value: float, other: float, factor: float) -> bool:
    return value <= factor * other and value * factor >= other
