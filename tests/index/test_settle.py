"""Corporate events on a basket and on what was determined, by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from basketry.index.basket import Basket
from basketry.index.parts import Part
from basketry.index.records import Cause
from basketry.index.settle import Conversion, convert, depart, departs, evidence_of
from basketry.index.state import Candidate, Decision, Due
from basketry.market.events import CorporateEvent, EventKind
from basketry.methodology.sections import EventPolicy

DAY = np.timedelta64(1, "D")
T = np.datetime64("2021-03-10", "us")
NAMES = tuple("abcdef")
EARLIER = int((T - DAY).astype(np.int64))
POLICY = EventPolicy()
"""Delistings at the last price, forks and airdrops ignored."""


def due(kind: EventKind, column: int = 0, ratio: float = 1.0, new: int | None = None, **more: Any) -> Due:
    own = {name: more.pop(name) for name in ("candidates", "corrects_since") if name in more}
    event = CorporateEvent(
        kind=kind,
        time=T,
        known_at=more.pop("known_at", T),
        asset=NAMES[column],
        ratio=ratio,
        new_asset=None if new is None else NAMES[new],
        **more,
    )
    return Due(event, column, new, **own)


def basket(prices: list[float], units: list[float] | None = None, columns: list[int] | None = None) -> Basket:
    size = len(prices)
    held = np.ones(size) if units is None else np.array(units)
    worth = held * prices
    nobody = np.zeros(size, dtype=bool)
    return Basket(
        np.arange(size) if columns is None else np.array(columns), held, np.ones(size), np.array(prices),
        np.full(size, EARLIER), np.full((2, size), EARLIER), worth / worth.sum(), nobody, nobody, 1.0,
    )  # fmt: skip


def decided(weights: list[float], shares: list[float] | None = None, **more: Any) -> Decision:
    size = len(weights)
    fields: dict[str, Any] = {
        "cause": Cause.SCHEDULE, "words": "schedule", "announced_at": T, "determined_at": T - DAY,
        "effective_at": T + DAY, "used_to": T - DAY, "version": 1, "members": np.arange(2), "columns": np.arange(size),
        "weights": np.array(weights), "raw": np.array(weights),
        "shares": None if shares is None else np.array(shares), "prices": np.array([10.0, 20.0, 30.0][:size]),
        "seen": np.full(size, EARLIER), "reserve": np.array([3]),
    }  # fmt: skip
    return Decision(**{**fields, **more})


def converted(
    held: Basket,
    *events: Due,
    policy: EventPolicy = POLICY,
    parts: tuple[Part, ...] = (),
) -> Conversion:
    return convert(held, events, policy, parts)


def whole(column: int, *events: CorporateEvent) -> Part:
    return Part(column, (1.0, 0.0, 0.0), events)


def test_a_redenomination_is_settled_at_the_last_price_over_its_ratio() -> None:
    after = converted(basket([50.0, 20.0]), due(EventKind.REDENOMINATION, ratio=1000.0))
    assert (after.basket.units.tolist(), after.basket.prices.tolist()) == ([1000.0, 1.0], [0.05, 20.0])
    assert after.basket.value == pytest.approx(70.0, rel=1e-15)
    assert after.carried is not None
    assert [(one.column, price) for one, price in after.applied] == [(0, 50.0)]
    assert after.leaving == ()


def test_a_redenomination_learned_late_meets_a_price_in_new_units() -> None:
    # The price of 0.05 was seen at the event: the units alone change, and the level returns.
    held = replace(basket([0.05, 20.0]), seen=np.array([T.astype(np.int64), EARLIER]))
    after = converted(held, due(EventKind.REDENOMINATION, ratio=1000.0)).basket
    assert (after.units.tolist(), after.prices.tolist()) == ([1000.0, 1.0], [0.05, 20.0])
    just_before = replace(held, seen=held.seen - 1)
    settled = converted(just_before, due(EventKind.REDENOMINATION, ratio=1000.0)).basket
    assert settled.prices.tolist() == [0.05 / 1000, 20.0]


@pytest.mark.parametrize("kind", [EventKind.MIGRATION, EventKind.MERGER])
def test_a_migration_and_a_merger_convert_into_the_new_asset(kind: EventKind) -> None:
    after = converted(basket([50.0, 20.0]), due(kind, ratio=4.0, new=3)).basket
    assert (after.columns.tolist(), after.units.tolist(), after.prices.tolist()) == ([1, 3], [1.0, 4.0], [20.0, 12.5])
    into_held = converted(basket([50.0, 20.0]), due(kind, ratio=4.0, new=1)).basket
    assert (into_held.columns.tolist(), into_held.units.tolist(), into_held.prices.tolist()) == ([1], [5.0], [20.0])


def test_a_conversion_into_nothing_and_a_delisting_depart() -> None:
    for one in (due(EventKind.MIGRATION), due(EventKind.MERGER), due(EventKind.DELISTING)):
        assert departs(one)
        after = converted(basket([50.0, 20.0]), one)
        assert after.leaving == (one,)
        assert after.carried is None
        assert after.basket.units.tolist() == [1.0, 1.0]
    assert not departs(due(EventKind.MIGRATION, new=3))
    assert not departs(due(EventKind.REDENOMINATION))


@pytest.mark.parametrize(
    ("kind", "policy", "columns"),
    [
        (EventKind.HARD_FORK, {"hard_fork": "credit"}, [0, 1, 3]),
        (EventKind.HARD_FORK, {"airdrop": "credit"}, [0, 1]),
        (EventKind.AIRDROP, {"airdrop": "credit"}, [0, 1, 3]),
        (EventKind.AIRDROP, {"hard_fork": "credit"}, [0, 1]),
        (EventKind.HARD_FORK, {}, [0, 1]),
    ],
)
def test_a_fork_or_airdrop_is_credited_where_the_policy_says_so(
    kind: EventKind, policy: dict[str, Any], columns: list[int]
) -> None:
    after = converted(basket([50.0, 20.0], [2.0, 1.0]), due(kind, ratio=0.5, new=3), policy=EventPolicy(**policy))
    assert after.basket.columns.tolist() == columns
    assert len(after.applied) == 1
    if 3 in columns:
        assert after.basket.units.tolist() == [2.0, 1.0, 1.0]
        assert after.basket.prices.tolist() == [50.0, 20.0, 0.0]
        assert after.basket.awaited.tolist() == [False, False, True]
    else:
        assert after.carried is None


def test_two_events_of_one_instant_follow_each_other() -> None:
    both = [due(EventKind.REDENOMINATION, ratio=10.0), due(EventKind.MIGRATION, ratio=2.0, new=1)]
    after = converted(basket([50.0, 20.0], [3.0, 1.0]), *both)
    assert after.basket.units.tolist() == [61.0]
    assert after.carried is not None
    assert after.carried.carry(np.array([3.0, 1.0])).tolist() == [61.0]
    assert [price for _, price in after.applied] == [50.0, 5.0]
    others = [due(EventKind.REDENOMINATION, ratio=10.0), due(EventKind.REDENOMINATION, 1, ratio=0.5)]
    after = converted(basket([50.0, 20.0]), *others)
    assert (after.basket.units.tolist(), after.basket.prices.tolist()) == ([10.0, 0.5], [5.0, 40.0])


@pytest.mark.parametrize(
    "first",
    [
        due(EventKind.REDENOMINATION, 1, ratio=3.0, corrects_since=T - 5 * DAY),  # nothing went through it
        due(EventKind.DELISTING, 1),
        due(EventKind.MIGRATION, 4, new=5),
        due(EventKind.HALT, 1),
        due(EventKind.HARD_FORK, 1, new=3),
        due(EventKind.AIRDROP, 0, new=2),  # credited, but held as cash
        due(EventKind.REDENOMINATION, 2, ratio=3.0),  # cash
        due(EventKind.REDENOMINATION, 1, ratio=3.0),  # learned after a strike in new units
    ],
    ids=lambda one: f"{one.event.kind}-{one.column}",
)
def test_an_event_that_changes_no_units_keeps_none_from_the_next(first: Due) -> None:
    now = int(T.astype(np.int64))
    times = np.array([EARLIER, now, EARLIER])
    held = replace(
        basket([50.0, 20.0, 5.0]), cash=np.array([False, False, True]), seen=times, counted=np.array([times, times])
    )
    after = converted(held, first, due(EventKind.REDENOMINATION, ratio=10.0), policy=EventPolicy(airdrop="credit"))
    assert after.basket.units.tolist() == [10.0, 1.0, 1.0]


def test_units_that_become_cash_take_no_part_in_a_transition() -> None:
    held = replace(basket([50.0, 20.0]), cash=np.array([False, True]), plan=np.array([[1.0, 0.0], [3.0, 0.0]]))
    after = converted(held, due(EventKind.MERGER, ratio=2.0, new=1))
    # A unit of 50 is as much as 2.5 of 20.
    assert (after.basket.columns.tolist(), after.basket.units.tolist()) == ([1], [3.5])
    assert after.basket.plan is not None
    assert after.basket.plan.tolist() == [[0.0], [0.0]]
    assert after.basket.cash.tolist() == [True]


def test_an_asset_that_is_not_held_is_no_concern() -> None:
    after = converted(basket([50.0, 20.0]), due(EventKind.DELISTING, 4))
    assert (after.applied, after.leaving, after.carried) == ((), (), None)


def test_a_redenomination_learned_after_a_strike_in_new_units_changes_nothing() -> None:
    now = np.array([T.astype(np.int64), EARLIER])
    one = due(EventKind.REDENOMINATION, ratio=1000.0)
    new, old = (
        replace(basket([0.05, 20.0]), seen=now, counted=np.array([now, now])),
        replace(basket([0.05, 20.0]), seen=now),
    )
    assert converted(new, one).basket.units.tolist() == [1.0, 1.0]
    after = converted(old, one).basket
    assert (after.units.tolist(), after.prices.tolist()) == ([1000.0, 1.0], [0.05, 20.0])


def test_a_correction_multiplies_units_of_a_basket_that_went_through_the_event() -> None:
    since: dict[str, Any] = {"corrects_since": T - 5 * DAY}
    corrected = due(EventKind.REDENOMINATION, ratio=0.1, **since)
    gone = due(EventKind.REDENOMINATION, ratio=1000.0).event
    held = basket([50.0, 20.0], [1000.0, 1.0])
    after = converted(held, corrected, parts=(whole(0, gone),))
    assert (after.basket.units.tolist(), after.basket.prices.tolist()) == ([100.0, 1.0], [50.0, 20.0])
    assert len(after.applied) == 1
    other = due(EventKind.REDENOMINATION, 1, ratio=2.0).event
    for parts in ((), (whole(1, other),)):
        same = converted(held, corrected, parts=parts)
        assert (same.basket.units.tolist(), same.applied) == ([1000.0, 1.0], ())
    moved = due(EventKind.MIGRATION, ratio=0.5, new=1, **since)
    through = due(EventKind.MIGRATION, ratio=4.0, new=1).event
    went = (whole(1, other, through),)
    assert converted(basket([50.0, 20.0]), moved, parts=went).basket.units.tolist() == [1.0, 0.5]
    # Of 10 units 8 came by the merger: half as many are 4, beside the 2 that were held before.
    mostly = (Part(1, (0.8, 0.0, 0.0), (through,)),)
    some = converted(basket([50.0, 20.0], [1.0, 10.0]), moved, parts=mostly)
    assert some.basket.units.tolist() == [1.0, pytest.approx(6.0)]
    assert some.parts[0].shares == pytest.approx((4 / 6, 0.0, 0.0))
    assert converted(basket([50.0, 20.0]), moved).basket.units.tolist() == [1.0, 1.0]


def test_what_a_basket_went_through_is_remembered() -> None:
    split, gone = due(EventKind.REDENOMINATION, ratio=2.0), due(EventKind.AIRDROP, 1, ratio=1.0, new=3)
    assert converted(basket([50.0, 20.0]), split, gone, parts=(whole(1, gone.event),)).parts == (
        whole(1, gone.event),
        whole(0, split.event),
    )


@pytest.mark.parametrize(
    ("removal", "columns", "divisor", "words"),
    [
        ("remove_at_last_price", [1], 20.0 / 70.0, "removed at last price"),
        ("remove_at_zero", [1], 1.0, "removed at zero"),
        ("to_cash", [0, 1], 1.0, "held as cash"),
    ],
)
@pytest.mark.parametrize("by_event", [False, True])
def test_how_a_member_departs(removal: Any, columns: list[int], divisor: float, words: str, by_event: bool) -> None:
    other: Any = "to_cash" if removal != "to_cash" else "remove_at_zero"
    policy = EventPolicy(delisting=other if by_event else removal)
    one = due(EventKind.DELISTING, removal=removal) if by_event else due(EventKind.DELISTING)
    after, told = depart(basket([50.0, 20.0]), one, policy, NAMES)
    assert (after.columns.tolist(), told) == (columns, words)
    assert after.divisor == pytest.approx(divisor, rel=1e-15)
    assert after.cash.tolist() == ([True, False] if removal == "to_cash" else [False])


def test_a_sole_member_stays_and_who_is_gone_is_told_so() -> None:
    alone = basket([50.0])
    assert depart(alone, due(EventKind.DELISTING), POLICY, NAMES) == (alone, "kept, as nothing else of worth is held")
    assert depart(alone, due(EventKind.DELISTING, 3), POLICY, NAMES)[1] == "no longer held"


def test_the_best_candidate_that_is_not_held_takes_the_place_and_the_value() -> None:
    held = replace(basket([50.0, 20.0], columns=[2, 4]), plan=np.array([[1.0, 1.0], [2.0, 3.0]]))
    candidates = (Candidate(4, 99.0, 1), Candidate(1, 25.0, 7), Candidate(0, 5.0, 8))
    one = due(EventKind.DELISTING, 2, removal="replace_by_next", candidates=candidates)
    after, told = depart(held, one, POLICY, NAMES)
    assert told == "replaced by b"
    assert (after.columns.tolist(), after.units.tolist(), after.prices.tolist()) == ([1, 4], [2.0, 1.0], [25.0, 20.0])
    assert (after.value, after.divisor, after.seen.tolist()) == (held.value, 1.0, [7, EARLIER])
    assert after.given.tolist() == held.given.tolist()
    assert after.plan is not None
    assert after.plan.tolist() == [[2.0, 1.0], [4.0, 3.0]]
    later, _ = depart(held, replace(one, candidates=(Candidate(5, 10.0, 7),)), POLICY, NAMES)
    assert (later.columns.tolist(), later.units.tolist()) == ([4, 5], [1.0, 5.0])
    nobody, told = depart(held, replace(one, candidates=(Candidate(4, 99.0, 1),)), POLICY, NAMES)
    assert (nobody.columns.tolist(), told) == ([4], "removed at last price")


def test_what_is_worth_nothing_yet_buys_no_replacement() -> None:
    held = replace(basket([50.0, 0.0]), awaited=np.array([False, True]))
    one = due(EventKind.DELISTING, 1, removal="replace_by_next", candidates=(Candidate(5, 4.0, 0),))
    after, treatment = depart(held, one, POLICY, NAMES)
    assert (after.columns.tolist(), after.units.tolist(), treatment) == ([0], [1.0], "removed at last price")


@pytest.mark.parametrize(
    ("one", "treatment", "words"),
    [
        (due(EventKind.HARD_FORK, ratio=0.5, new=1), "ignored", "0.5 b a unit."),
        (
            due(EventKind.AIRDROP, ratio=0.5, new=1), "credited until the next rebalance",
            "0.5 units of b for each a, at 20.",
        ),
        (
            due(EventKind.AIRDROP, ratio=0.5, new=2), "credited until the next rebalance",
            "0.5 units of c for each a, counted from its first price.",
        ),
        (
            due(EventKind.AIRDROP, ratio=0.5, new=3), "credited until the next rebalance",
            "0.5 units of d for each a, counted from its first price.",
        ),
        (due(EventKind.AIRDROP, ratio=0.5), "ignored", "0.5 None a unit."),
        (
            due(EventKind.REDENOMINATION, ratio=10.0), "units times ratio, level unchanged",
            "10 new units for one old; price 70 before, 50 after.",
        ),
        (due(EventKind.NAME_CHANGE), "no change", "a under another name."),
        (due(EventKind.MERGER, ratio=2.0, new=1), "replaced by b", "2 units of b at 20 for one of a."),
        (due(EventKind.DELISTING), "as told", "delisting of a, last price 50."),
        (due(EventKind.DELISTING, 4), "as told", "delisting of e, last price 70."),
        (due(EventKind.MERGER, new=None), "as told", "merger of a, last price 50."),
        (
            due(EventKind.MERGER, ratio=2.0, new=1, corrects_since=T), "corrected",
            "2 times the units, for the ratio was corrected.",
        ),
    ],
)  # fmt: skip
def test_what_is_written_down_of_an_event(one: Due, treatment: str, words: str) -> None:
    held = replace(basket([50.0, 20.0, 5.0]), awaited=np.array([False, False, True]))
    found = evidence_of(one, 70.0, held, "as told", T, EventPolicy(airdrop="credit"))
    assert (found.time, found.asset, found.kind) == (T, one.event.asset, one.event.kind.value)
    assert (found.treatment, found.words) == (treatment, words)


def test_who_decided_and_why_is_written_down() -> None:
    one = due(EventKind.NAME_CHANGE, approver="Committee", reason="Agreed.", note="From a notice.")
    found = evidence_of(one, 70.0, basket([50.0]), "", T, POLICY)
    assert found.words == "a under another name; note: From a notice; approved by Committee; reason: Agreed."
    # Also where the rows end without a stop, or say only some of it.
    bare = replace(one.event, approver="", reason="agreed", note="a notice ")
    found = evidence_of(replace(one, event=bare), 70.0, basket([50.0]), "", T, POLICY)
    assert found.words == "a under another name; note: a notice; reason: agreed."
