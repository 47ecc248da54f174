"""Corporate events on a basket and on what was determined: conversions, credits, departures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from basketry.core.numbers import Floats
from basketry.index.basket import Basket, chain
from basketry.index.parts import Part, amounts_of, corrected_parts, held_parts, moved_parts, redenominated_parts
from basketry.index.records import Evidence
from basketry.index.state import Candidate, Due
from basketry.market.event_ratio import ratio_contradiction
from basketry.market.events import CorporateEvent, EventKind
from basketry.methodology.path import Carried
from basketry.methodology.sections import EventPolicy

REPLACE = "replace_by_next"
ZERO = "remove_at_zero"
AT_ZERO = "removed at zero"
REPLACED = "replaced by "
DOUBTFUL = "ratio contradicts prices"
CARRIED_THROUGH = "carried through to what was determined"
LEARNED_LATE = "units times ratio at a price of new units, level as before the event"
STRUCK_SINCE = "none, as the units were struck in new units"


@dataclass(frozen=True, eq=False)
class Conversion:
    """A basket after the conversions and credits of an instant, before its prices are read.

    Attributes:
        basket: At the last prices used, each over its ratio.
        carried: How units went over; None where nothing was converted or credited.
        applied: The events that concerned the basket, each with the price before it.
        leaving: Those of them by which a member departs once the prices are read.
        parts: Units that went through events since the last strike.
        late: Redenominations that were learned once a price in new units was in use.
        idle: Those of them at whose new units the basket was struck.
    """

    basket: Basket
    carried: Carried | None
    applied: tuple[tuple[Due, float], ...]
    leaving: tuple[Due, ...]
    parts: tuple[Part, ...]
    late: tuple[Due, ...] = ()
    idle: tuple[Due, ...] = ()


def departs(due: Due) -> bool:
    """Return whether an event ends a member: a delisting, or a conversion into an asset without data."""
    kind = due.event.kind
    if kind is EventKind.DELISTING:
        return True
    return kind in (EventKind.MIGRATION, EventKind.MERGER) and due.new_column is None


def becomes(due: Due) -> int:
    """Return the column that units of the asset go over into: its own in a redenomination or a mere change of name."""
    return due.column if due.new_column is None else due.new_column


def credited(event: CorporateEvent, policy: EventPolicy) -> bool:
    """Return whether a methodology credits a fork or an airdrop."""
    treatment = policy.hard_fork if event.kind is EventKind.HARD_FORK else policy.airdrop
    return event.kind.distributes and treatment == "credit"


def convert(
    basket: Basket,
    events: Iterable[Due],
    policy: EventPolicy,
    parts: tuple[Part, ...],
    share: float = 1.0,
) -> Conversion:
    """Return the basket after the events of an instant that convert or credit, at the last prices used.

    Args:
        basket: At the last prices used.
        events: Of one instant, in the order in which they were seen.
        policy: The methodology's treatment of forks and airdrops.
        parts: Units that went through events since the last strike; only those can be corrected.
        share: Of the target in what is held during a transition.
    """
    carried: Carried | None = None
    applied: list[tuple[Due, float]] = []
    leaving: list[Due] = []
    learned: list[Due] = []
    idle: list[Due] = []
    for due in events:
        event = due.event
        if due.corrects_since is not None:
            basket, parts, steps, before = _corrected(basket, due, due.corrects_since, parts)
            applied += [(due, before)] if steps else []
            for step in steps:
                carried = chain(carried, step)
            continue
        if departs(due):
            leaving.append(due)
            continue
        place = basket.place(due.column)
        if place is None or basket.cash[place]:
            continue  # What is held as cash is the asset no longer.
        price, seen, ratio = float(basket.prices[place]), int(basket.seen[place]), event.ratio
        applied.append((due, price))
        credit = event.kind.distributes
        if credit and not (credited(event, policy) and due.new_column is not None):
            continue
        if not (credit or event.kind.converts):
            continue
        target = becomes(due)
        there = basket.place(target)
        into_cash = there is not None and bool(basket.cash[there])
        if there is not None and into_cash:
            if credit:
                continue
            # As much cash as the units are worth.
            ratio = price / float(basket.prices[there])
        # A price of a redenominated asset that was observed when the event already held is in new units: the event
        # was learned late.
        late = target == due.column and seen >= event.time.astype(np.int64) and not basket.awaited[place]
        learned += [due] if late else []
        amounts = amounts_of(basket, due.column)
        if target == due.column:
            before = (basket.counted[:, place] < event.time.astype(np.int64)).tolist()
            old = (before[0], before[1]) if late else (True, True)
            made = redenominated_parts(parts, target, amounts, event, old, share)
            if made is None:
                idle.append(due)  # The units, and the price where none was observed since, are new ones.
                continue
            parts, times = made
            basket, step = _multiplied(basket, place, times, price if late else price / ratio)
            carried = chain(carried, step)
            continue
        came = amounts * ratio
        if credit:
            came[1:] = 0.0  # What is credited has no share in a transition under way.
        parts = moved_parts(parts, came, amounts_of(basket, target), due.column, target, event, credit=credit)
        # A redenomination at the very time of the event still holds for what became the new asset.
        began = np.full(2, event.time.astype(np.int64) - 1)
        basket, step = basket.exchanged(
            due.column, target, ratio, 0.0 if credit else price / ratio, seen, began, keep_old=credit, awaited=credit
        )
        if into_cash and basket.plan is not None:
            plan = basket.plan.copy()
            plan[:, basket.place(target)] = 0.0
            basket = replace(basket, plan=plan)
        carried = chain(carried, step)
    # Whoever is held after the conversions departs, first who does so at zero.
    gone = [
        (due, place) for due in leaving if (place := basket.place(due.column)) is not None and not basket.cash[place]
    ]
    gone.sort(key=lambda one: way_out(one[0], basket, policy)[0] != ZERO)
    applied += [(due, float(basket.prices[place])) for due, place in gone]
    departing = tuple(due for due, _ in gone)
    return Conversion(
        basket, carried, tuple(applied), departing, held_parts(parts, basket), tuple(learned), tuple(idle)
    )


def _multiplied(basket: Basket, place: int, times: Floats, price: float) -> tuple[Basket, Carried]:
    """Return a basket with so many times the units of an asset, see `amounts_of`, at another last price."""
    column = int(basket.columns[place])
    after, step = basket.exchanged(
        column, column, float(times[0]), price, int(basket.seen[place]), basket.counted[:, place]
    )
    if basket.plan is not None:
        plan = basket.plan.copy()
        plan[:, place] *= times[1:]
        after = replace(after, plan=plan)
    return after, step


def _corrected(
    basket: Basket, due: Due, since: np.datetime64, parts: tuple[Part, ...]
) -> tuple[Basket, tuple[Part, ...], list[Carried], float]:
    """Return a basket in which the units that an event changed are as many as by its correction.

    The other results are the parts, how units went over, and the price of the asset before.
    """
    event, factor = due.event, due.event.ratio
    steps: list[Carried] = []
    before = float("nan")
    for column in sorted({part.column for part in parts if part.went_through(event)}):
        parts, grown = corrected_parts(parts, column, event, factor)
        place = basket.place(column)
        if place is None:
            continue
        before, seen = float(basket.prices[place]), int(basket.seen[place])
        late = becomes(due) == due.column and seen >= event.time.astype(np.int64)
        # The last price used was divided by the ratio too, where none has been observed since.
        divided = seen < since.astype(np.int64) and not late and bool(np.isclose(grown[0], factor, rtol=1e-12))
        # What still waits for its first price is worth what it was.
        divided = divided or bool(basket.awaited[place])
        basket, step = _multiplied(basket, place, grown, before / float(grown[0]) if divided else before)
        steps.append(step)
    return basket, parts, steps, before


def depart(basket: Basket, due: Due, policy: EventPolicy, names: tuple[str, ...]) -> tuple[Basket, str]:
    """Return a basket at the prices of the instant without the asset that an event ends, and what was done.

    Args:
        basket: At the prices of the instant; a price of zero for `remove_at_zero` is already part of the level.
        due: The event.
        policy: How the index treats delistings where the event says nothing.
        names: Ids.
    """
    place = basket.place(due.column)
    if place is None:
        return basket, "no longer held"
    gone = np.zeros(len(basket.columns), dtype=bool)
    gone[place] = True
    removal, chosen = way_out(due, basket, policy)
    if chosen is not None:
        return _replaced(basket, place, chosen), f"{REPLACED}{names[chosen.column]}"
    if basket.alone(gone):
        return basket, "kept, as nothing else of worth is held"
    if removal == "to_cash" and not basket.waits(place):
        return basket.as_cash(gone), "held as cash"
    if removal == ZERO:
        return basket.without(gone, keep_level=False), AT_ZERO
    return basket.without(gone, keep_level=True), "removed at last price"


def way_out(due: Due, basket: Basket, policy: EventPolicy) -> tuple[str, Candidate | None]:
    """Return how a member departs by an event, and who takes its place where somebody does."""
    removal, place = due.event.removal or policy.delisting, basket.place(due.column)
    if removal != REPLACE:
        return removal, None
    chosen = next((c for c in due.candidates if basket.place(c.column) is None), None)
    if chosen is None or place is None or basket.waits(place):
        return policy.delisting, None  # Worth nothing yet, it would buy nothing.
    return removal, chosen


def _replaced(basket: Basket, place: int, chosen: Candidate) -> Basket:
    value = float(basket.units[place] * basket.prices[place])
    columns, units = basket.columns.copy(), basket.units.copy()
    prices, seen, counted = basket.prices.copy(), basket.seen.copy(), basket.counted.copy()
    cash, awaited = basket.cash.copy(), basket.awaited.copy()
    columns[place], units[place] = chosen.column, value / chosen.price
    prices[place], seen[place], counted[:, place] = chosen.price, chosen.seen, chosen.seen
    cash[place] = awaited[place] = False
    plan = None
    if basket.plan is not None:
        plan = basket.plan.copy()
        plan[:, place] *= float(basket.prices[place]) / chosen.price
    order = np.argsort(columns)
    return Basket(
        columns[order], units[order], basket.factors[order], prices[order], seen[order], counted[:, order],
        basket.given[order], cash[order], awaited[order], basket.divisor, None if plan is None else plan[:, order],
    )  # fmt: skip


def contradiction(due: Due, before: float, basket: Basket, time: np.datetime64) -> Evidence | None:
    """Return what is written down where the price seen at the instant contradicts the ratio of a conversion.

    Args:
        due: The event.
        before: Price of the asset before it.
        basket: At the prices of the instant.
        time: The instant.
    """
    event = due.event
    place = basket.place(becomes(due))
    if place is None or departs(due) or due.corrects_since is not None or not event.kind.converts:
        return None
    if basket.seen[place] < event.time.astype(np.int64):
        return None
    words = ratio_contradiction(event.ratio, before, float(basket.prices[place]))
    return None if words is None else Evidence(time, event.asset, event.kind.value, DOUBTFUL, words)


def evidence_of(
    due: Due,
    before: float,
    basket: Basket,
    treatment: str,
    time: np.datetime64,
    policy: EventPolicy,
) -> Evidence:
    """Return what is written down of an event: the treatment, and in words the figures it was settled at.

    Args:
        due: The event.
        before: Price of the asset before it.
        basket: At the prices of the instant, before anybody departed.
        treatment: What was done where a member departed or nothing was, '' otherwise.
        time: The instant.
        policy: The methodology's treatment.
    """
    event = due.event
    place = basket.place(becomes(due))
    price = before if place is None else float(basket.prices[place])
    if due.corrects_since is not None:
        words = f"{event.ratio:g} times the units, for the ratio was corrected"
        treatment = "corrected"
    elif departs(due):
        here = basket.place(due.column)
        last = before if here is None else float(basket.prices[here])
        words = f"{event.kind.value} of {event.asset}, last price {last:.6g}"
        if treatment == AT_ZERO and here is not None:
            words += f", counted as nothing: {basket.weights[here]:.4%} of the index is lost"
    elif event.kind.distributes:
        if credited(event, policy) and due.new_column is not None:
            there = basket.place(due.new_column)
            known = there is not None and not basket.awaited[there]
            worth = f"at {basket.prices[there]:.6g}" if known and there is not None else "counted from its first price"
            words = f"{event.ratio:g} units of {event.new_asset} for each {event.asset}, {worth}"
            treatment = "credited until the next rebalance"
        else:
            words = f"{event.ratio:g} {event.new_asset} a unit"
            treatment = "ignored"
    elif event.kind is EventKind.REDENOMINATION:
        words = f"{event.ratio:g} new units for one old; price {before:.6g} before, {price:.6g} after"
        if treatment == STRUCK_SINCE:
            words = f"{event.ratio:g} new units for one old, learned when the price was {before:.6g} in new units"
        elif treatment == LEARNED_LATE:
            words = f"{event.ratio:g} new units for one old, of which {before:.6g} was the price already"
        else:
            treatment = "units times ratio, level unchanged"
    elif becomes(due) == due.column:
        words, treatment = f"{event.asset} under another name", "no change"
    else:
        words = f"{event.ratio:g} units of {event.new_asset} at {price:.6g} for one of {event.asset}"
        treatment = f"{REPLACED}{event.new_asset}"
    return Evidence(time, event.asset, event.kind.value, treatment, told_of(event, words))


def told_of(event: CorporateEvent, words: str) -> str:
    """Return words about an event with what its row says of itself, each part apart from the next.

    >>> from basketry.market.events import CorporateEvent, EventKind
    >>> day = np.datetime64("2022-05-13", "us")
    >>> told_of(CorporateEvent(day, day, EventKind.DELISTING, "a", approver="X", reason="Insolvent."), "delisting of a")
    'delisting of a; approved by X; reason: Insolvent.'
    """
    parts = [("note: ", event.note), ("approved by ", event.approver), ("reason: ", event.reason)]
    said = [f"{label}{text.strip().rstrip('.')}" for label, text in parts if text.strip()]
    return "; ".join([words, *said]) + "."
