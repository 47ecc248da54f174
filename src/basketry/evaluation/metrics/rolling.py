"""Figures over a window that rolls through time; each row depends on its own window alone."""

from __future__ import annotations

import numpy as np

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.evaluation.metrics.sample import Sample, ratio


def rolling_volatility(sample: Sample, window: int = 30) -> Floats:
    """Return the standard deviation (n − 1) over the last `window` returns, annualised, shape (T, N).

    Row t belongs to level t and knows nothing after it; rows before the window is full are NaN.

    Raises:
        DataError: The window has fewer than two returns.

    >>> rolling_volatility(Sample(np.array([100.0, 110.0, 99.0, 99.0]), per_year=1), 2).round(6).T.tolist()
    [[nan, nan, 0.141421, 0.070711]]
    """
    return _aligned(np.sqrt(_products(sample.returns, sample.returns, window) / (window - 1) * sample.per_year))


def rolling_correlation(sample: Sample, window: int = 90) -> Floats:
    """Return the correlation with the other series over the last `window` returns, shape (T, N).

    Raises:
        DataError: As `rolling_volatility`; there is no other series.
    """
    own, other = sample.returns, np.ascontiguousarray(sample.other_returns)
    spread = np.sqrt(_products(own, own, window) * _products(other, other, window))
    return _aligned(np.clip(ratio(_products(own, other, window), spread), -1.0, 1.0))


def rolling_beta(sample: Sample, window: int = 90) -> Floats:
    """Return the slope on the other series over the last `window` returns, shape (T, N).

    Raises:
        DataError: As `rolling_correlation`.
    """
    own, other = sample.returns, np.ascontiguousarray(sample.other_returns)
    return _aligned(ratio(_products(own, other, window), _products(other, other, window)))


def rolling_return(sample: Sample, window: int = 30) -> Floats:
    """Return the return over the last `window` steps, not annualised, shape (T, N).

    Raises:
        DataError: The window has no step.
    """
    if window < 1:
        raise DataError(f"a window has at least one step, was {window}")
    found = np.full(sample.level.shape, np.nan)
    found[window:] = sample.level[window:] / sample.level[:-window] - 1
    return found


def drawdowns(sample: Sample) -> Floats:
    """Return each level over the highest so far, less one, shape (T, N).

    >>> drawdowns(Sample(np.array([1.0, 2.0, 1.0]))).T.tolist()
    [[0.0, 0.0, -0.5]]
    """
    return sample.level / np.maximum.accumulate(sample.level, axis=0) - 1


def _products(first: Floats, second: Floats, window: int) -> Floats:
    from basketry.evaluation.kernels import rolling_products

    if window < 2:
        raise DataError(f"a window has at least two returns, was {window}")
    return rolling_products(first, second, window)


def _aligned(values: Floats) -> Floats:
    """Return a row for each level: the first has no return."""
    return np.vstack([np.full((1, values.shape[1]), np.nan), values])
