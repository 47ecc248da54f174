"""Compiled inner loops: compensated basket values, carrying prices forward, prices by asset at instants."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from basketry.core.compiled import kernel
from basketry.core.numbers import Bools, Floats


@kernel(plain=4_000)
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


@kernel(plain=4_000)
def is_clean(prices: Floats, jump: float) -> bool:
    """Return whether no price is unknown and none is above `jump` times the one before it."""
    rows, columns = prices.shape
    for row in range(rows):
        for column in range(columns):
            price = prices[row, column]
            if np.isnan(price) or (row > 0 and price > jump * prices[row - 1, column]):
                return False
    return True


@kernel(plain=4_000)
def clean_values(
    before: Floats, prices: Floats, units: Floats, divisor: float, jump: float, now: int
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Return prices with those before them, (k + 1, n), the level at each row, (k,), and when the last were seen, (n,).

    Where a price is unknown, or above `jump` times the one before it, there are no levels: see `is_clean`.

    Args:
        before: Last prices used, shape (n,).
        prices: Shape (k, n), in any layout, each observed at its row.
        units: Shape (n,).
        divisor: Basket value per index point.
        jump: See `is_clean`.
        now: Microseconds of the last row.
    """
    rows, columns = prices.shape
    block = np.empty((rows + 1, columns))
    block[0] = before
    block[1:] = prices
    seen = np.full(columns, now, dtype=np.int64)
    if not is_clean(block, jump):
        return block, np.empty(0), seen
    return block, basket_values(block[1:], units) / divisor, seen


@kernel(plain=4_000)
def side_by_side(
    old: NDArray[np.int64], before: Floats, new: NDArray[np.int64], after: Floats
) -> tuple[NDArray[np.int64], Floats, Floats, NDArray[np.uint8]]:
    """Return who is held before or after a change, with the weights and what happened to each, shape (k,) each.

    Args:
        old, new: Columns held before and after, ascending.
        before, after: Their weights.

    Returns:
        (columns, weights before, weights after, change), 0 for who is not held; the change is that of `Rebalance`.
    """
    most = len(old) + len(new)
    columns = np.empty(most, dtype=np.int64)
    was, stands = np.zeros(most), np.zeros(most)
    change = np.empty(most, dtype=np.uint8)
    count = left = right = 0
    while left < len(old) or right < len(new):
        leaves = right == len(new) or (left < len(old) and old[left] < new[right])
        comes = left == len(old) or (right < len(new) and new[right] < old[left])
        change[count] = 0 if comes else 1 if leaves else 2
        if not comes:
            columns[count], was[count] = old[left], before[left]
            left += 1
        if not leaves:
            columns[count], stands[count] = new[right], after[right]
            right += 1
        count += 1
    return columns[:count], was[:count], stands[:count], change[:count]


@kernel(plain=4_000)
def as_held(
    held: NDArray[np.int64],
    used: Floats,
    used_seen: NDArray[np.int64],
    apart: Bools,
    columns: NDArray[np.int64],
    prices: Floats,
    seen: NDArray[np.int64],
) -> tuple[Floats, NDArray[np.int64]]:
    """Return prices of some assets, and when they were observed, as a basket uses them for those that it holds.

    Args:
        held: Columns of the basket, ascending, shape (m,).
        used, used_seen: Prices that it uses, and the microseconds of their observation, shape (m,).
        apart: Members that have no price of their own, shape (m,).
        columns: Assets asked for, ascending, shape (n,).
        prices, seen: Of all of them, as observed, shape (n,).
    """
    found, when = prices.copy(), seen.copy()
    place = 0
    for row in range(len(columns)):
        while place < len(held) and held[place] < columns[row]:
            place += 1
        if place < len(held) and held[place] == columns[row] and not apart[place]:
            found[row], when[row] = used[place], used_seen[place]
    return found, when


@kernel(plain=4_000)
def carry_forward(
    prices: Floats,
    stamps: NDArray[np.int64],
    seen: NDArray[np.int64],
    observed: NDArray[np.int64],
    cash: Bools,
    awaited: Bools,
    jump: float,
) -> Any:
    """Return prices with gaps filled by the last good price, the age of each, and what was observed.

    Args:
        prices: Shape (k + 1, n); row 0 holds the last prices used, known for every asset.
        stamps: Microseconds of the rows after row 0, shape (k,).
        seen: Microseconds at which the prices of row 0 were observed, shape (n,).
        observed: Microseconds at which the others were observed, shape (k, n), or (0, 0) where each was at its row.
        cash: Assets held at the price of row 0 whatever is observed, shape (n,).
        awaited: Assets that have had no price yet, shape (n,); any is believed.
        jump: A price above this multiple of the last good one is treated as missing.

    Returns:
        (filled prices (k + 1, n), ages in microseconds (k, n), implausible (k, n), number of members with a new
        price at each row (k,), microseconds at which the last prices were observed (k, n), still awaited (k, n)).
        The age of cash and of what is awaited and worth nothing is 0.
    """
    rows, columns = prices.shape
    filled = prices.copy()
    ages = np.zeros((rows - 1, columns), dtype=np.int64)
    implausible = np.zeros((rows - 1, columns), dtype=np.bool_)
    news = np.zeros(rows - 1, dtype=np.int64)
    last_seen = np.empty((rows - 1, columns), dtype=np.int64)
    waiting = np.zeros((rows - 1, columns), dtype=np.bool_)
    at_rows = observed.shape[0] == 0
    for column in range(columns):
        last = prices[0, column]
        since = seen[column]
        waits = awaited[column]
        for row in range(1, rows):
            price = prices[row, column]
            too_high = price > jump * last and last > 0.0 and not waits
            if cash[column] or np.isnan(price) or too_high:
                filled[row, column] = last
                if not cash[column]:
                    implausible[row - 1, column] = too_high
            else:
                last = price
                since = stamps[row - 1] if at_rows else observed[row - 1, column]
                waits = False
                news[row - 1] += 1
            if not (cash[column] or (waits and last == 0.0)):
                ages[row - 1, column] = stamps[row - 1] - since
            last_seen[row - 1, column] = since
            waiting[row - 1, column] = waits
    return filled, ages, implausible, news, last_seen, waiting


@kernel()
def last_observed(
    prices: Floats, times: NDArray[np.int64], instants: NDArray[np.int64]
) -> tuple[Floats, NDArray[np.int64]]:
    """Return the last price of each asset in (the instant before, the instant], and when it was observed.

    Args:
        prices: Shape (T, N).
        times: Microseconds of the rows, increasing, shape (T,).
        instants: Microseconds, increasing, shape (K,); before the first one all rows count.

    Returns:
        (prices (K, N), NaN where there is none; microseconds (K, N), 0 where there is none).
    """
    count, columns = len(instants), prices.shape[1]
    found = np.full((count, columns), np.nan)
    seen = np.zeros((count, columns), dtype=np.int64)
    row = 0
    for place in range(count):
        while row < len(times) and times[row] <= instants[place]:
            for column in range(columns):
                price = prices[row, column]
                if not np.isnan(price):
                    found[place, column] = price
                    seen[place, column] = times[row]
            row += 1
    return found, seen


@kernel()
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
