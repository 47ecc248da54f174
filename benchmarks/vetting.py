"""Measure how often the vetting of venues is right, on simulated venues: `python benchmarks/vetting.py [--seeds 30]`.

Hits are judged on the washing venue, false alarms on all others and on scenarios without invented volume.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from basketry.market.tape import Market
from basketry.market.venues.faults.fault import inject
from basketry.market.venues.faults.wash_trading import WashTrading
from basketry.market.venues.feed import SimulatedVenues
from basketry.market.venues.scenarios import scenarios
from basketry.market.venues.simulate import simulate_venues
from basketry.reference.vetting.vet import vet

WASHER = "sim-elder"
MULTIPLES = (1.25, 1.5, 2.0, 5.0, 20.0)
EVIDENCE = {"trades": ("trades",), "quotes": ("trades", "quotes"), "books": ("trades", "quotes", "depth")}
Disguise = Callable[[pl.DataFrame, pl.DataFrame, np.random.Generator], pl.DataFrame]


def plain(invented: pl.DataFrame, _honest: pl.DataFrame, _generator: np.random.Generator) -> pl.DataFrame:
    """Return the invented trades as the fault makes them: uniform sizes, sides in turn, inside the spread."""
    return invented


def copied(invented: pl.DataFrame, honest: pl.DataFrame, generator: np.random.Generator) -> pl.DataFrame:
    """Return them with sizes drawn from the honest ones and sides by chance."""
    sizes = generator.choice(honest["size"].to_numpy(), invented.height)
    sides = pl.Series(["buy", "sell"]).gather(generator.integers(0, 2, invented.height))
    return invented.with_columns(size=pl.Series(sizes), side=sides)


def matched(invented: pl.DataFrame, honest: pl.DataFrame, generator: np.random.Generator) -> pl.DataFrame:
    """Return them in pairs, a buy and a sell of one honest size 0.3 seconds apart."""
    half = copied(invented.head(invented.height // 2), honest, generator)
    turned = pl.when(pl.col("side") == "buy").then(pl.lit("sell")).otherwise(pl.lit("buy"))
    back = half.with_columns(
        time=pl.col("time") + pl.duration(milliseconds=300), side=turned, trade_id=pl.col("trade_id") + "-back"
    )
    return pl.concat([half, back])


SCHEMES: dict[str, Disguise] = {
    "uniform sizes, sides in turn": plain,
    "honest sizes, random sides": copied,
    "matched pairs": matched,
}


def washed(feed: SimulatedVenues, multiple: float, disguise: Disguise) -> tuple[SimulatedVenues, dict[Market, float]]:
    """Return the feed with invented trades on one venue, and the true washed share of each of its markets."""
    start, end = (edge.astype("datetime64[us]").item().replace(tzinfo=UTC) for edge in (feed.start, feed.end))
    fault = WashTrading(venue=WASHER, start=start, end=end, multiple=multiple)
    after = inject(feed, [fault])
    generator = np.random.default_rng(feed.seed)
    changed, shares = {}, {}
    for market, frame in after.frames["trades"].items():
        honest = feed.frames["trades"][market]
        if frame.height == honest.height:
            continue
        invented = disguise(frame.join(honest, on="trade_id", how="anti"), honest, generator)
        changed[market] = pl.concat([honest, invented])
        shares[market] = int(invented["size"].sum()) / int(changed[market]["size"].sum())
    return after.with_frames("trades", changed), shares


def judged(feed: SimulatedVenues, evidence: str) -> pl.DataFrame:
    """Return the scores that the vetting gives with some of the tables."""
    held = {table: feed.frames[table] for table in EVIDENCE[evidence]}
    return vet(held["trades"], quotes=held.get("quotes", {}), depth=held.get("depth", {})).scores


def wash_rows(seed: int) -> Iterator[dict[str, Any]]:
    """Yield for each scheme, multiple and evidence how the washing market and the others were judged."""
    feed = simulate_venues(seed, quotes=["usd"], levels=20)
    for scheme, disguise in SCHEMES.items():
        for multiple in MULTIPLES:
            after, shares = washed(feed, multiple, disguise)
            for evidence in EVIDENCE:
                for row in judged(after, evidence).iter_rows(named=True):
                    market = next((held for held in shares if held.pair == row["pair"]), None)
                    own = row["venue"] == WASHER and market is not None
                    yield {
                        "scheme": scheme,
                        "multiple": multiple,
                        "evidence": evidence,
                        "washing": own,
                        "verdict": row["verdict"],
                        "true": shares[market] if own and market else 0.0,
                        "estimate": row["washed_share"],
                    }


def honest_rows(seed: int) -> Iterator[dict[str, Any]]:
    """Yield for each scenario without invented volume how its markets were judged."""
    for name in (None, *(name for name in scenarios() if name != "wash-trading")):
        feed = simulate_venues(seed, scenario=name)
        for row in judged(feed, "quotes").iter_rows(named=True):
            yield {"scenario": name or "none", "venue": row["venue"], "verdict": row["verdict"]}


def rate(frame: pl.DataFrame, verdict: str) -> float:
    """Return the share of rows with a verdict."""
    return frame.filter(pl.col("verdict") == verdict).height / max(frame.height, 1)


def mean(frame: pl.DataFrame, column: str) -> float:
    """Return the mean of a column, NaN where all is null."""
    value = frame[column].mean()
    return float(value) if isinstance(value, float) else float("nan")


def show_wash(wash: pl.DataFrame) -> list[dict[str, Any]]:
    """Print how the washing venue was judged and return the rows."""
    heads = ("multiple", "evidence", "rejected", "watched", "true", "estimate", "others")
    print(f"{'scheme':<32}" + "".join(f"{head:>10}" for head in heads))
    rows = []
    for key, group in wash.group_by("scheme", "multiple", "evidence", maintain_order=True):
        own, others = group.filter("washing"), group.filter(~pl.col("washing"))
        figures = [rate(own, "rejected"), rate(own, "watched"), mean(own, "true"), mean(own, "estimate")]
        false = rate(others, "rejected")
        rows.append(dict(zip(("scheme", *heads), (*key, *figures, false), strict=True)))
        shown = "".join(f"{figure:>10.2f}" for figure in (*figures, false))
        print(f"{key[0]!s:<32}{key[1]!s:>10}{key[2]!s:>10}{shown}")
    return rows


def show_honest(honest: pl.DataFrame) -> list[dict[str, Any]]:
    """Print how markets without invented volume were judged and return the rows."""
    print(f"\n{'scenario without invented volume':<36}{'markets':>9}{'rejected':>10}{'watched':>9}")
    rows: list[dict[str, Any]] = []
    groups = [(str(key[0]), group) for key, group in honest.group_by("scenario", maintain_order=True)]
    for name, group in [*groups, ("all", honest)]:
        rejected, watched = rate(group, "rejected"), rate(group, "watched")
        rows.append({"scenario": name, "markets": group.height, "rejected": rejected, "watched": watched})
        print(f"{name:<36}{group.height:>9}{rejected:>10.2%}{watched:>9.2%}")
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=30, help="simulated periods")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    words = parser.parse_args()
    seeds = range(words.seeds)
    wash = pl.DataFrame([row for seed in seeds for row in wash_rows(seed)])
    honest = pl.DataFrame([row for seed in seeds for row in honest_rows(seed)])
    found = [*show_wash(wash), *show_honest(honest)]
    if words.json:
        words.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
