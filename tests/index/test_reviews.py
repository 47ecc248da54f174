"""Members reviewed on a calendar of their own: by hand, and where a review meets something else.

Rebalances are on the first of each month, day 0 being 2020-01-01, so that they lie on days 0, 31, 60, 91 and 121;
members are reviewed for those of January and April, ten days before (days -10 and 81). Weights are determined a day
before.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import MethodologyError
from basketry.index.calculate import calculate_index
from basketry.index.explain import explain_index
from basketry.index.history import History
from basketry.index.market import IndexMarket
from basketry.index.result import IndexResult
from basketry.index.state import IndexState
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

START = datetime(2019, 12, 1)
FIRST = 31
"""Rows before day 0."""
GAP = float("nan")
DAYS = 150
EVENT_COLUMNS = {"ratio": pl.Float64, "new_asset": pl.String, "removal": pl.String}


def rules(**sections: Any) -> Methodology:
    return Methodology.load(
        {
            "basketry": 1,
            "name": "Reviewed",
            "symbol": "REV",
            "base": {"date": "2020-01-01", "level": 100},
            "select": {"by": "market_cap", "top": 2},
            "weight": {"by": "equal"},
            "rebalance": {"every": "month", "determine": "1d"},
            "review": {"every": "quarter", "determine": "10d"},
            "guard": {"supply_change": None, "min_turnover": None},
            **sections,
        }
    )


def stamp(day: float) -> datetime:
    return START + timedelta(days=FIRST + day)


def market(caps: dict[str, dict[int, float]], events: list[dict[str, Any]] | None = None, **others: Any) -> Panel:
    """Prices that are what capitalisations are over a supply of 10; each figure holds from its day on."""
    series = {asset: steps(figures) for asset, figures in caps.items()}
    times = [START + timedelta(days=n) for n in range(DAYS + FIRST)]
    wide: dict[str, Any] = {
        "market_cap": pl.DataFrame({"time": times, **series}),
        "price": pl.DataFrame({"time": times, **{a: [c / 10 for c in values] for a, values in series.items()}}),
    }
    table = None
    if events:
        rows = [
            {"ratio": None, "new_asset": None, "removal": None, **row, "time": stamp(row["time"])} for row in events
        ]
        table = pl.DataFrame(rows, schema_overrides=EVENT_COLUMNS)
    return Panel.from_frames(**wide, events=table, **others)


def steps(figures: dict[int, float]) -> list[float]:
    values, now = [], GAP
    for day in range(-FIRST, DAYS):
        now = figures.get(day, now)
        values.append(now)
    return values


def held(result: IndexResult) -> dict[int, str]:
    """Return who is held from each day on which a composition begins."""
    found: dict[int, list[str]] = {}
    for row in result.compositions.iter_rows(named=True):
        day = (row["effective_at"].replace(tzinfo=None) - stamp(0)).days
        found.setdefault(day, []).append(row["asset"])
    return {day: "".join(sorted(names)) for day, names in found.items()}


A, B, C = {-31: 400.0}, {-31: 300.0}, {-31: 200.0}


def test_members_change_at_a_review_and_weights_at_every_rebalance() -> None:
    # From day 20 on c is larger than b; the first review after that is that of April.
    panel = market({"a": {**A, 40: 800.0}, "b": B, "c": {**C, 20: 350.0}})
    result = calculate_index(rules(), panel)
    assert held(result) == {0: "ab", 31: "ab", 60: "ab", 91: "ac", 121: "ac"}
    # a doubles on day 40: half of 100 doubles, and on day 60 both halves are made equal again.
    level = result.level()
    assert (level[39], level[40], level[60]) == pytest.approx((100.0, 150.0, 150.0), rel=1e-14)
    march = result.weights("2020-03-02")
    assert list(march.values()) == pytest.approx([0.5, 0.5], rel=1e-14)
    reviews = result.events.filter(pl.col("kind") == "review")
    assert reviews["evidence"].to_list()[:2] == [
        "2 members from 2020-01-01 on, announced 2020-01-01; in: a, b",
        "2 members from 2020-04-01 on, announced 2020-04-01; in: c; out: b",
    ]
    assert [str(time)[:10] for time in reviews["time"]] == ["2019-12-22", "2020-03-22"]


@pytest.mark.parametrize(("day", "april"), [(80, "ac"), (81, "ac"), (82, "ab"), (90, "ab")])
def test_the_reference_date_of_members_decides_and_not_that_of_weights(day: int, april: str) -> None:
    result = calculate_index(rules(), market({"a": A, "b": B, "c": {**C, day: 350.0}}))
    assert held(result)[91] == april


@pytest.mark.parametrize(("day", "weight"), [(80, 900 / 1200), (90, 900 / 1200), (91, 400 / 700)])
def test_the_reference_date_of_weights_decides_on_weights(day: int, weight: float) -> None:
    # Weights by capitalisation, as determined on day 90: 900 to 300, or 400 to 300 where a rises later.
    panel = market({"a": {**A, day: 900.0}, "b": B, "c": C})
    result = calculate_index(rules(weight={"by": "market_cap"}), panel)
    assert result.weights("2020-04-01")["a"] == pytest.approx(weight, rel=1e-14)


MEETINGS: dict[str, tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any], dict[int, str]]] = {
    # caps, events, sections, who is held from some days on
    "a member is delisted between its review and its weights, and nobody takes its place": (
        {"a": A, "b": B, "c": C}, [{"time": 85.0, "kind": "delisting", "asset": "b"}], {}, {60: "ab", 85: "a", 91: "a"},
    ),
    "or the next does, where the event says so": (
        {"a": A, "b": B, "c": C},
        [{"time": 85.0, "kind": "delisting", "asset": "b", "removal": "replace_by_next"}], {}, {85: "ac", 91: "ac"},
    ),
    "who was chosen and is not held yet is delisted before the weights": (
        {"a": A, "b": B, "c": {**C, 20: 350.0}}, [{"time": 85.0, "kind": "delisting", "asset": "c"}], {},
        {60: "ab", 91: "a", 121: "a"},
    ),
    "who was chosen becomes another before the weights": (
        {"a": A, "b": B, "c": {**C, 20: 350.0, 85: GAP}, "d": {85: 350.0}},
        [{"time": 85.0, "kind": "migration", "asset": "c", "new_asset": "d", "ratio": 1.0}], {}, {60: "ab", 91: "ad"},
    ),
    "who was chosen becomes another between the last row and the weights": (
        {"a": A, "b": B, "c": {**C, 20: 350.0, 90: GAP}, "d": {90: 350.0}},
        [{"time": 89.5, "kind": "migration", "asset": "c", "new_asset": "d", "ratio": 1.0}], {}, {60: "ab", 91: "ad"},
    ),
    "two who were chosen become one": (
        {"a": A, "b": {**B, 85: GAP}, "c": C},
        [{"time": 85.0, "kind": "merger", "asset": "b", "new_asset": "a", "ratio": 0.75}], {}, {85: "a", 91: "a"},
    ),
    "a member is delisted after a weighting and comes back at the review": (
        {"a": A, "b": B, "c": C}, [{"time": 40.0, "kind": "delisting", "asset": "b"}], {}, {40: "a", 60: "a", 91: "ac"},
    ),
    "a member without a price leaves, and does not come back before the review": (
        {"a": A, "b": {**B, 40: GAP, 50: 300.0}, "c": C}, [], {}, {43: "a", 60: "a", 91: "ab"},
    ),
    "a member without a price on the day of weights is left out, and does not come back before the review": (
        {"a": A, "b": {**B, 56: GAP, 62: 300.0}, "c": C}, [], {"missing": {"then": "keep"}}, {60: "a", 91: "ab"},
    ),
    "a coin that was credited leaves at a rebalance without a review": (
        {"a": A, "b": B, "c": C, "f": {40: 50.0}},
        [{"time": 40.0, "kind": "hard_fork", "asset": "a", "new_asset": "f", "ratio": 1.0}],
        {"events": {"hard_fork": "credit"}}, {40: "abf", 60: "ab"},
    ),
    "a committee takes a member out between two reviews, and it comes back at one after its decision": (
        {"a": A, "b": B, "c": C}, [],
        {"overrides": [{"asset": "b", "action": "exclude", "from": "2020-02-20", "until": "2020-03-15",
                        "reason": "halted", "approver": "Committee", "date": "2020-02-20"}]},
        {31: "ab", 60: "a", 91: "ab"},
    ),
    "a committee brings one in between two reviews": (
        {"a": A, "b": B, "c": C}, [],
        {"overrides": [{"asset": "c", "action": "include", "from": "2020-02-20", "until": "2020-03-15",
                        "reason": "new", "approver": "Committee", "date": "2020-02-20"}]},
        {31: "ab", 60: "abc", 91: "ab"},
    ),
    "a trigger on weights does not review members": (
        {"a": {**A, 40: 1200.0}, "b": B, "c": {**C, 20: 350.0}}, [],
        {"rebalance": {"every": "month", "determine": "1d", "triggers": [{"drift": {"band": 0.2}}]}},
        {31: "ab", 41: "ab", 91: "ac"},
    ),
    "a trigger on members does": (
        {"a": A, "b": B, "c": {**C, 40: 350.0}}, [],
        {"rebalance": {"every": "month", "determine": "1d", "triggers": ["asset_qualifies"]}},
        {31: "ab", 41: "ac", 60: "ac"},
    ),
    "a version chooses three from the next review on": (
        {"a": A, "b": B, "c": C}, [],
        {"versions": [{"from": "2020-02-15", "note": "three", "changes": {"select": {"by": "market_cap", "top": 3}}}]},
        {31: "ab", 60: "ab", 91: "abc"},
    ),
    "a version reviews at every rebalance from its date on": (
        {"a": A, "b": B, "c": {**C, 20: 350.0}}, [],
        {"versions": [{"from": "2020-02-15", "note": "monthly", "changes": {"review": {"every": "month"}}}]},
        {31: "ab", 60: "ac", 91: "ac"},
    ),
    "a review and a rebalance long before their effect": (
        {"a": A, "b": B, "c": {**C, 35: 350.0}}, [],
        {"rebalance": {"every": "month", "determine": "40d"}, "review": {"every": "quarter", "determine": "50d"}},
        {31: "ab", 60: "ab", 91: "ac", 121: "ac"},
    ),
    "what leaves in the steps of a transition is not weighted at the next rebalance": (
        {"a": A, "b": B, "c": {**C, 20: 350.0}}, [],
        {"rebalance": {"every": "month", "determine": "1d", "transition": {"steps": 3, "every": "20d"}}},
        # b leaves for c on days 91, 111 and 131; on day 121 a and c are weighted, and b is gone by day 161.
        {60: "ab", 91: "abc", 111: "abc", 121: "abc", 141: "abc"},
    ),
    "a buffer counts who is held at the review": (
        {"a": A, "b": B, "c": {**C, 20: 350.0}}, [],
        {"select": {"by": "market_cap", "top": 2, "buffer": {"enter": 1, "leave": 3}}}, {60: "ab", 91: "ab"},
    ),
    "members and weights are determined at the same instant": (
        {"a": A, "b": B, "c": {**C, 90: 350.0}}, [], {"review": {"every": "quarter", "determine": "1d"}}, {91: "ac"},
    ),
    "the weights' guard refuses a member": (
        {"a": {**A, 58: 30_000.0, 61: 400.0}, "b": B, "c": C}, [], {}, {60: "b", 91: "ab"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("meeting", MEETINGS)
def test_a_review_meets(meeting: str) -> None:
    caps, events, sections, expected = MEETINGS[meeting]
    result = calculate_index(rules(**sections), market(caps, events))
    found = held(result)
    assert {day: found.get(day) for day in expected} == expected
    assert (result.level() > 0).all()


@pytest.mark.parametrize("meeting", MEETINGS)
def test_a_review_goes_on_from_bytes_at_any_instant(meeting: str) -> None:
    caps, events, sections, _ = MEETINGS[meeting]
    book, panel = rules(**sections), market(caps, events)
    whole = calculate_index(book, panel)
    driver = History(book, IndexMarket.of(panel, whole.times), 1)
    states = [step.state for step in driver.walk(driver.start())]
    for state in states[len(states) // 2 :: 7]:
        again = IndexState.from_bytes(state.to_bytes(), book, panel.assets)
        *_, last = [state, *(step.state for step in History(book, IndexMarket.of(panel, whole.times)).walk(again))]
        assert last.to_bytes() == whole.state.to_bytes()
    assert any(state.reviewed for state in states)


def test_who_is_left_out_between_reviews_leaves_evidence() -> None:
    caps, events, sections, _ = MEETINGS[
        "a member without a price on the day of weights is left out, and does not come back before the review"
    ]
    result = calculate_index(rules(**sections), market(caps, events))
    told = result.events.filter((pl.col("kind") == "missing_price") & (pl.col("asset") == "b"))
    assert told["treatment"].to_list() == ["left out of the rebalance"]


def test_weights_that_found_nobody_do_not_empty_the_next_change() -> None:
    # Determined 40 days ahead: that of day 60 finds nobody on day 20, as nobody has had a price for more than a day;
    # that of day 91 is determined on day 51, before day 60, and weights who is held.
    gap = {18: GAP, 23: 400.0}
    panel = market({"a": {**A, **gap}, "b": {**B, 18: GAP, 23: 300.0}, "c": C})
    sections: dict[str, Any] = {
        "rebalance": {"every": "month", "determine": "40d"},
        "review": {"months": [1], "determine": "50d"},
        "missing": {"carry_forward": "1d", "then": "keep"},
        "base": {"date": "2020-01-01", "level": 100},
    }
    result = calculate_index(rules(**sections), panel)
    assert held(result) == {0: "ab", 31: "ab", 91: "ab", 121: "ab"}


def test_a_review_that_finds_nobody_says_so_and_changes_nothing() -> None:
    # From day 75 to day 85 nobody costs as much as the rules ask for.
    panel = market({"a": {**A, 75: 40.0, 85: 400.0}, "b": {**B, 75: 30.0, 85: 300.0}, "c": {**C, 75: 20.0, 85: 200.0}})
    result = calculate_index(rules(universe=[{"price": {"min": 10}}]), panel)
    assert held(result) == {0: "ab", 31: "ab", 60: "ab", 121: "ab"}
    told = result.events.filter(pl.col("kind").is_in(["review", "empty_universe"])).rows(named=True)
    assert [(row["kind"], row["treatment"]) for row in told] == [
        ("review", "members determined"), ("review", "no members found"), ("empty_universe", "composition kept"),
    ]  # fmt: skip
    assert "0 left after price" in told[1]["evidence"]
    # Who is held was chosen by the review before, and that is what is explained.
    april = explain_index(result, "2020-04-10")
    member = april.of("a")
    assert str(april.reviewed_at)[:10] == "2019-12-22"
    assert member is not None
    assert member.steps[0] == "passes price (40)"


def test_a_member_whose_weight_cannot_be_told_is_left_out_with_evidence() -> None:
    # b has prices and, from day 50 on, no capitalisation; it is chosen again at the review before day 91.
    panel = market({"a": A, "b": B, "c": C})
    caps = panel.fields["market_cap"].copy()
    caps[FIRST + 50 : FIRST + 75, 1] = np.nan
    panel = Panel(panel.times, panel.assets, {**panel.fields, "market_cap": caps})
    result = calculate_index(rules(weight={"by": "market_cap"}), panel)
    assert held(result) == {0: "ab", 31: "ab", 60: "a", 91: "ab", 121: "ab"}
    told = result.events.filter(pl.col("kind") == "missing_figure").row(0, named=True)
    assert (told["asset"], told["treatment"]) == ("b", "left out of the rebalance")
    assert told["evidence"].startswith("market_cap of 'b' is not known, so it cannot be weighted")
    march = explain_index(result, "2020-03-10").of("b")
    assert march is not None
    assert any("market_cap of 'b' is not known" in step for step in march.steps), march.steps
    # Where nobody can be weighted, that is an error, as without a review.
    caps[FIRST + 50 : FIRST + 75] = np.nan
    with pytest.raises(MethodologyError, match="determination of 2020-02-29: market_cap of 'a' is not known"):
        calculate_index(
            rules(weight={"by": "market_cap"}), Panel(panel.times, panel.assets, {**panel.fields, "market_cap": caps})
        )


def test_where_no_member_can_be_weighted_the_composition_is_kept() -> None:
    panel = market({"a": {**A, 56: GAP, 62: 400.0}, "b": {**B, 56: GAP, 62: 300.0}, "c": C})
    result = calculate_index(rules(missing={"then": "keep"}), panel)
    assert 60 not in held(result)
    told = result.events.filter(pl.col("kind") == "empty_universe")["evidence"].to_list()
    assert told[0].startswith(
        "no asset is selected at 2020-02-29: 1 assets have a fresh price, 0 of 2 members are among"
    )


def test_explain_tells_the_review_and_the_weights() -> None:
    result = calculate_index(rules(), market({"a": A, "b": B, "c": {**C, 20: 350.0}}))
    may = explain_index(result, "2020-05-10")
    assert str(may.reviewed_at)[:10] == "2020-03-22"
    assert str(may.determined_at)[:10] == "2020-04-30"
    chosen, out = may.of("c"), may.of("b")
    assert chosen is not None
    assert out is not None
    assert (chosen.rank, out.rank) == (2, 3)
    assert chosen.steps == (
        "in: rank 2 of 3, 2 wanted (members determined 2020-03-22)",
        "weighted on 2020-04-30",
        "came in on 2020-04-01: schedule",
    )
    assert out.steps[0] == "out: rank 3 of 3, 2 wanted (members determined 2020-03-22)"
    assert may.to_dict()["reviewed_at"] == "2020-03-22"
    whole = explain_index(calculate_index(rules(review=None), market({"a": A, "b": B, "c": C})), "2020-05-10")
    assert whole.reviewed_at is None


def test_explain_tells_a_member_that_got_no_weight() -> None:
    caps, events, sections, _ = MEETINGS["the weights' guard refuses a member"]
    march = explain_index(calculate_index(rules(**sections), market(caps, events)), "2020-03-10").of("a")
    assert march is not None
    assert not march.held
    assert march.steps[0].startswith("was in: rank 1 of 3")
    assert "out: a member without a weight on 2020-02-29" in march.steps
    assert any("more than 20 times its median" in step for step in march.steps)


def test_a_review_of_the_same_dates_is_no_review() -> None:
    """With the dates and lags of the rebalance, levels and compositions are those without the section."""
    rng = np.random.default_rng(5)
    caps = {
        name: {day: float(100 * np.exp(rng.normal())) for day in range(-31, DAYS, 7)} for name in ("a", "b", "c", "d")
    }
    panel = market(caps)
    book = rules(review={"determine": "1d"})
    whole = calculate_index(rules(review=None), panel)
    apart = calculate_index(book, panel)
    assert apart.levels.equals(whole.levels)
    assert apart.compositions.equals(whole.compositions)
    assert apart.rebalances.equals(whole.rebalances)


def test_the_base_is_told_where_nobody_is_eligible() -> None:
    with pytest.raises(MethodologyError, match="no asset is selected"):
        calculate_index(rules(universe=[{"price": {"min": 1e9}}]), market({"a": A, "b": B, "c": C}))
