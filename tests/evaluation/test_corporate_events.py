"""A split or a migration of a member changes nothing that an evaluation says of risk, cost and capacity."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from basketry.evaluation.attribution import basket_path
from basketry.evaluation.baskets import trades_of
from basketry.evaluation.concentration import index_concentration
from basketry.evaluation.liquidity import market_liquidity
from basketry.evaluation.replicability import index_replicability
from basketry.index.calculate import calculate_index
from basketry.index.result import IndexResult
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

START = datetime(2020, 1, 1)
DAYS, ROW = 150, 130
RULES = Methodology.load(
    {
        "basketry": 1,
        "name": "Three",
        "symbol": "THREE",
        "base": {"date": "2020-02-10", "level": 1000},
        "select": {"by": "market_cap", "top": 3},
        "weight": {"by": "market_cap"},
        "rebalance": {"every": "month", "determine": "1d"},
    }
)


def calculated(kind: str | None, ratio: float) -> IndexResult:
    """Return the index of four assets of which c is split, or goes on as d, twenty days before the end."""
    rng = np.random.default_rng(3)
    moves = np.exp(np.cumsum(rng.normal(0, 0.03, (DAYS, 3)), axis=0))
    volume = 1e8 * rng.uniform(0.5, 1.5, (DAYS, 3))
    columns = {
        name: (moves[:, place] * 10, moves[:, place] * 1e9, volume[:, place]) for place, name in enumerate("abc")
    }
    events: list[dict[str, Any]] = []
    if kind is not None:
        stamp = START.replace(tzinfo=UTC) + timedelta(days=ROW)
        successor = "d" if kind == "migration" else None
        events = [{"time": stamp, "kind": kind, "asset": "c", "new_asset": successor, "ratio": ratio}]
        price, cap, traded = columns["c"]
        price[ROW:] /= ratio
        if kind == "migration":
            late = np.arange(DAYS) >= ROW
            columns["d"] = (np.where(late, price, np.nan), np.where(late, cap, np.nan), np.where(late, traded, np.nan))
            for values in (price, cap, traded):
                values[ROW:] = np.nan
    times = [START + timedelta(days=n) for n in range(DAYS)]
    wide: dict[str, Any] = {
        name: pl.DataFrame({"time": times, **{asset: values[place] for asset, values in columns.items()}})
        for place, name in enumerate(("price", "market_cap", "volume"))
    }
    table = pl.DataFrame(events, schema_overrides={"new_asset": pl.String}) if events else None
    return calculate_index(RULES, Panel.from_frames(events=table, **wide))


PLAIN = calculated(None, 1.0)
CASES = [("redenomination", 100.0), ("redenomination", 0.001), ("migration", 100.0)]


@pytest.mark.parametrize(("kind", "ratio"), CASES)
def test_risk_cost_and_capacity_are_those_without_the_event(kind: str, ratio: float) -> None:
    found = calculated(kind, ratio)
    was, now = index_concentration(PLAIN), index_concentration(found)
    for name in ("herfindahl", "volatility", "coverage"):
        assert getattr(now, name) == pytest.approx(getattr(was, name), rel=1e-9), name
    assert now.risk_shares == pytest.approx(was.risk_shares, rel=1e-9)
    renamed = found.panel.position("d" if kind == "migration" else "c")
    for mine, right in zip(market_liquidity(found.panel), market_liquidity(PLAIN.panel), strict=True):
        assert mine[renamed] == pytest.approx(right[2], rel=1e-9)
    first, second = index_replicability(PLAIN), index_replicability(found)
    assert second.capacity == pytest.approx(first.capacity, rel=1e-9)
    assert second.turnover == pytest.approx(first.turnover, rel=1e-9)
    assert second.costs["replicate"].to_list() == pytest.approx(first.costs["replicate"].to_list(), rel=1e-9)
    assert second.costs["rebalance_year"].to_list() == pytest.approx(first.costs["rebalance_year"].to_list(), rel=1e-9)


@pytest.mark.parametrize(("kind", "ratio"), CASES)
def test_a_conversion_is_no_trade(kind: str, ratio: float) -> None:
    found = trades_of(calculated(kind, ratio))
    assert np.abs(found.changes).sum() == pytest.approx(np.abs(trades_of(PLAIN).changes).sum(), rel=1e-9)


@pytest.mark.parametrize(("kind", "ratio"), CASES)
def test_the_returns_that_are_attributed_are_those_without_the_event(kind: str, ratio: float) -> None:
    was, now = basket_path(PLAIN), basket_path(calculated(kind, ratio))
    np.testing.assert_allclose(now.levels, was.levels, rtol=1e-9)
    mine, right = ((path.weights * path.returns).sum(axis=1) for path in (now, was))
    np.testing.assert_allclose(mine, right, rtol=1e-9, atol=1e-12)
