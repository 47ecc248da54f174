"""From determined weights and effective prices to units, by hand."""

from typing import Any

import numpy as np
import pytest

from basketry.index.basket import Basket
from basketry.index.records import Cause
from basketry.index.state import Decision
from basketry.index.strike import merged, strike

T = np.datetime64("2021-03-10", "us")
nan = float("nan")


def decided(weights: list[float], prices: list[float], columns: list[int] | None = None, **more: Any) -> Decision:
    size = len(weights)
    fields: dict[str, Any] = {
        "cause": Cause.SCHEDULE, "words": "schedule", "announced_at": T, "determined_at": T, "effective_at": T,
        "used_to": T, "version": 1, "members": np.arange(0), "weights": np.array(weights), "raw": np.array(weights),
        "columns": np.arange(size) if columns is None else np.array(columns), "shares": None,
        "prices": np.array(prices), "seen": np.arange(size) + 1, "reserve": np.arange(0),
    }  # fmt: skip
    return Decision(**{**fields, **more})


def struck(
    decision: Decision, prices: list[float], basket: Basket | None = None, value: float = 1000.0, fix: str = "weights"
) -> tuple[Basket | None, list[Any]]:
    seen = np.arange(len(prices)) + 5
    return strike(decision, np.array(prices), seen, basket, value, fix, T, tuple("abcdef"))


def held(columns: list[int], units: list[float], prices: list[float], **more: Any) -> Basket:
    size = len(columns)
    nobody = np.zeros(size, dtype=bool)
    fields = {
        "cash": nobody,
        "awaited": nobody,
        "factors": np.ones(size),
        "seen": np.full(size, 3),
        "counted": np.full((2, size), 2),
        **more,
    }
    return Basket(
        columns=np.array(columns), units=np.array(units), prices=np.array(prices), given=np.full(size, 1 / size),
        divisor=2.0, **fields,
    )  # fmt: skip


def test_weights_are_applied_at_the_effective_prices_or_units_at_those_of_the_determination() -> None:
    decision = decided([0.6, 0.4], [10.0, 20.0])
    weights, told = struck(decision, [20.0, 10.0])
    assert weights is not None
    assert (weights.units.tolist(), weights.value, told) == ([30.0, 40.0], 1000.0, [])
    assert (weights.given.tolist(), weights.seen.tolist()) == ([0.6, 0.4], [5, 6])
    assert weights.counted.tolist() == [[5, 6], [5, 6]], "at prices of the strike"
    units, _ = struck(decision, [20.0, 10.0], fix="units")
    assert units is not None
    assert (units.units.tolist(), units.value) == ([60.0, 20.0], 1400.0)
    assert (units.seen.tolist(), units.counted.tolist()) == ([5, 6], [[1, 2], [1, 2]]), "at prices of the determination"
    assert units.given == pytest.approx([1200 / 1400, 200 / 1400])


def test_units_that_are_counted_are_supply_times_capping_factor() -> None:
    # Raw 0.8 and 0.2 capped to 0.6 and 0.4: factors 0.75 and 2, over the largest 0.375 and 1.
    decision = decided([0.6, 0.4], [10.0, 20.0], raw=np.array([0.8, 0.2]), shares=np.array([800.0, 100.0]))
    units, _ = struck(decision, [20.0, 10.0], fix="units")
    assert units is not None
    assert units.factors == pytest.approx([0.375, 1.0])
    assert units.units == pytest.approx([300.0, 100.0])
    # The value is that of the capped units at the determination: 3,000 + 2,000.
    weights, _ = struck(decision, [20.0, 10.0])
    assert weights is not None
    assert weights.units == pytest.approx([0.6 * 5000 / 20, 0.4 * 5000 / 10])


def test_an_asset_without_a_fresh_price_is_left_out_and_told() -> None:
    decision = decided([0.5, 0.3, 0.2], [10.0, 20.0, 40.0], shares=np.array([5.0, 6.0, 7.0]))
    basket, told = struck(decision, [nan, 20.0, 40.0])
    assert basket is not None
    assert (basket.columns.tolist(), basket.given.tolist(), basket.seen.tolist()) == ([1, 2], [0.6, 0.4], [6, 7])
    assert [(one.asset, one.kind, one.treatment) for one in told] == [
        ("a", "missing_price", "left out of the rebalance")
    ]
    nobody, told = struck(decision, [nan, nan, 0.0])
    assert nobody is None
    assert [one.asset for one in told] == ["a", "b", "c"]


def test_a_member_that_stays_is_struck_at_the_price_that_the_index_uses() -> None:
    # A print of 1000 was not believed: the basket carries 10. Asset 2 is new, at its own price.
    before = held([0, 1], [1.0, 1.0], [10.0, 5.0])
    basket, _ = struck(decided([0.5, 0.5], [10.0, 40.0], [0, 2]), [1000.0, 40.0], before)
    assert basket is not None
    assert (basket.units.tolist(), basket.prices.tolist(), basket.seen.tolist()) == ([50.0, 12.5], [10.0, 40.0], [3, 6])
    for name in ("cash", "awaited"):
        frozen = held([0, 1], [1.0, 1.0], [10.0, 5.0], **{name: np.array([True, False])})
        basket, _ = struck(decided([0.5, 0.5], [10.0, 40.0], [0, 2]), [20.0, 40.0], frozen)
        assert basket is not None
        assert basket.prices.tolist() == [20.0, 40.0]
        assert basket.plain


def test_a_weight_of_zero_has_the_factor_one() -> None:
    decision = decided([1.0, 0.0], [10.0, 20.0], raw=np.array([1.0, 0.0]))
    basket, _ = struck(decision, [10.0, 20.0])
    assert basket is not None
    assert (basket.units.tolist(), basket.factors.tolist()) == ([100.0, 0.0], [1.0, 1.0])


def test_a_weight_that_no_units_before_capping_give_has_units_of_its_own() -> None:
    # The first has no supply that counts, and is lifted to 20%. The others' 800 and 250 units have the factor 0.8 and
    # are worth 6,400 + 1,600 at the determination, which is 80%: 20% are 2,000, or 200 units at 10.
    decision = decided(
        [0.2, 0.64, 0.16], [10.0, 10.0, 8.0], raw=np.array([0.0, 0.8, 0.2]), shares=np.array([0.0, 800.0, 250.0])
    )  # fmt: skip
    basket, _ = struck(decision, [20.0, 10.0, 8.0], fix="units")
    assert basket is not None
    assert basket.factors == pytest.approx([1.0, 0.8, 0.8])
    assert basket.units == pytest.approx([200.0, 640.0, 200.0])
    # Nobody is lifted: a weight of zero has none.
    nothing = decided([0.0, 1.0], [10.0, 10.0], raw=np.array([0.0, 1.0]), shares=np.array([0.0, 5.0]))
    basket, _ = struck(nothing, [10.0, 10.0], fix="units")
    assert basket is not None
    assert basket.units.tolist() == [0.0, 5.0]


def test_two_baskets_together_hold_the_plan_of_a_transition() -> None:
    old = held([0, 2], [4.0, 1.0], [10.0, 60.0], factors=np.array([0.5, 0.6]))
    new = held([1, 2], [2.0, 3.0], [5.0, 30.0], factors=np.array([0.7, 0.8]), seen=np.array([8, 9]))
    both = merged(old, new)
    # The old basket is worth 100, and so is the new one.
    assert both.columns.tolist() == [0, 1, 2]
    assert both.plan is not None
    assert both.plan.tolist() == [[4.0, 0.0, 1.0], [0.0, 2.0, 3.0]]
    assert (both.prices.tolist(), both.seen.tolist()) == ([10.0, 5.0, 30.0], [3, 8, 9])
    assert (both.factors.tolist(), both.divisor) == ([0.5, 0.7, 0.8], 2.0)
    half = merged(old, held([1], [10.0], [5.0]))
    assert half.plan is not None
    assert half.plan[1].tolist() == [0.0, 20.0, 0.0]
