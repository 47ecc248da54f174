"""Volume inside the spread: a trade between the best bid and ask met no order that the book showed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
from scipy.special import ndtr

from basketry.core.frames import QUOTES
from basketry.core.numbers import Bools
from basketry.market.tape import Ints, Market
from basketry.reference.vetting.finding import Finding, ramp, untold
from basketry.reference.vetting.roundness import Share, volume_share
from basketry.reference.vetting.rules import VettingRules
from basketry.reference.vetting.trades import MarketTrades, Peers

NAME = "inside_spread"


def inside_spread(peers: Peers, quotes: Mapping[Market, pl.DataFrame], rules: VettingRules) -> list[Finding]:
    """Return for each market the washed share that its volume strictly inside the spread implies.

        washed share = (s - s_benchmark) / (1 - s_benchmark)

    with the share s of the volume inside, if the invented volume is all inside and the rest as elsewhere.

    A trade is held against the last quote before it, of the venue's own clock. Hidden and midpoint orders and the
    time between quote and trade give every venue such volume: more than elsewhere is odd, not any. The p-value is
    one-sided, from the standard errors of both shares. Trades without an uncrossed quote of the last `quote_age` are
    left out. Nothing can be told without quotes of the market and of enough others.
    """
    age = round(rules.quote_age.total_seconds() * 1e6)
    held = [_share(market, quotes.get(market.market), age, rules.min_trades) for market in peers.markets]
    shares = [share for share, _ in held]
    return [_finding(peers, place, shares, held[place][1], rules) for place in range(len(held))]


def inside(trades: MarketTrades, frame: pl.DataFrame, age: int) -> tuple[Bools, Bools]:
    """Return which trades have a usable quote, and which of all trades lie strictly inside theirs, shape (N,) each."""
    rows = QUOTES.check(frame, str(trades.market))
    rows = rows if rows["time"].is_sorted() else rows.sort("time", maintain_order=True)
    time: Ints = rows["time"].to_physical().to_numpy()
    if not len(time):
        return np.zeros(len(trades), np.bool_), np.zeros(len(trades), np.bool_)
    bid, ask = (rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in ("bid", "ask"))
    place = np.searchsorted(time, trades.time, side="left") - 1
    last = np.maximum(place, 0)
    usable = (place >= 0) & (trades.time - time[last] <= age) & (bid[last] < ask[last])
    return usable, usable & (bid[last] < trades.price) & (trades.price < ask[last])


def _share(
    trades: MarketTrades, frame: pl.DataFrame | None, age: int, least: int
) -> tuple[Share | None, tuple[int, str]]:
    if frame is None or not trades.single:
        return None, (0, "no quotes" if trades.single else "bars do not tell the prices of trades")
    usable, within = inside(trades, frame, age)
    count = int(usable.sum())
    if count < least:
        return None, (count, f"{count} trades with a quote before them are fewer than {least}")
    return volume_share(trades.size[usable], within[usable]), (count, "too few other venues with quotes")


def _finding(
    peers: Peers, place: int, shares: list[Share | None], known: tuple[int, str], rules: VettingRules
) -> Finding:
    count, reason = known
    own = shares[place]
    usual = peers.benchmark(place, [share.value if share else None for share in shares])
    error = peers.benchmark(place, [share.error if share else None for share in shares])
    if own is None or usual is None or error is None:
        return untold(NAME, count, reason)
    excess = own.value - usual
    z = excess / max(float(np.hypot(own.error, error)), 1e-12)
    washed = excess / max(1.0 - usual, 1e-12)
    suspicion = ramp(washed, rules.inside_spread.start, rules.inside_spread.full)
    sentence = f"{own.value:.1%} of the volume is inside the spread, {usual:.1%} elsewhere"
    return Finding(NAME, washed, float(ndtr(-z)), count, suspicion, sentence)
