"""Hampel filter in time: parts of the window that stand out are replaced by their neighbours' median."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from basketry.core.numbers import Bools, Floats
from basketry.core.time import format_duration
from basketry.market.tape import Ints, Tape
from basketry.reference.quantiles import median
from basketry.reference.rate import RATES, Estimates, TradeRate, all_included, mean_of_parts
from basketry.reference.rates.deviation_filter import NORMAL_CONSISTENCY


@RATES.register("hampel")
class Hampel(TradeRate):
    """The mean of the pooled volume-weighted averages of the parts, after a Hampel filter over time.

    A part further than `deviations` x 1.4826 x median absolute deviation from the median of itself and `neighbours`
    parts on either side takes that median.

    Attributes:
        parts: Number of equal parts.
        neighbours: Parts on either side.
        deviations: Robust standard deviations.
    """

    formula: ClassVar[str] = "x_k ← med_k where |x_k - med_k| > c 1.4826 MAD_k;  P = 1/K Σ x_k"
    source: ClassVar[str] = "Hampel, The influence curve and its role in robust estimation, 1974; Pearson, 2002"
    influence: ClassVar[str] = "isolated bursts are bounded; a venue that prints all the time moves it as the average"

    parts: int = Field(60, ge=3, le=3600, description="number of equal parts")
    neighbours: int = Field(5, ge=1, description="parts on either side")
    deviations: float = Field(3.0, gt=0, description="robust standard deviations")

    @property
    def part_count(self) -> int:
        """Number of parts of the window."""
        return self.parts

    def words(self) -> str:
        """Return the rule as a sentence."""
        return (
            f"the mean of the volume-weighted averages of {self.parts} parts of {format_duration(self.window)}, "
            f"outliers in time replaced by the median of {2 * self.neighbours + 1} parts"
        )

    def estimate(self, tape: Tape, instants: Ints, included: Bools | None = None) -> Estimates:
        """Return the prices of the windows; see TradeRate.estimate."""
        from basketry.reference.kernels import source_sums

        pool = np.zeros(len(tape.markets), np.int64)
        bounds = self.bounds(tape, instants)
        value, size = source_sums(tape.price, tape.size, bounds, all_included(tape, instants, included), pool, 1)
        parts = np.divide(value, size, out=np.full(value.shape, np.nan), where=size > 0)[:, :, 0]
        clean = self.filtered(parts)
        return Estimates(mean_of_parts(clean), clean)

    def filtered(self, parts: Floats) -> Floats:
        """Return the parts (T, K) with outliers replaced.

        >>> rule = Hampel(parts=5, neighbours=2)
        >>> rule.filtered(np.array([[1.0, 1.1, 9.0, 1.2, 1.0]])).tolist()
        [[1.0, 1.1, 1.1, 1.2, 1.0]]
        """
        padded = np.pad(parts, ((0, 0), (self.neighbours, self.neighbours)), constant_values=np.nan)
        near = np.lib.stride_tricks.sliding_window_view(padded, 2 * self.neighbours + 1, axis=1)
        middle = median(near)
        scale = NORMAL_CONSISTENCY * median(np.abs(near - middle[:, :, None]))
        stands_out = np.abs(parts - middle) > self.deviations * scale
        return np.where(np.isfinite(parts) & stands_out, middle, parts)
