"""Prices read into a state, by hand: at the base 5 units of a at 10 and 2.5 of b at 20, a level of 100."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.index.test_advance import BASE, NAMES, STEP, T, at, happened, nan, prices, rules, run

from basketry.core.numbers import Floats
from basketry.index.events import Prices
from basketry.index.prices import Reading, composition_of, read_prices, rebalance_of
from basketry.index.records import Cause, Composition, Evidence, Rebalance, Status
from basketry.index.state import IndexState, Phase
from basketry.market.events import EventKind
from basketry.methodology.methodology import Methodology
from basketry.methodology.path import IndexPath
from basketry.methodology.returns.price import Price


def based(book: Methodology, *events: Any) -> IndexState:
    return run(book, *BASE, *events)[0]


def read(event: Prices, *events: Any, state: IndexState | None = None, **sections: Any) -> Reading:
    """Return the prices of an event, read into the state after the base and other events."""
    book = rules(**sections)
    return read_prices(based(book, *events) if state is None else state, event, book)


def kinds(found: Reading) -> list[str]:
    return [type(record).__name__ for record in found.others]


def close(values: list[float]) -> object:
    return pytest.approx(values, rel=1e-14)


def test_prices_of_some_instants_with_what_was_known_at_them() -> None:
    event = prices(1, [1.0, 2.0], [3.0, nan], [5.0, 6.0], seen=np.array([[1, 2], [3, 4], [5, 6]]))
    assert event.rows(0, 3) is event
    part = event.rows(1, 2)
    assert (part.times.tolist(), part.columns.tolist()) == ([at(2).item()], [0, 1])
    np.testing.assert_array_equal(part.prices, [[3.0, nan]])
    assert part.seen is not None
    assert part.seen.tolist() == [[3, 4]]
    assert part.known.times.tolist() == [at(1).item(), at(2).item()]  # type: ignore[attr-defined]
    assert prices(1, [1.0, 2.0], [3.0, 4.0]).rows(0, 1).seen is None
    assert [columns.tolist() for columns in event.absent] == [[], [1], []]


def test_levels_of_the_basket_and_the_state_after_them() -> None:
    found = read(prices(1, [11.0, 20.0], [12.0, 18.0], [12.0, 20.0]))
    assert (found.rows, found.levels.values.tolist(), found.others) == (3, [105.0, 105.0, 110.0], ())
    assert found.records == (found.levels,)
    assert found.levels.times.tolist() == [at(day).item() for day in (1, 2, 3)]
    assert (found.levels.ages.tolist(), found.levels.sources.tolist(), found.levels.reasons) == ([0] * 3, [2] * 3, ())
    assert [series.tolist() for series in found.levels.series] == [[105.0, 105.0, 110.0]]
    state = found.state
    assert (state.instant, state.phase, state.level, state.changed_at, state.due) == (
        at(3), Phase.PRICED, 110.0, at(0), (),
    )  # fmt: skip
    assert state.basket is not None
    assert (state.basket.prices.tolist(), state.basket.seen.tolist()) == ([12.0, 20.0], [at(3).astype(np.int64)] * 2)
    assert (state.basket.units.tolist(), state.basket.divisor) == ([5.0, 2.5], 1.0)


def test_a_rule_made_from_that_of_the_price_gives_its_own_levels() -> None:
    class Doubled(Price):
        """Twice the price return."""

        def extend(self, memory: None, path: IndexPath) -> tuple[None, Floats]:
            return memory, path.levels * 2

    book = rules()
    first = replace(book.first, returns=(Price(), Doubled()))
    book = replace(book, versions=(replace(book.versions[0], rules=first),))
    found = read_prices(based(book), prices(1, [11.0, 20.0], [12.0, 18.0]), book)
    assert [series.tolist() for series in found.levels.series] == [[105.0, 105.0], [210.0, 210.0]]


def test_the_segment_runs_from_the_instant_before() -> None:
    first = read(prices(1, [11.0, 20.0], [12.0, 18.0]))
    segment = first.segment
    assert (segment.start, segment.end, segment.divisor, segment.frozen, segment.becomes) == (0, 2, 1.0, None, None)
    assert segment.prices.tolist() == [[10.0, 20.0], [11.0, 20.0], [12.0, 18.0]]
    assert (segment.units.tolist(), segment.columns.tolist()) == ([5.0, 2.5], [0, 1])
    # New with the base, and merely going on afterwards.
    assert segment.anew
    assert not read(prices(3, [11.0, 20.0]), state=first.state).segment.anew


def test_prices_of_others_are_passed_over_and_a_member_that_is_not_asked_for_has_none() -> None:
    among = read(prices(1, [11.0, 7.0, 99.0], [12.0, 8.0, 99.0], columns=(0, 1, 2)))
    assert among.levels.values.tolist() == [55 + 17.5, 60 + 20.0]
    stamps = np.array([[at(0.5), at(1), at(1)]]).astype(np.int64)
    aged = read(prices(1, [11.0, 8.0, 99.0], columns=(0, 1, 2), seen=stamps))
    assert (aged.levels.values.tolist(), aged.levels.ages.tolist()) == ([75.0], [STEP // 2])
    for columns, values in (((0,), [12.0]), ((0, 2), [12.0, 99.0])):
        alone = read(prices(1, values, columns=columns))
        assert alone.levels.values.tolist() == [60 + 50.0]
        assert alone.levels.status.tolist() == [Status.CARRIED]
        assert alone.levels.reasons == ((0, "no price for b (1 of 2); last price carried"),)
    only = read(prices(1, [24.0], columns=(1,)))
    assert only.levels.values.tolist() == [50 + 60.0]


def test_reading_ends_where_somebody_leaves() -> None:
    # b has no price after day 1: on day 5 it is four days old, more than the three it is carried.
    rows = [[10.0, 24.0]] + [[10.0 + n, nan] for n in range(1, 7)]
    found = read(prices(1, *rows))
    assert found.rows == 5
    assert found.levels.values.tolist() == [110.0, 115.0, 120.0, 125.0, 130.0]
    assert found.levels.ages.tolist() == [0, STEP, 2 * STEP, 3 * STEP, 4 * STEP]
    assert found.segment.end == 5
    assert kinds(found) == ["Evidence", "Composition", "Rebalance"]
    note, composition, rebalance = found.others
    assert isinstance(note, Evidence)
    assert isinstance(composition, Composition)
    assert isinstance(rebalance, Rebalance)
    assert (note.time, note.asset, note.kind, note.treatment) == (at(5), "b", "missing_price", "remove_at_last_price")
    assert note.words == f"no price for 4.0 days; last price 24 at weight {60 / 130:.4%}"
    assert (composition.time, composition.assets) == (at(5), ("a",))
    assert composition.divisor == pytest.approx(70 / 130)
    assert (rebalance.cause, rebalance.words, rebalance.effective_at) == (Cause.MISSING_PRICE, "missing price", at(5))
    assert rebalance.before == pytest.approx([70 / 130, 60 / 130])
    assert rebalance.after.tolist() == [1.0, 0.0]
    assert (found.state.changed_at, found.state.level) == (at(5), 130.0)
    # Whoever calls goes on with what is left.
    assert read(prices(6, [15.0], columns=(0,)), state=found.state).levels.values.tolist() == close([75 * 130 / 70])


@pytest.mark.parametrize(
    ("then", "levels", "kept", "records"),
    [
        ("remove_at_last_price", [100.0, 100.0, 110.0], 1, ["Evidence", "Composition", "Rebalance"]),
        ("remove_at_zero", [100.0, 50.0, 60.0], 1, ["Evidence", "Composition", "Rebalance"]),
        ("to_cash", [100.0, 100.0, 110.0], 2, ["Evidence"]),
        ("keep", [100.0, 100.0, 110.0], 2, []),
        ("suspend", [100.0, 100.0, 100.0], 2, []),
    ],
)
def test_what_becomes_of_a_member_without_a_price(
    then: str, levels: list[float], kept: int, records: list[str]
) -> None:
    found = read(prices(1, [10.0, nan], [10.0, nan], [12.0, nan]), missing={"carry_forward": "1d", "then": then})
    rows = found.rows
    assert rows == (2 if records else 3)
    assert found.levels.values.tolist() == levels[:rows]
    assert kinds(found) == records
    assert found.state.basket is not None
    assert len(found.state.basket.columns) == kept
    if not records:
        assert found.state.changed_at == at(0)
        statuses = [Status.CARRIED] + [{"keep": Status.STALE}.get(then, Status.SUSPENDED)] * 2
        assert found.levels.status.tolist() == statuses
        return
    policy = {"carry_forward": "1d", "then": then}
    later = read(prices(3, [12.0, 10.0]), state=found.state, missing=policy)
    # Cash is worth 50 whatever is observed.
    after = {"remove_at_last_price": 120.0, "remove_at_zero": 60.0, "to_cash": 110.0}[then]
    assert later.levels.values.tolist() == close([after])
    frozen = later.segment.frozen
    assert (None if frozen is None else frozen.tolist()) == ([False, True] if then == "to_cash" else None)


def test_one_whose_prices_are_not_believed_is_told_so() -> None:
    # b at 24 and from then on at 2,400: more than 20 times the last price, and believed on no day.
    rows = [[10.0, 24.0]] + [[10.0, 2400.0]] * 5
    found = read(prices(1, *rows), guard={"price_jump": 20})
    assert found.rows == 5
    note = found.others[0]
    assert isinstance(note, Evidence)
    assert note.words.startswith("no price that is believed for 4.0 days, a redenomination perhaps; last price 24 at")


def test_nobody_leaves_an_index_of_which_nothing_would_stay() -> None:
    # a is worth nothing, and b has no price for too long.
    found = read(prices(1, [0.0, nan], [0.0, nan]), missing={"carry_forward": "1d"})
    assert found.state.basket is not None
    assert (found.state.basket.columns.tolist(), found.state.changed_at) == ([0, 1], at(0))
    assert kinds(found) == []


def test_who_left_replaces_nobody() -> None:
    book = rules(missing={"carry_forward": "1d"})
    reserve = np.array([2, 1, 0])
    state = replace(based(book), reserve=reserve)
    assert read_prices(state, prices(1, [10.0, nan]), book).state.reserve.tolist() == [2, 1, 0]
    gone = read_prices(state, prices(1, [10.0, nan], [10.0, nan]), book)
    assert gone.state.reserve.tolist() == [2, 0]
    cash = rules(missing={"carry_forward": "1d", "then": "to_cash"})
    held = read_prices(replace(based(cash), reserve=reserve), prices(1, [10.0, nan], [10.0, nan]), cash)
    assert held.state.reserve.tolist() == [2, 0]


# Events


def test_with_events_due_only_the_first_instant_is_read() -> None:
    found = read(prices(1, [11.0, 20.0], [12.0, 20.0]), happened(1, EventKind.REDENOMINATION, 0, 1.0))
    assert (found.rows, found.state.instant, found.state.due) == (1, at(1), ())
    assert found.levels.values.tolist() == [105.0]


def test_a_merger_is_worth_what_it_became_and_goes_over_untraded() -> None:
    # 5 of a become 10 of c, at 6: 60 and 50.
    found = read(prices(1, [nan, 20.0, 6.0], columns=(0, 1, 2)), happened(1, EventKind.MERGER, 0, 2.0, 2))
    assert found.levels.values.tolist() == [110.0]
    assert found.segment.prices.tolist() == [[10.0, 20.0], [12.0, 20.0]]
    assert found.segment.becomes is not None
    assert found.segment.becomes.carry(np.array([5.0, 2.5])).tolist() == [2.5, 10.0]
    assert kinds(found) == ["Evidence", "Composition", "Rebalance"]
    note, composition, rebalance = found.others
    assert isinstance(note, Evidence)
    assert isinstance(composition, Composition)
    assert isinstance(rebalance, Rebalance)
    assert (note.asset, note.kind, note.treatment) == ("a", "merger", "replaced by c")
    assert (composition.assets, composition.units.tolist(), composition.divisor) == (("b", "c"), [2.5, 10.0], 1.0)
    assert (rebalance.cause, rebalance.words) == (Cause.CORPORATE_EVENT, "merger")
    assert rebalance.before == pytest.approx([60 / 110, 50 / 110, 0.0])
    assert rebalance.after == pytest.approx([0.0, 50 / 110, 60 / 110])
    assert rebalance.announced_at == rebalance.determined_at == rebalance.effective_at == at(1)
    # Nobody left and nothing was traded.
    assert (found.state.changed_at, [part.shares for part in found.state.parts]) == (at(0), [(1.0, 0.0, 0.0)])


def test_two_mergers_into_one_asset_add_up() -> None:
    # 5 of a are 10 of c and 2.5 of b are 20 more: 30 of c, at 4.
    events = happened(1, EventKind.MERGER, 0, 2.0, 2), happened(1, EventKind.MERGER, 1, 8.0, 2)
    both = replace(events[0], due=(*events[0].due, *events[1].due))
    found = read(prices(1, [nan, nan, 4.0], columns=(0, 1, 2)), both)
    assert found.levels.values.tolist() == [120.0]
    assert found.segment.prices[1].tolist() == [8.0, 32.0]
    (*_, rebalance) = found.others
    assert isinstance(rebalance, Rebalance)
    assert rebalance.words == "merger, merger"


def test_a_redenomination_that_changes_no_basket_writes_no_composition() -> None:
    found = read(prices(1, [11.0, 20.0]), happened(1, EventKind.REDENOMINATION, 0, 1.0))
    assert kinds(found) == ["Evidence"]
    ten = read(prices(1, [1.1, 20.0]), happened(1, EventKind.REDENOMINATION, 0, 10.0))
    assert kinds(ten) == ["Evidence", "Composition", "Rebalance"]
    assert ten.levels.values.tolist() == close([105.0])
    # Ten times the units at the old price contradict each other, which is told.
    strange = read(prices(1, [11.0, 20.0]), happened(1, EventKind.REDENOMINATION, 0, 10.0))
    notes = [record for record in strange.others if isinstance(record, Evidence)]
    assert [note.treatment for note in notes] == ["units times ratio, level unchanged", "ratio contradicts prices"]


@pytest.mark.parametrize(
    ("delisting", "level", "after"),
    [("remove_at_zero", 50.0, 60.0), ("remove_at_last_price", 62.5, 75.0), ("to_cash", 62.5, 72.5)],
)
def test_a_delisting_departs_after_its_prices(delisting: str, level: float, after: float) -> None:
    policy: dict[str, Any] = {"events": {"delisting": delisting}}
    found = read(prices(1, [10.0, 5.0]), happened(1, EventKind.DELISTING, 1), **policy)
    assert found.levels.values.tolist() == [level]
    assert found.segment.becomes is None
    assert found.state.changed_at == at(1)
    assert read(prices(2, [12.0, 1.0]), state=found.state, **policy).levels.values.tolist() == close([after])


def test_a_delisted_member_leaves_by_its_event_and_not_for_its_age() -> None:
    # Without a price for longer than it is carried on the day on which it is delisted: told once.
    state = based(rules(missing={"carry_forward": "12h"}), happened(1, EventKind.DELISTING, 1))
    found = read(prices(1, [10.0, nan]), state=state, missing={"carry_forward": "12h"})
    notes = [(record.kind, record.asset) for record in found.others if isinstance(record, Evidence)]
    assert notes == [("delisting", "b")]
    assert found.state.basket is not None
    assert found.state.basket.columns.tolist() == [0]


# What triggers look at


def test_levels_are_kept_as_far_back_as_a_trigger_looks() -> None:
    def past(window: str | None, *rows: list[float], **sections: Any) -> list[float]:
        triggers: list[Any] = [{"drift": 0.9}]
        triggers += [] if window is None else [{"volatility": {"above": 9.0, "window": window}}]
        found = read(prices(1, *rows), rebalance={"every": "month", "triggers": triggers}, **sections)
        assert len(found.state.past_times) == len(found.state.past_levels)
        return found.state.past_levels.tolist()

    rows = [[11.0, 20.0], [12.0, 20.0], [13.0, 20.0]]
    assert past(None, *rows) == []
    assert past("2d", *rows) == [105.0, 110.0, 115.0]
    assert past("3d", *rows) == [100.0, 105.0, 110.0, 115.0]
    assert past("9d", *rows) == [100.0, 105.0, 110.0, 115.0]
    # From a departure on they begin anew.
    assert past("9d", [10.0, nan], [12.0, nan], missing={"carry_forward": "1d"}) == [110.0]


# Records


def test_records_of_baskets() -> None:
    state = based(rules())
    held = state.basket
    assert held is not None
    made = composition_of(state, at(3), held, 4)
    assert (made.time, made.assets, made.version, made.divisor) == (at(3), ("a", "b"), 4, 1.0)
    assert (made.weights.tolist(), made.prices.tolist(), made.factors.tolist()) == (
        [0.5, 0.5],
        [10.0, 20.0],
        [1.0, 1.0],
    )
    other = replace(held, columns=np.array([1, 2]), units=np.array([1.0, 1.0]), prices=np.array([30.0, 10.0]))
    change = rebalance_of(state, (at(0), at(1), at(2)), held, other, Cause.SCHEDULE, "schedule", 4)
    assert (change.announced_at, change.determined_at, change.effective_at) == (at(0), at(1), at(2))
    assert (change.names, change.columns.tolist(), change.version) == (NAMES, [0, 1, 2], 4)
    assert (change.before.tolist(), change.after.tolist()) == ([0.5, 0.5, 0.0], [0.0, 0.75, 0.25])
    assert rebalance_of(state, (T, T, T), None, other, Cause.BASE, "base", 1).before.tolist() == [0.0, 0.0]
