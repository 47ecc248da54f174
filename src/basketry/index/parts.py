"""Parts of a holding that went through events, by which a later correction finds the units that an event changed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from basketry.core.numbers import Floats, added
from basketry.index.basket import Basket
from basketry.market.events import CorporateEvent

Shares = tuple[float, float, float]
"""Of the units held, and of those at the start and at the end of a transition under way (0 where there is none)."""

_NOTHING = 1e-12
"""A share that is a matter of rounding."""


@dataclass(frozen=True, slots=True)
class Part:
    """Units of one asset that went through the same events since the last strike.

    Attributes:
        column: The asset.
        shares: Of its units, 0 to 1 each.
        events: What they went through.
        fixed: Microseconds from which they are what they are, where that is another time than for the other units of
            the asset: see `Basket.counted`.
    """

    column: int
    shares: Shares
    events: tuple[CorporateEvent, ...]
    fixed: int | None = None

    def went_through(self, event: CorporateEvent) -> bool:
        """Return whether an event, or one that a row corrects, changed these units."""
        return any(event.key == gone.key for gone in self.events)


def moved_parts(
    parts: tuple[Part, ...],
    came: Floats,
    held: Floats,
    source: int,
    target: int,
    event: CorporateEvent,
    *,
    credit: bool = False,
) -> tuple[Part, ...]:
    """Return the parts after units of one asset went over into another, or gave units of it beside themselves.

    Args:
        parts: Before.
        came: New units that came, see `amounts_of`.
        held: Units that were there already.
        source, target: Columns, two.
        event: What happened.
        credit: Whether the old units stay.
    """
    # A redenomination at the very time of the event still holds for what it made.
    began = int(event.time.astype(np.int64)) - 1
    found: list[Part] = []
    rest = np.ones(3)
    for part in parts:
        if part.column == source and not credit:
            rest = rest - part.shares
            found.append(Part(target, _of(came * part.shares, held + came), (*part.events, event), began))
        elif part.column == target:
            found.append(replace(part, shares=_of(held * part.shares, held + came)))
        else:
            found.append(part)
    found.append(Part(target, _of(rest * came, held + came), (event,), began))
    return tuple(part for part in found if max(part.shares) > _NOTHING)


def redenominated_parts(
    parts: tuple[Part, ...],
    column: int,
    amounts: Floats,
    event: CorporateEvent,
    old: tuple[bool, bool] = (True, True),
    share: float = 1.0,
) -> tuple[tuple[Part, ...], Floats] | None:
    """Return the parts once the old units of an asset are new ones, and what that makes; None where none are old.

    The second result is what all units of the asset are multiplied by, see `amounts_of`.

    Args:
        parts: Before.
        column: The asset.
        amounts: Its units, see `amounts_of`.
        event: The redenomination.
        old: Whether those whose time is that of the basket are old, at the start and at the end of a transition.
        share: Of the target in what is held during a transition.
    """
    began = int(event.time.astype(np.int64))
    found = [part for part in parts if part.column != column]
    own = [part for part in parts if part.column == column]
    rest = np.ones(3) - added(np.array([part.shares for part in own])) if own else np.ones(3)
    new: list[tuple[Floats, tuple[CorporateEvent, ...], int | None]] = []
    touched = False
    for shares, events, fixed in [
        *((np.array(part.shares), part.events, part.fixed) for part in own),
        (rest, (), None),
    ]:
        start, end = map(float, old if fixed is None else (fixed < began, fixed < began))
        amount = amounts * shares
        # What is held is of both ends.
        of_start, of_end = float(amount[1]) * (1.0 - share), float(amount[2]) * share
        both = of_start + of_end
        held = (of_start * start + of_end * end) / both if both > 0 else end
        behind = np.array([held, start, end])
        touched = touched or bool((amount * behind > 0).any())
        new += [(amount * behind * event.ratio, (*events, event), fixed), (amount * (1.0 - behind), events, fixed)]
    if not touched:
        return None
    total = added(np.array([amount for amount, *_ in new]))
    for amount, events, fixed in new:
        kept = _of(amount, total)
        if max(kept) > _NOTHING and (events or fixed is not None):
            found.append(Part(column, kept, events, fixed))
    return tuple(found), np.divide(total, amounts, out=np.ones(3), where=amounts > 0)


def started_parts(parts: tuple[Part, ...], old: Basket, share: float, target: tuple[Part, ...]) -> tuple[Part, ...]:
    """Return the parts of both ends of a transition that begins: units whose time is another than that of their end.

    No later row corrects what they went through.

    Args:
        parts: Of the basket before.
        old: The basket before, in a transition perhaps that gives way to this one.
        share: Of the target in what it holds.
        target: Parts of the basket that was determined.
    """
    found = [Part(part.column, (0.0, part.shares[0], 0.0), (), part.fixed) for part in parts if part.fixed is not None]
    found += [
        Part(part.column, (0.0, 0.0, part.shares[0]), (), part.fixed) for part in target if part.fixed is not None
    ]
    if old.plan is not None:
        for place in np.flatnonzero(old.counted[0] != old.counted[1]).tolist():
            column = int(old.columns[place])
            others = math.fsum(part.shares[1] for part in parts if part.column == column and part.fixed is not None)
            start, end = (old.plan[:, place] * (1.0 - share, share)).tolist()
            # By rounding the others may be more than all.
            if start > 0 and others < 1:
                of_start = start * (1.0 - others) / (start + end)
                found.append(Part(column, (0.0, of_start, 0.0), (), int(old.counted[0, place])))
    return tuple(found)


def corrected_parts(
    parts: tuple[Part, ...], column: int, event: CorporateEvent, factor: float
) -> tuple[tuple[Part, ...], Floats]:
    """Return the parts once those of an asset that an event changed are `factor` times as many, and what that makes.

    The second result is what all units of the asset are multiplied by: those held, and those of both ends of a
    transition, shape (3,).
    """
    concerned = [part for part in parts if part.column == column and part.went_through(event)]
    share = added(np.array([part.shares for part in concerned])) if concerned else np.zeros(3)
    grown = (1.0 - share) + share * factor
    found = []
    for part in parts:
        if part.column == column:
            times = factor if part.went_through(event) else 1.0
            part = replace(part, shares=_of(np.array(part.shares) * times, grown))
        found.append(part)
    return tuple(found), grown


def stepped_parts(parts: tuple[Part, ...], before: Basket, after: Basket, share: float) -> tuple[Part, ...]:
    """Return the parts after a step of a transition.

    Args:
        parts: Before.
        before: The basket with its plan.
        after: The basket with the units of the step.
        share: Of the units at the end, 0 to 1.
    """
    found = []
    for part in parts:
        amounts = amounts_of(before, part.column) * (0.0, 1.0 - share, share)
        held = float(added(amounts * part.shares) / added(amounts)) if added(amounts) > 0 else 0.0
        ends = part.shares[1:] if after.plan is not None else (0.0, 0.0)
        found.append(replace(part, shares=(held, *ends)))
    return held_parts(found, after)


def held_parts(parts: Iterable[Part], basket: Basket) -> tuple[Part, ...]:
    """Return the parts of assets that a basket still holds, other than as cash."""
    places = ((part, basket.place(part.column)) for part in parts)
    return tuple(part for part, place in places if place is not None and not basket.cash[place])


def amounts_of(basket: Basket, column: int) -> Floats:
    """Return the units held of an asset, and those at both ends of a transition under way, shape (3,)."""
    place = basket.place(column)
    found = np.zeros(3)
    if place is not None:
        found[0] = basket.units[place]
        if basket.plan is not None:
            found[1:] = basket.plan[:, place]
    return found


def _of(amounts: Floats, whole: Floats) -> Shares:
    held, old, target = np.divide(amounts, whole, out=np.zeros(3), where=whole > 0).tolist()
    return (held, old, target)
