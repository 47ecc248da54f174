"""Covariances, and the weights of equal risk contribution and minimum variance."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from numpy.typing import ArrayLike, NDArray

from basketry.core.errors import MethodologyError
from basketry.core.numbers import Floats, normalise
from basketry.market.panel import Panel
from basketry.methodology.metrics import log_returns

MIN_OBSERVATIONS = 20


def window_covariance(view: Panel, selected: NDArray[np.int64], length: timedelta, shrinkage: float) -> Floats:
    """Return the covariance of the selected assets' log returns over a window, shape (n, n), per row of the data.

    Rows in which a selected asset has no return are left out. Off-diagonal elements are shrunk towards zero by the
    share `shrinkage` (Ledoit and Wolf 2004, with a diagonal target and a stated intensity).

    Raises:
        MethodologyError: Fewer than 20 rows are whole, or an asset did not move.
    """
    returns = log_returns(view, length)[:, selected]
    whole = returns[~np.isnan(returns).any(axis=1)]
    if len(whole) < MIN_OBSERVATIONS:
        lacking = int(np.isnan(returns).sum(axis=0).argmax()) if len(returns) else 0
        raise MethodologyError(
            f"only {len(whole)} days of the last {length.days} have a return for all {len(selected)} assets, "
            f"{MIN_OBSERVATIONS} are needed; most are missing for {view.assets[int(selected[lacking])]!r}; require a "
            f"longer history, as in `- history: {{min_days: {length.days + 10}}}`"
        )
    covariance = np.atleast_2d(np.cov(whole, rowvar=False))
    still = np.flatnonzero(~(np.diag(covariance) > 0))
    if len(still):
        raise MethodologyError(f"the price of {view.assets[int(selected[still[0]])]!r} did not move over the window")
    diagonal = np.diag(np.diag(covariance))
    return (1 - shrinkage) * covariance + shrinkage * diagonal


def equal_risk_contribution(covariance: ArrayLike, tolerance: float = 1e-13) -> Floats:
    """Return the long-only weights at which every asset contributes the same risk, shape (n,).

    w_i (Σ w)_i is the same for all i. Solved as min ½ x'Cx − Σ ln x_i on the correlation matrix C by cyclical
    coordinate descent, w ∝ x/σ (Maillard, Roncalli and Teïletche 2010; Spinu 2013; Griveau-Billion, Richard and
    Roncalli 2013, equation 5).

    >>> equal_risk_contribution([[0.04, 0.0], [0.0, 0.01]]).round(6).tolist()
    [0.333333, 0.666667]
    """
    matrix = np.asarray(covariance, dtype=np.float64)
    spread = np.sqrt(np.diag(matrix))
    correlation = matrix / np.outer(spread, spread)
    x = np.full(len(spread), 1 / np.sqrt(max(correlation.sum(), 1e-12)))
    product = correlation @ x
    for _ in range(2000):
        for place in range(len(x)):
            others = product[place] - x[place]
            new = (-others + np.sqrt(others * others + 4)) / 2
            product += correlation[:, place] * (new - x[place])
            x[place] = new
        product = correlation @ x
        if np.abs(x * product - 1).max() < tolerance * len(x):
            break
    else:
        if np.abs(x * product - 1).max() > 1e-8:
            raise MethodologyError("equal risk contribution: no solution was found; the covariance is close to singular")
    return normalise(x / spread)


def minimum_variance(covariance: ArrayLike) -> Floats:
    """Return the long-only weights of least variance, shape (n,).

    min w'Σw with Σ w_i = 1, w ≥ 0 (Markowitz 1952). With Σ = LL', the non-negative least squares problem
    min |L'x − L⁻¹1| has the same conditions of Karush, Kuhn and Tucker up to scale.

    >>> minimum_variance([[0.04, 0.0], [0.0, 0.01]]).round(6).tolist()
    [0.2, 0.8]
    """
    from scipy.linalg import solve_triangular
    from scipy.optimize import nnls

    matrix = np.asarray(covariance, dtype=np.float64)
    try:
        lower = np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError as error:
        raise MethodologyError(
            "minimum variance: the covariance is singular; use a longer window or more shrinkage"
        ) from error
    solution, _ = nnls(lower.T, solve_triangular(lower, np.ones(len(matrix)), lower=True))
    return normalise(solution)
