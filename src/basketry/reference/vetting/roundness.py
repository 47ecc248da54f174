"""Roundness: volume in round sizes against that of other venues, and the washed share that a lack of it implies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import ndtr

from basketry.core.numbers import Bools, Floats
from basketry.market.tape import Ints
from basketry.reference.vetting.digits import decades
from basketry.reference.vetting.finding import Finding, ramp, untold
from basketry.reference.vetting.rules import VettingRules
from basketry.reference.vetting.trades import MarketTrades, Peers

NAME = "roundness"
_LEAST_LOTS = 100


@dataclass(frozen=True, slots=True)
class Share:
    """A share of volume with its standard error."""

    value: float
    error: float


def roundness(peers: Peers, rules: VettingRules) -> list[Finding]:
    """Return for each market the washed share that its lack of round sizes implies.

    Cong, Li, Tang and Yang (Crypto wash trading, Management Science 69, 2023) take rounded trades for authentic and
    learn from regulated exchanges how much unrounded volume comes with them, ln V_unrounded = a + b ln V_rounded; what
    is above the prediction is washed. Here b = 1 and the ratio R = V_unrounded / V_rounded is that of the benchmark,
    so that with r = V_rounded / V

        washed share = 1 - V_rounded (1 + R) / V = 1 - r / r_benchmark.

    A size is round when it has one significant digit. Only sizes of 100 lots count, of the market's own or the median
    lot of the others if that is coarser: smaller ones are round by necessity on one venue and by choice on another.
    The statistic may be negative: more round sizes than elsewhere. The p-value is one-sided, from the standard errors
    of both shares; the error of the benchmark is the median of its members'. Contracts of a value in the quote
    currency are not compared.
    """
    lots = [float(held.lot) for held in peers.markets]
    shares_from = cache(lambda least: [_rounded(held, least, rules.min_trades) for held in peers.markets])
    findings = []
    for place in range(len(peers.markets)):
        shares = shares_from(_LEAST_LOTS * max(peers.reach(place, lots)))
        findings.append(_finding(peers, place, shares, rules))
    return findings


def volume_share(sizes: Ints, counted: Bools) -> Share:
    """Return the share of volume in the trades that count, with the standard error of a ratio of means.

    >>> volume_share(np.array([1, 1, 2]), np.array([True, True, False]))
    Share(value=0.5, error=0.306...)
    """
    volume: Floats = sizes.astype(np.float64)
    total = float(volume.sum())
    value = float(volume[counted].sum()) / total
    return Share(value, float(np.sqrt(((volume * (counted - value)) ** 2).sum())) / total)


def _rounded(trades: MarketTrades, least: float, fewest: int) -> tuple[Share | None, int]:
    sizes = trades.size[trades.size >= least]
    if len(sizes) < fewest or not trades.single or trades.contract:
        return None, len(sizes)
    return volume_share(sizes, np.asarray(sizes % decades(sizes) == 0)), len(sizes)


def _finding(peers: Peers, place: int, shares: list[tuple[Share | None, int]], rules: VettingRules) -> Finding:
    held, (own, count) = peers.markets[place], shares[place]
    if not held.single:
        return untold(NAME, count, "bars do not tell the sizes of trades")
    if held.contract:
        return untold(NAME, count, f"sizes are contracts of {held.contract:g} {held.market.quote}")
    if own is None:
        return untold(NAME, count, f"{count} trades of 100 common lots are fewer than {rules.min_trades}")
    usual = peers.benchmark(place, [share.value if share else None for share, _ in shares])
    error = peers.benchmark(place, [share.error if share else None for share, _ in shares])
    if usual is None or error is None or usual <= 0:
        return untold(NAME, count, "too few other venues to compare with")
    washed = 1.0 - own.value / usual
    z = (usual - own.value) / max(float(np.hypot(own.error, error)), 1e-12)
    sentence = f"{own.value:.1%} of the volume is in round sizes, {usual:.1%} elsewhere"
    suspicion = ramp(washed, rules.roundness.start, rules.roundness.full)
    return Finding(NAME, washed, float(ndtr(-z)), count, suspicion, sentence)
