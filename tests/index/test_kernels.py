"""Compiled loops of the index by hand."""

import numpy as np
import pytest

from basketry.index.kernels import (
    basket_values,
    carry_forward,
    clean_values,
    is_clean,
    last_observed,
    side_by_side,
    spread_exceeds,
)

nan = float("nan")
AT_ROWS = np.empty((0, 0), dtype=np.int64)


def test_basket_values_keep_what_a_plain_sum_loses() -> None:
    prices = np.array([[1e16, 1.0, -1e16], [1.0, 1e16, 1.0], [2.0, 3.0, 4.0]])
    assert basket_values(prices, np.ones(3)).tolist() == [1.0, 1e16 + 2, 9.0]
    assert basket_values(np.array([[1.0, 1e16, 1.0, -1e16]]), np.ones(4)).tolist() == [2.0]
    assert basket_values(np.array([[2.0, 3.0]]), np.array([10.0, 100.0])).tolist() == [320.0]


@pytest.mark.parametrize(
    ("prices", "clean"),
    [
        ([[1.0, 1.0], [2.0, 0.001]], True),
        ([[1.0, 1.0], [2.1, 1.0]], False),
        ([[1.0, 1.0], [1.0, nan]], False),
        ([[nan, 1.0], [1.0, 1.0]], False),
        ([[1.0], [2.0], [4.0]], True),
        ([[9.0, 1.0]], True),
    ],
)
def test_prices_are_clean_where_all_are_known_and_none_jumps(prices: list[list[float]], clean: bool) -> None:
    assert is_clean(np.array(prices), 2.0) is clean


def test_gaps_are_carried_from_the_last_good_price() -> None:
    # Rows at 10, 20 and 30. a: a gap and a print beyond twice the last; b: cash; c: awaited until 20; d: all new.
    prices = np.array([[5.0, 7.0, 0.0, 1.0], [nan, 9.0, nan, 2.0], [10.1, 9.0, 3.0, 4.0], [10.0, nan, nan, 8.0]])
    filled, ages, implausible, news, seen, awaited = carry_forward(
        prices, np.array([10, 20, 30]), np.array([4, 3, 2, 1]), AT_ROWS,
        np.array([False, True, False, False]), np.array([False, False, True, False]), 2.0,
    )  # fmt: skip
    assert filled.tolist() == [[5.0, 7.0, 0.0, 1.0], [5.0, 7.0, 0.0, 2.0], [5.0, 7.0, 3.0, 4.0], [10.0, 7.0, 3.0, 8.0]]
    assert ages.tolist() == [[6, 0, 0, 0], [16, 0, 0, 0], [0, 0, 10, 0]]
    assert implausible.tolist() == [[False] * 4, [True, False, False, False], [False] * 4]
    assert news.tolist() == [1, 2, 2]
    assert seen.tolist() == [[4, 3, 2, 10], [4, 3, 20, 20], [30, 3, 20, 30]]
    assert awaited.tolist() == [[False, False, True, False], [False] * 4, [False] * 4]


def test_prices_may_be_older_than_their_row() -> None:
    _, ages, _, _, seen, _ = carry_forward(
        np.array([[5.0], [6.0], [nan]]), np.array([10, 20]), np.array([4]), np.array([[7], [0]]),
        np.array([False]), np.array([False]), 2.0,
    )  # fmt: skip
    assert (ages.tolist(), seen.tolist()) == ([[3], [13]], [[7], [7]])


def test_a_price_at_an_instant_is_the_last_since_the_instant_before() -> None:
    # Instants at 20, 30 and 40; before the first all rows count, and each instant's own row counts for it.
    prices = np.array([[1.0, nan], [2.0, nan], [nan, 8.0], [3.0, 9.0], [nan, nan], [5.0, nan]])
    found, seen = last_observed(prices, np.array([5, 10, 20, 21, 30, 41]), np.array([20, 30, 40]))
    assert found[:2].tolist() == [[2.0, 8.0], [3.0, 9.0]]
    assert np.isnan(found[2]).all()
    assert seen.tolist() == [[10, 20], [21, 21], [0, 0]]
    assert last_observed(prices, np.array([5, 10, 20, 21, 30, 41]), np.array([50]))[0].tolist() == [[5.0, 9.0]]


def test_the_spread_of_the_known_values() -> None:
    values = np.array([[100.0, 1.0, 1.0, nan], [1.0, nan, 2.0, nan], [2.0, 2.1, 1.0, nan]])
    assert spread_exceeds(values, 2.0).tolist() == [True, True, False, False]
    assert spread_exceeds(values[1:], 2.0).tolist() == [False, False, False, False]


def test_clean_prices_give_levels_and_the_time_of_the_last() -> None:
    before, prices, units = np.array([10.0, 20.0]), np.array([[11.0, 20.0], [12.0, 10.0]]), np.array([1.0, 2.0])
    block, levels, seen = clean_values(before, prices, units, 0.5, np.inf, 7)
    assert block.tolist() == [[10.0, 20.0], [11.0, 20.0], [12.0, 10.0]]
    assert levels.tolist() == [102.0, 64.0], "(11 + 40) / 0.5 and (12 + 20) / 0.5"
    assert seen.tolist() == [7, 7]
    assert len(clean_values(before, prices, units, 0.5, 1.05, 7)[1]) == 0, "11 is above 1.05 times 10"


@pytest.mark.parametrize(
    ("old", "new", "columns", "was", "stands", "change"),
    [
        ([1, 4], [4, 9], [1, 4, 9], [0.25, 0.75, 0], [0, 0.4, 0.6], [1, 2, 0]),
        ([], [4, 9], [4, 9], [0, 0], [0.4, 0.6], [0, 0]),
        ([5, 6], [1, 2], [1, 2, 5, 6], [0, 0, 0.25, 0.75], [0.4, 0.6, 0, 0], [0, 0, 1, 1]),
        ([1, 4], [1, 4], [1, 4], [0.25, 0.75], [0.4, 0.6], [2, 2]),
    ],
)
def test_who_is_held_before_or_after_a_change(
    old: list[int], new: list[int], columns: list[int], was: list[float], stands: list[float], change: list[int]
) -> None:
    before, after = np.array([0.25, 0.75][: len(old)]), np.array([0.4, 0.6])
    found = side_by_side(np.array(old, dtype=np.int64), before, np.array(new, dtype=np.int64), after)
    assert [part.tolist() for part in found] == [columns, was, stands, change]
