"""Statistics over the rows of a window that ignore unknown values."""

import numpy as np
from numpy.typing import NDArray

from basketry.core.errors import MethodologyError, nearest_hint
from basketry.core.numbers import Floats, added
from basketry.core.time import DAY

STATISTICS = ("median", "mean", "sum", "minimum", "maximum", "count")


def window_statistic(values: Floats, statistic: str) -> Floats:
    """Return one figure a column, shape (N,), of values of shape (k, N); NaN where no value is known.

    The median of an even number of values is the mean of the two middle ones.

    >>> window_statistic(np.array([[1.0, np.nan], [3.0, np.nan], [8.0, 5.0]]), "median")
    array([3., 5.])
    """
    if statistic not in STATISTICS:
        raise MethodologyError(
            f"statistic {statistic!r} is not known{nearest_hint(statistic, STATISTICS)}; use {', '.join(STATISTICS)}"
        )
    known = ~np.isnan(values)
    count = np.count_nonzero(known, axis=0)
    if statistic == "count":
        return count.astype(np.float64)
    if statistic == "median":
        return _median(values, count)
    if statistic in ("mean", "sum"):
        total = added(np.where(known, values, 0.0))
        figure = total / np.maximum(count, 1) if statistic == "mean" else total
    elif statistic == "minimum":
        figure = np.where(known, values, np.inf).min(axis=0, initial=np.inf)
    else:
        figure = np.where(known, values, -np.inf).max(axis=0, initial=-np.inf)
    return np.where(count > 0, figure, np.nan)


def last_of_days(values: Floats, times: NDArray[np.datetime64]) -> Floats:
    """Return the last known value of each day, shape (d, N), of values of shape (k, N); NaN where a day has none.

    The days are of 24 hours, counted back from the last row: the latest is (t - 24h, t]. One without rows is left out.

    >>> times = np.array(["2020-01-01T06", "2020-01-01T12", "2020-01-02T00", "2020-01-02T12"], "datetime64[us]")
    >>> last_of_days(np.array([[1.0, 1.0], [2.0, np.nan], [3.0, 3.0], [np.nan, 4.0]]), times)
    array([[2., 1.],
           [3., 4.]])
    """
    if not len(times):
        return values
    ages = (times[-1] - times) // DAY
    firsts = np.concatenate(([0], np.flatnonzero(np.diff(ages)) + 1))
    if len(firsts) == len(times):
        return values
    rows = np.where(np.isnan(values), -1, np.arange(len(values))[:, None])
    last = np.maximum.reduceat(rows, firsts, axis=0)
    return np.where(last < 0, np.nan, np.take_along_axis(values, np.maximum(last, 0), axis=0))


def _median(values: Floats, count: np.ndarray[tuple[int, ...], np.dtype[np.int_]]) -> Floats:
    if not len(values):
        return np.full(values.shape[1], np.nan)
    ordered = np.sort(values, axis=0)  # NaN sorts last
    last = len(values) - 1
    lower = np.clip((count - 1) // 2, 0, last)
    upper = np.clip(count // 2, 0, last)
    columns = np.arange(values.shape[1])
    low, high = ordered[lower, columns], ordered[upper, columns]
    # Halving before adding keeps the mean of two large values finite.
    middle = np.where(lower == upper, low, low / 2 + high / 2)
    return np.where(count > 0, middle, np.nan)
