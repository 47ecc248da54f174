"""Compiled order books: levels kept sorted best first, many markets in one set of arrays, and the curves over them.

State of M markets with up to C levels a side: `price` (M, 2, C), `size` (M, 2, C), `count` (M, 2), `sequence` (M,),
`valid` (M,), `time` (M,), `faults` (M, 3): gaps, old messages, rows that are no level. Side 0 is bids, side 1 asks.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from basketry.core.compiled import kernel
from basketry.core.numbers import Floats

BID, ASK = 0, 1
GAPS, OLD, MALFORMED = 0, 1, 2
COUNTS, NO_BOOK, STALE, EMPTY, CROSSED, DEVIATES, NO_RATE = range(7)


@kernel()
def apply_row(
    price: Any,
    size: Any,
    count: Any,
    sequence: Any,
    valid: Any,
    time: Any,
    faults: Any,
    market: int,
    at: int,
    number: int,
    snapshot: bool,
    side: int,
    level: float,
    quantity: int,
) -> None:
    """Take one row of a message: a level of a snapshot, or a level that a delta sets (0 removes it).

    A snapshot's first row empties the book and makes it valid. A delta whose number does not follow the last makes it
    invalid until the next snapshot; one with an earlier number is left out.
    """
    if snapshot:
        if not valid[market] or sequence[market] != number or time[market] != at:
            if valid[market] and number < sequence[market]:
                faults[market, OLD] += 1
                return
            count[market, BID] = 0
            count[market, ASK] = 0
            valid[market] = True
            sequence[market] = number
    else:
        if not valid[market]:
            return
        if number < sequence[market]:
            faults[market, OLD] += 1
            return
        if number > sequence[market] + 1:
            faults[market, GAPS] += 1
            valid[market] = False
            return
        sequence[market] = number
    time[market] = at
    if not (level > 0 and np.isfinite(level)) or quantity < 0:
        faults[market, MALFORMED] += 1
        valid[market] = False
        return
    _set_level(price[market, side], size[market, side], count[market], side, level, quantity)


@kernel()
def _set_level(price: Any, size: Any, count: Any, side: int, level: float, quantity: int) -> None:
    held = count[side]
    low, high = 0, held
    while low < high:
        middle = (low + high) // 2
        better = price[middle] > level if side == BID else price[middle] < level
        if better:
            low = middle + 1
        else:
            high = middle
    if low < held and price[low] == level:
        if quantity:
            size[low] = quantity
            return
        for i in range(low, held - 1):
            price[i] = price[i + 1]
            size[i] = size[i + 1]
        count[side] = held - 1
        return
    if not quantity or low == len(price):
        return
    # A full side forgets its worst level.
    last = min(held, len(price) - 1)
    for i in range(last, low, -1):
        price[i] = price[i - 1]
        size[i] = size[i - 1]
    price[low] = level
    size[low] = quantity
    count[side] = last + 1


@kernel()
def judge(
    price: Any, count: Any, valid: Any, time: Any, factor: Any, at: int, stale: int, out: Any, limit: float, back: float
) -> Any:
    """Return why each market does not count at an instant, shape (M,), 0 where it does; brings `out` up to date."""
    markets = len(valid)
    code = np.zeros(markets, np.int8)
    middle = np.full(markets, np.nan)
    for m in range(markets):
        if not valid[m]:
            code[m] = NO_BOOK
        elif at - time[m] > stale:
            code[m] = STALE
        elif count[m, BID] == 0 or count[m, ASK] == 0:
            code[m] = EMPTY
        elif price[m, BID, 0] >= price[m, ASK, 0]:
            code[m] = CROSSED
        elif not np.isfinite(factor[m]):
            code[m] = NO_RATE
        else:
            middle[m] = (price[m, BID, 0] + price[m, ASK, 0]) / 2 * factor[m]
    known = middle[np.isfinite(middle)]
    if len(known):
        centre = np.median(known)
        for m in range(markets):
            if np.isfinite(middle[m]):
                far = abs(middle[m] / centre - 1)
                out[m] = far >= back if out[m] else far > limit
                if out[m]:
                    code[m] = DEVIATES
    return code


@kernel()
def _mean(values: Any) -> float:
    total = 0.0
    for value in values:
        total += value
    return total / len(values)


@kernel()
def _spread(values: Any) -> float:
    mean, total = _mean(values), 0.0
    for value in values:
        total += (value - mean) * (value - mean)
    return np.sqrt(total / len(values))


@kernel()
def size_cap(price: Any, size: Any, count: Any, factor: Any, code: Any, near: float, least: int) -> float:
    """Return the dynamic cap on the size of a level: trimmed mean plus five winsorised standard deviations.

    Taken over the levels of the markets that count that lie within `near` of the best of all, at least `least` a
    side; 1% is trimmed, and for the standard deviation winsorised, at either end.
    """
    markets, capacity = len(code), price.shape[2]
    found = np.empty(markets * 2 * capacity)
    taken = 0
    for side in range(2):
        first = taken
        best = np.nan
        for m in range(markets):
            if code[m] == COUNTS:
                top = price[m, side, 0] * factor[m]
                if np.isnan(best) or (top > best if side == BID else top < best):
                    best = top
        for m in range(markets):
            level = 0
            while (
                code[m] == COUNTS
                and level < count[m, side]
                and abs(price[m, side, level] * factor[m] / best - 1) <= near
            ):
                found[taken] = size[m, side, level]
                taken += 1
                level += 1
        if taken - first < least:
            taken = first + _best_sizes(price, size, count, factor, code, side, found[first:], least)
    cut = int(0.01 * taken)
    ordered = np.partition(found[:taken], (cut, taken - 1 - cut)) if cut else found[:taken]
    kept = ordered[cut : taken - cut]
    if not cut:
        return _mean(kept) + 5 * _spread(kept)
    clipped = np.minimum(np.maximum(ordered, ordered[cut]), ordered[taken - 1 - cut])
    return _mean(kept) + 5 * _spread(clipped)


@kernel()
def _best_sizes(price: Any, size: Any, count: Any, factor: Any, code: Any, side: int, found: Any, least: int) -> int:
    """Write the sizes of the best levels of a side of the merged books; return how many there are, up to `least`."""
    place = np.zeros(len(code), np.int64)
    taken = 0
    while taken < least:
        chosen = _next(price, count, factor, code, side, place)
        if chosen < 0:
            break
        found[taken] = size[chosen, side, place[chosen]]
        taken += 1
        place[chosen] += 1
    return taken


@kernel()
def _next(price: Any, count: Any, factor: Any, code: Any, side: int, place: Any) -> int:
    """Return the market whose next level is best, -1 where none is left; of equal levels the first market."""
    chosen, best = -1, 0.0
    for m in range(len(code)):
        if code[m] == COUNTS and place[m] < count[m, side]:
            level = price[m, side, place[m]] * factor[m]
            if chosen < 0 or (level > best if side == BID else level < best):
                chosen, best = m, level
    return chosen


@kernel()
def curve(
    price: Any, size: Any, count: Any, factor: Any, code: Any, side: int, cap: float, spacing: float, steps: int
) -> Floats:
    """Return the price of the last unit of spacing, 2 spacing, ... on the merged books; shorter where they end.

    Args:
        price: See the module. size: Same. count: Same.
        factor: Brings each market's prices to one currency, shape (M,).
        code: 0 for the markets that count.
        side: BID or ASK.
        cap: The most that one level counts for, in units of size.
        spacing: In units of size.
        steps: Most points.
    """
    points = np.empty(steps)
    place = np.zeros(len(code), np.int64)
    reached, held = 0, 0.0
    while reached < steps:
        chosen = _next(price, count, factor, code, side, place)
        if chosen < 0:
            break
        level = price[chosen, side, place[chosen]] * factor[chosen]
        held += min(float(size[chosen, side, place[chosen]]), cap)
        place[chosen] += 1
        while reached < steps and held >= (reached + 1) * spacing:
            points[reached] = level
            reached += 1
    return points[:reached]


@kernel()
def integrate(bid: Any, ask: Any, spread: float, spacing: float, weights: Any) -> tuple[float, float, float, float]:
    """Return the exponentially weighted bid and ask values, the utilised depth, and the spread there.

    Args:
        bid: Price against volume on the bid side. ask: On the ask side.
        spread: The utilised depth ends where ask / mid - 1 exceeds this.
        spacing: Volume between two points, base units.
        weights: Of the points, shape (n,), at least as many as there are; that of the first is 1.
    """
    points = min(len(bid), len(ask))
    if points == 0:
        return np.nan, np.nan, np.nan, np.nan
    used = 1
    while used < points and ask[used] / ((ask[used] + bid[used]) / 2) - 1 <= spread:
        used += 1
    value_bid, value_ask, norm = 0.0, 0.0, 0.0
    for k in range(used):
        value_bid += weights[k] * bid[k]
        value_ask += weights[k] * ask[k]
        norm += weights[k]
    middle = (ask[used - 1] + bid[used - 1]) / 2
    return value_bid / norm, value_ask / norm, used * spacing, ask[used - 1] / middle - 1


@kernel()
def apply_rows(
    price: Any,
    size: Any,
    count: Any,
    sequence: Any,
    valid: Any,
    time: Any,
    faults: Any,
    markets: Any,
    times: Any,
    numbers: Any,
    snapshots: Any,
    sides: Any,
    levels: Any,
    quantities: Any,
) -> None:
    """Take many rows in order; see `apply_row`."""
    for i in range(len(markets)):
        apply_row(
            price,
            size,
            count,
            sequence,
            valid,
            time,
            faults,
            markets[i],
            times[i],
            numbers[i],
            snapshots[i],
            sides[i],
            levels[i],
            quantities[i],
        )
