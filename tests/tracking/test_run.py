"""Books, limits and bad input of the simulation."""

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import DataError
from basketry.tracking.costs import TradingCosts
from basketry.tracking.policies import POLICIES
from basketry.tracking.run import follow
from basketry.tracking.target import Target

DAILY = POLICIES.build("calendar", "1d")
FREE = TradingCosts()


def market(rows: int = 200, assets: int = 6, seed: int = 3) -> Target:
    rng = np.random.default_rng(seed)
    prices = np.exp(np.cumsum(rng.normal(0, 0.04, (rows, assets)), axis=0)) * rng.uniform(1, 100, assets)
    weights = rng.dirichlet(np.ones(assets), rows)
    weights[50:90, 2] = 0
    weights /= weights.sum(axis=1, keepdims=True)
    times = np.datetime64("2022-01-01") + np.arange(rows)
    return Target.from_arrays(times, [f"coin-{letter}" for letter in "abcdefgh"[:assets]], prices, weights)


def halted(target: Target, column: int, rows: slice) -> Target:
    prices = target.prices.copy()
    prices[rows, column] = np.nan
    weights = target.weights.copy()
    return Target.from_arrays(target.times, target.assets, prices, weights)


def test_daily_trading_at_no_cost_is_the_index() -> None:
    result = follow(market(2000), DAILY, FREE, value=1e6)
    assert np.abs(result.level / result.index - 1).max() < 1e-12
    assert result.figures().tracking_error < 1e-13
    assert np.abs(result.attribution().table["difference"].to_numpy()).max() < 1e-11


def test_trading_with_the_index_at_no_cost_is_the_index() -> None:
    target = market()
    units = np.random.default_rng(1).uniform(1, 2, (5, 6)).repeat(40, axis=0)
    weights = units * target.prices
    still = Target.from_arrays(target.times, target.assets, target.prices, weights / weights.sum(axis=1, keepdims=True))
    assert np.flatnonzero(still.changes).tolist() == [40, 80, 120, 160]
    result = follow(still, POLICIES.build("with_index", None), FREE, value=1e6)
    assert np.abs(result.level / result.index - 1).max() < 1e-13
    assert set(np.flatnonzero(result.trades.any(axis=1)).tolist()) <= {0, 40, 80, 120, 160}


def test_costs_are_those_stated() -> None:
    costs = TradingCosts(linear=0.002, impact=3e-6, gas=2.5)
    result = follow(market(), POLICIES.build("calendar", "10d"), costs, value=5e5)
    amount = np.abs(result.trades)
    table = result.levels
    np.testing.assert_allclose(table["cost_linear"], 0.002 * amount.sum(axis=1))
    np.testing.assert_allclose(table["cost_impact"], 3e-6 * (amount**1.5).sum(axis=1), atol=1e-9)
    np.testing.assert_allclose(table["gas"], 2.5 * (amount > 0).sum(axis=1))
    found = result.figures()
    assert found.cost == pytest.approx(
        table.select(pl.sum_horizontal("cost_linear", "cost_impact", "gas")).sum().item()
        / table["value"].mean() / result.target.years
    )  # fmt: skip
    assert found.cost_interval[0] < found.cost < found.cost_interval[1]
    assert found.tracking_error_interval[0] < found.tracking_error < found.tracking_error_interval[1]
    assert result.figures(seed=1) == result.figures(seed=1) != found


def test_a_fee_is_taken_by_the_day() -> None:
    target = market(366)
    result = follow(target, DAILY, FREE, value=1e6, fee=0.01)
    assert result.level[-1] / result.index[-1] == pytest.approx((1 - 0.01 / 365) ** 365, rel=1e-12)


def test_cash_is_held_as_asked_and_drags() -> None:
    result = follow(market(), DAILY, FREE, value=1e6, cash_buffer=0.05)
    np.testing.assert_allclose(result.levels["cash"] / result.levels["value"], 0.05, rtol=1e-9)
    found = result.attribution()
    assert found.part("cash_drag", "tracking_error") == pytest.approx(found.part("whole", "tracking_error"), rel=1e-9)


def test_a_portfolio_that_begins_in_cash_pays_for_its_basket() -> None:
    result = follow(market(), DAILY, TradingCosts(linear=0.001), value=1e6, invested=False)
    assert result.level[0] == pytest.approx(1 / 1.001, rel=1e-12)
    assert result.levels["cash"][0] == pytest.approx(0, abs=1e-6)
    found = result.attribution()
    assert abs(found.part("rounding")) < 1e-12


def test_flows_do_not_change_the_value_of_a_share() -> None:
    target = market()
    money = np.zeros(200)
    money[20], money[70] = 4e5, -3e5
    plain = follow(target, DAILY, FREE, value=1e6)
    moved = follow(target, DAILY, FREE, value=1e6, flows=money)
    np.testing.assert_allclose(moved.level, plain.level, rtol=1e-12)
    assert moved.levels["value"][25] / plain.levels["value"][25] > 1.2


def test_a_halted_asset_is_kept_and_not_traded() -> None:
    """Without a price an asset keeps its last one; the others share what is left of the target."""
    target = halted(market(), 1, slice(60, 80))
    result = follow(target, DAILY, FREE, value=1e6)
    assert (result.trades[60:80, 1] == 0).all()
    assert (result.trades[81, 1] != 0).all()
    np.testing.assert_allclose(result.holdings[60:80, 1], result.holdings[59, 1], rtol=1e-14)
    others = [0, 2, 3, 4, 5]
    shares = result.weights[70, others] / result.weights[70, others].sum()
    np.testing.assert_allclose(shares, target.weights[70, others] / target.weights[70, others].sum(), rtol=1e-9)
    assert np.abs(result.levels["cash"].to_numpy()).max() < 1e-6
    for name, value in (("bands", 0.1), ("cost_aware", 100.0), ("cost_aware", {"aversion": 50.0, "horizon": 2}),
                        ("tracking_error_budget", 0.01), ("flow_driven", 0.2), ("auction", 0.01)):  # fmt: skip
        other = follow(target, POLICIES.build(name, value), TradingCosts(linear=0.001), value=1e6)
        assert (other.trades[60:80, 1] == 0).all(), name


def test_an_illiquid_asset_is_traded_as_far_as_the_market_takes() -> None:
    target = market()
    largest = np.full((200, 6), np.inf)
    largest[:, 0] = 2e3
    costs = TradingCosts(linear=0.001, largest=largest)
    for name, value in (("calendar", "1d"), ("bands", 0.05), ("cost_aware", 500.0), ("tracking_error_budget", 0.001)):
        result = follow(target, POLICIES.build(name, value), costs, value=1e6)
        assert np.abs(result.trades[:, 0]).max() <= 2e3 * (1 + 1e-12), name
        assert (np.abs(result.trades[:, 0]) > 0).any(), name
        assert (result.levels["cash"] >= 0).all(), name
        if name == "cost_aware":
            # What one asset cannot take goes to the others, not into cash.
            assert (result.log[:, 2] / result.log[:, 1]).max() < 0.01


def test_an_asset_without_volume_is_not_traded() -> None:
    target = market()
    volumes = np.full((200, 6), 1e8)
    volumes[:, 3] = np.nan
    costs = TradingCosts.from_volumes(target, volumes)
    result = follow(target, DAILY, costs, value=1e6)
    assert (result.trades[:, 3] == 0).all()


def test_trades_below_the_minimum_are_left() -> None:
    result = follow(market(), DAILY, TradingCosts(minimum=5e3), value=1e5)
    assert np.abs(result.trades[result.trades != 0]).min() >= 5e3


def test_whole_lots_and_their_part_of_the_difference() -> None:
    target = market()
    lots = 1000 / target.prices[0]
    result = follow(target, DAILY, TradingCosts(lot=lots), value=1e5, invested=False)
    sizes = np.array([lots[target.assets.index(name)] for name in result.orders["asset"]])
    count = result.orders["units"].to_numpy() / sizes
    np.testing.assert_allclose(count, np.rint(count), atol=1e-9)
    found = result.attribution()
    assert abs(found.part("rounding")) > 1e-6
    figures = found.table["difference"].to_list()
    assert abs(sum(figures[:-1]) - figures[-1]) < 1e-12


def test_gas_that_eats_the_portfolio_is_not_paid() -> None:
    result = follow(market(), DAILY, TradingCosts(gas=1e9), value=1e3)
    assert len(result.orders) == 0
    assert result.levels["gas"].sum() == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"value": -1.0}, "value must be a positive amount"),
        ({"value": np.nan}, "value must be a positive amount"),
        ({"value": 1e6, "fee": 2.0}, "write 0.01 for 1%"),
        ({"value": 1e6, "cash_buffer": 1.0}, "cash_buffer"),
        ({"value": 1e6, "flows": np.zeros(3)}, "flows must be 200 numbers"),
        ({"value": 1e6, "flows": np.full(200, np.nan)}, "flows must be 200 numbers"),
    ],
)
def test_bad_terms_are_told(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(DataError, match=words):
        follow(market(), DAILY, FREE, **arguments)  # type: ignore[arg-type]


def test_a_redemption_of_more_than_there_is() -> None:
    money = np.zeros(200)
    money[30] = -5e6
    with pytest.raises(DataError, match=r"redemption of 5,000,000.00 at 2022-01-31 cannot be paid"):
        follow(market(), DAILY, FREE, value=1e6, flows=money)


def test_a_redemption_that_the_market_does_not_take() -> None:
    money = np.zeros(200)
    money[30] = -5e5
    with pytest.raises(DataError, match="redeem in kind"):
        follow(market(), DAILY, TradingCosts(largest=1e3), value=1e6, flows=money)
    result = follow(market(), POLICIES.build("in_kind", None), TradingCosts(largest=1e3), value=1e6, flows=money)
    assert len(result.orders) == 0


def test_a_redemption_pays_its_own_costs() -> None:
    money = np.zeros(200)
    money[30] = -9e5
    costs = TradingCosts(linear=0.01, impact=1e-6)
    result = follow(market(), POLICIES.build("calendar", "400d"), costs, value=1e6, flows=money)
    assert (result.levels["cash"] >= 0).all()
    assert result.levels["sold"][30] > 9e5


def test_the_best_orders_are_told() -> None:
    orders = follow(market(), POLICIES.build("calendar", "50d"), TradingCosts(linear=0.001), value=1e6).orders
    assert orders.columns == ["time", "asset", "amount", "price", "units", "cost"]
    assert orders["time"].n_unique() <= 4
    np.testing.assert_allclose(orders["cost"], 0.001 * orders["amount"].abs(), rtol=1e-12)
