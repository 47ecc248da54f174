"""Time-weighted average price."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numba import njit

from basketry.core.numbers import Bools, Floats
from basketry.core.time import format_duration
from basketry.market.tape import Ints, Tape
from basketry.reference.rate import RATES, Estimates, TradeRate, all_included


@RATES.register("twap")
class TimeWeightedAverage(TradeRate):
    """The mean over time of the last trade of any venue; from the first trade of the window to its end."""

    formula: ClassVar[str] = "P = Σ p_i (t_{i+1} - t_i) / Σ (t_{i+1} - t_i),  t_{n+1} = end of the window"
    source: ClassVar[str] = "time-weighted mean, as in the delivery prices of futures exchanges"
    influence: ClassVar[str] = "unbounded: a print counts until the next trade, whatever its size"

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"the time-weighted average over {format_duration(self.window)} of the last trade of any venue"

    def estimate(self, tape: Tape, instants: Ints, included: Bools | None = None) -> Estimates:
        """Return the prices of the windows; see TradeRate.estimate."""
        bounds = self.bounds(tape, instants)
        price = _time_weighted(tape.time, tape.price, bounds, all_included(tape, instants, included), instants)
        return Estimates(price, price[:, None])


@njit(cache=True)
def _time_weighted(time: Any, price: Any, bounds: Any, included: Any, ends: Any) -> Floats:
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
