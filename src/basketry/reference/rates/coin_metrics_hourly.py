"""Hourly rate in the form of Coin Metrics: medians of 61 minutes, weighted towards the hour."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

import numpy as np
from pydantic import Field

from basketry.core.numbers import Bools, Floats, added
from basketry.core.rule import Duration
from basketry.market.tape import Ints, Tape
from basketry.reference.rate import RATES, Estimates, TradeRate, all_included

_MINUTE = 60_000_000
_SLICES = 61
_LAST_TWO = 0.05
_HOUR = timedelta(hours=1)


@RATES.register("coin_metrics_hourly")
class CoinMetricsHourly(TradeRate):
    """The weighted mean of the volume-weighted medians of 61 minutes, from 60 before the instant to 1 after it.

    The weights rise in a straight line from 0 and the last two are 0.05 each; they sum to one exactly (the
    published slope 0.000526 is 0.9 / 1711 rounded). A minute without trades takes the median of the next one with
    trades, and the last ones that of the one before. The price is known one minute after its instant. No claim of
    identity with the administrator's rate is made.
    """

    formula: ClassVar[str] = "P = Σ_{k=0}^{60} w_k median_k,  w_k = 0.9 k / 1711 (k ≤ 58),  w_59 = w_60 = 0.05"
    source: ClassVar[str] = "Coin Metrics, Prices methodology: hourly reference rates, 2022"
    influence: ClassVar[str] = "one venue with more than half of the pooled volume sets the medians"

    window: Duration = Field(_HOUR, ge=_HOUR, le=_HOUR, description="always 1h: the form has no other")

    @property
    def part_count(self) -> int:
        """Number of parts of the window."""
        return _SLICES

    @property
    def lag(self) -> timedelta:
        """How long after its instant a price is known."""
        return timedelta(minutes=1)

    def words(self) -> str:
        """Return the rule as a sentence."""
        return "the weighted mean of the medians of 61 minutes, from 60 before the instant to 1 after it"

    def edges(self, instants: Ints) -> Ints:
        """Return the edges of the minutes, shape (T, 62)."""
        return instants[:, None] + (np.arange(_SLICES + 1) - 60) * _MINUTE

    @staticmethod
    def minute_weights() -> Floats:
        """Return the 61 weights.

        >>> CoinMetricsHourly.minute_weights()[[0, 58, 59]].round(6).tolist()
        [0.0, 0.030508, 0.05]
        """
        slope = (1 - 2 * _LAST_TWO) / (58 * 59 / 2)
        return np.concatenate([np.arange(59) * slope, [_LAST_TWO, _LAST_TWO]])

    def estimate(self, tape: Tape, instants: Ints, included: Bools | None = None) -> Estimates:
        """Return the prices at the instants; see TradeRate.estimate."""
        from basketry.reference.kernels import source_medians

        pool = np.zeros(len(tape.markets), np.int64)
        medians, _ = source_medians(
            tape.price, tape.size, self.bounds(tape, instants), all_included(tape, instants, included), pool, 1
        )
        parts = medians[:, :, 0]
        filled = _next_known(parts)
        return Estimates(added(filled * self.minute_weights(), axis=1), parts)


def _next_known(parts: Floats) -> Floats:
    """Return parts where a gap takes the next known one, and a gap at the end the one before."""
    filled = parts.copy()
    for k in range(parts.shape[1] - 2, -1, -1):
        filled[:, k] = np.where(np.isnan(filled[:, k]), filled[:, k + 1], filled[:, k])
    for k in range(1, parts.shape[1]):
        filled[:, k] = np.where(np.isnan(filled[:, k]), filled[:, k - 1], filled[:, k])
    return filled
