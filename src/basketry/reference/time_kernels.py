"""Compiled loops over tapes in which time counts: see `kernels` for the shapes."""

from __future__ import annotations

from typing import Any

import numpy as np

from basketry.core.compiled import kernel
from basketry.core.numbers import Floats
from basketry.market.tape import Ints

MINUTE = 60_000_000
_ROUNDING = 1e-12


@kernel()
def time_weighted(time: Any, price: Any, bounds: Any, included: Any, ends: Any) -> Floats:
    """Return the time-weighted mean of the last price of all markets in each window, shape (T,); NaN where none."""
    markets, windows, edges = bounds.shape
    result = np.full(windows, np.nan)
    place = np.empty(markets, np.int64)
    for t in range(windows):
        for m in range(markets):
            place[m] = bounds[m, t, 0] if included[m, t] else bounds[m, t, edges - 1]
        value, start, since, last = 0.0, -1, -1, np.nan
        while True:
            # The next trade of all markets; of one instant the higher price later, as on the tape.
            chosen = -1
            for m in range(markets):
                if place[m] < bounds[m, t, edges - 1]:
                    i = place[m]
                    if chosen < 0:
                        chosen = m
                    else:
                        j = place[chosen]
                        if time[i] < time[j] or (time[i] == time[j] and price[i] < price[j]):
                            chosen = m
            if chosen < 0:
                break
            i = place[chosen]
            if start < 0:
                start = time[i]
            else:
                value += last * (time[i] - since)
            last, since = price[i], time[i]
            place[chosen] += 1
        if start >= 0:
            value += last * (ends[t] - since)
            result[t] = value / (ends[t] - start)
    return result


@kernel()
def dispersion(
    time: Any, price: Any, size: Any, bounds: Any, included: Any, source: Any, sources: int, starts: Any, length: int
) -> tuple[Ints, Floats, Floats, Floats]:
    """Return size, variance around the mean of all, minutes with a trade (T, S); mean trade interval of all (T,)."""
    markets, windows, edges = bounds.shape
    held = np.zeros((windows, sources), np.int64)
    variance = np.zeros((windows, sources))
    minutes = np.zeros((windows, sources))
    interval = np.full(windows, np.inf)
    seen = np.empty((sources, length), np.bool_)
    for t in range(windows):
        mean, count, first, last = 0.0, 0, 0, 0
        for m in range(markets):
            if included[m, t]:
                for i in range(bounds[m, t, 0], bounds[m, t, edges - 1]):
                    count += 1
                    mean += (price[i] - mean) / count
                    first = time[i] if count == 1 else min(first, time[i])
                    last = max(last, time[i])
        if count > 1:
            interval[t] = (last - first) / (count - 1)
        of_source = np.zeros(sources, np.int64)
        seen[:, :] = False
        for m in range(markets):
            if included[m, t]:
                s = source[m]
                for i in range(bounds[m, t, 0], bounds[m, t, edges - 1]):
                    variance[t, s] += (price[i] - mean) * (price[i] - mean)
                    held[t, s] += size[i]
                    of_source[s] += 1
                    minute = (time[i] - starts[t]) // MINUTE
                    if not seen[s, minute]:
                        seen[s, minute] = True
                        minutes[t, s] += 1
        for s in range(sources):
            if of_source[s]:
                variance[t, s] /= of_source[s]
                # Below this it is the rounding of the mean, and its inverse would be all the weight.
                if variance[t, s] <= (_ROUNDING * mean) * (_ROUNDING * mean):
                    variance[t, s] = 0.0
    return held, variance, minutes, interval
