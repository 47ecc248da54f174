"""Baskets for the tests of synthetic replication."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from basketry.core.numbers import Floats
from basketry.tracking.synthetic.basket import Basket

DAY = np.timedelta64(1, "D")


def seeded(rows: int = 200, count: int = 3, seed: int = 0, volatility: float = 0.04) -> tuple[Basket, Floats]:
    """A seeded basket that changes every 30 rows, and lows of each step."""
    rng = np.random.default_rng(seed)
    prices = np.exp(np.cumsum(rng.normal(0, volatility, (rows, count)), axis=0)) * rng.uniform(1, 100, count)
    lows = np.minimum(prices, np.vstack([prices[:1], prices[:-1]])) * np.exp(
        -np.abs(rng.normal(0, 0.02, (rows, count)))
    )
    times = np.datetime64("2023-01-01", "us") + np.arange(rows) * DAY
    weights = rng.dirichlet(np.ones(count), rows)
    names = tuple(f"asset-{n}" for n in range(count))
    return Basket.of_weights(times, names, prices, weights, np.arange(rows) % 30 == 0), lows


@pytest.fixture
def make_basket() -> Callable[..., tuple[Basket, Floats]]:
    """Makes seeded baskets."""
    return seeded


@pytest.fixture
def basket() -> tuple[Basket, Floats]:
    """The seeded basket of three assets."""
    return seeded()


@pytest.fixture
def bitcoin_and_ether(shared: Path) -> Callable[[int], tuple[Basket, Floats]]:
    """Equal weights set monthly over a calendar year of Coinbase closes, stamped at the end of their day; and lows."""
    bars = pl.read_parquet(shared / "data" / "coinbase_daily_ohlcv_2020_2025.parquet")

    def year(number: int) -> tuple[Basket, Floats]:
        rows = bars.filter(
            pl.col("symbol").is_in(["BTC/USD", "ETH/USD"])
            & pl.col("date").is_between(pl.date(number - 1, 12, 31), pl.date(number, 12, 31))
        ).sort("date")
        wide = rows.pivot(on="base", index="date", values=["close", "low"])
        times = np.asarray(wide["date"].to_numpy() + DAY, dtype="datetime64[us]")
        first = times.astype("datetime64[D]") == times.astype("datetime64[M]").astype("datetime64[D]")
        closes, lows = (wide.select(f"{name}_BTC", f"{name}_ETH").to_numpy().copy() for name in ("close", "low"))
        return Basket.of_weights(times, ("BTC", "ETH"), closes, np.array([0.5, 0.5]), first), lows

    return year
