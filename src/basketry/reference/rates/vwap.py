"""Volume-weighted average price."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from basketry.core.numbers import Bools
from basketry.core.time import format_duration
from basketry.market.tape import Ints, Tape
from basketry.reference.rate import RATES, Estimates, TradeRate, all_included


@RATES.register("vwap")
class VolumeWeightedAverage(TradeRate):
    """The value of all trades of the window over their volume, all venues pooled."""

    formula: ClassVar[str] = "P = Σ p_i q_i / Σ q_i"
    source: ClassVar[str] = "Berkowitz, Logue and Noser, The Total Cost of Transactions on the NYSE, 1988"
    influence: ClassVar[str] = "unbounded: a venue with the share w of the volume moves it by w times its own error"

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"the volume-weighted average price of {format_duration(self.window)}, trades of all venues pooled"

    def estimate(self, tape: Tape, instants: Ints, included: Bools | None = None) -> Estimates:
        """Return the prices of the windows; see TradeRate.estimate."""
        from basketry.reference.kernels import source_sums

        pool = np.zeros(len(tape.markets), np.int64)
        bounds = self.bounds(tape, instants)
        value, size = source_sums(tape.price, tape.size, bounds, all_included(tape, instants, included), pool, 1)
        price = np.divide(value, size, out=np.full(value.shape, np.nan), where=size > 0)[:, :, 0]
        return Estimates(price[:, 0], price)
