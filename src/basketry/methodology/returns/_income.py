"""Compiled recursions of income on units held."""

import numpy as np
from numpy.typing import NDArray

from basketry.core.compiled import kernel
from basketry.core.numbers import Floats

_DAY = 86_400e6


@kernel(plain=4_000)
def grown_income(
    times: NDArray[np.int64],
    pause: int,
    prices: Floats,
    ends: NDArray[np.int64],
    rates: Floats,
    credited: int,
    grown: Floats,
) -> tuple[Floats, int, int]:
    """Return the value at each row of the units that income has added, shape (k,), and where crediting stands.

    `grown` is brought up to the last row in place. The other results are the instant up to which income is
    credited, and the number of steps that are credited in full. The value at row 0 is not computed and is 0.

    Args:
        times: Instants in microseconds, shape (k,).
        pause: Microseconds by which income is credited late.
        prices: Shape (k, n).
        ends: End of each step that is not yet credited in full, shape (m,); the last is the last instant.
        rates: Units that each asset earns a day in each of these steps, shape (m, n).
        credited: Instant up to which income is credited.
        grown: Units that income has added so far, shape (n,).
    """
    count, assets = prices.shape
    values = np.zeros(count)
    step = 0
    for row in range(1, count):
        target = times[row] - pause
        while credited < target:
            until = min(ends[step], target)
            length = (until - credited) / _DAY
            for asset in range(assets):
                grown[asset] += rates[step, asset] * length
            credited = until
            if credited == ends[step]:
                step += 1
        total = 0.0
        for asset in range(assets):
            total += grown[asset] * prices[row, asset]
        values[row] = total
    return values, credited, step


@kernel(plain=4_000)
def step_income(times: NDArray[np.int64], rates: Floats, units: Floats, prices: Floats) -> Floats:
    """Return the income of each step on the units held, valued at the step's start, shape (k,); 0 for row 0.

    Args:
        times: Instants in microseconds, shape (k,).
        rates: Simple income a day, as a fraction of the units, of the step that ends at each row, shape (k, n).
        units: Units held, shape (n,).
        prices: Shape (k, n).
    """
    count, assets = prices.shape
    values = np.zeros(count)
    for row in range(1, count):
        total = 0.0
        for asset in range(assets):
            total += units[asset] * prices[row - 1, asset] * rates[row, asset]
        values[row] = total * ((times[row] - times[row - 1]) / _DAY)
    return values
