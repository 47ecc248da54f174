"""Fixtures shared by all tests."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import polars as pl
import pytest
from hypothesis import settings

from basketry.lake.lake import Lake
from basketry.ledger import key_file
from basketry.market.panel import Panel
from basketry.methodology.parse import dump_yaml

# The first example of a test may compile kernels, which takes seconds: time is no property of any example.
settings.register_profile("basketry", deadline=None)
settings.load_profile("basketry")


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What commands keep stays out of the user's own cache."""
    with mock.patch.dict(os.environ, BASKETRY_CACHE=str(tmp_path_factory.mktemp("cache"))):
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real market data beside the checkout; the test skips where it is missing."""
    folder = Path(os.environ.get("BASKETRY_SHARED", Path(__file__).resolve().parents[2] / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"real market data are not at {folder}; set BASKETRY_SHARED to their folder")
    return folder


@pytest.fixture(scope="session")
def real_observations(shared: Path) -> pl.DataFrame:
    """CoinMarketCap closes to June 2020 and CoinGecko snapshots of 2021, one id an asset, stamped at their instant.

    A CoinMarketCap date names the end of its day, a CoinGecko date the start; tickers become CoinGecko ids, the
    largest asset of a ticker first.
    """
    early = pl.read_parquet(shared / "data" / "cmc_daily_2013_2020h1.parquet")
    late = pl.read_parquet(shared / "data" / "coingecko_daily_2021.parquet")
    names = pl.read_csv(shared / "data" / "coingecko_coinlist.csv").with_columns(pl.col("symbol").str.to_uppercase())
    largest = late.group_by("coingecko_id").agg(pl.col("market_cap_usd").max())
    aliases = (
        largest.join(names, left_on="coingecko_id", right_on="id")
        .sort("market_cap_usd", "coingecko_id", descending=[True, False])
        .unique("symbol", keep="first", maintain_order=True)
        .select("symbol", id="coingecko_id")
    )
    plain = pl.col("symbol").str.to_lowercase().str.replace_all(r"[^a-z0-9._-]", "-")
    figures = {"price": "price_usd", "market_cap": "market_cap_usd", "volume": "volume_usd_24h"}
    midnight = pl.col("date").cast(pl.Datetime("us", "UTC"))
    return pl.concat(
        [
            early.join(aliases, on="symbol", how="left").select(
                time=midnight + timedelta(days=1), asset=pl.coalesce("id", plain), **figures
            ),
            late.select(time=midnight, asset="coingecko_id", **figures),
        ]
    ).unique(["time", "asset"], keep="first", maintain_order=True)


@pytest.fixture(scope="session")
def real_tags(shared: Path) -> pl.DataFrame:
    """Stablecoins and derivatives, by the list of ids that the published top-ten sum leaves out, and older ones."""
    excluded = pl.read_csv(shared / "data" / "coingecko_excluded_stable_derivative.csv")["coingecko_id"].to_list()
    older = ["bitusd", "bitcny", "terrausd", "true-usd", "paxos-standard", "husd", "gemini-dollar", "nusd", "susd"]
    return pl.DataFrame({"asset": sorted({*excluded, *older, "tether", "usd-coin", "dai"})}).with_columns(
        scheme=pl.lit("tag"), value=pl.lit("stablecoin")
    )


@pytest.fixture(scope="session")
def real_panel(real_observations: pl.DataFrame, real_tags: pl.DataFrame) -> Panel:
    """The daily panel of the real market, 2013 to 2021; July to December 2020 are unknown."""
    return Panel.from_frames(real_observations, classifications=real_tags)


RULEBOOK: dict[str, Any] = {
    "basketry": 1,
    "name": "Three",
    "symbol": "THREE",
    "base": {"date": "2020-02-10", "level": 1000},
    "universe": [{"market_cap": {"min": 1}}, {"exclude_tags": ["stablecoin"]}],
    "select": {"by": "market_cap", "top": 3, "buffer": {"enter": 2, "leave": 4}},
    "weight": {"by": "market_cap", "cap": 0.5},
    "rebalance": {"every": "month", "determine": "1d"},
    "returns": ["price", "total"],
}


@pytest.fixture
def rulebook(tmp_path: Path) -> Path:
    """A methodology file of the three largest."""
    path = tmp_path / "three.yaml"
    path.write_text(dump_yaml(RULEBOOK), encoding="utf-8")
    return path


def small_market(days: int = 150, seed: int = 1) -> pl.DataFrame:
    """Return daily observations of six assets, seeded."""
    rng = np.random.default_rng(seed)
    names = [f"coin-{letter}" for letter in "abcdef"]
    prices = np.exp(np.cumsum(rng.normal(0, 0.03, (days, 6)), axis=0)) * [5, 20, 1, 300, 0.5, 8]
    supply = np.array([4e6, 3e6, 9e7, 2e5, 5e7, 6e6])
    start = datetime(2020, 1, 1, tzinfo=UTC)
    return pl.DataFrame(
        {
            "time": [start + timedelta(days=day) for day in range(days) for _ in names],
            "asset": names * days,
            "price": prices.ravel(),
            "market_cap": (prices * supply).ravel(),
            "volume": (prices * supply * 0.05).ravel(),
        }
    )


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake with 150 days of six assets."""
    held = Lake(tmp_path / "lake")
    held.write("daily", small_market())
    return held


@pytest.fixture
def quick_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of keys that cost next to nothing to write and read; outside the tests no such file is read."""
    monkeypatch.setattr(key_file, "SCRYPT_N", 2**4)
    monkeypatch.setattr(key_file, "SCRYPT_N_MIN", 2**4)
