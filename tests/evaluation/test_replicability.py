"""Replicability: costs by the law, closed-form capacity, verdicts, what is not known."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from scipy.optimize import brentq

from basketry.core.errors import DataError
from basketry.core.frames import MARKETS
from basketry.evaluation.baskets import Trades, trades_of
from basketry.evaluation.liquidity import CostModel, Liquidity, days_to_trade, major_venues
from basketry.evaluation.replicability import capacity, index_replicability, replicability
from basketry.index.calculate import calculate_index
from basketry.index.result import IndexResult
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

HELD = Liquidity.of(
    {"btc": 0.6, "eth": 0.3, "tiny": 0.1},
    {"btc": 1e10, "eth": 5e9, "tiny": 1e6},
    {"btc": 0.03, "eth": 0.04, "tiny": 0.08},
    {"btc": 8, "eth": 7, "tiny": 1},
    {"btc": 1e7, "eth": 5e6},
)
TRADED = Trades(("btc", "eth", "tiny"), np.array([[0.02, -0.01, -0.01], [-0.03, 0.01, 0.02]]), 0.5)


def test_costs_follow_the_law_term_by_term() -> None:
    found = replicability(HELD, TRADED, sizes=[1e7])
    row = found.costs.row(0, named=True)
    volume, sigma = [1e10, 5e9, 1e6], [0.03, 0.04, 0.08]
    buy = sum(
        w * 1e7 * (0.0015 + s * math.sqrt(w * 1e7 / v)) for w, v, s in zip([0.6, 0.3, 0.1], volume, sigma, strict=True)
    )
    assert row["replicate"] == pytest.approx(buy / 1e7, rel=1e-12)
    year = sum(
        abs(change) * 1e7 * (0.0015 + s * math.sqrt(abs(change) * 1e7 / v))
        for changes in TRADED.changes
        for change, v, s in zip(changes, volume, sigma, strict=True)
    )
    assert row["rebalance_year"] == pytest.approx(year / 1e7 / 0.5, rel=1e-12)
    assert found.turnover == pytest.approx(0.5 * 0.1 / 0.5)
    assert row["slowest"] == "tiny"
    assert row["largest_days"] == pytest.approx(10.0)


def test_capacity_is_where_the_yearly_cost_meets_the_bound() -> None:
    found = replicability(HELD, TRADED, bound=0.005)

    def above(log_size: float) -> float:
        size = math.exp(log_size)
        return float(replicability(HELD, TRADED, sizes=[size]).costs["rebalance_year"][0]) - 0.005

    assert found.capacity == pytest.approx(math.exp(brentq(above, 5, 30, xtol=1e-12)), rel=1e-9)
    assert capacity(0.02, 1e-6, 0.01) == 0
    assert capacity(0.001, 0.0, 0.01) == math.inf


def test_costs_rise_with_size_and_scale_with_money() -> None:
    costs = replicability(HELD, TRADED).costs
    assert costs["size"].to_list() == [1e6, 1e7, 1e8, 1e9]
    assert costs["replicate"].is_sorted()
    assert costs["rebalance_year"].is_sorted()
    rates = dict(zip(HELD.assets, HELD.volatility.tolist(), strict=True))
    weights = dict(zip(HELD.assets, HELD.weights.tolist(), strict=True))
    volumes = dict(zip(HELD.assets, (HELD.value_traded * 100).tolist(), strict=True))
    yen = replicability(Liquidity.of(weights, volumes, rates), TRADED, sizes=[1e9])
    dollars = replicability(HELD, TRADED, sizes=[1e7])
    assert yen.costs["rebalance_year"][0] == pytest.approx(dollars.costs["rebalance_year"][0], rel=1e-12)
    assert yen.capacity == pytest.approx(dollars.capacity * 100, rel=1e-9)


def test_the_verdict_is_by_the_criteria_and_unknown_is_not_a_pass() -> None:
    found = replicability(HELD, TRADED)
    assert found.constituents["verdict"].to_list() == ["pass", "pass", "fail"]
    assert "1 major venues" in found.constituents["reason"][2]
    assert found.verdict == "fail"
    assert found.failing_weight == pytest.approx(0.1)
    assert found.constituents["depth"].to_list() == [1e7, 5e6, None]
    weights = {"btc": 0.5, "eth": 0.5}
    partly = Liquidity.of(weights, {"btc": 1e9, "eth": 1e9}, {}, {"btc": 3})
    trades = Trades((), np.zeros((0, 0)), 1.0)
    judged = replicability(partly, trades)
    assert (judged.verdict, judged.unknown_weight) == ("unknown", 0.5)
    assert judged.capacity == math.inf
    assert (
        replicability(Liquidity.of(weights, {"btc": 1e9, "eth": 1e9}, {}, {"btc": 3, "eth": 3}), trades).verdict
        == "pass"
    )


def test_an_asset_that_nobody_is_known_to_trade_costs_without_bound() -> None:
    held = Liquidity.of({"btc": 0.9, "ghost": 0.1}, {"btc": 1e9}, {"btc": 0.03})
    found = replicability(held, Trades(("ghost",), np.array([[0.1]]), 1.0), sizes=[1e6])
    assert found.costs["replicate"][0] == math.inf
    assert found.costs["unpriced_weight"][0] == pytest.approx(0.1)
    assert found.capacity == 0
    assert np.isnan(days_to_trade(held, 1e6)[1])


def test_former_constituents_without_a_market_count_as_the_median() -> None:
    trades = Trades(("btc", "gone"), np.array([[0.1, -0.1]]), 1.0)
    held = Liquidity.of({"btc": 1.0}, {"btc": 1e9}, {"btc": 0.03})
    found = replicability(held, trades, sizes=[1e6])
    assert "substituted" in found.conventions
    twice = replicability(held, Trades(("btc",), np.array([[0.1], [-0.1]]), 1.0), sizes=[1e6])
    assert found.costs["rebalance_year"][0] == pytest.approx(twice.costs["rebalance_year"][0], rel=1e-12)


def test_major_venues_are_counted_at_their_time() -> None:
    rows = pl.DataFrame(
        {
            "venue": ["a", "a", "b", "b", "c", "d"],
            "pair": ["btc-usd", "btc-eur", "btc-usd", "eth-usd", "btc-usd", "btc-usd"],
            "symbol": ["x"] * 6,
            "base": ["btc", "btc", "btc", "eth", "btc", "btc"],
            "quote": ["usd", "eur", "usd", "usd", "usd", "usd"],
            "kind": ["spot", "spot", "spot", "spot", "perpetual", "spot"],
            "size_decimals": [8] * 6,
            "valid_from": [None] * 6,
            "valid_until": [None, None, datetime(2021, 1, 1, tzinfo=UTC), None, None, None],
        },
        schema=MARKETS.dtypes,
    )
    assert major_venues(rows, ["a", "b", "c"], "2020-06-01") == {"btc": 2, "eth": 1}
    assert major_venues(rows, ["a", "b", "c"], "2021-01-01") == {"btc": 1, "eth": 1}
    assert major_venues(rows, ["c"], "2021-01-01") == {"btc": 0, "eth": 0}


def test_an_index_is_judged_by_what_was_known(five: IndexResult) -> None:
    venues = dict.fromkeys(five.panel.assets, 4)
    found = index_replicability(five, venues=venues)
    assert found.turnover == pytest.approx(trades_of(five, five.times[-1] - np.timedelta64(365, "D")).turnover)
    assert found.constituents["weight"].sum() == pytest.approx(1)
    early = index_replicability(five, venues=venues, instant="2020-04-15")
    view = five.panel.as_of("2020-04-15").field("volume")[-30:]
    top = early.constituents.row(0, named=True)
    assert top["value_traded"] == pytest.approx(np.median(view[:, five.panel.position(top["asset"])]))


def test_turnover_is_what_the_rebalances_say(five: IndexResult) -> None:
    rows = five.rebalances.filter(pl.col("trigger") != "base").unique("effective_at")
    years = float((five.times[-1] - five.times[0]) / np.timedelta64(1, "D")) / 365
    assert trades_of(five).turnover == pytest.approx(float(rows["turnover"].sum()) / years, rel=1e-12)


def test_what_cannot_be_is_refused(five: IndexResult) -> None:
    with pytest.raises(DataError, match="participation"):
        replicability(HELD, TRADED, participation=0.0)
    with pytest.raises(DataError, match="not negative"):
        CostModel(fee=-0.1)
    with pytest.raises(DataError, match="is negative"):
        Liquidity.of({"a": 1.0}, {"a": -1.0}, {})
    with pytest.raises(DataError, match="all zero"):
        Liquidity.of({"a": 0.0}, {}, {})
    with pytest.raises(DataError, match="less than a day"):
        trades_of(five, five.times[-1])


def test_the_real_indices_cost_more_the_smaller_their_members(real_indices: dict[str, IndexResult]) -> None:
    found = {name: index_replicability(result) for name, result in real_indices.items()}
    large, wide = found["large-cap-20"], found["cci30"]
    assert large.capacity > wide.capacity
    assert wide.failing_weight >= large.failing_weight
    assert large.verdict in ("unknown", "fail")


def test_trades_cost_what_their_own_time_makes_them_cost(five: IndexResult) -> None:
    found = index_replicability(five, sizes=[1e6])
    price, volume = five.panel.field("price"), five.panel.field("volume")
    cost = 0.0
    trades = trades_of(five)
    assert trades.instants is not None
    for instant, changes in zip(trades.instants, trades.changes, strict=True):
        row = int(np.searchsorted(five.panel.times, instant)) + 1
        for asset, change in zip(trades.assets, changes, strict=True):
            column = five.panel.position(asset)
            sigma = math.sqrt(np.mean(np.diff(np.log(price[row - 31 : row, column])) ** 2))
            share = abs(change) * 1e6 / np.median(volume[row - 30 : row, column])
            cost += abs(change) * (0.0015 + sigma * math.sqrt(share))
    assert found.costs["rebalance_year"][0] == pytest.approx(cost / trades.years, rel=1e-9)


def test_an_index_that_never_changes_has_no_cost_of_change(
    make_market: Callable[..., Panel], make_rules: Callable[..., Methodology]
) -> None:
    one = {"select": {"by": "market_cap", "top": 1}, "weight": "equal", "rebalance": {"every": "year"}}
    found = index_replicability(calculate_index(make_rules(**one), make_market(), end="2020-06-01"))
    assert found.turnover == 0
    assert found.capacity == math.inf
    assert found.costs["rebalance_year"].to_list() == [0, 0, 0, 0]
    assert found.costs["replicate"][0] > 0
