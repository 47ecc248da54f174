"""An explanation is of the determination behind the basket, with what happened since."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import DataError
from basketry.index.calculate import calculate_index
from basketry.index.explain import explain_index
from basketry.index.result import IndexResult
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

NAN = float("nan")


def index(prices: dict[str, list[float]], **sections: Any) -> IndexResult:
    times = [datetime(2020, 1, 1) + timedelta(days=n) for n in range(len(prices["a"]))]
    document = {
        "basketry": 1,
        "name": "Test",
        "symbol": "TEST",
        "base": {"date": "2020-01-01", "level": 100},
        "universe": [{"price": {"min": 2}}],
        "select": {"by": "price", "top": 2},
        "weight": {"by": "market_cap", "cap": 0.6},
        "rebalance": {"every": "month", "determine": "0d"},
        **sections,
    }
    table = pl.DataFrame({"time": times, **prices})
    return calculate_index(Methodology.load(document), Panel.from_frames(price=table, market_cap=table))


def test_why_each_is_in_or_out_and_how_its_weight_came_about() -> None:
    explanation = explain_index(index({"a": [9.0] * 5, "b": [3.0] * 5, "c": [2.5] * 5, "d": [1.0] * 5}), "2020-01-04")
    assert (explanation.trigger, explanation.status) == ("base", "live")
    assert explanation.level == pytest.approx(100.0, rel=1e-14)
    assert [entry.asset for entry in explanation.assets] == ["a", "b", "c", "d"]
    a, b, c, d = explanation.assets
    assert (a.weight_before_caps, a.weight_determined, b.weight_determined) == (0.75, 0.6, 0.4)
    assert a.weight == pytest.approx(0.6)
    assert [(entry.rank, entry.metric, entry.held) for entry in (a, b, c, d)] == [
        (1, 9.0, True), (2, 3.0, True), (3, 2.5, False), (None, 1.0, False),
    ]  # fmt: skip
    assert a.steps == ("passes price (9)", "in: rank 1 of 3, 2 wanted", "weight: 75% before caps, capped at 60%")
    assert b.steps == ("passes price (3)", "in: rank 2 of 3, 2 wanted")
    assert c.steps == ("passes price (2.5)", "out: rank 3 of 3, 2 wanted")
    assert d.steps == ("fails price (1)",)
    assert explanation.of("nobody") is None
    assert explanation.to_dict()["assets"][0]["asset"] == "a"


def test_a_removal_is_told_but_the_determination_is_the_one_before() -> None:
    prices = {"a": [9.0] * 9, "b": [3.0, 3.0, *[NAN] * 7]}
    explanation = explain_index(index(prices), "2020-01-08")
    assert explanation.trigger == "base"
    b = explanation.of("b")
    assert b is not None
    assert (b.held, b.weight_determined) == (False, 0.4)
    assert explanation.events["kind"].to_list() == ["missing_price"]


def test_figures_are_those_of_the_determination() -> None:
    # Determined on 30 January, two days before the change: c is dearer than b then, and cheaper when it is made.
    prices = {"a": [9.0] * 40, "b": [3.0] * 40, "c": [2.5] * 20 + [3.5] * 10 + [2.5] * 10}
    result = index(prices, rebalance={"every": "month", "determine": "2d"})
    explanation = explain_index(result, "2020-02-03")
    assert (explanation.trigger, explanation.determined_at) == ("schedule", np.datetime64("2020-01-30"))
    assert explanation.effective_at == np.datetime64("2020-02-01")
    assert [entry.asset for entry in explanation.assets if entry.held] == ["a", "c"]
    found = explanation.of("c")
    assert found is not None
    assert found.steps == ("passes price (3.5)", "in: rank 2 of 3, 2 wanted")
    assert (found.rank, found.metric) == (2, 3.5)


def test_a_trigger_without_a_lag_is_a_determination() -> None:
    schedule = {"every": "month", "determine": "0d", "triggers": [{"drift": 0.1}]}
    result = index({"a": [9.0, 9.0, 30.0, 30.0], "b": [9.0] * 4}, weight="equal", rebalance=schedule)
    assert explain_index(result, "2020-01-04").trigger == "drift"
    assert explain_index(result, "2020-01-02").trigger == "base"


def test_instants_outside_the_index_are_refused() -> None:
    with pytest.raises(DataError, match="lies outside the index"):
        explain_index(index({"a": [9.0] * 3}), "2021-01-01")


def test_what_came_and_left_by_an_event_says_so() -> None:
    days = [datetime(2020, 1, 1) + timedelta(days=n) for n in range(8)]
    prices = pl.DataFrame(
        {"time": days, "a": [9.0] * 8, "b": [8.0] * 3 + [NAN] * 5, "c": [7.0] * 8, "bx": [NAN] * 3 + [4.0] * 5}
    )
    events = pl.DataFrame(
        {"time": [days[3], days[5]], "asset": ["b", "a"], "kind": ["migration", "delisting"],
         "new_asset": ["bx", None], "ratio": [2.0, None], "removal": [None, "remove_at_zero"]}
    )  # fmt: skip
    document = {
        "basketry": 1, "name": "Test", "symbol": "TEST", "base": {"date": "2020-01-01", "level": 100},
        "select": {"by": "price", "top": 3}, "weight": {"by": "equal"},
        "rebalance": {"every": "month", "determine": "0d"},
    }  # fmt: skip
    result = calculate_index(Methodology.load(document), Panel.from_frames(price=prices, events=events))
    # A third each, and two new units at 4 for an old one at 8; the third in a is lost on 6 January.
    explanation = explain_index(result, "2020-01-07")
    new, kept = explanation.of("bx"), explanation.of("c")
    assert new is not None
    assert kept is not None
    assert (new.held, new.weight_determined) == (True, None)
    assert new.weight == pytest.approx(0.5)
    assert new.steps == (
        "was out: no price fresh enough at the determination (at most 3d old): it has had none yet",
        "came in on 2020-01-04: migration of b, replaced by bx",
    )
    assert {entry.asset for entry in explanation.assets if entry.held} == {"bx", "c"}
    assert not any("on 2020" in step for step in kept.steps)
    left = {asset: explanation.of(asset) for asset in "ab"}
    assert [entry.steps for entry in left.values() if entry is not None] == [
        ("was in: rank 1 of 3, 3 wanted", "left on 2020-01-06: delisting, removed at zero"),
        ("was in: rank 2 of 3, 3 wanted", "left on 2020-01-04: migration, replaced by bx"),
    ]
    assert explanation.level == pytest.approx(200 / 3)
    # What is lost was worth something: the record says the last price.
    told = explanation.events.filter(pl.col("asset") == "a")["evidence"].item()
    assert told == "delisting of a, last price 9, counted as nothing: 33.3333% of the index is lost."
    before = explain_index(result, "2020-01-03")
    assert before.of("bx") is None


def told(result: IndexResult, instant: str, asset: str) -> tuple[bool, tuple[str, ...]]:
    """Return whether an asset is held, and why."""
    found = explain_index(result, instant).of(asset)
    assert found is not None
    return found.held, found.steps


def eventful(*events: dict[str, Any], **sections: Any) -> IndexResult:
    """Return an index of all of a, b and c, 40 days from 2020-01-01; bx has a price from day 30 on."""
    days = [datetime(2020, 1, 1) + timedelta(days=n) for n in range(40)]
    prices = {"a": [9.0] * 40, "b": [8.0] * 40, "c": [7.0] * 40, "bx": [None] * 29 + [4.0] * 11}
    document = {
        "basketry": 1, "name": "Test", "symbol": "TEST", "base": {"date": "2020-01-01", "level": 100},
        "select": {"by": "price", "all": {}}, "weight": {"by": "equal"},
        "rebalance": {"every": "month", "determine": "0d"}, **sections,
    }  # fmt: skip
    market = Panel.from_frames(price=pl.DataFrame({"time": days, **prices}), events=pl.DataFrame(list(events)))
    return calculate_index(Methodology.load(document), market)


def test_who_was_ended_before_the_determination_is_told_by_which_event_and_what_became_of_the_holding() -> None:
    gone = {"time": datetime(2020, 1, 6), "asset": "a", "kind": "delisting", "removal": "remove_at_zero"}
    moved = {"time": datetime(2020, 1, 30), "asset": "b", "kind": "migration", "new_asset": "bx", "ratio": 2.0}
    result = eventful(gone, moved)
    assert told(result, "2020-02-03", "a") == (
        False, ("out: ended by the delisting of a on 2020-01-06: removed at zero",),
    )  # fmt: skip
    assert told(result, "2020-02-03", "b") == (
        False, ("out: ended by the migration of b on 2020-01-30 into bx: replaced by bx",),
    )  # fmt: skip
    # One that was never held went nowhere.
    aside = eventful({**gone, "removal": None}, select={"by": "price", "all": {}}, universe=[{"price": {"max": 8.5}}])
    assert told(aside, "2020-02-03", "a") == (False, ("out: ended by the delisting of a on 2020-01-06",))


def test_what_is_held_as_cash_or_was_determined_and_became_another_is_told() -> None:
    result = eventful({"time": datetime(2020, 1, 6), "asset": "a", "kind": "delisting", "removal": "to_cash"})
    assert told(result, "2020-01-08", "a") == (
        True, ("in: rank 1 of 3, 3 wanted", "on 2020-01-06: delisting, held as cash"),
    )  # fmt: skip
    # Determined on 30 January for 1 February; b becomes bx on 31 January, in the basket and in what was determined.
    moved = {"time": datetime(2020, 1, 31), "asset": "b", "kind": "migration", "new_asset": "bx", "ratio": 2.0}
    result = eventful({**moved, "known_at": datetime(2020, 1, 10)}, rebalance={"every": "month", "determine": "2d"})
    held, steps = told(result, "2020-02-03", "bx")
    assert held
    assert steps == (
        "was out: not before it takes over by the migration of b on 2020-01-31",
        "on 2020-01-31: migration of b, carried through to what was determined",
        "came in on 2020-01-31: migration of b, replaced by bx",
    )
    held, steps = told(result, "2020-02-03", "b")
    assert not held
    assert steps[-1] == "left on 2020-01-31: migration, replaced by bx"


def test_a_price_that_is_too_old_is_told_with_its_day_and_a_halt() -> None:
    halt = {"time": datetime(2020, 1, 20), "asset": "c", "kind": "halt", "until": datetime(2020, 2, 10)}
    assert told(eventful(halt), "2020-02-03", "c") == (
        False,
        ("out: no price fresh enough at the determination (at most 3d old): the last was on 2020-01-19; "
         "c halted since 2020-01-20 until 2020-02-10",),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("select", "nearest"),
    [
        ({"by": "price", "top": 1}, "bcde"),
        ({"by": "price", "order": "ascending", "top": 1}, "dcba"),
        # Mean ranks are 1, 2, 3, 4 and 5, and the smallest is the best.
        ({"by": {"mean_rank": ["price", "market_cap"]}, "top": 1}, "bcde"),
    ],
)
def test_those_that_are_out_are_told_nearest_first(select: dict[str, Any], nearest: str) -> None:
    prices = {name: [price] * 5 for name, price in zip("abcde", (9.0, 7.0, 5.0, 4.0, 3.0), strict=True)}
    found = explain_index(index(prices, select=select, weight="equal"), "2020-01-04")
    shown = [entry.asset for entry in found.nearest(9)]
    assert shown[0] == ("e" if nearest == "dcba" else "a")
    assert "".join(shown[1:]) == nearest
    assert [entry.asset for entry in found.nearest(2)] == shown[:3]


def test_who_has_no_figure_is_told_last() -> None:
    prices = {"a": [9.0] * 5, "b": [9.0] * 5, "c": [1.0] * 5, "d": [3.0] * 5}
    ranks = {"by": {"mean_rank": ["price", "market_cap"]}, "top": 1}
    found = explain_index(index(prices, select=ranks, weight="equal"), "2020-01-04")
    # c fails the universe and has no mean rank.
    assert [entry.asset for entry in found.nearest(9)] == ["a", "b", "d", "c"]


@pytest.mark.parametrize(
    ("select", "told"),
    [
        ({"by": "price", "top": 3}, "3 wanted"),
        ({"by": "price", "top": 20}, "20 wanted, 3 available"),
        ({"by": "price", "top": 20, "max_count": 3}, "3 wanted"),
        ({"by": "price", "top": 20, "max_count": 5}, "5 wanted, 3 available"),
        ({"by": "price", "top": 20, "min_count": 3}, "20 wanted, 3 available"),
        ({"by": "price", "top": 20, "min_count": 4}, "20 wanted, 3 available, min_count 4 not reached"),
        ({"by": "price", "top": 2, "min_count": 4},
         "4 wanted by min_count, 2 without it, 3 available, min_count 4 not reached"),
        ({"by": "price", "threshold": 5, "min_count": 4},
         "4 wanted by min_count, 1 without it, 3 available, min_count 4 not reached"),
        ({"by": "price", "threshold": 1}, "3 wanted"),
        ({"by": "price", "all": {}}, "3 wanted"),
        ({"by": "price", "ranks": {"first": 1, "last": 9}}, "9 wanted, 3 available"),
    ],
)  # fmt: skip
def test_how_many_are_wanted_and_how_many_there_are(select: dict[str, Any], told: str) -> None:
    # d fails the universe: three stand.
    prices = {"a": [9.0] * 5, "b": [3.0] * 5, "c": [2.5] * 5, "d": [1.0] * 5}
    result = index(prices, select=select, weight="equal")
    a = explain_index(result, "2020-01-04").of("a")
    assert a is not None
    assert a.steps[-1].removesuffix("; in to make up min_count") == f"in: rank 1 of 3, {told}"


def test_ranks_of_which_some_are_there() -> None:
    prices = {"a": [9.0] * 5, "b": [3.0] * 5, "c": [2.5] * 5}
    ranks = {"by": "price", "ranks": {"first": 2, "last": 6}}
    b = explain_index(index(prices, select=ranks, weight="equal"), "2020-01-04").of("b")
    assert b is not None
    assert b.steps[-1] == "in: rank 2 of 3, ranks 2 to 6 wanted, 2 available"
