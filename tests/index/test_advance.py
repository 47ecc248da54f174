"""The fold, event by event, with every level worked by hand."""

from typing import Any

import numpy as np
import pytest

from basketry.core.errors import DataError, MethodologyError
from basketry.index.advance import advance
from basketry.index.events import ChangeDue, Corporate, Determined, Prices, Silence, TransitionStep
from basketry.index.records import Cause, Composition, Evidence, Levels, Rebalance, Record, Status
from basketry.index.state import Decision, Due, IndexState
from basketry.market.events import CorporateEvent, EventKind
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology
from basketry.methodology.path import PanelKnown

DAY = np.timedelta64(1, "D")
T = np.datetime64("2021-03-10", "us")
NAMES = ("a", "b", "c")
STEP = 86_400_000_000
nan = float("nan")


def at(day: float) -> np.datetime64:
    return T + np.timedelta64(int(day * STEP), "us")


def rules(**sections: Any) -> Methodology:
    return Methodology.load({
        "basketry": 1, "name": "Two", "symbol": "TWO", "base": {"date": "2021-03-10", "level": 100},
        "select": {"by": "market_cap", "top": 2}, "weight": "equal", "rebalance": {"every": "month"}, **sections,
    })  # fmt: skip


def decision(day: float, columns: list[int], weights: list[float], **more: Any) -> Decision:
    size = len(columns)
    fields: dict[str, Any] = {
        "cause": Cause.SCHEDULE, "words": "schedule", "announced_at": at(day - 1), "determined_at": at(day - 1),
        "effective_at": at(day), "used_to": at(day - 1), "version": 1, "members": np.arange(0),
        "columns": np.array(columns, dtype=np.int64), "weights": np.array(weights), "raw": np.array(weights),
        "shares": None, "prices": np.full(size, 10.0),
        "seen": np.full(size, at(day - 1).astype(np.int64)), "reserve": np.array([2]),
    }  # fmt: skip
    return Decision(**{**fields, **more})


def known(days: list[float]) -> PanelKnown:
    panel = Panel(np.array([T]), NAMES, {"price": np.ones((1, 3))})
    return PanelKnown(panel, np.array([at(day) for day in days]))


def prices(day: float, *rows: list[float], columns: tuple[int, ...] = (0, 1), seen: Any = None) -> Prices:
    days = [day + place for place in range(len(rows))]
    times = np.array([at(one) for one in days])
    return Prices(times, np.array(columns), np.array(rows), seen, known([day - 1, *days]))


def change(day: float, values: list[float]) -> ChangeDue:
    return ChangeDue(at(day), np.array(values), np.full(len(values), at(day).astype(np.int64)))


def happened(day: float, kind: EventKind, column: int, ratio: float = 1.0, new: int | None = None) -> Corporate:
    event = CorporateEvent(at(day), at(day), kind, NAMES[column], None if new is None else NAMES[new], ratio)
    return Corporate(at(day), (Due(event, column, new),))


def run(book: Methodology, *events: Any, state: IndexState | None = None) -> tuple[IndexState, list[Record]]:
    now = IndexState.start(book, NAMES, STEP) if state is None else state
    records: list[Record] = []
    for event in events:
        now, written = advance(now, event, book)
        records += written
    return now, records


BASE = (Determined(decision(0, [0, 1], [0.5, 0.5], cause=Cause.BASE)), change(0, [10.0, 20.0]))
"""Five units of a and 2.5 of b, worth 100 at a level of 100: the divisor is 1."""


def values(records: list[Record]) -> list[float]:
    return [value for record in records if isinstance(record, Levels) for value in record.values.tolist()]


def statuses(records: list[Record]) -> list[str]:
    return [Status(int(one)).published for record in records if isinstance(record, Levels) for one in record.status]


def told(records: list[Record]) -> list[tuple[str, str, str]]:
    return [(one.asset, one.kind, one.treatment) for one in records if isinstance(one, Evidence)]


def test_the_base_is_struck_at_the_base_level() -> None:
    state, records = run(rules(), *BASE)
    assert (values(records), statuses(records)) == ([100.0], ["live"])
    assert state.basket is not None
    assert (state.basket.units.tolist(), state.basket.divisor) == ([5.0, 2.5], 1.0)
    assert (state.instant, state.changed_at, state.level) == (at(0), at(0), 100.0)
    assert (state.pending, state.reserve.tolist()) == ((), [2])
    (composition,) = (one for one in records if isinstance(one, Composition))
    assert (composition.assets, composition.weights.tolist()) == (("a", "b"), [0.5, 0.5])
    (rebalance,) = (one for one in records if isinstance(one, Rebalance))
    assert (rebalance.cause, rebalance.before.tolist(), rebalance.turnover) == (Cause.BASE, [0.0, 0.0], 0.5)


def test_a_base_that_cannot_be_struck_is_refused() -> None:
    nobody = Determined(decision(0, [], [], cause=Cause.BASE, nobody="nobody is eligible"))
    with pytest.raises(MethodologyError, match="nobody is eligible"):
        run(rules(), nobody, change(0, []))
    with pytest.raises(MethodologyError, match="no selected asset has a fresh price at the base of 2021-03-10"):
        run(rules(), BASE[0], change(0, [nan, nan]))
    with pytest.raises(DataError, match="prices come before the base"):
        run(rules(), prices(1, [1.0, 1.0]))


def test_levels_follow_prices_and_instants_only_go_on() -> None:
    state, records = run(rules(), *BASE, prices(1, [11.0, 20.0], [12.0, 18.0]), prices(3, [12.0, 20.0]))
    assert values(records) == [100.0, 105.0, 105.0, 110.0]
    assert state.instant == at(3)
    for day in (3, 2):
        with pytest.raises(DataError, match=f"prices of 2021-03-1{day}.* come after those of 2021-03-13"):
            run(rules(), prices(day, [1.0, 1.0]), state=state)


def test_a_change_leaves_the_level_and_counts_from_there() -> None:
    # At 12 and 20 the level is 110; c comes for a at a price of 55: units 55/55 and 55/20, level 110.
    events = (
        *BASE, prices(1, [12.0, 20.0]), Determined(decision(1, [1, 2], [0.5, 0.5])), change(1, [20.0, 55.0]),
        prices(2, [20.0, 110.0], columns=(1, 2)),
    )  # fmt: skip
    state, records = run(rules(), *events)
    assert values(records) == pytest.approx([100.0, 110.0, 165.0])
    assert state.basket is not None
    assert state.basket.units == pytest.approx([2.75, 1.0])
    assert (state.changed_at, state.scheduled_to) == (at(1), at(1))
    *_, rebalance = (one for one in records if isinstance(one, Rebalance))
    assert (rebalance.cause, rebalance.determined_at, rebalance.effective_at) == (Cause.SCHEDULE, at(0), at(1))
    assert rebalance.before == pytest.approx([60 / 110, 50 / 110, 0.0])
    assert rebalance.after == pytest.approx([0.0, 0.5, 0.5])


def test_of_several_changes_due_the_latest_is_made() -> None:
    early, late = decision(1, [0, 2], [0.5, 0.5]), decision(1.5, [1, 2], [0.5, 0.5])
    events = (*BASE, Determined(late), Determined(early), prices(2, [10.0, 20.0]), change(2, [20.0, 50.0]))
    state, records = run(rules(), *events)
    assert state.basket is not None
    assert (state.basket.columns.tolist(), state.pending) == ([1, 2], ())
    assert told(records) == [("*", "superseded", "change of 2021-03-11 not made")]
    waiting, _ = run(rules(), *BASE, Determined(decision(5, [0, 1], [0.5, 0.5])))
    with pytest.raises(DataError, match="no change is due at 2021-03-12"):
        run(rules(), change(2, [1.0, 1.0]), state=waiting)


def test_an_empty_or_unpriced_change_keeps_the_basket() -> None:
    empty = (*BASE, Determined(decision(1, [], [], nobody="none left")), prices(1, [10.0, 20.0]), change(1, []))
    state, records = run(rules(), *empty)
    assert state.basket is not None
    assert state.basket.units.tolist() == [5.0, 2.5]
    assert told(records) == [("*", "empty_universe", "composition kept")]
    unpriced = (*BASE, Determined(decision(1, [2], [1.0])), prices(1, [10.0, 20.0]), change(1, [nan]))
    state, records = run(rules(), *unpriced)
    assert state.changed_at == at(0)
    assert told(records)[-1] == ("*", "no_prices", "composition kept")


def test_a_delisting_leaves_after_the_prices_of_its_instant() -> None:
    # b falls from 20 to 4 at its delisting: the level falls to 50 + 10; then only a counts.
    events = (*BASE, happened(1, EventKind.DELISTING, 1), prices(1, [10.0, 4.0]), prices(2, [20.0], columns=(0,)))
    state, records = run(rules(), *events)
    assert values(records) == pytest.approx([100.0, 60.0, 120.0])
    assert (state.due, state.changed_at) == ((), at(1))
    at_zero = rules(events={"delisting": "remove_at_zero"})
    _, records = run(at_zero, *events)
    assert values(records) == pytest.approx([100.0, 50.0, 100.0])
    cash = rules(events={"delisting": "to_cash"})
    _, records = run(cash, *events[:-1], prices(2, [20.0, 1.0]))
    assert values(records) == pytest.approx([100.0, 60.0, 110.0])


def test_a_redenomination_without_a_price_keeps_the_level() -> None:
    # 1:1000 with no print that day; b moves from 20 to 24: 50 + 60. Then a is 0.02 in new units: 100 + 60.
    events = (
        *BASE, happened(1, EventKind.REDENOMINATION, 0, 1000.0), prices(1, [nan, 24.0]), prices(2, [0.02, 24.0]),
    )  # fmt: skip
    state, records = run(rules(), *events)
    assert values(records) == pytest.approx([100.0, 110.0, 160.0])
    assert statuses(records) == ["live", "carried", "live"]
    assert state.changed_at == at(0)
    assert state.basket is not None
    assert state.basket.units.tolist() == [5000.0, 2.5]


def test_a_credited_fork_counts_from_its_first_price() -> None:
    # Half a unit of c for each of 5 a: nothing at first, then 2.5 x 4.
    book = rules(events={"hard_fork": "credit"})
    three = (0, 1, 2)
    events = (
        *BASE, happened(1, EventKind.HARD_FORK, 0, 0.5, 2), prices(1, [10.0, 20.0, nan], columns=three),
        prices(2, [10.0, 20.0, 4.0], columns=three),
    )  # fmt: skip
    _, records = run(book, *events)
    assert values(records) == pytest.approx([100.0, 100.0, 110.0])
    first = (*BASE, events[2], prices(1, [8.0, 20.0, 4.0], columns=three))
    _, records = run(book, *first)
    assert values(records) == pytest.approx([100.0, 100.0])  # 40 + 50 + 10 at the instant of the fork


def test_an_event_goes_through_what_was_determined() -> None:
    pending = Determined(decision(2, [0, 1], [0.5, 0.5], determined_at=at(0)))
    events = (*BASE, pending, happened(1, EventKind.MIGRATION, 0, 2.0, 2))
    state, records = run(rules(), *events)
    assert state.pending[0].columns.tolist() == [1, 2]
    assert told(records) == [("a", "migration", "carried through to what was determined")]
    state, _ = run(rules(), prices(1, [20.0, 5.0], columns=(1, 2)), prices(2, [20.0, 6.0], columns=(1, 2)), state=state)
    assert state.level == pytest.approx(110.0)


def test_silence_removes_nobody_and_is_suspended_after_carry_forward() -> None:
    events = [Silence(at(day), known([day - 1, day])) for day in range(1, 5)]
    state, records = run(rules(), *BASE, *events)
    assert values(records) == [100.0] * 5
    assert statuses(records) == ["live", "carried", "carried", "carried", "suspended"]
    state, records = run(rules(), prices(5, [20.0, nan]), state=state)
    # Prices are back, without b: it is removed at its last price.
    assert values(records) == [150.0]
    assert told(records) == [("b", "missing_price", "remove_at_last_price")]
    assert state.basket is not None
    assert state.basket.columns.tolist() == [0]
    assert state.basket.divisor == pytest.approx(100 / 150)


def test_a_print_that_is_not_believed_is_carried() -> None:
    _, records = run(rules(), *BASE, prices(1, [10.0, 400.1]), prices(2, [10.0, 400.0]))
    assert values(records) == pytest.approx([100.0, 100.0, 1050.0])
    assert statuses(records) == ["live", "carried", "live"]


def test_an_age_counts_from_the_instant_to_the_observation() -> None:
    seen = np.array([[at(0.25).astype(np.int64), at(1).astype(np.int64)]])
    events = (*BASE, prices(1, [11.0, 20.0], seen=seen))
    _, records = run(rules(), *events)
    *_, last = (one for one in records if isinstance(one, Levels))
    assert (last.ages.tolist(), statuses(records)[-1]) == ([int(0.75 * STEP)], "live")
    _, records = run(rules(missing={"live": "12h"}), *events)
    assert statuses(records)[-1] == "carried"


def test_a_transition_moves_in_equal_steps() -> None:
    book = rules(rebalance={"every": "month", "transition": {"steps": 2, "every": "1d"}})
    # At a level of 100 half of the way from (5, 2.5, 0) to (0, 2.5, 1 of 50): then c doubles.
    started = (*BASE, Determined(decision(1, [1, 2], [0.5, 0.5])), prices(1, [10.0, 20.0]), change(1, [20.0, 50.0]))
    state, _ = run(book, *started)
    assert state.basket is not None
    assert state.steps is not None
    assert (state.steps.done, state.steps.next_at) == (1, at(2))
    assert state.basket.units == pytest.approx([2.5, 2.5, 0.5])
    following = (prices(2, [10.0, 20.0, 100.0], columns=(0, 1, 2)), TransitionStep(at(2)))
    state, records = run(book, *following, state=state)
    assert values(records) == pytest.approx([125.0])
    assert state.basket is not None
    assert (state.steps, state.basket.plan, state.basket.columns.tolist()) == (None, None, [1, 2])
    assert state.basket.weights == pytest.approx([50 / 150, 100 / 150])
    assert state.basket.value / state.basket.divisor == pytest.approx(125.0)
    assert state.changed_at == at(2)
    *_, rebalance = (one for one in records if isinstance(one, Rebalance))
    assert (rebalance.cause, rebalance.words) == (Cause.TRANSITION_STEP, "transition step 2 of 2")
    with pytest.raises(DataError, match="no transition is under way at 2021-03-13"):
        run(book, TransitionStep(at(3)), state=state)


def test_a_version_of_the_rules_makes_its_own_strikes() -> None:
    later = {"from": "2021-03-10", "note": "units", "changes": {"rebalance": {"every": "month", "fix": "units"}}}
    book = rules(versions=[later])
    fixed = decision(1, [0, 1], [0.5, 0.5], version=2)
    state, records = run(book, *BASE, Determined(fixed), prices(1, [10.0, 20.0]), change(1, [10.0, 20.0]))
    assert state.version == 2
    assert state.basket is not None
    assert state.basket.units.tolist() == [5.0, 5.0]  # both at 10, the price of the determination
    assert [one.version for one in records if isinstance(one, Composition)] == [1, 2]
    assert state.basket.value / state.basket.divisor == pytest.approx(100.0)
