"""Compiled covariance of a trailing window, kept up to date row by row."""

from basketry.core.compiled import kernel
from basketry.core.numbers import Floats

LEAST_ROWS = 20
USUAL_VARIANCE = 0.04**2
REFRESH = 64


@kernel(nogil=True, error_model="numpy")
def add_row(returns: Floats, unknown: Floats, row: int, window: int, moment: Floats, gaps: Floats) -> None:
    """Take a row of returns into the sum of products over the window and drop the one that leaves it.

    Every 64 rows the sum is made anew, so that rounding does not build up and a cut history gives the same sums.
    """
    size = returns.shape[1]
    if row % REFRESH == 0:
        moment[:] = 0.0
        gaps[:] = 0.0
        for past in range(max(0, row - window + 1), row + 1):
            _add(returns[past], unknown[past], 1.0, moment, gaps)
        return
    _add(returns[row], unknown[row], 1.0, moment, gaps)
    if row >= window:
        _add(returns[row - window], unknown[row - window], -1.0, moment, gaps)
    for i in range(size):
        moment[i, i] = max(moment[i, i], 0.0)


@kernel(nogil=True, error_model="numpy")
def _add(returns: Floats, unknown: Floats, sign: float, moment: Floats, gaps: Floats) -> None:
    for i in range(len(returns)):
        gaps[i] += sign * unknown[i]
        scaled = sign * returns[i]
        for j in range(len(returns)):
            moment[i, j] += scaled * returns[j]


@kernel(nogil=True, error_model="numpy")
def covariance_of(moment: Floats, gaps: Floats, rows: int, window: int, shrinkage: float, covariance: Floats) -> None:
    """Fill the covariance of one step's returns about zero, correlations shrunk towards zero, shape (n, n).

    Where returns of an asset are unknown, the index's stood in; the mean variance, times the share unknown, is added
    as risk of its own. With fewer than 20 rows assets count as independent with a volatility of 4% a step.

    Source: zero mean as in RiskMetrics, J.P. Morgan and Reuters (1996); shrinkage after Ledoit and Wolf (2004).
    """
    size = len(gaps)
    count = min(rows, window)
    # The first row of all has no return.
    if count < LEAST_ROWS and count < window:
        covariance[:] = 0.0
        for i in range(size):
            covariance[i, i] = USUAL_VARIANCE
        return
    usual = 0.0
    for i in range(size):
        usual += moment[i, i] / count / size
    for i in range(size):
        for j in range(size):
            covariance[i, j] = (1 - shrinkage) * moment[i, j] / count
        covariance[i, i] = moment[i, i] / count + usual * gaps[i] / count
