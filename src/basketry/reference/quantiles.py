"""Weighted quantiles over few venues, for many windows at once."""

from __future__ import annotations

import numpy as np

from basketry.core.numbers import Floats

_HALF_ROUNDING = 1e-12


def weighted_quantile(values: Floats, weights: Floats, place: float) -> Floats:
    """Return the smallest value at or below which lies at least `place` of the weight, along the last axis.

    NaN values carry no weight; where no weight is left the result is NaN. A tie takes the lower value; weights
    within 1e-12 of a tie count as one, so that rounding of the weights does not decide.

    Args:
        values: Shape (..., S).
        weights: Same shape, not negative.
        place: 0 to 1; 0.5 for the median.

    >>> weighted_quantile(np.array([3.0, 1.0, 2.0]), np.array([0.2, 0.5, 0.3]), 0.5)
    np.float64(1.0)
    """
    usable = np.isfinite(values) & (weights > 0)
    order = np.argsort(np.where(usable, values, np.inf), axis=-1, kind="stable")
    ordered = np.take_along_axis(values, order, axis=-1)
    cumulated = np.cumsum(np.take_along_axis(np.where(usable, weights, 0.0), order, axis=-1), axis=-1)
    total = cumulated[..., -1:]
    position = np.argmax(cumulated >= place * total * (1 - _HALF_ROUNDING), axis=-1)
    found = np.take_along_axis(ordered, position[..., None], axis=-1)[..., 0]
    return np.where(total[..., 0] > 0, found, np.nan)[()]


def weighted_median(values: Floats, weights: Floats) -> Floats:
    """Return the weighted median along the last axis; where exactly half lies on either side, the middle of the two.

    >>> weighted_median(np.array([1.0, 2.0, 4.0]), np.array([0.25, 0.25, 0.5]))
    np.float64(3.0)
    """
    low = weighted_quantile(values, weights, 0.5)
    high = -weighted_quantile(-values, weights, 0.5)
    return (low + (high - low) / 2)[()]


def median(values: Floats) -> Floats:
    """Return the median of the known values along the last axis, the mean of the two middle ones; NaN where none.

    >>> median(np.array([[1.0, 4.0, np.nan, 2.0], [np.nan] * 4]))
    array([ 2., nan])
    """
    ordered = np.sort(values, axis=-1)  # NaN go last
    count = np.count_nonzero(np.isfinite(values), axis=-1, keepdims=True)
    low = np.take_along_axis(ordered, np.maximum((count - 1) // 2, 0), axis=-1)
    high = np.take_along_axis(ordered, np.minimum(count // 2, values.shape[-1] - 1), axis=-1)
    middle = low + (high - low) / 2
    return np.where(count > 0, middle, np.nan)[..., 0]


def half_interquartile(values: Floats, weights: Floats) -> Floats:
    """Return half the distance between the 25% and 75% weighted quantiles along the last axis; NaN below two values.

    >>> half_interquartile(np.array([1.0, 2.0, 3.0, 4.0]), np.ones(4))
    np.float64(1.0)
    """
    count = np.count_nonzero(np.isfinite(values) & (weights > 0), axis=-1)
    half = (weighted_quantile(values, weights, 0.75) - weighted_quantile(values, weights, 0.25)) / 2
    return np.where(count > 1, half, np.nan)[()]
