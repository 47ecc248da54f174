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
def _within(value: float, other: float, factor: float) -> bool:
    return value <= factor * other and value * factor >= other


@njit(cache=True)
def first_jumps(supply: Floats, stamps: NDArray[np.int64], start: int, limits: Any, state: Any) -> None:
    """Note the first row at which a supply is not believed without a confirmation, from row `start` on.

    Until then everything reported is believed, so that this is `follow` for all assets at once, without its figures.

    Args:
        supply: Shape (T, N); NaN where unknown.
        stamps: Microseconds of the rows, shape (T,).
        start: First row not yet looked at.
        limits: As for `follow`.
        state: (first row (N,), last figure (N,) and its microseconds (N,), figure believed at the start of the window
            (N,), the last figure taken up unjudged (N,), its microseconds (N,) and those of the first (N,), row of the
            start of the window (1,)), changed in place.
    """
    first, last, seen, earlier, unjudged, judged_from, born, place = state
    step, change, _, window, young = limits
    columns = supply.shape[1]
    for row in range(start, supply.shape[0]):
        now = stamps[row]
        while place[0] < row and stamps[place[0]] <= now - window:
            for column in range(columns):
                value = supply[place[0], column]
                if value > 0.0:
                    earlier[column] = value
            place[0] += 1
        for column in range(columns):
            value = supply[row, column]
            if not value > 0.0:
                continue
            if not last[column] > 0.0 or now - seen[column] > window:
                born[column] = now
            if now - born[column] < young:
                unjudged[column], judged_from[column] = value, now
            elif row < first[column]:
                then = unjudged[column] if judged_from[column] > now - window else earlier[column]
                if not (_within(value, last[column], step) and _within(value, then, change)):
                    first[column] = row
            last[column], seen[column] = value, now


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
            elif accepted[row] or _within(value, second[row], agreement):
                state[BELIEVED], state[ANCHOR] = value, row
            elif _within(value, state[REPORTED], step) and _within(grown, believed[anchor], change):
                state[BELIEVED] = grown
        state[REPORTED], state[SEEN] = value, stamps[row]
        believed[row] = state[BELIEVED]
