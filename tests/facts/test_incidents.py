"""LUNA, UST, FTT and XRP as `explain` tells them, on monthly snapshots of the two hundred largest coins."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from basketry.index.calculate import calculate_index
from basketry.index.explain import Explanation, explain_index
from basketry.index.result import IndexResult
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

# The ticker LUNA means two assets: Terra until May 2022, another chain since; UST was renamed.
RENAMED = {"Terra": "terra-classic", "Terra Classic": "terra-classic", "TerraClassicUSD": "terrausd"}


@pytest.fixture(scope="module")
def snapshots(shared: Path) -> Panel:
    table = pl.read_parquet(shared / "data" / "cmc_monthly_top200_2020_2024.parquet")
    new_chain = (pl.col("symbol") == "LUNA") & (pl.col("date") >= pl.date(2022, 6, 1))
    plain = pl.col("name").replace(RENAMED).str.to_lowercase().str.replace_all(r"[^a-z0-9._-]+", "-")
    observations = table.select(
        time=pl.col("date").cast(pl.Datetime("us", "UTC")),
        asset=pl.when(new_chain).then(pl.lit("terra-2")).otherwise(plain),
        price="price_usd",
        market_cap="market_cap_usd",
        volume="volume_usd_24h",
    ).unique(["time", "asset"], keep="first", maintain_order=True)
    stable = ["tether", "usd-coin", "binance-usd", "terrausd", "dai"]
    tags = pl.DataFrame({"asset": stable, "scheme": ["tag"] * 5, "value": ["stablecoin"] * 5})
    return Panel.from_frames(observations, classifications=tags)


def index(panel: Panel, then: str = "remove_at_zero", **sections: Any) -> IndexResult:
    document = {
        "basketry": 1,
        "name": "Thirty largest",
        "symbol": "TOP30",
        "base": {"date": "2020-02-01", "level": 1000},
        "universe": [{"exclude_tags": ["stablecoin"]}],
        "select": {"by": "market_cap", "top": 30},
        "weight": {"by": "market_cap", "cap": 0.25},
        "rebalance": {"every": "month", "determine": "0d"},
        "missing": {"carry_forward": "3d", "then": then},
        **sections,
    }
    return calculate_index(Methodology.load(document), panel)


def reason(explanation: Explanation, asset: str) -> str:
    found = explanation.of(asset)
    return "" if found is None else "; ".join(found.steps)


def test_luna_leaves_with_its_price(snapshots: Panel) -> None:
    result = index(snapshots)
    before = explain_index(result, "2022-05-15")
    terra = before.of("terra-classic")
    assert terra is not None
    assert (terra.held, terra.rank) == (True, 6)
    assert terra.weight is not None
    assert 0.03 < terra.weight < 0.06
    assert "fails exclude_tags" in reason(before, "terrausd")
    after = explain_index(result, "2022-06-01")
    assert "no price fresh enough" in reason(after, "terra-classic")
    removal = result.events.filter((pl.col("kind") == "missing_price") & (pl.col("asset") == "terra-classic"))
    assert removal["treatment"].to_list() == ["remove_at_zero"]
    assert "last price 82.2395" in removal["evidence"][0]
    kept = index(snapshots, then="remove_at_last_price")
    june, may = (pl.col("time") == pl.datetime(2022, *day, time_zone="UTC") for day in ((6, 1), (5, 31)))
    ratio = [
        result.levels.filter(day)["price_return"][0] / kept.levels.filter(day)["price_return"][0] for day in (june, may)
    ]
    gone = result.events.filter((pl.col("kind") == "missing_price") & (pl.col("time").dt.date() == pl.date(2022, 6, 1)))
    weights = [float(text.split()[-1].rstrip("%")) / 100 for text in gone["evidence"]]
    assert ratio[0] / ratio[1] == pytest.approx(1 - sum(weights), rel=1e-5)
    # The others fell in May while the last price of Terra stood, so its weight grew until it was removed.
    assert terra.weight < max(weights) < 0.07


def test_ust_is_left_out_for_what_it_is_and_ustc_too(snapshots: Panel) -> None:
    result = index(snapshots, universe=[])
    before = explain_index(result, "2022-05-15").of("terrausd")
    assert before is not None
    assert (before.held, before.rank) == (True, 10)
    after = explain_index(result, "2022-06-15").of("terrausd")
    assert after is not None
    assert (after.held, after.rank) == (False, 156)


def test_ftt_leaves_with_its_price(snapshots: Panel) -> None:
    result = index(snapshots)
    before = explain_index(result, "2022-11-15").of("ftx-token")
    assert before is not None
    assert (before.held, before.rank) == (True, 19)
    assert "no price fresh enough" in reason(explain_index(result, "2022-12-01"), "ftx-token")
    assert "ftx-token" in result.events.filter(pl.col("kind") == "missing_price")["asset"].to_list()


def test_xrp_is_taken_out_by_a_decision_and_the_reason_is_kept(snapshots: Panel) -> None:
    decision = {
        "asset": "xrp",
        "action": "exclude",
        "from": "2020-12-23",
        "until": "2023-07-14",
        "reason": "complaint of the SEC of 22 December 2020; venues stop trading",
        "approver": "Index committee",
        "date": "2020-12-23",
    }
    plain, decided = index(snapshots), index(snapshots, overrides=[decision])
    held = explain_index(plain, "2021-01-15").of("xrp")
    assert held is not None
    assert (held.held, held.rank) == (True, 3)
    out = explain_index(decided, "2021-01-15")
    assert "complaint of the SEC" in reason(out, "xrp")
    assert not getattr(out.of("xrp"), "held", True)
    assert getattr(explain_index(decided, "2020-12-15").of("xrp"), "held", False)
    assert getattr(explain_index(decided, "2023-08-15").of("xrp"), "held", False)
    first = decided.rebalances.filter((pl.col("asset") == "xrp") & (pl.col("change") == "delete"))
    assert first["effective_at"].dt.date().to_list()[0].isoformat() == "2021-01-01"


def test_months_between_snapshots_are_suspended_not_invented(snapshots: Panel) -> None:
    levels = index(snapshots).levels
    held = levels.filter(pl.col("time").dt.day() == 15)
    assert set(held["status"].cast(str)) == {"suspended"}
    assert held["age_days"].to_list() == [14.0] * held.height
    assert timedelta(days=1) == levels["time"].diff().max()
