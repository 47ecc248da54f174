"""Chaining: levels that grow by a ratio since the last reset, and stay at zero once they are there."""

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Floats

Rows = NDArray[np.int64]


def ratio(now: Floats, before: Floats) -> Floats:
    """Return now / before, and 1 where `before` is zero: what is worthless loses nothing more.

    >>> ratio(np.array([3.0, 0.0, 0.0]), np.array([2.0, 2.0, 0.0])).tolist()
    [1.5, 0.0, 1.0]
    """
    return np.divide(now, before, out=np.ones_like(now), where=before != 0)


def growth(levels: Floats) -> Floats:
    """Return each level over the one before, shape (T - 1,)."""
    return ratio(levels[1:], levels[:-1])


def period_rows(times: NDArray[np.datetime64], length: timedelta) -> Rows:
    """Return row 0 and the first row at or after each whole number of `length` since the first instant.

    A gap that spans several periods gives one row.

    >>> hours = np.datetime64("2020-01-01", "us") + np.arange(0, 60, 10) * np.timedelta64(1, "h")
    >>> period_rows(hours, timedelta(days=1)).tolist()
    [0, 3, 5]
    """
    periods = (times - times[0]) // np.timedelta64(length)
    return np.concatenate([[0], np.flatnonzero(np.diff(periods) > 0) + 1]).astype(np.int64)


def anchors(resets: Rows, count: int) -> Rows:
    """Return, for rows 1 .. count - 1, the last reset row before each, shape (count - 1,).

    >>> anchors(np.array([0, 2]), 5).tolist()
    [0, 0, 2, 2]
    """
    return np.repeat(resets, rows_held(resets, count))


def chained(base: float, ratios: Floats, resets: Rows) -> Floats:
    """Return levels of shape (T,) from ratios to the last reset row before, shape (T - 1,).

    Floor: from the first ratio that is not above zero on, the level is zero, whatever comes later.

    >>> chained(100.0, np.array([1.1, 1.2, 2.0]), np.array([0, 2])).tolist()
    [100.0, 110.00000000000001, 120.0, 240.0]
    >>> chained(100.0, np.array([1.1, -0.1, 2.0]), np.array([0, 1, 2])).tolist()
    [100.0, 110.00000000000001, 0.0, 0.0]
    """
    at_resets = np.cumprod(np.concatenate([[base], ratios[resets[1:] - 1]]))
    since = np.repeat(at_resets, rows_held(resets, len(ratios) + 1))
    levels = np.concatenate([[base], since * ratios])
    gone = ratios <= 0
    if gone.any():
        levels[int(gone.argmax()) + 1 :] = 0.0
    return levels


def rows_held(resets: Rows, count: int) -> Rows:
    """Return how many of the rows up to count - 1 have each reset as the last one before them.

    >>> rows_held(np.array([0, 2]), 5).tolist()
    [2, 2]
    """
    return np.diff(resets, append=count - 1)
