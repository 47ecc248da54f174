"""What happens to an index on a panel, event by event, in the order and at the instants that follow on paper."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.index.test_figures import GAP, at, daily, rules
from tests.index.test_market import FIRST, instants, row, stamp

from basketry.core.errors import DataError
from basketry.index.determine import determine
from basketry.index.events import ChangeDue, Corporate, Determined, Prices
from basketry.index.history import History, Step
from basketry.index.market import IndexMarket
from basketry.index.membership import evidence_of
from basketry.index.plan import scheduled
from basketry.index.records import Cause, Levels
from basketry.index.state import NEVER, Decision, Phase
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

STILL = {"every": "year", "determine": "1d", "announce": "0d"}
"""No scheduled change in the first months of the year."""


def history(book: Methodology, panel: Panel, *days: float, rows: int | None = None) -> History:
    return History(book, IndexMarket.of(panel, instants(*days) if days else panel.times), rows)


def walked(found: History) -> list[Step]:
    return list(found.walk(found.start()))


def day(instant: np.datetime64) -> float:
    return float((instant - FIRST) / np.timedelta64(1, "D"))


def told(steps: list[Step]) -> list[str]:
    """Return each event in short: prices by their days, a determination by its cause and its dates."""
    found = []
    for step in steps:
        event = step.event
        if isinstance(event, Prices):
            found.append(f"prices {' '.join(f'{day(time):g}' for time in event.times)}")
        elif isinstance(event, Determined):
            made = event.decision
            found.append(f"{made.words} {day(made.determined_at):g} for {day(made.effective_at):g}")
        elif isinstance(event, Corporate):
            found.append(f"{', '.join(due.event.asset for due in event.due)} before {day(event.time):g}")
        else:
            found.append(f"{type(event).__name__} {day(event.time):g}")
    return found


def levels(steps: list[Step]) -> list[float]:
    records = (record for step in steps for record in step.records)
    return [value for record in records if isinstance(record, Levels) for value in record.values.tolist()]


def decisions(steps: list[Step]) -> list[Decision]:
    return [step.event.decision for step in steps if isinstance(step.event, Determined)]


# Which changes are planned


def planned(last: int, *versions: dict[str, Any], first: float = 0, **schedule: Any) -> list[float]:
    """Return the days of the changes that are determined from day `first` to `last`, and of the next one."""
    book = rules(rebalance={"every": "month", "announce": "0d", **schedule}, versions=list(versions))
    found = [dates for dates, _ in scheduled(book, instants(first, last))]
    determined = [dates for dates in found if day(dates.determined_at) <= last]
    return [day(dates.effective_at) for dates in found[: len(determined) + 1]]


def test_changes_are_planned_that_are_determined_by_the_last_instant_and_the_next_one() -> None:
    # The months begin on days 31, 60, 91 and 121.
    assert planned(65, determine="1d") == [31, 60, 91]
    assert planned(90, determine="1d") == [31, 60, 91, 121]
    assert planned(60, determine="0d") == [31, 60, 91]
    assert planned(19, determine="40d") == [31, 60]
    assert planned(20, determine="40d") == [31, 60, 91]
    assert planned(20, determine="100d") == [31, 60, 91, 121]
    assert planned(60, determine="0d", first=31) == [60, 91]


def test_a_version_plans_from_its_date_to_that_of_the_next() -> None:
    def version(start: str, every: str) -> dict[str, Any]:
        return {"from": start, "note": "other dates", "changes": {"rebalance": {"every": every, "determine": "0d"}}}

    # Mondays are days 5, 12, ...: weeks from 5 February (day 35) on, 40 the first of them.
    assert planned(50, version("2020-02-05", "week")) == [31, 40, 47, 54]
    assert planned(50, version("2020-02-10", "week")) == [31, 40, 47, 54]
    assert planned(50, version("2020-02-05", "week"), version("2020-02-12", "month")) == [31, 40, 60]
    # One from after the last instant plans its own; the one before it plans nothing from there on.
    assert planned(30, version("2020-01-31", "week"), determine="9d") == [33]
    # One that was over by the base plans nothing, nor does one that never holds.
    assert planned(50, version("2020-01-10", "week"), first=20) == [26, 33, 40, 47, 54]


# The walk


def test_a_walk_determines_reads_and_changes_in_turn() -> None:
    book = rules(rebalance={"every": "2d", "determine": "1d", "announce": "0d"})
    steps = walked(history(book, daily({"a": [10.0, 20.0, 20.0, 40.0, 40.0, 40.0], "b": [10.0] * 6})))
    assert told(steps) == [
        "base 0 for 0", "ChangeDue 0", "prices 1", "schedule 1 for 2", "prices 2", "ChangeDue 2", "prices 3",
        "schedule 3 for 4", "prices 4", "ChangeDue 4", "prices 5", "schedule 5 for 6",
    ]  # fmt: skip
    assert levels(steps) == [100.0, 150.0, 150.0, 225.0, 225.0, 225.0]
    assert [step.decision for step in steps if isinstance(step.event, ChangeDue)] == decisions(steps)[:3]
    assert all(step.decision is None for step in steps if not isinstance(step.event, ChangeDue))
    assert [len(step.segments) for step in steps] == [int(isinstance(step.event, Prices)) for step in steps]


def test_nothing_but_prices_is_one_event_unless_it_is_cut() -> None:
    panel = daily({"a": [10.0, 11.0, 12.0, 13.0, 14.0], "b": [10.0] * 5})
    book = rules(rebalance=STILL)
    assert told(walked(history(book, panel)))[2:] == ["prices 1 2 3 4"]
    assert told(walked(history(book, panel, rows=1)))[2:] == ["prices 1", "prices 2", "prices 3", "prices 4"]
    assert told(walked(history(book, panel, rows=3)))[2:] == ["prices 1 2 3", "prices 4"]
    for rows in (None, 1, 2, 3, 4):
        assert levels(walked(history(book, panel, rows=rows))) == [100.0, 105.0, 110.0, 115.0, 120.0]


def test_a_walk_goes_on_from_any_state() -> None:
    book = rules(rebalance={"every": "2d", "determine": "1d", "announce": "0d"})
    found = history(book, daily({"a": [10.0, 20.0, 20.0, 40.0], "b": [10.0] * 4}))
    steps = walked(found)
    assert (found.start().instant, found.position(found.start())) == (NEVER, -1)
    assert [found.position(step.state) for step in steps] == [-1, 0, 1, 1, 2, 2, 3, 3]
    assert [step.state.phase for step in steps[4:6]] == [Phase.PRICED, Phase.ASKED]
    for number, step in enumerate(steps):
        rest = list(found.walk(step.state))
        assert told(rest) == told(steps)[number + 1 :]
        assert levels(rest) == levels(steps[number + 1 :])


def test_what_falls_between_two_instants_comes_at_the_later_one() -> None:
    # Prices at midnight, levels at noon: the change of day 2 is determined on day 1.
    panel = daily({"a": [10.0, 20.0, 40.0, 40.0], "b": [10.0, 10.0, 10.0, 10.0]})
    book = rules(base={"date": "2020-01-01", "level": 100}, rebalance={"every": "2d", "determine": "1d"})
    steps = walked(history(book, panel, 0.5, 1.5, 2.5))
    assert told(steps) == [
        "base 0.5 for 0.5", "ChangeDue 0.5", "schedule 1 for 2", "prices 1.5 2.5", "ChangeDue 2.5",
    ]  # fmt: skip
    assert levels(steps) == [100.0, 150.0, 250.0]


# Determinations


def test_a_decision_holds_what_was_used() -> None:
    book = rules(
        select={"by": "price", "top": 1}, rebalance={"every": "3d", "determine": "2d", "announce": "1d"},
        missing={"carry_forward": "2d"},
    )  # fmt: skip
    steps = walked(history(book, daily({"a": [10.0, 10.0, 10.0, 10.0], "b": [9.0, 11.0, GAP, 12.0]})))
    first, second = decisions(steps)[:2]
    assert (first.cause, first.members.tolist(), first.columns.tolist()) == (Cause.BASE, [], [0])
    assert (second.cause, second.members.tolist(), second.columns.tolist()) == (Cause.SCHEDULE, [0], [1])
    assert [day(time) for time in (second.determined_at, second.announced_at, second.effective_at)] == [1, 2, 3]
    assert (day(second.used_to), second.version, second.nobody) == (1, 1, "")
    assert (second.prices.tolist(), second.weights.tolist(), second.raw.tolist()) == ([11.0], [1.0], [1.0])
    assert second.reserve.tolist() == [1, 0]


def test_a_base_that_was_due_before_the_data_is_determined_at_the_base() -> None:
    panel = daily({"a": [10.0, 10.0], "b": [10.0, 10.0]})
    first = walked(history(rules(rebalance={**STILL, "announce": "1d"}), panel))[0]
    assert isinstance(first.event, Determined)
    made = first.event.decision
    assert (made.determined_at, made.announced_at, made.effective_at) == (FIRST, FIRST, FIRST)
    (note,) = first.event.evidence
    assert (note.time, note.asset, note.kind, note.treatment) == (FIRST, "*", "determination", "made at the base")
    assert note.words == "the data begin after 2019-12-31, when it was due"
    # One that the data reach is determined in its time.
    later = walked(history(rules(rebalance=STILL), panel, 1))[0]
    assert isinstance(later.event, Determined)
    assert (day(later.event.decision.determined_at), later.event.evidence) == (0, ())


def test_members_are_what_they_became_and_not_those_held_as_cash() -> None:
    # a becomes n on day 2 at noon, known to the determination of day 3 at the latest; b is cash from day 2 on.
    prices = {"a": [10.0, 10.0, GAP, GAP, GAP], "b": [10.0] * 5, "c": [10.0] * 5, "n": [GAP, GAP, 10.0, 10.0, 10.0]}
    gone = row("delisting", 1, "b", removal="to_cash")
    change = {**row("migration", 2, "a", "n", ratio=1.0), "time": at(1, hours=12), "known_at": at(1, hours=12)}
    book = rules(
        universe=[{"exclude_assets": ["b"]}], rebalance={"every": "2d", "determine": "6h", "announce": "0d"},
        versions=[{"from": "2020-01-03", "note": "without b", "changes": {"universe": [{"exclude_assets": ["b"]}]}}],
    )  # fmt: skip
    steps = walked(history(book, daily(prices, gone, change)))
    assert [made.members.tolist() for made in decisions(steps)[:2]] == [[], [2, 3]]
    # Before it is known nothing is carried over.
    early = rules(rebalance={"every": "2d", "determine": "18h", "announce": "0d"})
    steps = walked(history(early, daily(prices, gone, change)))
    assert [made.members.tolist() for made in decisions(steps)[:2]] == [[], [0, 2]]


def test_the_evidence_of_a_determination() -> None:
    sections: dict[str, Any] = {
        "weight": {"by": "equal", "cap": 0.4},
        "overrides": [
            {
                "asset": "c", "action": "exclude", "from": "2020-01-01", "reason": "no custodian",
                "approver": "Committee", "date": "2019-12-01",
            }
        ],
    }  # fmt: skip
    book = rules(**sections)
    panel = daily({"a": [10.0], "b": [10.0], "c": [10.0]})
    found = determine(book.versions[0], panel, np.zeros(3, dtype=bool))
    notes = evidence_of(found, panel.assets, book.latest.schedule.around(FIRST))
    assert [(note.time, note.asset, note.kind, note.treatment) for note in notes] == [
        (FIRST, "c", "override", "applied"), (FIRST, "*", "cap_shortage", "equal weights"),
    ]  # fmt: skip


# Prices of a change


def test_a_change_is_struck_at_prices_that_are_fresh_enough() -> None:
    prices = {"a": [10.0, 10.0, 11.0], "b": [20.0, GAP, GAP], "c": [GAP, 5.0, GAP]}
    book = rules(rebalance={"every": "2d", "determine": "1d"}, missing={"carry_forward": "1d"})
    struck = [step.event for step in walked(history(book, daily(prices))) if isinstance(step.event, ChangeDue)]
    first, second = struck
    assert (first.prices.tolist(), first.seen.tolist()) == ([10.0, 20.0], [stamp(0), stamp(0)])
    # The price of b is two days old by then, that of c one day.
    assert day(second.time) == 2
    np.testing.assert_array_equal(second.prices, [11.0, GAP, 5.0])
    assert second.seen.tolist() == [stamp(2), 0, stamp(1)]
    off_grid = walked(history(book, daily(prices), 0.5, 1.5, 2.5))
    (opened, *_) = (step.event for step in off_grid if isinstance(step.event, ChangeDue))
    assert (opened.prices.tolist(), opened.seen.tolist()) == ([10.0, 20.0], [stamp(0), stamp(0)])


# Events


def test_events_come_before_the_prices_of_their_instant_and_only_where_they_concern_somebody() -> None:
    prices = {"a": [10.0] * 7, "b": [10.0] * 7, "c": [1.0] * 7}
    events = (row("delisting", 2, "c"), row("redenomination", 4, "a", ratio=1.0), row("delisting", 5, "c"))
    book = rules(select={"by": "price", "top": 2}, rebalance=STILL)
    steps = walked(history(book, daily(prices, *events)))
    assert told(steps)[2:] == ["prices 1 2 3", "a before 4", "prices 4", "prices 5 6"]
    # What was determined is concerned too: c, for day 3, of which the event of day 2 is not known before.
    chosen = rules(
        select={"by": "price", "top": 1},
        rebalance={"every": "3d", "determine": "2d", "announce": "0d"},
    )
    dearest = {"a": [10.0] * 5, "c": [1.0, 20.0, 20.0, 20.0, 20.0]}
    steps = walked(history(chosen, daily(dearest, row("redenomination", 2, "c", ratio=2.0))))
    assert told(steps)[2:6] == ["prices 1", "schedule 1 for 3", "c before 2", "prices 2"]


def test_prices_after_an_event_hold_what_members_become() -> None:
    prices = {"a": [10.0, 10.0, GAP, GAP], "b": [10.0] * 4, "n": [GAP, GAP, 5.0, 6.0]}
    merger = row("merger", 2, "a", "n", ratio=2.0)
    steps = walked(history(rules(rebalance=STILL), daily(prices, merger)))
    read = [step.event for step in steps if isinstance(step.event, Prices)]
    assert [event.columns.tolist() for event in read] == [[0, 1], [0, 1, 2], [1, 2]]
    assert read[1].prices[0, 1:].tolist() == [10.0, 5.0]
    assert levels(steps) == [100.0, 100.0, 100.0, 110.0]


def test_what_is_learned_between_determination_and_base_comes_before_the_base() -> None:
    # Determined on day 0 for day 1; b is delisted in between.
    late = {**row("delisting", 1, "b"), "time": at(0, hours=12), "known_at": at(0, hours=12)}
    prices = {"a": [10.0, 10.0, 11.0], "b": [10.0] * 3}
    steps = walked(history(rules(rebalance=STILL), daily(prices, late), 1, 2))
    assert told(steps) == ["base 0 for 1", "b before 1", "ChangeDue 1", "prices 2"]
    assert levels(steps) == [100.0, pytest.approx(110.0)]
    known = {**late, "time": at(0), "known_at": at(0)}
    steps = walked(history(rules(rebalance=STILL), daily(prices, known), 1, 2))
    assert told(steps) == ["base 0 for 1", "ChangeDue 1", "prices 2"]


def test_a_change_after_the_base_that_is_determined_before_it() -> None:
    book = rules(rebalance={"every": "week", "determine": "3d", "announce": "0d"})
    panel = daily({"a": [10.0] * 7, "b": [10.0] * 7})
    # Monday is day 5, determined on day 2; the base is on day 3.
    steps = walked(history(book, panel, 3, 4, 5, 6))
    assert told(steps) == ["base 0 for 3", "schedule 2 for 5", "ChangeDue 3", "prices 4 5", "ChangeDue 5", "prices 6"]


def test_a_change_that_is_determined_at_the_base_knows_the_members_of_the_base() -> None:
    # Monday is day 5, determined two days before, on the day of the base.
    book = rules(rebalance={"every": "week", "determine": "2d", "announce": "0d"})
    steps = walked(history(book, daily({"a": [10.0] * 7, "b": [10.0] * 7}), 3, 4, 5, 6))
    assert told(steps) == ["base 1 for 3", "ChangeDue 3", "schedule 3 for 5", "prices 4 5", "ChangeDue 5", "prices 6"]
    assert [made.members.tolist() for made in decisions(steps)] == [[], [0, 1]]


# Transitions


def test_the_steps_of_a_transition_come_when_they_are_due() -> None:
    schedule = {"every": "week", "determine": "0d", "announce": "0d", "transition": {"steps": 3, "every": "36h"}}
    prices = {"a": [10.0] * 10, "b": [5.0] * 4 + [20.0] * 6}
    steps = walked(history(rules(select={"by": "price", "top": 1}, rebalance=schedule), daily(prices)))
    # On Monday, day 5; the steps of 36 and 72 hours later come on days 7 and 8.
    assert told(steps)[2:] == [
        "prices 1 2 3 4 5", "schedule 5 for 5", "ChangeDue 5", "prices 6 7", "TransitionStep 7", "prices 8",
        "TransitionStep 8", "prices 9",
    ]  # fmt: skip


# Triggers


def fired(prices: list[float], *triggers: Any, rows: int | None = None, **schedule: Any) -> list[str]:
    """Return what happens after the base to equal weights of prices and of an asset that stays at 10."""
    book = rules(rebalance={**STILL, "triggers": list(triggers), **schedule})
    panel = daily({"a": prices, "b": [10.0] * len(prices)})
    return told(walked(history(book, panel, rows=rows)))[2:]


@pytest.mark.parametrize("rows", [None, 1, 2, 3])
def test_a_trigger_fires_at_its_first_instant_and_the_change_comes_a_lag_later(rows: int | None) -> None:
    found = fired([10.0, 10.0, 30.0, 30.0, 30.0, 30.0], {"drift": 0.1}, rows=rows)
    days = [part for one in found if one.startswith("prices") for part in one.split()[1:]]
    assert days == ["1", "2", "3", "4", "5"]
    assert [one for one in found if not one.startswith("prices")] == ["drift 2 for 3", "ChangeDue 3"]
    if rows is None:
        assert found == ["prices 1 2", "drift 2 for 3", "prices 3", "ChangeDue 3", "prices 4 5"]


def test_a_trigger_fires_at_the_last_instants() -> None:
    at_end = fired([10.0, 10.0, 10.0, 30.0], {"drift": 0.1})
    assert at_end == ["prices 1 2 3", "drift 3 for 4"]
    one_before = fired([10.0, 10.0, 10.0, 30.0, 30.0], {"drift": 0.1})
    assert one_before == ["prices 1 2 3", "drift 3 for 4", "prices 4", "ChangeDue 4"]
    # Out of its band for a day only.
    passing = fired([10.0, 10.0, 10.0, 30.0, 10.0], {"drift": 0.1})
    assert passing == one_before
    assert fired([10.0, 30.0, 30.0], {"drift": 0.1}, determine="0d")[:3] == ["prices 1", "drift 1 for 1", "ChangeDue 1"]


@pytest.mark.parametrize("rows", [None, 1, 2])
def test_a_trigger_that_looks_at_levels_sees_those_since_the_change(rows: int | None) -> None:
    # Three still days, then one of 25 %: an annualised volatility of 219 % over the three days before.
    found = fired([10.0, 10.0, 10.0, 10.0, 15.0, 15.0], {"volatility": {"above": 1.5, "window": "3d"}}, rows=rows)
    assert "volatility 4 for 5" in found
    calm = fired([10.0, 10.0, 10.0, 10.0, 15.0, 15.0], {"volatility": {"above": 2.5, "window": "3d"}}, rows=rows)
    assert not any("volatility" in one for one in calm)
    # A window is not whole before day 4.
    short = fired([10.0, 10.0, 15.0, 15.0, 15.0, 15.0], {"volatility": {"above": 1.5, "window": "4d"}}, rows=rows)
    assert [one for one in short if "volatility" in one][:1] == ["volatility 4 for 5"]


def test_of_triggers_at_one_instant_the_first_by_name_is_told() -> None:
    both = ({"drift": 0.1}, "asset_qualifies")
    book = rules(rebalance={**STILL, "triggers": list(both)})
    prices = {"a": [10.0, 10.0, 30.0, 30.0], "b": [10.0] * 4, "c": [GAP, GAP, 10.0, 10.0]}
    assert told(walked(history(book, daily(prices))))[2:4] == ["prices 1 2", "asset_qualifies 2 for 3"]
    sooner = {**prices, "c": [GAP, GAP, GAP, 10.0]}
    assert told(walked(history(book, daily(sooner))))[2:4] == ["prices 1 2", "drift 2 for 3"]


def test_no_trigger_fires_where_a_planned_change_comes_as_soon() -> None:
    # A trigger on day 1 would be done on day 2, the planned change comes on day 3; one on day 2 would be no sooner.
    schedule: dict[str, Any] = {"every": "3d", "determine": "1d"}
    sooner = fired([10.0, 30.0, 30.0, 30.0], {"drift": 0.1}, **schedule)
    assert sooner == [
        "prices 1",
        "drift 1 for 2",
        "prices 2",
        "ChangeDue 2",
        "schedule 2 for 3",
        "prices 3",
        "ChangeDue 3",
    ]
    late = fired([10.0, 10.0, 30.0, 30.0], {"drift": 0.1}, **schedule)
    assert late == ["prices 1 2", "schedule 2 for 3", "prices 3", "ChangeDue 3"]


def test_no_trigger_fires_while_one_is_pending() -> None:
    found = fired([10.0, 30.0, 30.0, 90.0, 90.0, 90.0], {"drift": 0.1}, determine="2d")
    assert [one for one in found if "drift" in one] == ["drift 1 for 3"]
    assert "ChangeDue 3" in found


def test_a_trigger_may_ask_for_the_standing_of_members() -> None:
    prices = {"a": [10.0, 10.0, 1.0, 1.0, 1.0], "b": [10.0] * 5}
    book = rules(universe=[{"price": {"min": 5}}], rebalance={**STILL, "triggers": ["eligibility_lost"]})
    for rows in (None, 1, 2):
        steps = walked(history(book, daily(prices), rows=rows))
        (made,) = (one for one in decisions(steps) if one.cause is Cause.TRIGGER)
        assert (day(made.determined_at), made.columns.tolist(), made.members.tolist()) == (2, [1], [0, 1])
        assert levels(steps) == [100.0, 100.0, 55.0, 55.0, 55.0]


def test_a_base_that_nothing_was_determined_for_is_told_in_one_error() -> None:
    driver = history(rules(), daily({"a": [10.0] * 3, "b": [10.0] * 3}))
    determined = next(iter(driver.walk(driver.start()))).state
    (waiting,) = determined.pending
    later = replace(determined, pending=(replace(waiting, effective_at=waiting.effective_at + np.timedelta64(2, "D")),))
    with pytest.raises(DataError, match="no change is due at"):
        list(driver.walk(later))


# A kept state and the end of the market


def test_a_state_goes_on_over_later_rows_alone_and_never_over_a_market_that_ends_before_it() -> None:
    book = rules(rebalance=STILL)
    prices = {"a": [10.0, 10.0, 20.0, 20.0], "b": [10.0] * 4}
    *_, last = walked(history(book, daily(prices), 0, 1, 2))
    assert last.state.level == pytest.approx(150.0)
    later = history(book, daily(prices))
    assert told(list(later.walk(last.state))) == ["prices 3"]
    # Nothing to add, which is no fault: the market has come no further yet.
    assert list(history(book, daily(prices), 0, 1, 2).walk(last.state)) == []
    earlier = history(book, daily({asset: values[:2] for asset, values in prices.items()}))
    with pytest.raises(
        DataError, match="the state is of 2020-01-03, and the market ends before it, at 2020-01-02; give"
    ):
        next(earlier.walk(last.state))
    with pytest.raises(
        DataError, match="the state is of 2020-01-03, and the instants begin after it, at 2020-01-04; give"
    ):
        list(history(book, daily(prices), 3).walk(last.state))
