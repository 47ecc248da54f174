"""20 million trades of one pair on 5 venues over 7 days: 168 hourly fixings by medians of 12 parts, and averages."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from timing import report

TRADES, VENUES, HOURS, PARTS = 20_000_000, 5, 168, 12
HOUR = 3_600_000_000
FIXINGS = (np.arange(HOURS) + 1) * HOUR


def trades() -> dict[str, Any]:
    """Return seeded trades venue after venue, each in time order: time (us), price, size (whole 1e-8 units), venue."""
    rng = np.random.default_rng(0)
    count = TRADES // VENUES
    time = np.concatenate([np.sort(rng.integers(0, HOURS * HOUR, count)) for _ in range(VENUES)])
    middle = 20_000 + np.cumsum(rng.normal(0, 0.8, HOURS * 3600))
    price = np.round(middle[time // 1_000_000] + rng.normal(0, 6, TRADES), 2)
    size = (rng.lognormal(-3, 1.5, TRADES) * 1e8).astype(np.int64) + 1
    return {"time": time, "price": price, "size": size, "venue": np.repeat(np.arange(VENUES, dtype=np.uint8), count)}


def basketry(rate: str, screened: bool) -> Callable[[dict[str, Any]], Callable[[], Any]]:
    """Return what makes the fixings by a rate; with the rules that leave venues out, or without."""

    def prepare(data: dict[str, Any]) -> Callable[[], Any]:
        from basketry.market.tape import Market, Tape
        from basketry.reference.health import Health, screen
        from basketry.reference.rate import RATES

        markets = [Market(f"v{n}", "btc-usd", "btc", "usd") for n in range(VENUES)]
        edges = np.searchsorted(data["venue"], np.arange(VENUES + 1))
        tape = Tape("btc", tuple(markets), edges, data["time"], data["price"], data["size"], 1e-8, "usd")
        rule, health = RATES.build(rate, None), Health()

        def calculate() -> Any:
            included = screen(tape, rule, FIXINGS, health).included if screened else None
            return rule.estimate(tape, FIXINGS, included).price

        return calculate

    return prepare


def _in_time_order(data: dict[str, Any]) -> dict[str, Any]:
    order = np.argsort(data["time"], kind="stable")
    return {name: values[order] for name, values in data.items()}


def median_by_numpy(data: dict[str, Any]) -> Callable[[], Any]:
    """Return the medians by NumPy: a sort of each part."""
    data = _in_time_order(data)
    edges = np.searchsorted(data["time"], np.arange(HOURS * PARTS + 1) * (HOUR // PARTS))

    def calculate() -> Any:
        medians = np.empty(HOURS * PARTS)
        for part in range(HOURS * PARTS):
            rows = slice(edges[part], edges[part + 1])
            order = np.argsort(data["price"][rows])
            held = np.cumsum(data["size"][rows][order])
            medians[part] = data["price"][rows][order][np.searchsorted(2 * held, held[-1])]
        return medians.reshape(HOURS, PARTS).mean(axis=1)

    return calculate


def median_by_pandas(data: dict[str, Any]) -> Callable[[], Any]:
    """Return the medians by pandas: a sort within each group."""
    import pandas as pd

    frame = pd.DataFrame({"part": data["time"] // (HOUR // PARTS), "price": data["price"], "size": data["size"]})

    def middle(part: Any) -> float:
        ordered = part.sort_values("price")
        held = ordered["size"].cumsum()
        return float(ordered["price"].iloc[int((2 * held < held.iloc[-1]).sum())])

    def calculate() -> Any:
        return frame.groupby("part")[["price", "size"]].apply(middle).to_numpy().reshape(HOURS, PARTS).mean(axis=1)

    return calculate


def median_by_polars(data: dict[str, Any]) -> Callable[[], Any]:
    """Return the medians by Polars: sort_by within an aggregation."""
    import polars as pl

    frame = pl.DataFrame({name: data[name] for name in ("time", "price", "size")})
    held = pl.col("size").sort_by("price").cum_sum()
    middle = pl.col("price").sort_by("price").filter(2 * held >= pl.col("size").sum()).first()

    def calculate() -> Any:
        parts = frame.group_by(pl.col("time") // (HOUR // PARTS)).agg(middle).sort("time")
        return parts["price"].to_numpy().reshape(HOURS, PARTS).mean(axis=1)

    return calculate


def median_by_duckdb(data: dict[str, Any]) -> Callable[[], Any]:
    """Return the medians by DuckDB: a window over each part."""
    import duckdb
    import pyarrow as pa

    frame = pa.table({name: data[name] for name in ("time", "price", "size")})
    connection = duckdb.connect()
    connection.register("trades", frame)
    query = f"""
        select part, min(price) from (
            select time // {HOUR // PARTS} as part, price,
                   sum(size) over (partition by time // {HOUR // PARTS} order by price) as held,
                   sum(size) over (partition by time // {HOUR // PARTS}) as whole
            from trades) where 2 * held >= whole group by part order by part
    """  # noqa: S608

    def calculate() -> Any:
        return connection.execute(query).fetchnumpy()["min(price)"].reshape(HOURS, PARTS).mean(axis=1)

    return calculate


def average_by_numpy(data: dict[str, Any]) -> Callable[[], Any]:
    """Return the averages by NumPy: sums between the edges of the hours."""
    data = _in_time_order(data)
    starts = np.searchsorted(data["time"], np.arange(HOURS) * HOUR)

    def calculate() -> Any:
        value = np.add.reduceat(data["price"] * data["size"], starts)
        return value / np.add.reduceat(data["size"], starts)

    return calculate


def average_by_polars(data: dict[str, Any]) -> Callable[[], Any]:
    """Return the averages by Polars."""
    import polars as pl

    frame = pl.DataFrame({name: data[name] for name in ("time", "price", "size")})

    def calculate() -> Any:
        hours = frame.group_by(pl.col("time") // HOUR).agg(
            (pl.col("price") * pl.col("size")).sum() / pl.col("size").sum()
        )
        return hours.sort("time")["price"].to_numpy()

    return calculate


PEERS = {
    "basketry, medians": basketry("partitioned_median", screened=False),
    "basketry, medians, venue rules": basketry("partitioned_median", screened=True),
    "basketry, capped median, venue rules": basketry("capped_median", screened=True),
    "pandas, medians": median_by_pandas,
    "polars, medians": median_by_polars,
    "duckdb, medians": median_by_duckdb,
    "numpy, medians": median_by_numpy,
    "basketry, averages": basketry("vwap", screened=False),
    "polars, averages": average_by_polars,
    "numpy, averages": average_by_numpy,
}


def main() -> None:
    """Measure one peer."""
    peer, levels = sys.argv[1], Path(sys.argv[2])
    what = next(word for word in ("capped", "averages", "medians") if word in peer)
    ours = peer in ("basketry, medians", "basketry, averages")
    report(PEERS[peer](trades()), levels.with_name(f"{levels.stem}-{what}.npy"), repeats=5, ours=ours, work=TRADES)


if __name__ == "__main__":
    main()
