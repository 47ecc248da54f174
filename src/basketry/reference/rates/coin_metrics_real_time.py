"""Real-time rate in the form of Coin Metrics: weighted median of last trades, by volume and inverse variance."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from basketry.core.numbers import Bools, Floats
from basketry.market.tape import Ints, Tape
from basketry.reference.quantiles import weighted_quantile
from basketry.reference.rate import RATES, Contributions, Estimates, Sources, TradeRate, all_included, shares


@RATES.register("coin_metrics_real_time")
class CoinMetricsRealTime(TradeRate):
    """The weighted median of the venues' last trades.

    The weight of a venue is the mean of its share of the volume of the trailing hour and of its share of inverse
    price variance: 1 / variance around the mean price of all, scaled by the share of minutes with a trade (zero for
    a variance of zero). A venue is inactive when its last trade is older than `inactive` mean intervals between the
    trades of all; if all are inactive all count. No claim of identity with the administrator's rate is made.

    Attributes:
        inactive: Mean trade intervals after which a venue is inactive.
    """

    formula: ClassVar[str] = "w_v = (V_v / ΣV + u_v / Σu) / 2,  u_v = minutes_v/60 / Var_v;  P = wmed(last_v ; w_v)"
    source: ClassVar[str] = "Coin Metrics, Prices methodology: real-time reference rates, 2022"
    influence: ClassVar[str] = "a venue with more than half of volume plus inverse variance sets it; volume is its own"

    inactive: float = Field(100.0, gt=0, description="mean trade intervals after which a venue is inactive")

    def words(self) -> str:
        """Return the rule as a sentence."""
        return "the median of the venues' last trades, weighted by volume and inverse price variance"

    def estimate(self, tape: Tape, instants: Ints, included: Bools | None = None) -> Estimates:
        """Return the prices at the instants; see TradeRate.estimate."""
        last, weight, _ = self._weigh(tape, instants, included)
        price = weighted_quantile(last, weight, 0.5) if last.shape[1] else np.full(len(instants), np.nan)
        return Estimates(price, price[:, None])

    def contributions(self, tape: Tape, instants: Ints, included: Bools | None = None) -> Contributions:
        """Return each venue's last price and weight."""
        last, weight, size = self._weigh(tape, instants, included)
        none = np.zeros(len(instants), np.int64)
        return Contributions(last[:, None], weight[:, None], tape.base_units(size)[:, None], none)

    def _weigh(self, tape: Tape, instants: Ints, included: Bools | None) -> tuple[Floats, Floats, Ints]:
        from basketry.reference.kernels import source_last
        from basketry.reference.time_kernels import MINUTE, dispersion

        sources = Sources.of(tape)
        bounds = self.bounds(tape, instants)
        counted = all_included(tape, instants, included)
        where = (bounds, counted, sources.of_market, len(sources.venues))
        last, when = source_last(tape.time, tape.price, tape.size, *where)
        length = round(self.window.total_seconds() * 1e6)
        whole_minutes = -(-length // MINUTE)
        size, spread, minutes, interval = dispersion(
            tape.time, tape.price, tape.size, *where, instants - length, whole_minutes
        )
        silent = (instants[:, None] - when) > self.inactive * interval[:, None]
        active = np.isfinite(last) & ~silent
        active = np.where(active.any(axis=1, keepdims=True), active, np.isfinite(last))
        inverse = np.divide(minutes / whole_minutes, spread, out=np.zeros(spread.shape), where=spread > 0)
        by_volume = shares(np.where(active, size, 0.0))
        weight = (by_volume + shares(np.where(active, inverse, 0.0))) / 2
        return last, shares(weight), size
