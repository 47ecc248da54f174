"""Weights through time."""

import numpy as np
import pytest

from basketry.index.result import IndexResult
from basketry.market.cash import CASH
from basketry.reports.weights import current_weights, largest_and_others, weights_at


def test_weights_are_those_of_the_units_and_prices(result: IndexResult) -> None:
    rows = np.arange(len(result.times))
    names, weights = weights_at(result, rows)
    assert weights.sum(axis=1) == pytest.approx(np.ones(len(rows)))
    assert (weights >= 0).all()
    for row in result.compositions.filter(result.compositions["effective_at"].is_first_distinct()).iter_rows(
        named=True
    ):
        place = int(np.searchsorted(result.times, np.datetime64(row["effective_at"].replace(tzinfo=None))))
        assert weights[place, names.index(row["asset"])] == pytest.approx(row["weight"])


def test_some_rows_are_the_same_as_all_rows(result: IndexResult) -> None:
    every, few = np.arange(len(result.times)), np.array([0, 7, 19, 20, 21, 60, len(result.times) - 1])
    (all_names, whole), (names, part) = weights_at(result, every), weights_at(result, few)
    assert part == pytest.approx(whole[np.ix_(few, np.array([all_names.index(name) for name in names]))])


def test_what_is_held_as_cash_is_called_so(result: IndexResult) -> None:
    names, weights = weights_at(result, np.arange(len(result.times)))
    assert names[-1] == CASH
    days = result.times[weights[:, -1] > 0]
    # The price of 4 April is carried for two days.
    assert days[0] == np.datetime64("2020-04-07")
    assert days[-1] == np.datetime64("2020-04-30")


def test_current_weights_are_ordered_and_sum_to_one(result: IndexResult) -> None:
    now = current_weights(result)
    assert list(now.values()) == sorted(now.values(), reverse=True)
    assert sum(now.values()) == pytest.approx(1)
    assert set(now) == set(result.weights())


def test_the_others_are_one_column() -> None:
    weights = np.array([[0.1, 0.2, 0.3, 0.4], [0.1, 0.2, 0.4, 0.3]])
    names, kept = largest_and_others(list("abcd"), weights, 2)
    assert names == ["c", "d", "others"]
    assert kept[:, 2] == pytest.approx([0.3, 0.3])
    assert largest_and_others(["a"], np.ones((3, 1)), 2)[0] == ["a"]
