"""What a result says of itself, on a history of four days."""

import numpy as np
import pytest
from tests.index.test_figures import daily, rules

from basketry.core.time import to_instant
from basketry.index.calculate import calculate_index
from basketry.index.result import IndexResult


@pytest.fixture(scope="module")
def result() -> IndexResult:
    """Two assets at equal weight, all in a from day 2 on; the level goes from 100 over 150 to 200."""
    book = rules(
        select={"by": "price", "top": 2}, rebalance={"every": "2d", "determine": "0d", "announce": "0d"},
        publish={"decimals": 1},
        versions=[{"from": "2020-01-03", "note": "one", "changes": {"select": {"by": "price", "top": 1}}}],
        returns=["price", "total"],
    )  # fmt: skip
    return calculate_index(book, daily({"a": [10.0, 20.0, 20.0, 26.67], "b": [10.0] * 4}))


def test_levels_by_name_and_rounded_once(result: IndexResult) -> None:
    assert result.level().tolist() == pytest.approx([100.0, 150.0, 150.0, 200.025])
    assert result.level("total_return").tolist() == pytest.approx(result.level().tolist())
    assert result.published_levels["price_return"].to_list() == [100.0, 150.0, 150.0, 200.0]
    assert result.published_levels["total_return"].to_list() == [100.0, 150.0, 150.0, 200.0]
    assert result.published_levels["age_days"].to_list() == [0.0] * 4
    assert result.return_columns == ["price_return", "total_return"]
    assert result.times.tolist() == [to_instant(f"2020-01-0{day}").item() for day in range(1, 5)]
    assert result.times.dtype == np.dtype("datetime64[us]")


def test_weights_are_those_of_the_last_composition_at_an_instant(result: IndexResult) -> None:
    assert list(result.weights("2020-01-02T23:59:59").items()) == [("a", 0.5), ("b", 0.5)]
    assert result.weights("2020-01-03") == {"a": 1.0}
    assert result.weights() == {"a": 1.0}
    assert result.weights("2019-12-31") == {}


def test_the_largest_weight_comes_first() -> None:
    book = rules(weight={"by": "fixed", "weights": {"a": 0.2, "b": 0.5, "c": 0.3}})
    found = calculate_index(book, daily({"a": [1.0], "b": [1.0], "c": [1.0]})).weights()
    assert list(found) == ["b", "c", "a"]
    assert list(found.values()) == pytest.approx([0.5, 0.3, 0.2])


def test_one_segment_for_each_basket(result: IndexResult) -> None:
    assert [(part.start, part.end) for part in result.segments] == [(0, 2), (2, 3)]
    assert [part.columns.tolist() for part in result.segments] == [[0, 1], [0]]
    assert len(result.decisions) == 2


def test_the_headline_is_the_leveraged_series_where_there_is_one(result: IndexResult) -> None:
    assert result.headline_column == "price_return"
    panel = daily({"a": [1.0, 1.0], "b": [1.0, 1.0]})
    levered = calculate_index(rules(returns=["price", {"leverage": {"factor": 2}}]), panel)
    assert levered.headline_column == levered.return_columns[1]
    assert levered.headline_column.startswith("leverage")


def test_a_result_in_short(result: IndexResult) -> None:
    assert repr(result) == "Index('TWO', 2020-01-01..2020-01-04, 100 -> 200.03, 2 compositions)"
