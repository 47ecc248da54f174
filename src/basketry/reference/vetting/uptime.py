"""Uptime: the share of the minutes with a market's messages, of those in which any venue sends some."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from basketry.core.frames import QUOTES
from basketry.core.numbers import Bools
from basketry.market.tape import Ints, Market
from basketry.reference.vetting.finding import Finding, ramp, untold
from basketry.reference.vetting.rules import VettingRules
from basketry.reference.vetting.trades import MINUTE, MarketTrades, Peers

NAME = "uptime"
_LEAST_RATE = 5.0


def uptime(peers: Peers, quotes: Mapping[Market, pl.DataFrame], rules: VettingRules) -> list[Finding]:
    """Return for each market the share of minutes with trades or quotes, of those in which any market has some.

    Without quotes a minute without trades is an outage only where trades are dense: with fewer than five in the
    median minute nothing can be told. Nothing can be told of a venue alone. The test has no p-value.
    """
    times = [
        [held.time, QUOTES.check(quotes[held.market], str(held.market))["time"].to_physical().to_numpy()]
        if held.market in quotes
        else [held.time]
        for held in peers.markets
    ]
    live = live_minutes(times)
    anywhere = live.any(axis=0)
    minutes = int(anywhere.sum())
    findings = []
    for place, held in enumerate(peers.markets):
        others = {peers.markets[at].market.group for at in peers.others(place)}
        if minutes < rules.min_intervals or not others:
            reason = "no other venue to compare with" if not others else f"{minutes} minutes are too few"
            findings.append(untold(NAME, minutes, reason))
        elif held.single and held.market not in quotes and (rate := _median_rate(held, minutes)) < _LEAST_RATE:
            reason = f"{rate:g} trades in the median minute and no quotes do not tell an outage from a quiet minute"
            findings.append(untold(NAME, minutes, reason))
        else:
            share = float((live[place] & anywhere).sum()) / minutes
            suspicion = ramp(1.0 - share, rules.uptime.start, rules.uptime.full)
            sentence = f"there are messages in {share:.1%} of the minutes in which any venue has some"
            findings.append(Finding(NAME, share, None, minutes, suspicion, sentence))
    return findings


def _median_rate(trades: MarketTrades, minutes: int) -> float:
    """Return the median number of trades in the minutes in which any market has messages."""
    counts = np.zeros(minutes)
    busy = np.unique(trades.time // MINUTE, return_counts=True)[1]
    counts[: len(busy)] = busy
    return float(np.median(counts))


def live_minutes(times: list[list[Ints]]) -> Bools:
    """Return in which minutes each of M markets has a message, shape (M, minutes).

    >>> live_minutes([[np.array([0, 61_000_000])], [np.array([130_000_000])]])
    array([[ True,  True, False],
           [False, False,  True]])
    """
    minutes = [[stamps // MINUTE for stamps in held if len(stamps)] for held in times]
    flat = [stamps for held in minutes for stamps in held]
    if not flat:
        return np.zeros((len(times), 0), np.bool_)
    first, last = min(int(stamps.min()) for stamps in flat), max(int(stamps.max()) for stamps in flat)
    live = np.zeros((len(times), last - first + 1), np.bool_)
    for place, held in enumerate(minutes):
        for stamps in held:
            live[place, stamps - first] = True
    return live
