"""Compiled recursions of income on units held."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from basketry.core.numbers import Floats


@njit(cache=True)
def grown_income(
    days: Floats,
    pause: float,
    units: Floats,
    prices: Floats,
    columns: NDArray[np.int64],
    yields: Floats,
    yield_rows: NDArray[np.int64],
) -> Floats:
    """Return the value at each row of the units that simple income has added since row 0, shape (k,).

    Args:
        days: Days since row 0, shape (k,).
        pause: Days by which income is credited late; what is not credited at the last row is lost.
        units: Units held at row 0, shape (n,).
        prices: Shape (k, n).
        columns: Column of each asset in `yields`, shape (n,).
        yields: Simple income a day as a fraction of the units, shape (rows, N); not finite counts as zero.
        yield_rows: Row of `yields` in force over the step that ends at each row, shape (k,); -1 for none.
    """
    count, assets = prices.shape
    grown = np.zeros(assets)
    values = np.zeros(count)
    credited = days[0]
    step = 1
    for row in range(1, count):
        target = days[row] - pause
        while credited < target:
            until = min(days[step], target)
            if yield_rows[step] >= 0:
                length = until - credited
                known = yields[yield_rows[step]]
                for asset in range(assets):
                    income = known[columns[asset]]
                    grown[asset] += units[asset] * (income if np.isfinite(income) else 0.0) * length
            credited = until
            if credited == days[step]:
                step += 1
        total = 0.0
        for asset in range(assets):
            total += grown[asset] * prices[row, asset]
        values[row] = total
    return values


@njit(cache=True)
def step_income(
    days: Floats,
    units: Floats,
    prices: Floats,
    columns: NDArray[np.int64],
    yields: Floats,
    yield_rows: NDArray[np.int64],
) -> Floats:
    """Return the income of each step on the units held, valued at the step's start, shape (k,); 0 for row 0.

    The arguments are those of `grown_income`.
    """
    count, assets = prices.shape
    values = np.zeros(count)
    for row in range(1, count):
        if yield_rows[row] < 0:
            continue
        total = 0.0
        for asset in range(assets):
            income = yields[yield_rows[row], columns[asset]]
            if np.isfinite(income):
                total += units[asset] * prices[row - 1, asset] * income
        values[row] = total * (days[row] - days[row - 1])
    return values
