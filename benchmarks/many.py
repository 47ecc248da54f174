"""1,000 methodologies over one panel in two processes that share it: the real market, or else the simulated."""

from __future__ import annotations

import os
import random
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from basketry.jobs.calculate import Index, calculate
from basketry.jobs.calculate_many import FailedIndex, calculate_many
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology
from timing import report

COUNT = 1_000
SHARED = Path(os.environ.get("BASKETRY_SHARED", Path(__file__).resolve().parents[2] / "shared"))


def panel() -> tuple[Panel, str, str]:
    """Return a panel, where the base is set, and what market it is."""
    file = SHARED / "data" / "cmc_daily_2013_2020h1.parquet"
    if file.is_file():
        midnight = pl.col("date").cast(pl.Datetime("us", "UTC")) + timedelta(days=1)
        rows = pl.read_parquet(file).select(
            time=midnight,
            asset=pl.col("symbol").str.to_lowercase(),
            price="price_usd",
            market_cap="market_cap_usd",
            volume="volume_usd_24h",
        )
        unique = rows.unique(["time", "asset"], keep="first", maintain_order=True)
        return Panel.from_frames(unique), "2014-07-01", "real market, 2014 to 2020"
    from basketry.market.simulate import simulate_market

    tables = simulate_market(7).tables
    return Panel.from_frames(tables["daily"], simulated=True), "2019-01-01", "simulated market"


def rulebook(number: int, base: str) -> Methodology:
    """Return one of the methodologies, all different, seeded by its number."""
    pick = random.Random(number)  # noqa: S311
    top = pick.choice([5, 10, 15, 20, 30, 50])
    weight: dict[str, Any] = {"by": pick.choice(["market_cap", "equal", "sqrt_market_cap", "value_traded"])}
    if pick.random() < 0.5:
        weight["cap"] = pick.choice([0.2, 0.25, 0.3, 0.4])
    select: dict[str, Any] = {"by": "market_cap", "top": top}
    if pick.random() < 0.5:
        select["buffer"] = {"enter": max(1, top - top // 5), "leave": top + top // 4}
    return Methodology.load(
        {
            "basketry": 1,
            "name": f"Sweep {number}",
            "symbol": f"S{number}",
            "base": {"date": base, "level": 1000},
            "universe": [
                {"market_cap": {"min": pick.choice([1e6, 5e6, 1e7])}},
                {"history": {"min_days": pick.choice([30, 60, 90])}},
                {"value_traded": {"window": pick.choice(["30d", "60d"]), "min": pick.choice([1e4, 1e5])}},
            ],
            "select": select,
            "weight": weight,
            "rebalance": {"every": pick.choice(["month", "month", "quarter"]), "determine": pick.choice(["1d", "7d"])},
        }
    )


def last_level(index: Index | FailedIndex) -> float:
    """Return the last level of an index."""
    if isinstance(index, FailedIndex):
        raise index.error
    return float(index.level()[-1])


def main() -> None:
    """Time the calculation of all, start of the processes and whole results included."""
    market, base, name = panel()
    rules = [rulebook(number, base) for number in range(COUNT)]
    calculate(rules[0], market)  # compiled kernels come from their cache from now on

    def sweep() -> Any:
        return np.array([last_level(index) for index in calculate_many(rules, market, processes=2)])

    report(sweep, Path(sys.argv[2]), repeats=1, ours=True, note=f"{COUNT} methodologies, {name}")


if __name__ == "__main__":
    main()
