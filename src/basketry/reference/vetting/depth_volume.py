"""Volume against the book: volume that the visible orders could hardly have served."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import polars as pl

from basketry.core.frames import DEPTH
from basketry.market.tape import Market
from basketry.reference.vetting.finding import Finding, ramp, untold
from basketry.reference.vetting.rules import VettingRules
from basketry.reference.vetting.trades import MarketTrades, Peers

NAME = "depth_volume"


def depth_volume(peers: Peers, depth: Mapping[Market, pl.DataFrame], rules: VettingRules) -> list[Finding]:
    """Return for each market its volume for a unit of depth, as a multiple of the benchmark's.

        v = volume / mean over snapshots of the base units on both sides within `depth_within` of the mid

    Snapshots alone are read, not deltas. Where books are cut before `depth_within`, the distance is the one that the
    median snapshot of the market itself and of most others reaches. The test has no p-value: what it compares are not
    samples. Nothing can be told without snapshots of the market and of enough others.
    """
    books = [_levels(held, depth.get(held.market, DEPTH.empty())) for held in peers.markets]
    reaches = [_reach(book) if book.height else rules.depth_within for book in books]
    ratios_at = cache(lambda distance: [_ratio(*pair, distance) for pair in zip(peers.markets, books, strict=True)])
    findings = []
    for place, book in enumerate(books):
        distance = min(rules.depth_within, *peers.reach(place, reaches))
        findings.append(_finding(peers, place, ratios_at(distance), book["sequence"].n_unique(), distance, rules))
    return findings


def _levels(trades: MarketTrades, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the levels of uncrossed two-sided snapshots with their distance from the mid."""
    rows = DEPTH.check(frame, str(trades.market)).filter((pl.col("kind") == "snapshot") & (pl.col("size") > 0))
    price, side = pl.col("price"), pl.col("side")
    best = rows.group_by("sequence").agg(bid=price.filter(side == "bid").max(), ask=price.filter(side == "ask").min())
    sound = best.filter(pl.col("bid") < pl.col("ask")).select("sequence", mid=(pl.col("bid") + pl.col("ask")) / 2)
    return rows.join(sound, on="sequence").with_columns(distance=(price / pl.col("mid") - 1).abs())


def _reach(book: pl.DataFrame) -> float:
    sides = book.group_by("sequence", "side").agg(pl.col("distance").max())
    return float(np.median(sides["distance"].to_numpy()))


def _ratio(trades: MarketTrades, book: pl.DataFrame, distance: float) -> float | None:
    shown = float(book.filter(pl.col("distance") <= distance * (1 + 1e-12))["size"].cast(pl.Float64).sum())
    return trades.volume / (shown * trades.unit / book["sequence"].n_unique()) if shown > 0 else None


def _finding(
    peers: Peers, place: int, ratios: list[float | None], count: int, distance: float, rules: VettingRules
) -> Finding:
    own, usual = ratios[place], peers.benchmark(place, ratios)
    if own is None:
        reason = f"no depth within {distance:.2%}" if count else "no snapshots of the book"
        return untold(NAME, count, reason)
    if usual is None or usual <= 0:
        return untold(NAME, count, "too few other venues with snapshots")
    multiple = own / usual
    limits = rules.depth_volume
    suspicion = ramp(float(np.log(max(multiple, 1e-12))), float(np.log(limits.start)), float(np.log(limits.full)))
    sentence = f"volume for the depth within {distance:.2%} is {multiple:.3g} times that of the other venues"
    return Finding(NAME, multiple, None, count, suspicion, sentence)
