"""Covariances, and the weights of equal risk contribution and minimum variance."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from numpy.typing import ArrayLike, NDArray

from basketry.core.errors import MethodologyError
from basketry.core.numbers import Floats, normalise
from basketry.market.panel import Panel
from basketry.methodology.metrics import log_returns

OBSERVATIONS_MIN = 20
"""Returns that an estimate needs; half of the window where that is shorter than 40 days."""


def observations_needed(length: timedelta) -> int:
    """Return how many returns an estimate over a window of daily data needs.

    >>> observations_needed(timedelta(days=90)), observations_needed(timedelta(days=14))
    (20, 7)
    """
    return max(2, min(OBSERVATIONS_MIN, length.days // 2))


def window_returns(view: Panel, selected: NDArray[np.int64], length: timedelta) -> Floats:
    """Return log returns of the selected assets over a window, shape (k, n); NaN where a price is unknown.

    Raises:
        MethodologyError: An asset has too few returns, or its price did not move.
    """
    returns = log_returns(view, length, selected)
    needed = observations_needed(length)
    known = np.count_nonzero(~np.isnan(returns), axis=0)
    if (known < needed).any():
        place = int(known.argmin())
        raise MethodologyError(
            f"{view.assets[int(selected[place])]!r} has {known[place]} returns in {length.days} days, "
            f"at least {needed} are needed; require a history, as in "
            f"`- history: {{min_days: {length.days + 1}}}`"
        )
    still = np.flatnonzero(np.nanmax(returns, axis=0) == np.nanmin(returns, axis=0))
    if len(still):
        asset = view.assets[int(selected[still[0]])]
        raise MethodologyError(
            f"the price of {asset!r} did not move over {length.days} days, so it has no risk to weight "
            "by; exclude it, or require trading, as in `- value_traded: {window: 30d, min: 100_000}`"
        )
    return returns


def window_covariance(view: Panel, selected: NDArray[np.int64], length: timedelta, shrinkage: float) -> Floats:
    """Return the covariance of the selected assets' log returns over a window, per row, shape (n, n).

    Rows in which a selected asset has no return are left out. Correlations are shrunk towards zero by the
    share `shrinkage` (Ledoit and Wolf 2004, with a diagonal target and a stated intensity).

    Raises:
        MethodologyError: Too few rows are whole, an asset has too few returns, or it did not move.
    """
    from basketry.methodology._kernels import covariance

    returns = window_returns(view, selected, length)
    whole = returns[~np.isnan(returns).any(axis=1)]
    needed = observations_needed(length)
    if len(whole) < needed:
        lacking = view.assets[int(selected[int(np.count_nonzero(np.isnan(returns), axis=0).argmax())])]
        raise MethodologyError(
            f"only {len(whole)} rows of {length.days} days have a return of all {len(selected)} assets, "
            f"at least {needed} are needed; {lacking!r} lacks most; require a history, as in "
            f"`- history: {{min_days: {length.days + 1}}}`"
        )
    matrix: Floats = covariance(np.ascontiguousarray(whole))
    diagonal = np.diag(matrix).copy()
    if not (diagonal > 0).all():
        asset = view.assets[int(selected[int(diagonal.argmin())])]
        raise MethodologyError(f"the price of {asset!r} did not move on the {len(whole)} days that count")
    shrunk = (1 - shrinkage) * matrix
    np.fill_diagonal(shrunk, diagonal)
    return shrunk


def equal_risk_contribution(covariance: ArrayLike) -> Floats:
    """Return the long-only weights at which every asset contributes the same risk, shape (n,).

    w_i (Σw)_i is the same for all i, to 1e-12 relative. With the correlation matrix C, x minimises
    ½ x'Cx - Σ ln x_i (Spinu 2013), by cyclical coordinate descent (Griveau-Billion, Richard and Roncalli
    2013), and w is in proportion to x over volatility. Where all correlations are equal, the weights are in
    proportion to one over volatility.

    Args:
        covariance: Symmetric, positive semidefinite, shape (n, n).

    Raises:
        MethodologyError: Not such a matrix, or two assets hedge each other completely, so that no weights
        exist.

    Source: Maillard, Roncalli and Teïletche (2010), The properties of equally weighted risk contribution
    portfolios.

    >>> equal_risk_contribution([[0.04, 0.0], [0.0, 0.01]]).round(6).tolist()
    [0.333333, 0.666667]
    """
    from basketry.methodology._kernels import equal_contributions

    matrix = _checked(covariance)
    order = _canonical(matrix)
    spread = np.sqrt(np.diag(matrix))[order]
    correlation = matrix[np.ix_(order, order)] / (spread[:, None] * spread)
    x, error = equal_contributions(correlation, 1e-13 * len(matrix), 10_000)
    if not error < 1e-10:
        raise MethodologyError(
            "equal risk contribution: no solution was found, as some assets hedge each other "
            "almost completely; use a longer window or some shrinkage"
        )
    return _in_order(normalise(x / spread), order)


def minimum_variance(covariance: ArrayLike) -> Floats:
    """Return the long-only weights of least variance, shape (n,).

    min w'Σw with Σ w_i = 1, w ≥ 0 (Markowitz 1952). Up to scale its conditions of Karush, Kuhn and Tucker are
    y ≥ 0, Σy ≥ 1 and y_i (Σy - 1)_i = 0, those of a non-negative least squares problem, whose method says which
    assets are held (Lawson and Hanson 1974, algorithm 23.10); their weights are Σ⁻¹1 over those assets.

    Args:
        covariance: Symmetric, positive definite, shape (n, n).

    Raises:
        MethodologyError: Not such a matrix; with more assets than returns it is singular, and shrinkage is
        needed. Or no assets to hold were found, as it is nearly singular.

    >>> minimum_variance([[0.04, 0.0], [0.0, 0.01]]).round(6).tolist()
    [0.2, 0.8]
    """
    from basketry.methodology._kernels import cholesky, held_at_least_variance

    matrix = _checked(covariance)
    order = _canonical(matrix)
    # Its scale does not matter to the weights, but to the tolerances of the solver.
    ordered = matrix[np.ix_(order, order)] / np.diag(matrix).max()
    solution, found = held_at_least_variance(ordered)
    if not (cholesky(ordered)[1] and found):
        raise MethodologyError("minimum variance: the covariance is singular; use a longer window or more shrinkage")
    return _in_order(normalise(solution), order)


def _checked(covariance: ArrayLike) -> Floats:
    matrix = np.asarray(covariance, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not len(matrix):
        raise MethodologyError(f"covariance: expected a square matrix, was of shape {matrix.shape}")
    if not np.isfinite(matrix).all() or not (np.diag(matrix) > 0).all():
        raise MethodologyError("covariance: elements must be finite, and variances above 0")
    if not np.allclose(matrix, matrix.T, rtol=1e-9, atol=0):
        raise MethodologyError("covariance: the matrix is not symmetric")
    return matrix


def _canonical(matrix: Floats) -> NDArray[np.int64]:
    """Return an order of the assets that depends on the figures alone, not on the order given."""
    rows = np.sort(matrix, axis=1)
    return np.lexsort((*rows.T, np.diag(matrix))).astype(np.int64)


def _in_order(weights: Floats, order: NDArray[np.int64]) -> Floats:
    result = np.empty_like(weights)
    result[order] = weights
    return result
