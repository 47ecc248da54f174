"""Time-weighted average price."""

from __future__ import annotations

from typing import ClassVar

from basketry.core.numbers import Bools
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
        from basketry.reference.time_kernels import time_weighted

        bounds = self.bounds(tape, instants)
        price = time_weighted(tape.time, tape.price, bounds, all_included(tape, instants, included), instants)
        return Estimates(price, price[:, None])
