"""Each check finds what it is for, and nothing in clean data; on the real market it finds the known oddities."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from basketry.core.frames import ALIASES, DAILY
from basketry.jobs.data import check_lake
from basketry.lake.lake import Lake
from basketry.market.quality import check_observations, to_quarantine

START = datetime(2020, 1, 1, tzinfo=UTC)


def rows(
    prices: list[float], caps: list[float] | None = None, asset: str = "a", skip: tuple[int, ...] = ()
) -> pl.DataFrame:
    days = [day for day in range(len(prices) + len(skip)) if day not in skip]
    caps = [price * 1e8 for price in prices] if caps is None else caps
    frame = pl.DataFrame(
        {
            "time": [START + timedelta(days=day) for day in days],
            "asset": [asset] * len(prices),
            "price": prices,
            "market_cap": caps,
            "volume": [cap * 0.01 for cap in caps],
        }
    )
    return DAILY.conform(frame)


def found(frame: pl.DataFrame) -> dict[str, list[str]]:
    findings = check_observations(frame.sort("time", "asset"), ALIASES.empty())
    return {finding.check: finding.rows["reason"].to_list() for finding in findings if finding.rows.height}


def test_clean_data_give_no_findings() -> None:
    assert found(pl.concat([rows([1 + day / 100 for day in range(60)], asset=name) for name in "abc"])) == {}


def test_each_oddity_is_found_with_its_figures() -> None:
    steady = [1 + day / 100 for day in range(12)]
    assert found(rows(steady, skip=(5, 6, 7, 8))) == {"gaps": ["no observation for 5 days before"]}
    assert "price jumps" in found(rows([*steady, 50.0, 51.0], caps=[1e8] * 14))
    spike = [*steady[:6], 100.0, *steady[6:]]
    assert found(rows(spike))["price spikes"] == ["94.34 times the prices before and after"]
    assert found(rows([1.5] * 12)) == {"stale prices": ["the same price on 12 days in a row"]}
    jumped = [price * (1e8 if day < 6 else 3e8) for day, price in enumerate(steady)]
    assert found(rows(steady, jumped)) == {"supply jumps": ["the implied supply is 3 times that of the row before"]}
    assert found(rows(steady, [*[1e9] * 11, 2e15]))["impossible capitalisations"] == ["a capitalisation of 2e+15"]


def test_only_what_is_wrong_beyond_doubt_is_set_aside(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    steady = [1 + day / 100 for day in range(12)]
    lake.write("daily", pl.concat([rows(steady, [*[1e9] * 11, 2e15]), rows([2.0] * 12, asset="b")]))
    findings, aside = check_lake(lake)
    assert aside == 0
    assert lake.read("quarantine").is_empty()
    findings, aside = check_lake(lake, quarantine=True)
    assert aside == to_quarantine(findings, "daily").height == 1
    panel = lake.panel()
    assert panel.field("market_cap")[-2, 0] == 1e9
    assert panel.field("market_cap")[-1, 0] != 2e15


def test_a_ticker_of_two_assets_is_found() -> None:
    aliases = ALIASES.conform(pl.DataFrame({"source": ["v", "v"], "alias": ["LUNA", "LUNA"], "asset": ["one", "two"]}))
    findings = {finding.check: finding for finding in check_observations(DAILY.empty(), aliases)}
    assert findings["symbol collisions"].rows["reason"].to_list() == ["LUNA means one and two"]


@pytest.fixture(scope="module")
def real_findings(shared: Path) -> dict[str, pl.DataFrame]:
    midnight = pl.col("date").cast(pl.Datetime("us", "UTC")) + timedelta(days=1)
    table = pl.read_parquet(shared / "data" / "cmc_daily_2013_2020h1.parquet").select(
        time=midnight,
        asset=pl.col("symbol").str.to_lowercase(),
        price="price_usd",
        market_cap="market_cap_usd",
        volume="volume_usd_24h",
    )
    frame = DAILY.conform(table.unique(["time", "asset"], keep="first", maintain_order=True).sort("time", "asset"))
    return {finding.check: finding.rows for finding in check_observations(frame, ALIASES.empty())}


def test_the_absurd_capitalisations_of_the_real_market_are_found(real_findings: dict[str, pl.DataFrame]) -> None:
    worst = real_findings["impossible capitalisations"]
    assert {"innbcl", "etnxp"} <= set(worst["asset"])
    assert worst["value"].max() == pytest.approx(2.5063e16, rel=1e-4)
    assert "innbcl" in set(real_findings["price jumps"]["asset"])
    assert real_findings["supply jumps"].height >= 40
    for name in ("btc", "eth", "xrp", "ltc"):
        assert name not in set(worst["asset"])
