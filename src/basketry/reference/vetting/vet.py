"""Vetting of venues: every test on every market, the scores, and the volume that is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl

from basketry.core.errors import DataError, nearest_hint
from basketry.core.frames import MARKET_KINDS, Column, Schema
from basketry.market.tape import SIZE_DECIMALS, Market
from basketry.reference.vetting.alternation import alternation
from basketry.reference.vetting.benford import benford
from basketry.reference.vetting.clustering import clustering
from basketry.reference.vetting.correlation import correlation
from basketry.reference.vetting.depth_volume import depth_volume
from basketry.reference.vetting.deviation import deviation
from basketry.reference.vetting.finding import Finding
from basketry.reference.vetting.inside_spread import inside_spread
from basketry.reference.vetting.matching import matching
from basketry.reference.vetting.roundness import roundness
from basketry.reference.vetting.rules import VettingRules
from basketry.reference.vetting.scoring import FAMILIES, corrected, judge
from basketry.reference.vetting.tail import tail
from basketry.reference.vetting.trades import MarketTrades, Peers, peers_of
from basketry.reference.vetting.uptime import uptime
from basketry.reference.vetting.washed import washed_share

_MARKET = {
    "asset": Column(pl.String(), "stable asset id"),
    "venue": Column(pl.String(), "stable venue id"),
    "pair": Column(pl.String(), "stable pair id"),
    "kind": Column(pl.String(), " | ".join(MARKET_KINDS)),
}
_KEY = tuple(_MARKET)
FINDINGS = Schema(
    "findings",
    "What each test of the vetting found about each market.",
    {
        **_MARKET,
        "test": Column(pl.String(), "name of the test"),
        "family": Column(pl.String(), "sizes | sides | spread | depth | time | price | presence"),
        "statistic": Column(pl.Float64(), "as the test defines it", nullable=True),
        "p_value": Column(pl.Float64(), "of a figure at least as odd on an honest market", nullable=True),
        "p_adjusted": Column(pl.Float64(), "after Benjamini and Hochberg over the whole table", nullable=True),
        "n": Column(pl.Int64(), "trades, intervals or snapshots it was made from"),
        "suspicion": Column(pl.Float64(), "0 to 1, 0 where not significant; null: cannot be told", nullable=True),
        "sentence": Column(pl.String(), "in words; where nothing can be told, why"),
    },
    key=(*_KEY, "test"),
)
SCORES = Schema(
    "scores",
    "What the findings about each market come to.",
    {
        **_MARKET,
        "trades": Column(pl.Int64(), "number of trades, or of bars"),
        "score": Column(pl.Float64(), "0 to 100; null: cannot be told", nullable=True),
        "suspicion": Column(pl.Float64(), "of wash trading, 0 to 1; null: cannot be told", nullable=True),
        "volume": Column(pl.Float64(), "base units, as reported"),
        "washed_share": Column(pl.Float64(), "estimated share of the volume; null: no estimate", nullable=True),
        "vetted_volume": Column(pl.Float64(), "base units"),
        "verdict": Column(pl.String(), "accepted | watched | rejected"),
        "reasons": Column(pl.String(), "in words, the heaviest first"),
    },
    key=_KEY,
)
DAYS = Schema(
    "days",
    "What each market traded on each UTC day, as reported.",
    {
        **_MARKET,
        "quote": Column(pl.String(), "asset or currency of the price"),
        "day": Column(pl.Date(), "UTC"),
        "volume": Column(pl.Float64(), "base units"),
        "notional": Column(pl.Float64(), "quote currency"),
    },
    key=(*_KEY, "day"),
)
_NO_FRAMES: Mapping[Market, pl.DataFrame] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class Vetting:
    """What was found about each market.

    Attributes:
        findings: A row for each market and test (FINDINGS).
        scores: A row for each market (SCORES).
        days: A row for each market and UTC day on which it trades (DAYS).
        rules: What it was decided by.
    """

    findings: pl.DataFrame
    scores: pl.DataFrame
    days: pl.DataFrame
    rules: VettingRules


def vet(
    trades: Mapping[Market, pl.DataFrame],
    *,
    quotes: Mapping[Market, pl.DataFrame] = _NO_FRAMES,
    depth: Mapping[Market, pl.DataFrame] = _NO_FRAMES,
    rules: VettingRules | None = None,
    size_decimals: int = SIZE_DECIMALS,
) -> Vetting:
    """Return the vetting of markets: every test, the scores and the vetted volumes.

    Markets of one base asset and kind are compared with one another; markets of one group are no witnesses for each
    other. The method, what each test cannot tell and measured error rates are in docs/concepts/venue-vetting.md.

        vetted volume = volume x (1 - washed share)

    and 0 for a rejected market that no estimate of the washed share explains.

    Args:
        trades: TRADES with the takers' sides, or BARS, which tell less, of each market.
        quotes: QUOTES of the same markets, as far as there are any.
        depth: DEPTH of the same markets; snapshots are read.
        rules: Limits and weights; None for the defaults.
        size_decimals: Sizes are whole multiples of 10^-size_decimals base units.

    Raises:
        SchemaError: A frame is not in its schema.
        DataError: A price or size is not positive; quotes or depth are of a market without trades; a trusted venue is
            unknown.

    >>> from basketry.market.venues.simulate import simulate_venues
    >>> feed = simulate_venues(7, quotes=["usd"], scenario="wash-trading")
    >>> found = vet(feed.frames["trades"], quotes=feed.frames["quotes"])
    >>> found.scores.filter(pl.col("verdict") == "rejected")["venue"].to_list()
    ['sim-elder']
    """
    chosen = rules or VettingRules()
    for name, frames in (("quotes", quotes), ("depth", depth)):
        if alone := sorted(set(frames) - set(trades)):
            raise DataError(
                f"{name} of {alone[0]} have no trades beside them; give the market an empty frame of trades"
            )
    venues = {market.venue for market in trades}
    if unknown := [venue for venue in chosen.trusted if trades and venue not in venues]:
        raise DataError(f"trusted: no market is on {unknown[0]!r}{nearest_hint(unknown[0], venues)}")
    groups = peers_of(trades, size_decimals, chosen.trusted, chosen.min_others)
    rows = [row for peers in groups for row in _findings(peers, quotes, depth, chosen)]
    kept, adjusted = corrected([finding for _, finding in rows], chosen.false_discovery_rate)
    of_market: dict[Market, dict[str, Finding]] = {held.market: {} for held in _all(groups)}
    for (held, _), finding in zip(rows, kept, strict=True):
        of_market[held.market][finding.name] = finding
    findings = [
        {
            **_place(held.market),
            "test": finding.name,
            "family": FAMILIES[finding.name],
            "statistic": finding.statistic,
            "p_value": finding.p_value,
            "p_adjusted": value,
            "n": finding.n,
            "suspicion": finding.suspicion,
            "sentence": finding.sentence,
        }
        for (held, _), finding, value in zip(rows, kept, adjusted, strict=True)
    ]
    scores = [_score(held, of_market[held.market], chosen) for held in _all(groups)]
    days = [row for held in _all(groups) for row in _days(held)]
    return Vetting(
        pl.DataFrame(findings, schema=FINDINGS.dtypes).sort(_KEY, maintain_order=True),
        pl.DataFrame(scores, schema=SCORES.dtypes).sort(_KEY),
        pl.DataFrame(days, schema=DAYS.dtypes).sort(*_KEY, "day"),
        chosen,
    )


def _findings(
    peers: Peers,
    quotes: Mapping[Market, pl.DataFrame],
    depth: Mapping[Market, pl.DataFrame],
    rules: VettingRules,
) -> list[tuple[MarketTrades, Finding]]:
    """Return the findings of each market in the order of FAMILIES."""
    compared = [
        roundness(peers, rules),
        inside_spread(peers, quotes, rules),
        depth_volume(peers, depth, rules),
        correlation(peers, rules),
        deviation(peers, rules),
        uptime(peers, quotes, rules),
    ]
    order = list(FAMILIES)
    rows = []
    for place, held in enumerate(peers.markets):
        found = [test(held, rules) for test in (benford, clustering, tail, alternation, matching)]
        found += [findings[place] for findings in compared]
        rows += [(held, finding) for finding in sorted(found, key=lambda finding: order.index(finding.name))]
    return rows


def _all(groups: list[Peers]) -> list[MarketTrades]:
    return [held for peers in groups for held in peers.markets]


def _place(market: Market) -> dict[str, str]:
    return {"asset": market.base, "venue": market.venue, "pair": market.pair, "kind": market.kind}


def _score(held: MarketTrades, findings: Mapping[str, Finding], rules: VettingRules) -> dict[str, object]:
    judgement = judge(findings, rules)
    washed = washed_share(findings, rules)
    reasons = judgement.reasons
    left = 1.0 - (washed or 0.0)
    if judgement.verdict == "rejected" and not washed:
        washed, left = None, 0.0
        reasons += "; how much is washed cannot be estimated, so that none of its volume counts"
    return {
        **_place(held.market),
        "trades": len(held),
        "score": judgement.score,
        "suspicion": judgement.suspicion,
        "volume": held.volume,
        "washed_share": washed,
        "vetted_volume": held.volume * left,
        "verdict": judgement.verdict,
        "reasons": reasons,
    }


def _days(held: MarketTrades) -> list[dict[str, object]]:
    frame = pl.DataFrame({"time": pl.Series(held.time).cast(pl.Datetime("us")), "size": held.size, "price": held.price})
    size = pl.col("size").cast(pl.Float64)
    sums = frame.group_by(day=pl.col("time").dt.date()).agg(
        volume=size.sum() * held.unit, notional=(size * pl.col("price")).sum() * held.unit
    )
    return [{**_place(held.market), "quote": held.market.quote, **row} for row in sums.iter_rows(named=True)]
