"""Statistics over the rows of a window that ignore unknown values."""

import numpy as np

from basketry.core.errors import MethodologyError, nearest_hint
from basketry.core.numbers import Floats

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
    count = known.sum(axis=0)
    if statistic == "count":
        return count.astype(np.float64)
    if statistic == "median":
        return _median(values, count)
    if statistic in ("mean", "sum"):
        total = np.where(known, values, 0.0).sum(axis=0)
        figure = total / np.maximum(count, 1) if statistic == "mean" else total
    elif statistic == "minimum":
        figure = np.where(known, values, np.inf).min(axis=0, initial=np.inf)
    else:
        figure = np.where(known, values, -np.inf).max(axis=0, initial=-np.inf)
    return np.where(count > 0, figure, np.nan)


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
