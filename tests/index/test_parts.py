"""Parts of a holding that went through events, by hand: 5 units of the first asset and 10 of the second."""

from typing import Any

import numpy as np
import pytest
from tests.index.test_basket import basket

from basketry.index.basket import Basket
from basketry.index.parts import (
    Part,
    amounts_of,
    corrected_parts,
    held_parts,
    moved_parts,
    redenominated_parts,
    started_parts,
    stepped_parts,
)
from basketry.market.events import CorporateEvent, EventKind

T = np.datetime64("2021-03-10", "us")
MERGER = CorporateEvent(T, T, EventKind.MERGER, "a", "b", 2.0)
EARLIER = CorporateEvent(T - np.timedelta64(2, "D"), T, EventKind.REDENOMINATION, "a", None, 3.0)
OTHER = CorporateEvent(T - np.timedelta64(1, "D"), T, EventKind.REDENOMINATION, "b", None, 3.0)


def holding(*, plan: list[list[float]] | None = None, cash: list[bool] | None = None) -> Basket:
    more: dict[str, Any] = {"cash": np.array([False, False] if cash is None else cash)}
    held = basket([0, 1], [5.0, 10.0], [8.0, 2.0], **more)
    return held if plan is None else basket([0, 1], [5.0, 10.0], [8.0, 2.0], plan=np.array(plan), **more)


PLAN = [[4.0, 10.0], [0.0, 30.0]]
"""From 4 and 10 units to none and 30."""


def moved(
    parts: tuple[Part, ...], before: Basket, source: int, target: int, event: CorporateEvent, ratio: float, credit: bool
) -> tuple[Part, ...]:
    came = amounts_of(before, source) * ratio * (np.array([1.0, 0.0, 0.0]) if credit else 1.0)
    held = np.zeros(3) if source == target else amounts_of(before, target)
    return moved_parts(parts, came, held, source, target, event, credit=credit)


def close(*parts: Part) -> object:
    return [(part.column, pytest.approx(part.shares, rel=1e-12), part.events) for part in parts]


def seen(parts: tuple[Part, ...]) -> list[object]:
    return [(part.column, part.shares, part.events) for part in parts]


def test_units_that_came_are_a_part_of_what_they_came_to() -> None:
    # 10 units come to 10.
    assert seen(moved((), holding(), 0, 1, MERGER, 2.0, False)) == close(Part(1, (0.5, 0.0, 0.0), (MERGER,)))
    # 8 to 10 of the start of a transition, none to 30 of its end.
    found = moved((), holding(plan=PLAN), 0, 1, MERGER, 2.0, False)
    assert seen(found) == close(Part(1, (0.5, 8 / 18, 0.0), (MERGER,)))
    # All of an asset that was not held.
    found = moved((), holding(plan=PLAN), 0, 4, MERGER, 2.0, False)
    assert seen(found) == close(Part(4, (1.0, 1.0, 0.0), (MERGER,)))


def test_parts_go_over_with_the_units_and_shrink_beside_them() -> None:
    parts = (
        Part(0, (0.4, 0.0, 0.0), (EARLIER,)),
        Part(1, (0.5, 0.0, 0.0), (OTHER,)),
        Part(7, (0.1, 0.0, 0.0), (OTHER,)),
    )
    found = moved(parts, holding(), 0, 1, MERGER, 2.0, False)
    assert seen(found) == close(
        Part(1, (0.2, 0.0, 0.0), (EARLIER, MERGER)),
        Part(1, (0.25, 0.0, 0.0), (OTHER,)),
        Part(7, (0.1, 0.0, 0.0), (OTHER,)),
        Part(1, (0.3, 0.0, 0.0), (MERGER,)),
    )
    whole = (Part(0, (1.0, 0.0, 0.0), (EARLIER,)),)
    assert seen(moved(whole, holding(), 0, 1, MERGER, 2.0, False)) == close(Part(1, (0.5, 0.0, 0.0), (EARLIER, MERGER)))


def test_a_redenomination_leaves_the_shares() -> None:
    split = CorporateEvent(T, T, EventKind.REDENOMINATION, "a", None, 10.0)
    parts = (Part(0, (0.4, 0.0, 0.0), (EARLIER,)),)
    amounts = amounts_of(holding(), 0)
    made = redenominated_parts(parts, 0, amounts, split)
    assert made is not None
    assert seen(made[0]) == close(Part(0, (0.4, 0.0, 0.0), (EARLIER, split)), Part(0, (0.6, 0.0, 0.0), (split,)))
    assert made[1].tolist() == [10.0, 1.0, 1.0]
    # Of 4 units at the start and none at the end, all that is held is of the start.
    amounts = amounts_of(holding(plan=PLAN), 0)
    for old, grown in (((True, False), [10.0, 10.0, 1.0]), ((False, False), None)):
        made = redenominated_parts((), 0, amounts, split, old, 0.25)
        assert (None if made is None else made[1].tolist()) == grown
    # 10 x 3/4 of the start, half of them by an event before, and 30 x 1/4 of the end: 7.5 x 10 + 7.5 of 15.
    amounts = amounts_of(holding(plan=PLAN), 1)
    shares = (0.25, 0.5, 0.0)
    for fixed in (None, 5):
        made = redenominated_parts((Part(1, shares, (OTHER,), fixed),), 1, amounts, split, (True, False), 0.25)
        assert made is not None
        assert made[1].tolist() == pytest.approx([5.5, 10.0, 1.0])
    amounts = amounts_of(holding(), 0)
    # What an event made after the redenomination is new, whatever the time of the others; made before it, old.
    now = int(T.astype(np.int64))
    for fixed, times in ((now, 0.6 * 10 + 0.4), (now - 1, 10.0)):
        later = (Part(0, (0.4, 0.0, 0.0), (EARLIER,), fixed),)
        made = redenominated_parts(later, 0, amounts, split)
        assert made is not None
        assert made[1][0] == pytest.approx(times)


def test_a_transition_begins_with_the_units_whose_time_is_another() -> None:
    old = basket([0, 1], [5.0, 10.0], [8.0, 2.0], plan=np.array(PLAN), counted=np.array([[3, 4], [3, 9]]))
    parts = (Part(0, (0.4, 0.1, 0.2), (EARLIER,), 7), Part(1, (0.5, 0.5, 0.5), (OTHER,)))
    # Of b 10 x 3/4 are of the start and 30 x 1/4 of the end: half.
    assert started_parts(parts, old, 0.25, (Part(1, (0.3, 0.0, 0.0), (MERGER,), 8),)) == (
        Part(0, (0.0, 0.4, 0.0), (), 7), Part(1, (0.0, 0.0, 0.3), (), 8), Part(1, (0.0, 0.5, 0.0), (), 4),
    )  # fmt: skip
    assert started_parts(parts[1:], holding(), 1.0, ()) == ()


def test_what_is_credited_comes_beside_and_has_no_share_in_a_transition() -> None:
    fork = CorporateEvent(T, T, EventKind.HARD_FORK, "a", "b", 0.5)
    parts = (Part(0, (0.4, 0.2, 0.0), (EARLIER,)),)
    found = moved(parts, holding(plan=PLAN), 0, 1, fork, 0.5, True)
    assert seen(found) == close(parts[0], Part(1, (0.2, 0.0, 0.0), (fork,)))


def test_a_correction_multiplies_the_units_that_the_event_changed() -> None:
    corrected = CorporateEvent(T, T + np.timedelta64(1, "D"), EventKind.MERGER, "a", "b", 6.0)
    parts = (
        Part(1, (0.3, 0.25, 0.0), (EARLIER, MERGER)), Part(1, (0.2, 0.0, 0.0), (MERGER,)),
        Part(1, (0.3, 0.0, 0.5), (OTHER,)), Part(2, (0.5, 0.0, 0.0), (MERGER,)),
    )  # fmt: skip
    assert [part.went_through(corrected) for part in parts] == [True, True, False, True]
    found, grown = corrected_parts(parts, 1, corrected, 3.0)
    # Half of the units threefold, a quarter of the start, none of the end.
    assert grown.tolist() == [2.0, 1.5, 1.0]
    assert seen(found) == close(
        Part(1, (0.45, 0.5, 0.0), (EARLIER, MERGER)), Part(1, (0.3, 0.0, 0.0), (MERGER,)),
        Part(1, (0.15, 0.0, 0.5), (OTHER,)), parts[3],
    )  # fmt: skip
    found, grown = corrected_parts(parts, 5, corrected, 3.0)
    assert (found, grown.tolist()) == (parts, [1.0, 1.0, 1.0])


def test_a_step_of_a_transition_mixes_the_shares_of_its_ends() -> None:
    parts = (Part(0, (0.5, 0.8, 0.0), (EARLIER,)), Part(1, (0.9, 0.5, 0.2), (MERGER,)))
    before = holding(plan=PLAN)
    # A quarter of the way: 3 of the first; 7.5 of the start of the second and 7.5 of its end.
    found = stepped_parts(parts, before, before, 0.25)
    assert seen(found) == close(Part(0, (0.8, 0.8, 0.0), (EARLIER,)), Part(1, (0.35, 0.5, 0.2), (MERGER,)))
    found = stepped_parts(parts, before, holding(), 0.25)
    assert seen(found) == close(Part(0, (0.8, 0.0, 0.0), (EARLIER,)), Part(1, (0.35, 0.0, 0.0), (MERGER,)))
    # At the end nothing of the first is left.
    found = stepped_parts(parts, before, before, 1.0)
    assert seen(found) == close(Part(0, (0.0, 0.8, 0.0), (EARLIER,)), Part(1, (0.2, 0.5, 0.2), (MERGER,)))


def test_only_parts_of_what_is_held_stay() -> None:
    parts = tuple(Part(column, (0.5, 0.0, 0.0), (MERGER,)) for column in (0, 1, 4))
    assert held_parts(parts, holding()) == parts[:2]
    assert held_parts(parts, holding(cash=[True, False])) == parts[1:2]
