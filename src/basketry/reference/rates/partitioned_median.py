"""Volume-weighted median of each part of a window, averaged: the form of the CME CF reference rates."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from basketry.core.numbers import Bools
from basketry.core.time import format_duration
from basketry.market.tape import Ints, Tape
from basketry.reference.rate import RATES, Estimates, TradeRate, all_included, mean_of_parts


@RATES.register("partitioned_median")
class PartitionedMedian(TradeRate):
    """The mean of the volume-weighted medians of equal parts of the window, all venues pooled.

    The median of a part is the smallest price at or below which lies at least half of the volume of the part; a tie
    takes the lower price. A part without trades is left out of the mean.

    Attributes:
        parts: Number of equal parts.
    """

    formula: ClassVar[str] = "P = 1/K Σ_k min{ p : Σ_{i in part k, p_i ≤ p} q_i ≥ 1/2 Σ_{i in part k} q_i }"
    source: ClassVar[str] = "CME CF Bitcoin Reference Rate methodology (60 minutes in 12 parts); CF Benchmarks, 2016"
    influence: ClassVar[str] = "one venue with more than half of the pooled volume of a part sets its median"

    parts: int = Field(12, ge=1, le=3600, description="number of equal parts")

    @property
    def part_count(self) -> int:
        """Number of parts of the window."""
        return self.parts

    def words(self) -> str:
        """Return the rule as a sentence."""
        return (
            f"the mean of the volume-weighted medians of {self.parts} equal parts of {format_duration(self.window)}, "
            "trades of all venues pooled"
        )

    def estimate(self, tape: Tape, instants: Ints, included: Bools | None = None) -> Estimates:
        """Return the prices of the windows; see TradeRate.estimate."""
        from basketry.reference.kernels import source_medians

        pool = np.zeros(len(tape.markets), np.int64)
        bounds = self.bounds(tape, instants)
        parts, _ = source_medians(tape.price, tape.size, bounds, all_included(tape, instants, included), pool, 1)
        return Estimates(mean_of_parts(parts[:, :, 0]), parts[:, :, 0])
