"""Compiled loops over tapes: exact volume-weighted medians without sorting, and sums, by window, part and source.

Shapes: M markets, T windows, K parts of a window, S sources (venues, or one source for the pool of all). `bounds`
is that of `Tape.bounds`, (M, T, K + 1); `included` (M, T) says which markets count in which window; `source` (M,)
gives the source of a market. Sizes are whole numbers, so a median does not depend on the order of the trades.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from basketry.core.compiled import kernel
from basketry.core.numbers import Floats
from basketry.market.tape import Ints

_SMALL = 24
_SAMPLE = 48


@kernel(inline="always")
def _sort_pairs(price: Any, size: Any, count: int) -> None:
    for i in range(1, count):
        p, s = price[i], size[i]
        j = i - 1
        while j >= 0 and price[j] > p:
            price[j + 1] = price[j]
            size[j + 1] = size[j]
            j -= 1
        price[j + 1] = p
        size[j + 1] = s


@kernel(nogil=True)
def _bracket(price: Any, size: Any, count: int, place: float) -> tuple[float, float]:
    """Return prices around the weighted quantile `place` of a sample, which it sorts."""
    _sort_pairs(price, size, count)
    total = 0.0
    for i in range(count):
        total += size[i]
    low, high, cumulated = 0, count - 1, 0.0
    for i in range(count):
        if cumulated <= (place - 0.15) * total:
            low = i
        cumulated += size[i]
        if cumulated >= (place + 0.15) * total:
            high = i
            break
    return price[max(low - 1, 0)], price[min(high + 1, count - 1)]


@kernel(nogil=True)
def _collect(
    price: Any, size: Any, low: float, high: float, out_price: Any, out_size: Any, count: int
) -> tuple[int, int, int]:
    """Append the trades with low <= price <= high; return the new count, the size below, and the size of all.

    The outputs may be the inputs: what is written has been read.
    """
    below, total = 0, 0
    for i in range(len(price)):
        p, s = price[i], size[i]
        out_price[count] = p
        out_size[count] = s
        count += (p >= low) & (p <= high)
        below += s if p < low else 0
        total += s
    return count, below, total


@kernel(nogil=True)
def _sample(price: Any, size: Any, firsts: Any, lasts: Any, segments: int, count: int, out_p: Any, out_s: Any) -> int:
    step = max(count // _SAMPLE, 1)
    taken, offset = 0, step // 2
    for segment in range(segments):
        i = firsts[segment] + offset
        while i < lasts[segment] and taken < _SAMPLE:
            out_p[taken] = price[i]
            out_s[taken] = size[i]
            taken += 1
            i += step
        offset = max(i - lasts[segment], 0)
    return taken


@kernel(nogil=True)
def weighted_median(
    price: Any, size: Any, firsts: Any, lasts: Any, segments: int, scratch_price: Any, scratch_size: Any
) -> tuple[float, int]:
    """Return the smallest price at or below which lies at least half of the size, and the whole size.

    The trades are those of `segments` ranges [firsts, lasts). A sample brackets the median, one pass collects what
    lies in the bracket, and so on with what was collected; a bracket that misses is widened, so the result is exact.
    """
    count = 0
    for segment in range(segments):
        count += lasts[segment] - firsts[segment]
    if count == 0:
        return np.nan, 0
    sample_price = np.empty(_SAMPLE + 1)
    sample_size = np.empty(_SAMPLE + 1, np.int64)
    low, high = -np.inf, np.inf
    if count > _SMALL:
        taken = _sample(price, size, firsts, lasts, segments, count, sample_price, sample_size)
        low, high = _bracket(sample_price, sample_size, taken, 0.5)
    inside, below, total = 0, 0, 0
    for attempt in range(3):
        inside, below, total = 0, 0, 0
        for segment in range(segments):
            first, last = firsts[segment], lasts[segment]
            inside, under, whole = _collect(
                price[first:last], size[first:last], low, high, scratch_price, scratch_size, inside
            )
            below += under
            total += whole
        held = 0
        for i in range(inside):
            held += scratch_size[i]
        if 2 * below >= total:
            low, high = -np.inf, low
        elif 2 * (below + held) < total:
            low, high = high, np.inf
        else:
            break
        if attempt == 1:
            low, high = -np.inf, np.inf
    return _refine(scratch_price, scratch_size, inside, below, total, sample_price, sample_size), total


@kernel(nogil=True)
def _refine(price: Any, size: Any, count: int, below: int, total: int, sample_p: Any, sample_s: Any) -> float:
    """Return the median of `total` among `count` trades that hold it, with `below` under them; narrows in place."""
    first, last = np.empty(1, np.int64), np.empty(1, np.int64)
    while count > _SMALL:
        held = 0
        for i in range(count):
            held += size[i]
        first[0], last[0] = 0, count
        taken = _sample(price, size, first, last, 1, count, sample_p, sample_s)
        low, high = _bracket(sample_p, sample_s, taken, (0.5 * total - below) / held)
        under, within, least, most = 0, 0, np.inf, -np.inf
        for i in range(count):
            p, s = price[i], size[i]
            under += s if p < low else 0
            within += s if (p >= low) & (p <= high) else 0
            least = min(least, p)
            most = max(most, p)
        if least == most:
            return least
        if 2 * (below + under) >= total:
            low, high = -np.inf, np.nextafter(low, -np.inf)
            under = 0
        elif 2 * (below + under + within) < total:
            under += within
            low, high = np.nextafter(high, np.inf), np.inf
        elif low <= least and high >= most:
            # The bracket did not narrow: cut at the middle of the prices instead.
            middle = _middle(price, count, least, most)
            under = 0
            for i in range(count):
                under += size[i] if price[i] <= middle else 0
            if 2 * (below + under) >= total:
                low, high, under = -np.inf, middle, 0
            else:
                low, high = np.nextafter(middle, np.inf), np.inf
        elif low == high:
            return low
        below += under
        count = _collect(price[:count], size[:count], low, high, price, size, 0)[0]
    _sort_pairs(price, size, count)
    cumulated = below
    for i in range(count):
        cumulated += size[i]
        if 2 * cumulated >= total:
            return price[i]
    return price[count - 1]


@kernel(nogil=True)
def _middle(price: Any, count: int, least: float, most: float) -> float:
    """Return a price that occurs, at least `least` and below `most`: that nearest below the midpoint."""
    midpoint = least + (most - least) / 2
    found = least
    for i in range(count):
        if price[i] <= midpoint and price[i] > found:
            found = price[i]
    return found


@kernel(nogil=True)
def source_medians(price: Any, size: Any, bounds: Any, included: Any, source: Any, sources: int) -> tuple[Floats, Ints]:
    """Return the volume-weighted median and the size of each source in each part, shapes (T, K, S); NaN where none."""
    markets, windows, edges = bounds.shape
    parts = edges - 1
    largest = 0
    for t in range(windows):
        for k in range(parts):
            held = 0
            for m in range(markets):
                held += bounds[m, t, k + 1] - bounds[m, t, k]
            largest = max(largest, held)
    scratch_price = np.empty(largest + 1)
    scratch_size = np.empty(largest + 1, np.int64)
    medians = np.full((windows, parts, sources), np.nan)
    sizes = np.zeros((windows, parts, sources), np.int64)
    firsts, lasts = np.empty(markets, np.int64), np.empty(markets, np.int64)
    for t in range(windows):
        for k in range(parts):
            for s in range(sources):
                segments = 0
                for m in range(markets):
                    if source[m] == s and included[m, t] and bounds[m, t, k + 1] > bounds[m, t, k]:
                        firsts[segments] = bounds[m, t, k]
                        lasts[segments] = bounds[m, t, k + 1]
                        segments += 1
                if segments:
                    medians[t, k, s], sizes[t, k, s] = weighted_median(
                        price, size, firsts, lasts, segments, scratch_price, scratch_size
                    )
    return medians, sizes


@kernel(nogil=True)
def _sums(price: Any, size: Any) -> tuple[float, int]:
    # Eight running sums in registers, added in a fixed order: as fast as the memory, the same on every machine.
    v0 = v1 = v2 = v3 = v4 = v5 = v6 = v7 = 0.0
    q0 = q1 = q2 = q3 = q4 = q5 = q6 = q7 = 0
    stop = len(price) // 8 * 8
    for i in range(0, stop, 8):
        v0 += price[i + 0] * size[i + 0]
        v1 += price[i + 1] * size[i + 1]
        v2 += price[i + 2] * size[i + 2]
        v3 += price[i + 3] * size[i + 3]
        v4 += price[i + 4] * size[i + 4]
        v5 += price[i + 5] * size[i + 5]
        v6 += price[i + 6] * size[i + 6]
        v7 += price[i + 7] * size[i + 7]
        q0 += size[i + 0]
        q1 += size[i + 1]
        q2 += size[i + 2]
        q3 += size[i + 3]
        q4 += size[i + 4]
        q5 += size[i + 5]
        q6 += size[i + 6]
        q7 += size[i + 7]
    total = ((v0 + v1) + (v2 + v3)) + ((v4 + v5) + (v6 + v7))
    whole = q0 + q1 + q2 + q3 + q4 + q5 + q6 + q7
    for i in range(stop, len(price)):
        total += price[i] * size[i]
        whole += size[i]
    return total, whole


@kernel(nogil=True)
def source_sums(price: Any, size: Any, bounds: Any, included: Any, source: Any, sources: int) -> tuple[Floats, Ints]:
    """Return the sums of price x size and of size by source and part, shapes (T, K, S)."""
    markets, windows, edges = bounds.shape
    values = np.zeros((windows, edges - 1, sources))
    sizes = np.zeros((windows, edges - 1, sources), np.int64)
    for t in range(windows):
        for k in range(edges - 1):
            for m in range(markets):
                if included[m, t]:
                    first, last = bounds[m, t, k], bounds[m, t, k + 1]
                    value, held = _sums(price[first:last], size[first:last])
                    values[t, k, source[m]] += value
                    sizes[t, k, source[m]] += held
    return values, sizes


@kernel(nogil=True)
def extremes(price: Any, bounds: Any) -> tuple[Floats, Floats]:
    """Return the lowest and highest price of each market in each window, shapes (M, T); NaN where it has none."""
    markets, windows, edges = bounds.shape
    low = np.full((markets, windows), np.nan)
    high = np.full((markets, windows), np.nan)
    for m in range(markets):
        for t in range(windows):
            first, last = bounds[m, t, 0], bounds[m, t, edges - 1]
            if last > first:
                part = price[first:last]
                least, most = part[0], part[0]
                for i in range(1, len(part)):
                    p = part[i]
                    least = p if p < least else least
                    most = p if p > most else most
                low[m, t] = least
                high[m, t] = most
    return low, high


@kernel(nogil=True)
def source_last(
    time: Any, price: Any, size: Any, bounds: Any, included: Any, source: Any, sources: int
) -> tuple[Floats, Ints]:
    """Return the last price of each source in each window and its time, shapes (T, S); NaN and -1 where none.

    Of several trades in the last microsecond it is their volume-weighted median.
    """
    markets, windows, edges = bounds.shape
    last_price = np.full((windows, sources), np.nan)
    last_time = np.full((windows, sources), -1, np.int64)
    firsts, lasts = np.empty(markets, np.int64), np.empty(markets, np.int64)
    for t in range(windows):
        for m in range(markets):
            if included[m, t] and bounds[m, t, edges - 1] > bounds[m, t, 0]:
                last_time[t, source[m]] = max(last_time[t, source[m]], time[bounds[m, t, edges - 1] - 1])
        for s in range(sources):
            if last_time[t, s] < 0:
                continue
            segments, count = 0, 0
            for m in range(markets):
                if source[m] == s and included[m, t]:
                    stop = bounds[m, t, edges - 1]
                    first = stop
                    while first > bounds[m, t, 0] and time[first - 1] == last_time[t, s]:
                        first -= 1
                    if stop > first:
                        firsts[segments], lasts[segments] = first, stop
                        segments += 1
                        count += stop - first
            last_price[t, s], _ = weighted_median(
                price, size, firsts, lasts, segments, np.empty(count + 1), np.empty(count + 1, np.int64)
            )
    return last_price, last_time


__all__ = ["extremes", "source_last", "source_medians", "source_sums", "weighted_median"]
