"""Today's orders: money, lots, bands, what left the index, bad input."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketry.core.errors import DataError
from basketry.tracking.orders import orders

NAMES = ["a", "b", "c", "d"]


@settings(max_examples=80, derandomize=True)
@given(
    held=st.lists(st.floats(0, 100), min_size=4, max_size=4),
    cash=st.floats(0, 1_000),
    parts=st.lists(st.integers(0, 10), min_size=4, max_size=4).filter(any),
    lot=st.sampled_from([0.0, 0.01, 1.0]),
    linear=st.sampled_from([0.0, 0.002]),
    band=st.sampled_from([0.0, 0.1]),
)
def test_no_order_spends_what_is_not_there_or_sells_what_is_not_held(
    held: list[float], cash: float, parts: list[int], lot: float, linear: float, band: float
) -> None:
    prices = dict(zip(NAMES, (1.0, 10.0, 3.5, 0.2), strict=True))
    quantities = {**dict(zip(NAMES, held, strict=True)), "cash": cash}
    weights = {name: part / sum(parts) for name, part in zip(NAMES, parts, strict=True)}
    value = cash + sum(quantities[name] * prices[name] for name in NAMES)
    if value <= 0:
        return
    found = orders(quantities, weights, prices, linear=linear, impact=1e-4, lots=lot, band=band, to="edge")
    sold, bought = (float(found.filter(side=side)["amount"].sum()) for side in ("sell", "buy"))
    assert bought + float(found["cost"].sum()) <= cash + sold + 1e-9 * value
    for row in found.iter_rows(named=True):
        if row["side"] == "sell":
            assert row["quantity"] <= quantities[row["asset"]] * (1 + 1e-9)
        if lot:
            assert row["quantity"] / lot == pytest.approx(round(row["quantity"] / lot), abs=1e-6)


def test_without_costs_lots_and_bands_the_portfolio_is_the_index_after_them() -> None:
    found = orders({"a": 10.0, "b": 1.0}, {"a": 0.25, "b": 0.75}, {"a": 10.0, "b": 100.0})
    assert found["weight_after"].to_list() == pytest.approx(found["weight_index"].to_list())
    assert found.select("asset", "side", "quantity").rows() == [("a", "sell", 5.0), ("b", "buy", 0.5)]


def test_within_the_band_nothing_is_traded_and_outside_only_to_its_edge() -> None:
    prices = {"a": 1.0, "b": 1.0}
    weights = {"a": 0.5, "b": 0.5}
    assert orders({"a": 54.0, "b": 46.0}, weights, prices, band=0.1).is_empty()
    to_target = orders({"a": 60.0, "b": 40.0}, weights, prices, band=0.1)
    assert to_target["amount"].to_list() == pytest.approx([10.0, 10.0])
    to_edge = orders({"a": 60.0, "b": 40.0}, weights, prices, band=0.1, to="edge")
    assert to_edge["amount"].to_list() == pytest.approx([5.0, 5.0])


def test_what_left_the_index_is_sold_and_small_orders_are_left_out() -> None:
    found = orders({"a": 1.0, "x": 2.0}, {"a": 1.0}, {"a": 50.0, "x": 25.0})
    assert found.filter(asset="x")["quantity"].to_list() == [2.0]
    assert orders({"a": 1.0, "x": 0.001}, {"a": 1.0}, {"a": 50.0, "x": 25.0}, minimum=1.0).is_empty()


def test_impact_raises_the_cost_with_the_power_three_halves() -> None:
    prices, weights = {"a": 1.0}, {"a": 1.0}
    for money in (2e4, 8e4):
        (row,) = orders({"cash": money}, weights, prices, impact=1e-3).iter_rows(named=True)
        assert row["cost"] == pytest.approx(1e-3 * row["amount"] ** 1.5)
        assert row["amount"] + row["cost"] == pytest.approx(money)


def test_gas_is_paid_for_each_order_and_no_order_is_above_the_largest() -> None:
    prices, weights = {"a": 1.0, "b": 1.0}, {"a": 0.5, "b": 0.5}
    found = orders({"cash": 1000.0}, weights, prices, gas=10.0)
    assert found["cost"].to_list() == [10.0, 10.0]
    assert found["amount"].sum() == pytest.approx(980.0)
    cut = orders({"cash": 1000.0}, weights, prices, largest={"a": 100.0})
    assert dict(cut.select("asset", "amount").iter_rows()) == {"a": 100.0, "b": 500.0}
    assert orders({"a": 10.0}, {"b": 1.0}, prices, largest=0.0).is_empty()


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"band": -0.1}, "band"),
        ({"band": np.nan}, "band"),
        ({"cash_buffer": 1.0}, "cash_buffer"),
        ({"lots": -1.0}, "a lot must be 0 or more"),
        ({"lots": {"a": np.nan}}, "a lot must be 0 or more"),
    ],
)
def test_terms_out_of_range_are_one_clear_error(terms: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        orders({"a": 1.0}, {"a": 1.0}, {"a": 1.0}, **terms)


@pytest.mark.parametrize(
    ("quantities", "weights", "prices", "message"),
    [
        ({"a": 1.0}, {"a": 1.0}, {"b": 1.0}, "'a' has no price"),
        ({"a": 1.0}, {"a": 1.0}, {"a": np.nan}, "'a' has no price"),
        ({"a": -1.0}, {"a": 1.0}, {"a": 1.0}, "must not be negative"),
        ({"a": 1.0}, {"a": 0.9}, {"a": 1.0}, "sum to 1"),
        ({"a": 0.0}, {"a": 1.0}, {"a": 1.0}, "worth nothing"),
        ({"a": 1e300}, {"a": 1.0}, {"a": 1e300}, "worth more than"),
    ],
)
def test_bad_input_is_one_clear_error(
    quantities: dict[str, float], weights: dict[str, float], prices: dict[str, float], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        orders(quantities, weights, prices)


def test_the_weight_of_a_cash_member_is_kept_as_money_beside_the_buffer() -> None:
    # A tenth of 1,000 is the buffer; of the other 900 the index has 40% in cash: 100 + 360, and 540 in a.
    found = orders({"cash": 1_000.0}, {"a": 0.6, "cash": 0.4}, {"a": 10.0}, cash_buffer=0.1)
    assert found.select("asset", "side", "amount").rows() == [("a", "buy", pytest.approx(540.0))]
    # 30 units of 10 and 700 are too much money by 160: what the buffer and the member do not need is spent.
    again = orders({"a": 30.0, "cash": 700.0}, {"a": 0.6, "cash": 0.4}, {"a": 10.0}, cash_buffer=0.1)
    assert again["amount"].to_list() == pytest.approx([240.0])
    # And where there is too little, a is sold for it.
    sold = orders({"a": 90.0, "cash": 100.0}, {"a": 0.6, "cash": 0.4}, {"a": 10.0})
    assert sold.select("side", "amount").rows() == [("sell", pytest.approx(300.0))]
