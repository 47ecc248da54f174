"""20 million trades of one pair on 5 venues over 7 days in a lake: 168 hourly fixings straight from Parquet."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fixings import FIXINGS, VENUES, trades
from timing import report

COPIES = int(os.environ.get("COPIES", "1"))
"""Times 20 million trades; 10 for the bound on memory."""


def lake(folder: Path) -> Any:
    """Return a lake with the trades; they are written once."""
    import polars as pl

    from basketry.lake.lake import Lake
    from basketry.market.tape import Market
    from basketry.market.venues.feed import reference_tables

    held = Lake(folder)
    if held.tables():
        return held
    markets = [Market(f"v{number}", "btc-usd", "btc", "usd") for number in range(VENUES)]
    for name, frame in reference_tables(markets).items():
        held.write(name, frame)
    data = trades()
    for number, market in enumerate(markets):
        rows = data["venue"] == number
        frame = pl.DataFrame(
            {
                "time": pl.Series(data["time"][rows]).repeat_by(COPIES).explode().cast(pl.Datetime("us", "UTC")),
                "price": pl.Series(data["price"][rows]).repeat_by(COPIES).explode(),
                "size": pl.Series(data["size"][rows]).repeat_by(COPIES).explode(),
            }
        )
        count = np.arange(frame.height)
        frame = frame.with_columns(
            trade_id=pl.Series(count).cast(pl.String),
            side=pl.Series(np.where(count % 2, "buy", "sell")),
            received_at="time",
            known_at=pl.lit(None, dtype=pl.Datetime("us", "UTC")),
        )
        held.ticks.write("trades", market, frame)
    return held


def fixings(rate: str, screened: bool) -> Callable[[Path], Callable[[], Any]]:
    """Return what makes fixings with all their evidence, or the prices alone."""

    def prepare(folder: Path) -> Callable[[], Any]:
        from basketry.jobs.prices import reference_prices
        from basketry.lake.tapes import LakeTapes
        from basketry.reference.price_rules import PriceRules
        from basketry.reference.rate import RATES

        held = lake(folder)
        rule = RATES.build(rate, None)

        def with_evidence() -> Any:
            rules = PriceRules.parse({"rate": rate})
            return reference_prices(held, ["btc"], FIXINGS, rules).fixings.table["price"].to_numpy()

        def prices() -> Any:
            tapes = LakeTapes(held)
            found = []
            for batch in tapes.batches("btc", FIXINGS, 3_600_000_000):
                tape = tapes.tape("btc", int(batch[0]) - 3_600_000_000, int(batch[-1]))
                found.append(rule.estimate(tape, batch).price)
            return np.concatenate(found)

        return with_evidence if screened else prices

    return prepare


def read_by_polars(folder: Path) -> Callable[[], Any]:
    """Return a mere reading of the needed columns by Polars, a day of a venue at a time."""
    import polars as pl

    lake(folder)
    files = sorted(folder.glob("trades/*/*/*/*.parquet"))

    def calculate() -> Any:
        heights = [pl.read_parquet(file, columns=["time", "price", "size"]).height for file in files]
        return np.ones(len(FIXINGS)) * sum(heights)

    return calculate


PEERS = {
    "polars, reads three columns": read_by_polars,
    "basketry, medians": fixings("partitioned_median", screened=False),
    "basketry, medians, rules, evidence": fixings("partitioned_median", screened=True),
    "basketry, capped median, rules, evidence": fixings("capped_median", screened=True),
}


def main() -> None:
    """Measure one peer."""
    peer, levels = sys.argv[1], Path(sys.argv[2])
    folder = Path(tempfile.gettempdir()) / f"basketry-benchmark-lake-{COPIES}"
    lake(folder)
    report(
        PEERS[peer](folder),
        levels,
        repeats=3,
        ours=peer == "basketry, medians",
        note="-" if peer.startswith("polars") else "",
        work=FIXINGS.size and 20_000_000 * COPIES,
    )


if __name__ == "__main__":
    main()
