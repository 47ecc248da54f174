"""Last trade of any venue."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

import numpy as np
from pydantic import Field

from basketry.core.numbers import Bools
from basketry.core.rule import Duration
from basketry.core.time import format_duration, parse_duration
from basketry.market.tape import Ints, Tape
from basketry.reference.rate import RATES, Estimates, TradeRate, all_included


@RATES.register("last")
class Last(TradeRate):
    """The last trade before the instant on any venue; of several in one microsecond their volume-weighted median."""

    formula: ClassVar[str] = "P = p_i with the largest t_i < t"
    source: ClassVar[str] = "Uniform last sale price, as on a consolidated tape"
    influence: ClassVar[str] = "unbounded: one print of the smallest size sets it"

    window: Duration = Field(parse_duration("1d"), description="how old the last trade may be", gt=timedelta(0))

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"the last trade of any venue, at most {format_duration(self.window)} old"

    def estimate(self, tape: Tape, instants: Ints, included: Bools | None = None) -> Estimates:
        """Return the prices of the windows; see TradeRate.estimate."""
        from basketry.reference.kernels import source_last

        pool = np.zeros(len(tape.markets), np.int64)
        bounds = self.bounds(tape, instants)
        price, _ = source_last(
            tape.time, tape.price, tape.size, bounds, all_included(tape, instants, included), pool, 1
        )
        return Estimates(price[:, 0], price)
