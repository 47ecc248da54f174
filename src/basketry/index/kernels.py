"""Compiled inner loops: compensated basket values, and carrying prices forward."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from basketry.core.numbers import Bools, Floats


@njit(cache=True)
def basket_values(prices: Floats, units: Floats) -> Floats:
    """Return sum(units * prices) of each row, shape (k,), by Neumaier's compensated summation.

    The sum carries about 106 bits, so that in practice it rounds to the same double in any order of the
    assets and on any machine (Neumaier 1974, algorithm IV).
    """
    rows, columns = prices.shape
    values = np.empty(rows)
    for row in range(rows):
        total = 0.0
        lost = 0.0
        for column in range(columns):
            term = prices[row, column] * units[column]
            larger = total + term
            if abs(total) >= abs(term):
                lost += (total - larger) + term
            else:
                lost += (term - larger) + total
            total = larger
        values[row] = total + lost
    return values


@njit(cache=True)
def is_clean(prices: Floats, jump: float) -> bool:
    """Return whether no price is unknown and none is above `jump` times the one before it."""
    rows, columns = prices.shape
    for row in range(rows):
        for column in range(columns):
            price = prices[row, column]
            if np.isnan(price) or (row > 0 and price > jump * prices[row - 1, column]):
                return False
    return True


@njit(cache=True)
def carry_forward(
    prices: Floats, stamps: NDArray[np.int64], seen: NDArray[np.int64], frozen: Bools, jump: float
) -> Any:
    """Return prices with gaps filled by the last good price, the age of each, and which were implausible.

    Args:
        prices: Shape (k, n); row 0 holds the price at which the basket took effect, known for every asset.
        stamps: Microseconds of each row, shape (k,).
        seen: Microseconds at which the price of row 0 was observed, shape (n,).
        frozen: Assets held at the price of row 0 whatever is observed, shape (n,).
        jump: A price above this multiple of the last good one is treated as missing.

    Returns:
        (filled prices (k, n), ages in microseconds (k, n), implausible (k, n)).
    """
    rows, columns = prices.shape
    filled = prices.copy()
    ages = np.zeros((rows, columns), dtype=np.int64)
    implausible = np.zeros((rows, columns), dtype=np.bool_)
    for column in range(columns):
        last = prices[0, column]
        last_seen = seen[column]
        ages[0, column] = 0 if frozen[column] else stamps[0] - last_seen
        for row in range(1, rows):
            price = prices[row, column]
            if frozen[column]:
                filled[row, column] = last
                continue
            too_high = price > jump * last and last > 0.0
            if np.isnan(price) or too_high:
                implausible[row, column] = too_high
                filled[row, column] = last
                ages[row, column] = stamps[row] - last_seen
            else:
                last = price
                last_seen = stamps[row]
    return filled, ages, implausible


@njit(cache=True)
def spread_exceeds(values: Floats, factor: float) -> Bools:
    """Return in which columns the largest known value exceeds `factor` times the least, shape (N,)."""
    low = np.full(values.shape[1], np.inf)
    high = np.full(values.shape[1], -np.inf)
    # Row by row, as the values lie in memory.
    for row in range(values.shape[0]):
        for column in range(values.shape[1]):
            value = values[row, column]
            if value < low[column]:
                low[column] = value
            if value > high[column]:
                high[column] = value
    return high > factor * low
