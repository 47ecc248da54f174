"""From where to where an index is calculated, on what, and what it tells of input that was left out."""

from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.index.test_figures import GAP, at, daily, rules
from tests.index.test_market import instants

from basketry.core.errors import DataError
from basketry.index.calculate import calculate_index, require_prices
from basketry.market.panel import Panel

FLAT = {"a": [10.0] * 8, "b": [10.0] * 8}


def days(panel: Panel, start: Any = None, end: Any = None, **sections: Any) -> list[float]:
    """Return the days of the levels."""
    found = calculate_index(rules(**sections), panel, start=start, end=end).times - instants(0)[0]
    return [float(one) for one in found / np.timedelta64(1, "D")]


def test_levels_from_the_base_or_a_given_day_to_the_last_or_a_given_instant() -> None:
    panel = daily(FLAT)
    assert days(panel) == [0, 1, 2, 3, 4, 5, 6, 7]
    assert days(panel, start="2020-01-04", end="2020-01-06") == [3, 4, 5]
    assert days(panel, start=date(2020, 1, 4), end="2020-01-05T23:59") == [3, 4]
    assert days(panel, start="2020-01-02T12:00", end="2020-01-04") == [2, 3]
    assert days(panel, start="2020-01-08") == [7]
    assert days(panel, end="2020-01-01") == [0]


def test_a_day_to_start_on_means_its_fixing_time() -> None:
    prices = pl.DataFrame({"time": [at(0, hours=8 * n) for n in range(9)], "a": [10.0] * 9})
    panel = Panel.from_frames(price=prices)
    fixed: dict[str, Any] = {"rebalance": {"every": "year", "determine": "0d", "at": "16:00"}}
    assert days(panel, **fixed)[0] == pytest.approx(2 / 3)
    assert days(panel, start="2020-01-02", **fixed)[0] == pytest.approx(1 + 2 / 3)
    assert days(panel, start="2020-01-02T08:00", **fixed)[0] == pytest.approx(1 + 1 / 3)


def test_a_base_outside_the_data_is_refused_and_told_what_to_do() -> None:
    panel = daily(FLAT)
    with pytest.raises(DataError) as early:
        calculate_index(rules(base={"date": "2019-12-30"}), panel)
    assert str(early.value) == (
        "the data begin at 2020-01-01, after the base of 2019-12-30; set the base level later with "
        "start='2020-01-02' (--start on the command line)"
    )
    # A day before the data is near enough: the first level is that of the first row.
    assert days(panel, base={"date": "2019-12-31"}) == [0, 1, 2, 3, 4, 5, 6, 7]
    with pytest.raises(DataError, match="the data end at 2020-01-08, before the base of 2020-01-09"):
        calculate_index(rules(), panel, start="2020-01-09")
    with pytest.raises(DataError, match="the data end at 2020-01-03, before the base of 2020-01-04"):
        calculate_index(rules(), panel, start="2020-01-04", end="2020-01-03")


def test_a_span_without_a_calculation_instant_is_refused() -> None:
    noon: dict[str, Any] = {"calculate": {"every": "day", "at": "12:00"}}
    with pytest.raises(DataError, match="no calculation instant from 2020-01-04T13:00:00Z to 2020-01-05T11:00:00Z"):
        calculate_index(rules(**noon), daily(FLAT), start="2020-01-04T13:00", end="2020-01-05T11:00")
    assert days(daily(FLAT), start="2020-01-05T13:00", **noon) == [5.5, 6.5]


def test_no_level_before_the_first_row() -> None:
    prices = pl.DataFrame({"time": [at(0, hours=18 + 12 * n) for n in range(6)], "a": [10.0] * 6})
    assert days(Panel.from_frames(price=prices), calculate={"every": "day"}) == [1, 2, 3]


def test_a_market_without_prices_is_refused() -> None:
    panel = daily(FLAT)
    require_prices(panel)
    for empty in (panel.first_rows(0), Panel(panel.times, (), {"price": np.empty((8, 0))})):
        with pytest.raises(DataError, match="there are no observations"):
            require_prices(empty)
        with pytest.raises(DataError, match="there are no observations"):
            calculate_index(rules(), empty)
    with pytest.raises(DataError, match="the data begin at 2020-01-01, after the end asked for, 2019-12-31"):
        calculate_index(rules(), panel, end="2019-12-31")


def test_what_an_index_was_made_from_comes_with_it() -> None:
    halt = {"time": at(2), "kind": "halt", "asset": "b"}
    book = rules(rebalance={"every": "3d", "determine": "0d", "announce": "0d"})
    prices = {"a": [10.0, 20.0, 20.0, 20.0, 40.0, 40.0], "b": [10.0, 10.0, 99.0, 99.0, 99.0, 99.0]}
    result = calculate_index(book, daily(prices, halt), end="2020-01-05")
    assert result.level().tolist() == [100.0, 150.0, 150.0, 150.0, 225.0]
    np.testing.assert_array_equal(result.panel.field("price")[:, 1], [10.0, 10.0, GAP, GAP, GAP])
    assert [(part.start, part.end) for part in result.segments] == [(0, 3), (3, 4)]
    assert sum(piece.end for piece in result.pieces) == 4
    assert [decision.words for decision in result.decisions] == ["base", "schedule"]
    assert result.state is not None
    assert result.state.level == 225.0


def test_input_that_was_left_out_is_told_once_for_each_asset_and_field() -> None:
    prices = {"a": [10.0, -1.0, 10.0, -3.0, 10.0, 10.0], "b": [10.0, -2.0, 10.0, 10.0, 10.0, -5.0]}
    panel = daily(prices)
    notes = calculate_index(rules(), panel).events
    told = notes.filter(pl.col("kind") == "rejected_input")
    assert told.select("time", "asset", "treatment").rows() == [
        (at(1), "a", "treated as unknown"), (at(1), "b", "treated as unknown")
    ]  # fmt: skip
    first, second = told["evidence"].to_list()
    assert first.startswith("price -1.0: ")
    assert second.startswith("price -2.0: ")
    # Only what lies within the span: the last day of it and no later one.
    part = calculate_index(rules(), panel, start="2020-01-03", end="2020-01-04").events
    assert part.filter(pl.col("kind") == "rejected_input").select("time", "asset").rows() == [(at(3), "a")]
    last = calculate_index(rules(), panel, start="2020-01-05").events
    assert last.filter(pl.col("kind") == "rejected_input").select("time", "asset").rows() == [(at(5), "b")]
    begun = calculate_index(rules(), panel, start="2020-01-04", end="2020-01-05").events
    assert begun.filter(pl.col("kind") == "rejected_input")["asset"].to_list() == ["a"]
    clean = calculate_index(rules(), daily(FLAT)).events
    assert clean.filter(pl.col("kind") == "rejected_input").is_empty()


def test_what_comes_after_the_last_calculation_instant_is_no_part_of_the_market() -> None:
    """With levels at 16:00 and rows at 00:00 the last row is not used: a shorter market gives the same digest."""
    late: dict[str, Any] = {"calculate": {"every": "day", "at": "16:00"}, "missing": {"carry_forward": "3d"}}
    whole = calculate_index(rules(**late), daily(FLAT))
    assert whole.times[-1] == instants(0)[0] + np.timedelta64(6 * 24 + 16, "h")
    assert whole.panel.now == whole.times[-1].astype("datetime64[D]")
    shorter = calculate_index(
        rules(**late), daily({name: prices[:7] for name, prices in FLAT.items()}), end=whole.times[-1]
    )
    assert shorter.panel.digest() == whole.panel.digest()
    assert shorter.levels.equals(whole.levels)
