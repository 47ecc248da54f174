"""What is told of a halt and of a removal at zero, in reasons of levels and in the events, by hand."""

from typing import Any

import pytest
from tests.index.test_events import Prices, calculated, day, event

from basketry.index.history import History
from basketry.index.market import IndexMarket
from basketry.index.records import Evidence
from basketry.index.result import IndexResult

LASTS = "prices unknown while it lasts"
TWO: Prices = {"a": [10.0] * 8, "b": [20.0, 20.0, 99.0, 99.0, 99.0, 20.0, 20.0, 20.0]}
HALT = event("halt", day(3), "b", until=day(6), note="venues closed.")


def reasons(result: IndexResult) -> dict[int, str]:
    """Return the reasons by day."""
    rows = result.levels.select("time", "reason").iter_rows()
    return {time.day: reason for time, reason in rows if reason}


def events(result: IndexResult) -> list[tuple[Any, ...]]:
    return [(time.day, *more) for time, *more in result.events.iter_rows()]


def test_a_halt_of_a_member_is_told_by_levels_and_as_an_event() -> None:
    result = calculated(TWO, HALT, missing={"carry_forward": "5d"})
    assert result.level().tolist() == pytest.approx([100.0] * 7)
    told = "b halted since 2021-01-03 until 2021-01-06"
    assert reasons(result) == dict.fromkeys([3, 4, 5], f"{told}; last price carried")
    assert events(result) == [(3, "b", "halt", LASTS, f"{told}, last price 20; note: venues closed.")]


def test_others_without_a_price_are_told_apart() -> None:
    prices = {**TWO, "c": [5.0, 5.0, 5.0, None, None, 5.0, 5.0, 5.0]}
    endless = {key: value for key, value in HALT.items() if key != "until"}
    found = reasons(calculated(prices, endless, missing={"carry_forward": "9d"}))
    told = "b halted since 2021-01-03, without an end yet; {}last price carried"
    assert found[3] == told.format("")
    assert found[4] == told.format("no price for c (1 of 3); ")
    assert found[8] == told.format("")


def test_where_all_are_silent_the_halt_is_told_too() -> None:
    both = calculated({"a": TWO["b"], "b": TWO["b"]}, HALT, {**HALT, "asset": "a"}, missing={"carry_forward": "5d"})
    spans = [f"{asset} halted since 2021-01-03 until 2021-01-06" for asset in "ab"]
    assert reasons(both)[4] == "; ".join(["no member has a price at this instant", *spans, "last price carried"])


def test_a_member_that_is_removed_while_halted_is_told_to_be() -> None:
    result = calculated(TWO, HALT, missing={"carry_forward": "1d"})
    assert events(result)[1] == (
        4, "b", "missing_price", "remove_at_last_price",
        "no price for 2.0 days, b halted since 2021-01-03 until 2021-01-06; last price 20 at weight 50.0000%",
    )  # fmt: skip
    # Held no more, it is nobody's concern.
    assert sorted(reasons(result)) == [3, 4]


def test_a_corrected_end_is_told_from_when_it_is_known() -> None:
    # Told to end on day 8, and on day 5 to end on day 6.
    longer = {**HALT, "until": day(8), "known_at": day(3)}
    result = calculated(TWO, longer, {**HALT, "known_at": day(5)}, missing={"carry_forward": "5d"})
    found = reasons(result)
    assert found[4] == "b halted since 2021-01-03 until 2021-01-08; last price carried"
    assert found[5] == "b halted since 2021-01-03 (known on 2021-01-05) until 2021-01-06; last price carried"
    assert sorted(found) == [3, 4, 5]
    assert [entry[0] for entry in events(result)] == [3, 5]


def test_who_comes_in_halted_is_told_at_the_base_and_once() -> None:
    # The base of day 2 is struck at the price of day 1.
    prices = {"a": [10.0] * 5, "b": [20.0, 99.0, 99.0, 20.0, 20.0]}
    result = calculated(prices, {**HALT, "time": day(2), "until": day(4)})
    told = "b halted since 2021-01-02 until 2021-01-04"
    assert reasons(result) == dict.fromkeys([2, 3], f"{told}; last price carried")
    assert events(result) == [(2, "b", "halt", LASTS, f"{told}, last price 20; note: venues closed.")]


def test_what_is_told_does_not_depend_on_where_the_history_is_cut() -> None:
    whole = calculated(TWO, HALT, missing={"carry_forward": "5d"})
    history = History(whole.methodology, IndexMarket.of(whole.panel, whole.times), 1)
    records = [record for step in history.walk(history.start()) for record in step.records]
    assert [(r.words, r.treatment) for r in records if isinstance(r, Evidence)] == [
        (evidence, treatment) for treatment, evidence in whole.events.select("treatment", "evidence").iter_rows()
    ]


def test_a_halt_between_instants_or_of_nobody_held_is_not_told() -> None:
    within = {**HALT, "time": day(3, 8), "until": day(3, 20)}
    assert events(calculated(TWO, within)) == []
    assert events(calculated({**TWO, "c": [None] * 8}, {**HALT, "asset": "c"})) == []


def test_a_level_that_falls_for_a_removal_at_zero_says_so() -> None:
    # A third of the index.
    prices: Prices = {"a": [10.0] * 5, "b": [10.0] * 5, "c": [10.0] * 5}
    gone = event("delisting", day(4), "c", removal="remove_at_zero", approver="X", reason="insolvent")
    result = calculated(prices, gone)
    assert result.level().tolist() == pytest.approx([100.0, 100.0, 200 / 3, 200 / 3])
    assert result.levels["status"].to_list() == ["live"] * 4
    assert reasons(result) == {4: "c removed at zero by its delisting of 2021-01-04, 33.3333% of the index"}
    assert events(result) == [
        (
            4, "c", "delisting", "removed at zero",
            "delisting of c, last price 10, counted as nothing: 33.3333% of the index is lost; approved by X; "
            "reason: insolvent.",
        ),
    ]  # fmt: skip


def test_so_does_one_that_falls_for_a_missing_price() -> None:
    prices: Prices = {"a": [10.0] * 6, "b": [30.0, 30.0, None, None, None, None]}
    result = calculated(prices, missing={"carry_forward": "1d", "then": "remove_at_zero"})
    # Half of the index; on day 4 the price is two days old.
    assert result.level().tolist() == pytest.approx([100.0, 100.0, 50.0, 50.0, 50.0])
    assert reasons(result) == {
        3: "no price for b (1 of 2); last price carried",
        4: "b removed at zero without a price, 50.0000% of the index",
    }
