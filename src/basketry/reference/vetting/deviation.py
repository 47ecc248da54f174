"""Price deviation: how far a market's prices are from those of the other venues at the same minute."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Floats
from basketry.market.tape import Ints
from basketry.reference.quantiles import median
from basketry.reference.vetting.finding import Finding, ramp, untold
from basketry.reference.vetting.rules import VettingRules
from basketry.reference.vetting.trades import MINUTE, Peers

NAME = "deviation"
_LEAST_GROUPS = 3


def deviation(peers: Peers, rules: VettingRules) -> list[Finding]:
    """Return for each market the median absolute deviation of its minute prices from the cross-venue median, bp.

    The price of a minute is that of its last trade. Only markets of one quote currency are compared, and only in
    minutes in which those of three groups of venues trade: of two nobody can say which is off. The test has no
    p-value.
    """
    prices = minute_prices(peers)
    quotes = np.array([held.market.quote for held in peers.markets])
    groups = np.array([held.market.group for held in peers.markets])
    findings = []
    for place, held in enumerate(peers.markets):
        alike = prices[quotes == held.market.quote]
        trading = _groups_trading(alike, groups[quotes == held.market.quote])
        compared = np.isfinite(prices[place]) & (trading >= _LEAST_GROUPS)
        minutes = int(compared.sum())
        if minutes < rules.min_intervals:
            reason = f"{minutes} minutes with three groups in {held.market.quote} are fewer than {rules.min_intervals}"
            findings.append(untold(NAME, minutes, reason))
            continue
        middle = median(np.ascontiguousarray(alike[:, compared].T))
        off = float(np.median(np.abs(prices[place, compared] / middle - 1.0))) * 1e4
        suspicion = ramp(off, rules.deviation.start, rules.deviation.full)
        sentence = f"prices are {off:.1f} bp from the median of the venues in the median minute"
        findings.append(Finding(NAME, off, None, minutes, suspicion, sentence))
    return findings


def _groups_trading(prices: Floats, groups: NDArray[np.str_]) -> Ints:
    held = np.array([np.isfinite(prices[groups == group]).any(axis=0) for group in np.unique(groups)])
    trading: Ints = held.sum(axis=0, dtype=np.int64)
    return trading


def minute_prices(peers: Peers) -> Floats:
    """Return the last price of each market in each minute, shape (M, minutes), NaN where it does not trade."""
    first, last = peers.span
    origin = first // MINUTE
    prices = np.full((len(peers.markets), last // MINUTE - origin + 1), np.nan)
    for place, held in enumerate(peers.markets):
        minute = held.time // MINUTE - origin
        ends = np.flatnonzero(np.diff(minute, append=minute[-1:] + 1))
        prices[place, minute[ends]] = held.price[ends]
    return prices
