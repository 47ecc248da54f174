"""A basket on its way: conversions, credits and departures by hand."""

from typing import Any

import numpy as np
import pytest

from basketry.index.basket import Basket, chain


def basket(
    columns: list[int], units: list[float], prices: list[float], *, given: list[float] | None = None, **more: Any
) -> Basket:
    size = len(columns)
    worth = np.array(units) * prices
    fields: dict[str, Any] = {
        "factors": np.linspace(0.5, 1, size),
        "seen": np.arange(size) * 10,
        "counted": np.array([np.arange(size) * 10 + 5, np.arange(size) * 10 + 6]),
        "given": worth / worth.sum() if given is None else np.array(given),
        "cash": np.zeros(size, dtype=bool),
        "awaited": np.zeros(size, dtype=bool),
        "divisor": 2.0,
        **more,
    }
    return Basket(np.array(columns), np.array(units), prices=np.array(prices), **fields)


def test_value_weights_and_places() -> None:
    held = basket([2, 5, 7], [1.0, 2.0, 3.0], [10.0, 20.0, 50.0])
    assert held.value == 200.0
    assert held.weights.tolist() == [0.05, 0.2, 0.75]
    assert [held.place(column) for column in (2, 3, 7, 8)] == [0, None, 2, None]
    assert held.plain
    assert not basket([1], [1.0], [1.0], cash=np.array([True])).plain
    assert not basket([1], [1.0], [1.0], awaited=np.array([True])).plain
    assert held.with_divisor(8.0).divisor == 8.0


def test_at_other_prices_all_else_stays() -> None:
    held = basket([2, 5], [1.0, 2.0], [10.0, 20.0], plan=np.ones((2, 2)))
    marked = held.marked(np.array([11.0, 21.0]), np.array([7, 8]))
    assert (marked.prices.tolist(), marked.seen.tolist(), marked.divisor) == ([11.0, 21.0], [7, 8], 2.0)
    for name in ("columns", "units", "factors", "given", "cash", "awaited", "plan"):
        assert getattr(marked, name) is getattr(held, name)
    now = held.marked(held.prices, held.seen, np.array([True, False]))
    assert now.awaited.tolist() == [True, False]


def test_who_leaves_at_the_last_price_takes_its_share_of_the_divisor() -> None:
    # 10, 40 and 150 of 200; without the second 160: the divisor falls from 2 to 1.6, the level stays 100.
    held = basket(
        [2, 5, 7], [1.0, 2.0, 3.0], [10.0, 20.0, 50.0], given=[0.3, 0.2, 0.5], plan=np.arange(6.0).reshape(2, 3)
    )
    gone = np.array([False, True, False])
    assert held.worth_without(gone) == 160.0
    left = held.without(gone, keep_level=True)
    assert (left.columns.tolist(), left.units.tolist(), left.divisor) == ([2, 7], [1.0, 3.0], 1.6)
    assert left.given == pytest.approx([0.375, 0.625])
    assert left.plan is not None
    assert left.plan.tolist() == [[0.0, 2.0], [3.0, 5.0]]
    assert (left.factors.tolist(), left.seen.tolist(), left.prices.tolist()) == ([0.5, 1.0], [0, 20], [10.0, 50.0])
    at_zero = held.without(gone, keep_level=False)
    assert (at_zero.divisor, at_zero.value / at_zero.divisor) == (2.0, 80.0)
    credited = basket([2, 5], [1.0, 2.0], [1.0, 1.0], given=[0.0, 1.0])
    assert credited.without(np.array([False, True]), keep_level=True).given.tolist() == [0.0]


def test_a_redenomination_multiplies_units_and_keeps_all_else() -> None:
    held = basket([2, 5], [3.0, 2.0], [100.0, 20.0], plan=np.array([[3.0, 2.0], [4.0, 1.0]]))
    after, carried = held.exchanged(2, 2, 10.0, 10.0, 99, np.array([77, 78]))
    assert (after.columns.tolist(), after.units.tolist(), after.prices.tolist()) == ([2, 5], [30.0, 2.0], [10.0, 20.0])
    assert after.value == held.value == 340.0
    assert after.given.tolist() == held.given.tolist()
    assert after.seen.tolist() == [99, 10]
    assert after.plan is not None
    assert after.plan.tolist() == [[30.0, 2.0], [40.0, 1.0]]
    assert carried.carry(held.units).tolist() == [30.0, 2.0]


def test_a_migration_moves_units_price_weight_and_factor_to_the_new_asset() -> None:
    held = basket([2, 5], [3.0, 2.0], [100.0, 20.0], given=[0.6, 0.4])
    after, _ = held.exchanged(2, 9, 4.0, 25.0, 99, np.array([77, 78]))
    assert (after.columns.tolist(), after.units.tolist(), after.prices.tolist()) == ([5, 9], [2.0, 12.0], [20.0, 25.0])
    assert (after.given.tolist(), after.factors.tolist(), after.seen.tolist()) == ([0.4, 0.6], [1.0, 0.5], [10, 99])
    assert not after.cash.any()
    first, _ = held.exchanged(5, 1, 4.0, 5.0, 99, np.array([77, 78]))
    assert (first.columns.tolist(), first.units.tolist(), first.given.tolist()) == ([1, 2], [8.0, 3.0], [0.4, 0.6])


def test_units_add_up_with_those_already_held_at_the_price_held() -> None:
    held = basket([2, 5], [3.0, 2.0], [100.0, 20.0], given=[0.6, 0.4])
    after, _ = held.exchanged(2, 5, 4.0, 25.0, 99, np.array([77, 78]))
    assert (after.columns.tolist(), after.units.tolist(), after.prices.tolist()) == ([5], [14.0], [20.0])
    assert (after.given.tolist(), after.seen.tolist(), after.factors.tolist()) == ([1.0], [10], [1.0])


def test_a_fork_comes_beside_the_old_asset_without_a_weight_given() -> None:
    held = basket([2, 5], [3.0, 2.0], [100.0, 20.0], given=[0.6, 0.4])
    after, carried = held.exchanged(2, 4, 0.5, 0.0, 99, np.array([77, 78]), keep_old=True, awaited=True)
    assert (after.columns.tolist(), after.units.tolist(), after.prices.tolist()) == (
        [2, 4, 5], [3.0, 1.5, 2.0], [100.0, 0.0, 20.0],
    )  # fmt: skip
    assert (after.given.tolist(), after.awaited.tolist()) == ([0.6, 0.0, 0.4], [False, True, False])
    assert carried.carry(np.array([6.0, 2.0])).tolist() == [6.0, 3.0, 2.0]


def test_cash_and_what_is_awaited_go_over_with_a_conversion_but_not_with_a_fork() -> None:
    flags: dict[str, Any] = {"cash": np.array([True, False]), "awaited": np.array([True, False])}
    held = basket([2, 5], [3.0, 2.0], [100.0, 20.0], **flags)
    moved, _ = held.exchanged(2, 9, 1.0, 100.0, 99, np.array([77, 78]))
    assert (moved.cash.tolist(), moved.awaited.tolist()) == ([False, True], [False, True])
    forked, _ = held.exchanged(2, 9, 1.0, 0.0, 99, np.array([77, 78]), keep_old=True)
    assert (forked.cash.tolist(), forked.awaited.tolist()) == ([True, False, False], [True, False, False])


def test_one_carrying_over_after_another() -> None:
    # a: 3 units become 30; then go over into b, 2 for 1, where 2 units are held: 62.
    held = basket([0, 1], [3.0, 2.0], [100.0, 20.0])
    tenfold, first = held.exchanged(0, 0, 10.0, 10.0, 0, np.zeros(2, dtype=np.int64))
    merged, second = tenfold.exchanged(0, 1, 2.0, 5.0, 0, np.zeros(2, dtype=np.int64))
    both = chain(first, second)
    assert both.carry(held.units).tolist() == merged.units.tolist() == [62.0]
    assert chain(None, first) is first
    forked, third = merged.exchanged(1, 7, 0.5, 0.0, 0, np.zeros(2, dtype=np.int64), keep_old=True)
    assert chain(both, third).carry(held.units).tolist() == forked.units.tolist() == [62.0, 31.0]
