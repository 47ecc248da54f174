"""Shrinkage of second moments that few rows estimate badly."""

from __future__ import annotations

import numpy as np

from basketry.core.numbers import Floats


def ledoit_wolf(returns: Floats, *, centre: bool = True) -> tuple[Floats, float]:
    """Return the covariance shrunk towards equal variances without correlation, shape (N, N), and by how much.

    Σ = (1 - δ) S + δ m I with m = tr S / N, δ = min(b², d²) / d², d² = |S - m I|², b² = Σ_t |x_t x_tᵀ - S|² / T²,
    in squared Frobenius norms. S divides by T.

    Args:
        returns: Rows of observations, shape (T, N), without NaN.
        centre: Whether the means are taken off first; otherwise S is the second moment about zero.

    Source: O. Ledoit and M. Wolf, A well-conditioned estimator for large-dimensional covariance matrices, Journal of
    Multivariate Analysis 88 (2004).

    >>> covariance, shrinkage = ledoit_wolf(np.array([[0.1, 0.0], [-0.1, 0.0], [0.0, 0.1], [0.0, -0.1]]))
    >>> covariance.round(4).tolist(), shrinkage
    ([[0.005, 0.0], [0.0, 0.005]], 1.0)
    """
    from basketry.tracking.sampling.kernels import moments

    columns = returns.shape[1]
    data = np.ascontiguousarray(returns - returns.mean(axis=0) if centre else returns)
    moment, _ = moments(data, data[:, 0])
    share, level = shrinkage(data, moment)
    return (1 - share) * moment + share * level * np.eye(columns), share


def shrinkage(data: Floats, moment: Floats) -> tuple[float, float]:
    """Return δ, how far to shrink a second moment about zero, and m, the variance to shrink it towards.

    Args:
        data: x, shape (T, N).
        moment: S, the mean of x xᵀ, shape (N, N).
    """
    rows, columns = data.shape
    level = float(np.trace(moment)) / columns
    squared = float((moment**2).sum())
    distance = squared - columns * level**2
    spread = (float(((data**2).sum(axis=1) ** 2).sum()) / rows - squared) / rows
    # Of moments that are the target already, rounding is all that is left to shrink.
    share = 1.0 if distance <= 1e-15 * squared else min(max(spread, 0.0), distance) / distance
    return share, level
