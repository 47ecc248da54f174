"""A portfolio that follows an index with a cash member, by hand."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from basketry.evaluation.baskets import trades_of
from basketry.evaluation.concentration import index_concentration
from basketry.evaluation.replicability import index_replicability
from basketry.index.calculate import calculate_index
from basketry.index.result import IndexResult
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology
from basketry.tracking.costs import TradingCosts
from basketry.tracking.policies import POLICIES
from basketry.tracking.run import follow
from basketry.tracking.target import Target

DAYS = 70
TIMES = np.datetime64("2020-01-01", "us") + np.arange(DAYS) * np.timedelta64(1, "D")
DAILY = {"weight": 0.2, "rate": 0.365, "day_count": "act/365"}
"""Interest of a thousandth a day."""


def index(cash: Any, **sections: Any) -> IndexResult:
    walk = np.random.default_rng(3).normal(0, 0.03, (DAYS, 2)).cumsum(axis=0)
    price = 10 * np.exp(walk - walk[0])
    panel = Panel(TIMES, ("a", "d"), {"price": price, "volume": np.full(price.shape, 1e9)})
    document = {
        "basketry": 1,
        "name": "Test",
        "symbol": "TEST",
        "base": {"date": "2020-01-01", "level": 100},
        "select": {"by": "price", "all": {}},
        "weight": {"by": "equal", "cash": cash},
        "rebalance": {"every": "month", "determine": "0d"},
        **sections,
    }
    return calculate_index(Methodology.load(document), panel)


def target_and_costs(result: IndexResult) -> tuple[Target, TradingCosts]:
    target = Target.from_index(result, past=timedelta(days=1))
    columns = [result.panel.position(asset) for asset in target.assets]
    return target, TradingCosts.from_volumes(target, result.panel.field("volume")[:, columns])


@pytest.mark.parametrize("cash", [0.2, DAILY])
def test_a_portfolio_without_costs_is_the_index(cash: Any) -> None:
    result = index(cash)
    target, _ = target_and_costs(result)
    assert target.assets == ("a", "cash", "d")
    assert target.tradable.all()
    followed = follow(target, POLICIES.build("with_index", None), TradingCosts(), value=1e6)
    np.testing.assert_allclose(followed.level / followed.level[0], result.level() / 100, rtol=1e-12)


def test_money_costs_nothing_and_has_no_limit() -> None:
    target, costs = target_and_costs(index(0.2))
    shape = target.prices.shape
    column = target.assets.index("cash")
    assert (costs.table("linear", shape)[:, column] == 0).all()
    assert (costs.table("impact", shape)[:, column] == 0).all()
    assert np.isinf(costs.table("largest", shape)[:, column]).all()
    assert (costs.table("linear", shape)[:, 0] == 0.0015).all()


def test_a_member_that_a_version_ends_is_sold_at_what_it_has_grown_to() -> None:
    versions = [{"from": "2020-02-15", "note": "no cash", "changes": {"weight": "equal"}}]
    target, _ = target_and_costs(index(DAILY, versions=versions))
    column = target.assets.index("cash")
    assert target.weights[-1, column] == 0.0
    # Held to the first of March, the 60th day; then its price stays for whoever still holds it.
    assert target.prices[[0, 1, 60, 69], column] == pytest.approx([1.0, 1.001, 1.001**60, 1.001**60], rel=1e-12)


def test_it_is_no_trade_no_risk_and_needs_no_market() -> None:
    result = index(0.2)
    trades = trades_of(result)
    assert trades.assets == ("a", "d")
    found = index_concentration(result)
    assert found.risk_shares is not None
    assert found.risk_shares[found.assets.index("cash")] == pytest.approx(0.0, abs=1e-12)
    judged = index_replicability(result, venues={"a": 5, "d": 5})
    assert judged.constituents.filter(asset="cash")["verdict"].item() == "pass"
