"""The pro-forma of the next composition, by hand, and where something happens before it takes effect.

Assets a, b and x cost 10, 20 and 10 on day 0, 2020-01-01. Rebalances are on the first of each month, day 31 the first
after the base, determined on day 26 and announced on day 28.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import DataError
from basketry.index.calculate import calculate_index
from basketry.index.effective import check_effective
from basketry.index.explain import explain_next
from basketry.index.outlook import announced_changes, next_composition, outlook
from basketry.index.proforma import RECORD_TIME, ProForma, Stage, Units, announcements
from basketry.index.records import Scope
from basketry.index.result import IndexResult
from basketry.ledger.folder import TIME_FORMAT
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology
from basketry.methodology.schedule.business_days import business_days

START = datetime(2019, 12, 22, tzinfo=UTC)
BEFORE = 10
"""Rows before day 0."""
DAYS = 75
GAP = float("nan")
DETERMINED, ANNOUNCED, EFFECTIVE = 26, 28, 31

Figures = dict[str, dict[int, float]]


def at(day: float) -> datetime:
    return START + timedelta(days=BEFORE + day)


def instant(day: float) -> np.datetime64:
    return np.datetime64(at(day).replace(tzinfo=None), "us")


def rules(rebalance: dict[str, Any] | None = None, **sections: Any) -> Methodology:
    return Methodology.load(
        {
            "basketry": 1,
            "name": "Next",
            "symbol": "NXT",
            "base": {"date": "2020-01-01", "level": 100},
            "select": {"by": "market_cap", "top": 2},
            "weight": {"by": "equal"},
            "rebalance": {"every": "month", "determine": "5d", "announce": "3d", **(rebalance or {})},
            "missing": {"carry_forward": "2d"},
            "guard": {"price_jump": None, "supply_change": None, "supply_step": None, "min_turnover": None},
            **sections,
        }
    )


def wide(figures: Figures) -> pl.DataFrame:
    """Each figure holds from its day on."""
    days = list(range(-BEFORE, DAYS))
    columns: dict[str, list[float]] = {}
    for asset, steps in figures.items():
        columns[asset], now = [], GAP
        for day in days:
            now = steps.get(day, now)
            columns[asset].append(now)
    return pl.DataFrame({"time": [at(day) for day in days], **columns}).fill_nan(None)


PRICES: Figures = {"a": {-10: 10.0}, "b": {-10: 20.0}, "x": {-10: 10.0}}
CAPS: Figures = {"a": {-10: 1000.0}, "b": {-10: 500.0, 20: 300.0}, "x": {-10: 400.0}}
"""a and b lead at the base; b falls behind x on day 20."""


def market(
    price: Figures | None = None, caps: Figures | None = None, events: list[dict[str, Any]] | None = None
) -> Panel:
    table = None
    if events:
        blank = {"ratio": None, "new_asset": None, "removal": None}
        rows = [
            {**blank, **row, "time": at(row["time"]), "known_at": at(row.get("known", row["time"]))} for row in events
        ]
        table = pl.DataFrame(
            [{key: value for key, value in row.items() if key != "known"} for row in rows],
            schema_overrides={"ratio": pl.Float64, "new_asset": pl.String, "removal": pl.String},
        )
    return Panel.from_frames(price=wide(price or PRICES), market_cap=wide(caps or CAPS), events=table)


def run(book: Methodology, panel: Panel, day: float) -> IndexResult:
    return calculate_index(book, panel, end=instant(day))


def weights(found: ProForma) -> dict[str, float | None]:
    return {entry.asset: entry.determined for entry in found.holdings if entry.change != "delete"}


def first(book: Methodology, panel: Panel, day: float = 50) -> ProForma:
    return announcements(run(book, panel, day))[0]


def differences(book: Methodology, panel: Panel, day: float = 50) -> dict[str, str]:
    result = run(book, panel, day)
    found = check_effective(announcements(result)[0].body(), result)
    assert found is not None
    return {entry.asset: entry.reason for entry in found}


def the_next(result: IndexResult) -> ProForma:
    found = next_composition(result)
    assert found is not None
    return found


# Stages.


def test_what_is_projected_determined_and_announced_says_so() -> None:
    panel = market()
    stages = [the_next(run(rules(), panel, day)).stage for day in (25, 26, 27, 28, 30)]
    assert stages == [Stage.PROJECTED, Stage.DETERMINED, Stage.DETERMINED, Stage.ANNOUNCED, Stage.ANNOUNCED]
    told = [the_next(run(rules(), panel, day)).words() for day in (25, 26, 28)]
    assert told == [
        "PROJECTION, not a decision: as if determined with the data up to 2020-01-26. The determination is with data "
        "to 2020-01-27, the announcement 2020-01-29.",
        "Weights determined with data to 2020-01-27; NOT ANNOUNCED before 2020-01-29.",
        "Weights determined with data to 2020-01-27, announced 2020-01-29.",
    ]


def test_nothing_leaks_before_its_announcement() -> None:
    panel = market()
    assert [len(announced_changes(run(rules(), panel, day))) for day in (0, 26, 27, 28, 30, 31)] == [0, 0, 0, 1, 1, 0]
    assert [len(announcements(run(rules(), panel, day))) for day in (0, 26, 27, 28, 31, 56, 57)] == [
        0,
        0,
        0,
        1,
        1,
        1,
        2,
    ]


def test_a_projection_is_what_would_be_determined_now() -> None:
    # b leads x until day 20.
    early, late = (the_next(run(rules(), market(), day)) for day in (19, 20))
    assert (early.additions, early.deletions, early.turnover) == ((), (), 0.0)
    assert (late.additions, late.deletions, late.turnover) == (("x",), ("b",), 0.5)
    assert (late.determined_at, late.announced_at, late.effective_at) == (instant(26), instant(28), instant(31))
    assert (early.instant, late.instant) == (instant(19), instant(20))


def test_the_rules_of_a_projection_are_those_of_its_determination() -> None:
    book = rules(
        versions=[{"from": "2020-01-15", "note": "fewer", "changes": {"select": {"by": "market_cap", "top": 1}}}]
    )
    found = the_next(run(book, market(), 5))
    assert (weights(found), found.version) == ({"a": 1.0}, 2)


def test_on_the_first_and_the_last_row() -> None:
    book, panel = rules(), market()
    base = the_next(run(book, panel, 0))
    assert (base.stage, base.level, base.instant) == (Stage.PROJECTED, 100.0, instant(0))
    # At the effective instant the next one is that of the month after, day 60.
    at_strike = the_next(run(book, panel, 31))
    assert (at_strike.stage, at_strike.effective_at) == (Stage.PROJECTED, instant(60))
    # What is announced when it takes effect is told then, before the strike.
    same_day = announcements(run(rules({"announce": "0d"}), panel, 31))
    assert [(entry.instant, entry.deletions) for entry in same_day] == [(instant(31), ("b",))]


def test_a_change_whose_dates_lie_before_the_base_is_told_at_the_base() -> None:
    book = rules({"determine": "5d", "announce": "4d"}, base={"date": "2020-01-30", "level": 100})
    found = announcements(run(book, market(), 31))
    assert [(entry.announced_at, entry.instant) for entry in found] == [(instant(27), instant(29))]


# Figures.


def test_figures_by_hand_with_weights_fixed() -> None:
    # At the base 5 units of a, 2.5 of b. On day 28 a costs 12 and b 16: worth 60 and 40, level 100.
    price = {"a": {-10: 10.0, 28: 12.0}, "b": {-10: 20.0, 28: 16.0}, "x": {-10: 10.0, 28: 25.0}}
    found = first(rules(), market(price))
    assert (found.level, found.fix, found.units, found.steps, found.kept) == (100.0, "weights", Units.INDICATIVE, 1, "")
    rows = {entry.asset: entry for entry in found.holdings}
    assert [rows[asset].change for asset in "abx"] == ["keep", "delete", "add"]
    assert [rows[asset].held for asset in "abx"] == pytest.approx([0.6, 0.4, 0.0])
    assert [rows[asset].determined for asset in "abx"] == [0.5, 0.0, 0.5]
    assert [rows[asset].weight for asset in "abx"] == pytest.approx([0.5, 0.0, 0.5])
    # 50 of each at prices of 12 and 25.
    assert [rows[asset].units for asset in "abx"] == pytest.approx([50 / 12, 0.0, 2.0])
    assert [rows[asset].price for asset in "abx"] == [12.0, 16.0, 25.0]
    assert found.turnover == pytest.approx(0.5)
    assert found.divisor == pytest.approx(1.0)
    body = found.body()
    assert body == {
        "effective_at": "2020-02-01T00:00:00Z",
        "announced_at": "2020-01-29T00:00:00Z",
        "determined_at": "2020-01-27T00:00:00Z",
        "time": "2020-01-29T00:00:00Z",
        "version": 1,
        "trigger": "schedule",
        "members_only": False,
        "kept": "",
        "holdings": [["a", 0.5, None, 12.0], ["x", 0.5, None, 25.0]],
        "divisor": found.divisor,
        "turnover": found.turnover,
    }


def test_instants_are_written_as_in_the_record() -> None:
    assert RECORD_TIME == TIME_FORMAT


def test_units_fixed_of_a_weighting_that_counts_in_units_are_final() -> None:
    # By capitalisation, 100 units of a at 10 and 40 of x, fixed on day 26. On day 28 a costs 20: worth 2000 and 400.
    price = {"a": {-10: 10.0, 28: 20.0}, "b": {-10: 20.0}, "x": {-10: 10.0}}
    caps = {**CAPS, "a": {-10: 1000.0, 28: 2000.0}}
    book, panel = rules({"fix": "units"}, weight={"by": "market_cap"}), market(price, caps)
    found = first(book, panel)
    rows = {entry.asset: entry for entry in found.holdings}
    assert found.units is Units.FIXED
    assert [rows[asset].units for asset in "ax"] == pytest.approx([100.0, 40.0])
    assert [rows[asset].determined for asset in "ax"] == pytest.approx([1000 / 1400, 400 / 1400])
    assert [rows[asset].weight for asset in "ax"] == pytest.approx([2000 / 2400, 400 / 2400])
    struck = run(book, panel, 31).compositions.filter(pl.col("effective_at") == at(31))
    assert struck["units"].to_list() == [rows[asset].units for asset in "ax"]
    assert differences(book, panel) == {}


def test_units_fixed_of_equal_weights_are_final_but_for_a_common_factor() -> None:
    # Fixed at 10 each; on day 30 a has doubled, so the basket is worth 150 when it is struck.
    price = {"a": {-10: 10.0, 30: 20.0}, "b": {-10: 20.0}, "x": {-10: 10.0}}
    book, panel = rules({"fix": "units"}), market(price)
    found = first(book, panel)
    assert found.units is Units.IN_PROPORTION
    assert [entry.units for entry in found.holdings if entry.change != "delete"] == pytest.approx([5.0, 5.0])
    assert [row[2] for row in found.body()["holdings"]] == pytest.approx([5.0, 5.0])
    struck = run(book, panel, 31).compositions.filter(pl.col("effective_at") == at(31))
    assert struck["units"].to_list() == pytest.approx([7.5, 7.5])
    assert differences(book, panel) == {}


@pytest.mark.parametrize(("cap", "units"), [(None, Units.FIXED), (0.6, Units.INDICATIVE)])
def test_supplies_fixed_are_units_where_nothing_caps_them(cap: float | None, units: Units) -> None:
    # 100 of a and 40 of x. On day 28 x costs 20: 1000 and 800, 5/9 and 4/9, under the cap which held at 5/7.
    price = {"a": {-10: 10.0}, "b": {-10: 20.0}, "x": {-10: 10.0, 28: 20.0}}
    weight = {"by": "market_cap", **({} if cap is None else {"cap": cap})}
    book, panel = rules({"fix": "supply"}, weight=weight), market(price)
    found = first(book, panel)
    rows = {entry.asset: entry for entry in found.holdings}
    assert found.units is units
    assert [rows[asset].determined for asset in "ax"] == pytest.approx([0.6, 0.4] if cap else [5 / 7, 2 / 7])
    assert [rows[asset].weight for asset in "ax"] == pytest.approx([5 / 9, 4 / 9])
    assert [rows[asset].units for asset in "ax"] == pytest.approx([100.0, 40.0])
    assert [row[2] is None for row in found.body()["holdings"]] == [cap is not None] * 2
    assert differences(book, panel) == {}


def test_cash_is_a_holding() -> None:
    # 80% in two halves; a has doubled on day 28: 40 and 40 become 80 and 40 beside 20 of cash, of 140.
    price = {"a": {-10: 10.0, 28: 20.0}, "b": {-10: 20.0}, "x": {-10: 10.0}}
    book, panel = rules(weight={"by": "equal", "cash": 0.2}), market(price)
    found = first(book, panel)
    rows = {entry.asset: entry for entry in found.holdings}
    assert [rows[asset].determined for asset in ("a", "x", "cash")] == pytest.approx([0.4, 0.4, 0.2])
    assert [rows[asset].held for asset in ("a", "b", "cash")] == pytest.approx([80 / 140, 40 / 140, 20 / 140])
    assert rows["cash"].change == "keep"
    # Half of |4/7 - .4| + 2/7 + .4 + |1/7 - .2|.
    assert found.turnover == pytest.approx(0.5 * (80 / 140 - 0.4 + 40 / 140 + 0.4 + 0.2 - 20 / 140))
    assert differences(book, panel) == {}


def test_of_a_transition_the_target_is_told_with_the_number_of_steps() -> None:
    book, panel = rules({"transition": {"steps": 4, "every": "1d"}}), market()
    found = first(book, panel)
    assert (found.steps, found.turnover, weights(found)) == (4, 0.5, {"a": 0.5, "x": 0.5})
    # The first composition holds b still, which is no difference.
    assert differences(book, panel) == {}


def test_units_of_a_change_in_steps_are_final_but_for_a_common_factor() -> None:
    # 100 of a and 40 of x, at 10 each, for 100 of a and 25 of b, of which b leaves.
    steps = {"steps": 2, "every": "1d"}
    book = rules({"fix": "units", "transition": steps}, weight={"by": "market_cap"})
    price = {**PRICES, "a": {-10: 10.0, 28: 20.0}}
    panel = market(price, {**CAPS, "a": {-10: 1000.0, 28: 2000.0}})
    found = first(book, panel)
    assert found.units is Units.IN_PROPORTION
    told = {entry.asset: entry.units for entry in found.holdings if entry.change != "delete"}
    assert told == pytest.approx({"a": 100.0, "x": 40.0})
    assert [row[2] for row in found.body()["holdings"]] == pytest.approx([100.0, 40.0])
    # On day 31 a basket of 100 a at 20 and 25 b at 20 goes, by halves, into one of 2400 scaled to 2500.
    struck = run(book, panel, 32).compositions.filter(pl.col("effective_at") == at(32))
    assert struck["asset"].to_list() == ["a", "x"]
    scale = 2500 / 2400
    assert struck["units"].to_list() == pytest.approx([100 * scale, 40 * scale])
    assert differences(book, panel) == {}


@pytest.mark.parametrize(("cap", "units"), [(None, Units.IN_PROPORTION), (0.6, Units.INDICATIVE)])
def test_supplies_fixed_of_a_change_in_steps_are_so_in_proportion(cap: float | None, units: Units) -> None:
    weight = {"by": "market_cap", **({} if cap is None else {"cap": cap})}
    book = rules({"fix": "supply", "transition": {"steps": 2, "every": "1d"}}, weight=weight)
    assert first(book, market()).units is units


# What happens between.


def test_a_gap_at_the_announcement_leaves_the_price_open() -> None:
    found = first(rules(missing={"carry_forward": "1h"}), market({**PRICES, "x": {-10: 10.0, 27: GAP, 31: 12.0}}))
    row = next(entry for entry in found.holdings if entry.asset == "x")
    assert (row.determined, row.weight, row.units, row.price) == (0.5, 0.5, None, None)
    assert ["x", 0.5, None, None] in found.body()["holdings"]


def test_a_gap_at_the_strike_is_the_reason_of_the_difference() -> None:
    book, panel = rules(missing={"carry_forward": "1h"}), market({**PRICES, "x": {-10: 10.0, 29: GAP}})
    found = differences(book, panel)
    assert found["x"] == (
        "missing_price: no price fresh enough at the effective instant; its weight goes to the others"
    )
    assert found["a"] == f"follows from x, {found['x']}"


def test_a_conversion_after_the_announcement_does_not_change_what_was_told() -> None:
    # x becomes y on day 29; two y for one x.
    price = {**PRICES, "x": {-10: 10.0, 29: GAP}, "y": {29: 5.0}}
    caps = {**CAPS, "x": {-10: 400.0, 29: GAP}, "y": {29: 400.0}}
    panel = market(price, caps, [{"time": 29, "kind": "migration", "asset": "x", "new_asset": "y", "ratio": 2.0}])
    assert weights(first(rules(), panel)) == {"a": 0.5, "x": 0.5}
    assert first(rules(), panel).body() == first(rules(), panel, 28).body()
    found = differences(rules(), panel)
    words = "migration: migration between the determination and 2020-02-01; y takes its place."
    assert found == {"x": words, "y": f"follows from x, {words}"}
    # Of one before it, what was told is what it became.
    early = market(
        {**PRICES, "x": {-10: 10.0, 27: GAP}, "y": {27: 5.0}},
        {**CAPS, "x": {-10: 400.0, 27: GAP}, "y": {27: 400.0}},
        [{"time": 27, "kind": "migration", "asset": "x", "new_asset": "y", "ratio": 2.0}],
    )
    assert weights(first(rules(), early)) == {"a": 0.5, "y": 0.5}
    assert differences(rules(), early) == {}


def test_a_redenomination_after_the_announcement_changes_units_and_no_weights() -> None:
    price = {**PRICES, "x": {-10: 10.0, 29: 1.0}}
    panel = market(price, None, [{"time": 29, "kind": "redenomination", "asset": "x", "ratio": 10.0}])
    assert differences(rules(), panel) == {}
    result = run(rules({"fix": "units"}, weight={"by": "market_cap"}), panel, 31)
    found = check_effective(announcements(result)[0].body(), result)
    assert found is not None
    assert [(entry.asset, entry.figure) for entry in found] in ([("x", "units")], [("a", "units"), ("x", "units")])
    assert found[-1].reason == "redenomination: redenomination between the determination and 2020-02-01."


def test_a_delisting_after_the_announcement_is_the_reason_of_every_weight() -> None:
    price = {**PRICES, "x": {-10: 10.0, 29: GAP}}
    panel = market(price, {**CAPS, "x": {-10: 400.0, 29: GAP}}, [{"time": 29, "kind": "delisting", "asset": "x"}])
    words = "delisting: delisting between the determination and 2020-02-01."
    assert differences(rules(), panel) == {"x": words, "a": f"follows from x, {words}"}
    # The same where who departs replaces itself: on day 29 the pro-forma of now has nobody but a.
    assert weights(the_next(run(rules(), panel, 29))) == {"a": 1.0}


def test_data_that_come_late_do_not_change_what_was_told() -> None:
    days = list(range(-BEFORE, DAYS))
    rows = [
        {"time": at(day), "asset": asset, "price": 10.0, "market_cap": cap, "known_at": at(day)}
        for day in days
        for asset, cap in (("a", 1000.0), ("b", 500.0), ("x", 400.0))
    ]
    late = [
        {"time": at(day), "asset": "x", "price": 10.0, "market_cap": 900.0, "known_at": at(29)} for day in range(20, 29)
    ]
    before, after = (Panel.from_frames(pl.DataFrame(table)) for table in (rows, [*rows, *late]))
    assert not (before.field("market_cap") == after.field("market_cap")).all()
    assert first(rules(), before).body() == first(rules(), after).body()
    assert weights(first(rules(), after)) == {"a": 0.5, "b": 0.5}


def test_an_empty_universe_keeps_the_composition() -> None:
    book = rules(universe=[{"market_cap": {"min": 350}}], select={"by": "market_cap", "top": 2})
    caps = {"a": {-10: 1000.0, 20: 100.0}, "b": {-10: 500.0, 20: 100.0}, "x": {-10: 100.0}}
    found = first(book, market(None, caps))
    assert found.kept.startswith("no asset is selected at 2020-01-27")
    assert [(entry.asset, entry.change) for entry in found.holdings] == [("a", "keep"), ("b", "keep")]
    assert (found.turnover, found.divisor, found.body()["holdings"]) == (0.0, None, [])
    assert differences(book, market(None, caps)) == {}


def test_several_pending_changes_are_told_each_the_first_in_front() -> None:
    # Each week from Monday 6 January on (day 5), announced 10 days before, so that two are pending.
    book = rules({"every": "week", "determine": "11d", "announce": "10d"})
    found = announced_changes(run(book, market(), 18))
    assert [entry.effective_at for entry in found] == [instant(19), instant(26)]
    assert the_next(run(book, market(), 18)).effective_at == instant(19)
    told = announcements(run(book, market(), 18))
    assert [entry.effective_at for entry in told] == [instant(5), instant(12), instant(19), instant(26)]
    assert [entry.instant for entry in told] == [instant(0), instant(2), instant(9), instant(16)]


def test_a_trigger_is_told_when_it_fires() -> None:
    # a rises from 10 to 20 on day 10: weights 2/3 and 1/3, beyond the band of 10%; a day later it takes effect.
    price = {**PRICES, "a": {-10: 10.0, 10: 20.0}}
    book = rules({"triggers": [{"drift": {"band": 0.1}}], "determine": "1d", "announce": "0d"})
    found = announcements(run(book, market(price), 20))
    assert [(entry.trigger, entry.instant, entry.effective_at) for entry in found] == [
        ("drift", instant(10), instant(11))
    ]
    assert [entry.held for entry in found[0].holdings] == pytest.approx([2 / 3, 1 / 3])
    assert the_next(run(book, market(price), 10)).trigger == "drift"
    assert differences(book, market(price), 20) == {}


def reviewing() -> Methodology:
    return rules({"determine": "2d", "announce": "1d"}, review={"determine": "10d", "announce": "6d"})


def test_members_are_told_before_their_weights() -> None:
    book, panel = reviewing(), market()
    # Members on day 21, announced on day 25; weights on day 29, announced on day 30.
    assert announced_changes(run(book, panel, 24)) == ()
    (members,) = announced_changes(run(book, panel, 25))
    assert (members.scope, members.turnover, members.divisor) == (Scope.MEMBERS, None, None)
    assert (members.additions, members.deletions) == (("x",), ("b",))
    assert weights(members) == {"a": None, "x": None}
    assert members.words() == "Members determined with data to 2020-01-22, announced 2020-01-26."
    found = the_next(run(book, panel, 25))
    assert (found.stage, found.scope, weights(found)) == (Stage.PROJECTED, Scope.WEIGHTS, {"a": 0.5, "x": 0.5})
    assert found.words().startswith("Weights are a PROJECTION, not a decision")
    assert "members are those of 2020-01-22" in found.words()
    told = announcements(run(book, panel, 40))
    assert [(entry.scope, entry.instant) for entry in told] == [
        (Scope.MEMBERS, instant(25)),
        (Scope.WEIGHTS, instant(30)),
    ]
    result = run(book, panel, 40)
    assert [check_effective(entry.body(), result) for entry in told] == [(), ()]


def test_members_of_a_parent_count_as_they_are_known() -> None:
    # The parent gives up b for x on day 23, for day 31; the child, of all its members, determines on day 26.
    parent = rules({"determine": "8d", "announce": "7d"}, symbol="PAR").document
    book = rules(parents=[parent], universe=[{"in_index": "PAR"}])
    found = {day: the_next(run(book, market(), day)) for day in (22, 23, 28)}
    assert [weights(found[day]).keys() for day in (22, 23, 28)] == [{"a", "b"}, {"a", "x"}, {"a", "x"}]
    assert [found[day].stage for day in (22, 23, 28)] == [Stage.PROJECTED, Stage.PROJECTED, Stage.ANNOUNCED]
    assert differences(book, market()) == {}


def test_a_change_that_another_supersedes_was_told_all_the_same() -> None:
    # Without rows on days 10 to 13, the changes of days 10 to 14 come due on day 14, and the last is made.
    book = rules(
        {"every": "day", "determine": "3d", "announce": "2d"},
        calculate={"every": "observation"},
        select={"by": "price", "top": 2},
    )
    times = np.array([instant(day) for day in range(-BEFORE, 16) if day not in range(10, 14)])
    panel = Panel(times, ("a", "b"), {"price": np.full((len(times), 2), 10.0)})
    result = run(book, panel, 14)
    told = {entry.effective_at: entry for entry in announcements(result)}
    assert [told[instant(day)].instant for day in (11, 12, 13, 14)] == [instant(9), *[instant(14)] * 3]
    outcomes = [check_effective(told[instant(day)].body(), result) for day in (10, 11, 12, 13, 14)]
    superseded = [
        f"change of 2020-01-{day} not made: the change of 2020-01-15 came due at the same instant"
        for day in (12, 13, 14)
    ]
    # That of day 10 came due on day 14, too.
    assert [outcome and outcome[0].reason for outcome in outcomes] == [
        "change of 2020-01-11 not made: the change of 2020-01-15 came due at the same instant",
        *superseded,
        (),
    ]


def test_a_change_is_not_compared_before_it_takes_effect() -> None:
    result = run(rules(), market(), 30)
    assert check_effective(announcements(result)[0].body(), result) is None


def test_what_nothing_explains_has_no_reason() -> None:
    result = run(rules(), market(), 31)
    body = announcements(result)[0].body()
    forged = {**body, "holdings": [["a", 0.6, None, 10.0], ["x", 0.4, None, 10.0]]}
    found = check_effective(forged, result)
    assert found is not None
    assert [(entry.asset, entry.announced, entry.reason) for entry in found] == [("a", 0.6, ""), ("x", 0.4, "")]
    other = check_effective({**body, "determined_at": "2020-01-26T00:00:00Z"}, result)
    assert other is not None
    assert [(entry.asset, entry.figure, entry.reason) for entry in other] == [("*", "change", "")]


# The explanation.


def test_the_next_composition_is_explained() -> None:
    found = explain_next(run(rules(), market(), 20))
    assert found.trigger == "schedule, projected, not determined"
    assert {entry.asset for entry in found.assets if entry.held} == {"a", "x"}
    x, b = found.of("x"), found.of("b")
    assert x is not None
    assert b is not None
    assert (x.weight_determined, x.weight) == (0.5, 0.5)
    assert x.steps[-1].startswith("in: rank 2")
    assert b.steps[-1].startswith("out: rank 3")
    assert found.to_dict()["next"] == "projected"
    announced = explain_next(run(rules(), market(), 28))
    assert (announced.trigger, announced.determined_at) == ("schedule, announced", instant(26))


def test_the_next_composition_of_reviewed_members_is_explained() -> None:
    for day, reviewed in ((15, instant(15)), (22, instant(21)), (30, instant(21))):
        found = explain_next(run(reviewing(), market(), day))
        assert found.reviewed_at == reviewed


def test_where_the_calendar_ends_there_is_no_next_composition() -> None:
    last = np.datetime64(business_days("XNYS").last, "us")
    times = last - np.arange(30)[::-1] * np.timedelta64(1, "D")
    panel = Panel(times, ("a",), {"price": np.full((30, 1), 10.0)})
    book = rules(
        {"every": "year", "on": "first_business_day", "calendar": "XNYS"},
        select={"by": "price", "all": {}},
        base={"date": str(times[8].astype("datetime64[D]")), "level": 100},
    )
    result = calculate_index(book, panel)
    assert outlook(result) is None
    assert next_composition(result) is None
    assert announced_changes(result) == ()
    with pytest.raises(DataError, match="the calendar of the schedule does not reach further"):
        explain_next(result)
