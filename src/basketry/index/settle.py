"""Corporate events on a basket and on what was determined: conversions, credits, departures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from basketry.core.numbers import normalise
from basketry.index.basket import Basket, chain
from basketry.index.records import Evidence
from basketry.index.state import Candidate, Decision, Due
from basketry.market.event_ratio import ratio_contradiction
from basketry.market.events import CorporateEvent, EventKind
from basketry.methodology.path import Carried
from basketry.methodology.sections import EventPolicy

REPLACE = "replace_by_next"
ZERO = "remove_at_zero"


@dataclass(frozen=True, eq=False)
class Conversion:
    """A basket after the conversions and credits of an instant, before its prices are read.

    Attributes:
        basket: At the last prices used, each over its ratio.
        carried: How units went over; None where nothing was converted or credited.
        applied: The events that concerned the basket, each with the price before it.
        leaving: Those of them by which a member departs once the prices are read.
        earlier: Events that the basket went through since it was struck.
    """

    basket: Basket
    carried: Carried | None
    applied: tuple[tuple[Due, float], ...]
    leaving: tuple[Due, ...]
    earlier: tuple[CorporateEvent, ...]


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
    struck_at: np.datetime64,
    earlier: tuple[CorporateEvent, ...],
) -> Conversion:
    """Return the basket after the events of an instant that convert or credit, at the last prices used.

    Args:
        basket: At the last prices used.
        events: Of one instant, in the order in which they were seen.
        policy: The methodology's treatment of forks and airdrops.
        struck_at: The last strike.
        earlier: Events that the basket went through since then; only those can be corrected.
    """
    carried: Carried | None = None
    applied: list[tuple[Due, float]] = []
    leaving: list[Due] = []
    for due in events:
        event = due.event
        source = becomes(due) if due.corrects_since is not None else due.column
        place = basket.place(source)
        if place is None:
            continue
        before, seen = float(basket.prices[place]), int(basket.seen[place])
        applied.append((due, before))
        if departs(due):
            leaving.append(due)
            continue
        if due.corrects_since is not None:
            if not any(event.key == gone.key for gone in earlier):
                applied.pop()
                continue
            basket, step = basket.exchanged(source, source, event.ratio, before, seen)
        elif event.kind.converts:
            # A price of a redenominated asset that was observed when the event already held is in new units: the
            # event was learned late.
            late = becomes(due) == due.column and seen >= event.time.astype(np.int64)
            if late and struck_at >= event.time:
                continue  # The units were struck in new units.
            price = before if late else before / event.ratio
            basket, step = basket.exchanged(due.column, becomes(due), event.ratio, price, seen)
        elif credited(event, policy) and due.new_column is not None:
            basket, step = basket.exchanged(
                due.column, due.new_column, event.ratio, 0.0, seen, keep_old=True, awaited=True
            )
        else:
            continue
        carried = chain(carried, step)
        earlier = (*earlier, event)
    return Conversion(basket, carried, tuple(applied), tuple(leaving), earlier)


def carry_decision(decision: Decision, due: Due) -> Decision:
    """Return what was determined before an event as it is after the event.

    A converted asset is replaced by what it became, and one that departs leaves its weight to the others, or to the
    asset that replaces it. An event that the determination already knew changes nothing; nor does a fork or an airdrop,
    which goes to the basket held until then.
    """
    event = due.event
    if event.kind.distributes or event.kind is EventKind.HALT:
        return decision
    corrected = due.corrects_since is not None
    since = event.seen if due.corrects_since is None else due.corrects_since
    if since <= decision.determined_at:
        return decision
    source = becomes(due) if corrected else due.column
    places = np.flatnonzero(decision.columns == source)
    if not len(places):
        return decision
    place = int(places[0])
    if departs(due):
        return _without(decision, place, due)
    new = becomes(due)
    # What was determined on prices in new units, before the event was known, is in new units already.
    learned_late = not corrected and new == source and decision.used_to >= event.time
    ratio = 1.0 if learned_late else event.ratio
    table = {
        int(column): (
            float(decision.weights[k]),
            float(decision.raw[k]),
            0.0 if decision.shares is None else float(decision.shares[k]),
            float(decision.prices[k]),
        )
        for k, column in enumerate(decision.columns)
    }
    weight, raw, shares, price = table.pop(source)
    held = table.get(new)
    if held is None:
        table[new] = (weight, raw, shares * ratio, price / ratio)
    else:
        table[new] = (held[0] + weight, held[1] + raw, held[2] + shares * ratio, held[3])
    columns = np.array(sorted(table), dtype=np.int64)
    rows = np.array([table[column] for column in columns.tolist()])
    return replace(
        decision,
        columns=columns,
        weights=rows[:, 0],
        raw=rows[:, 1],
        shares=None if decision.shares is None else rows[:, 2],
        prices=rows[:, 3],
    )


def _without(decision: Decision, place: int, due: Due) -> Decision:
    """Return what was determined without one asset; its weight goes to its replacement, or to the others."""
    chosen = None
    if due.event.removal == REPLACE:
        chosen = next((c for c in due.candidates if c.column not in decision.columns), None)
    stay = np.arange(len(decision.columns)) != place
    if chosen is None:
        if not stay.any():
            words = f"the only asset that was determined departed: {due.event.kind.value} of {due.event.asset}"
            return replace(decision, columns=decision.columns[stay], nobody=words)
        return replace(
            decision,
            columns=decision.columns[stay],
            weights=normalise(decision.weights[stay]),
            raw=decision.raw[stay],
            shares=None if decision.shares is None else decision.shares[stay],
            prices=decision.prices[stay],
        )
    columns = decision.columns.copy()
    columns[place] = chosen.column
    prices = decision.prices.copy()
    shares = None if decision.shares is None else decision.shares.copy()
    if shares is not None:
        shares[place] *= prices[place] / chosen.price
    prices[place] = chosen.price
    order = np.argsort(columns)
    return replace(
        decision,
        columns=columns[order],
        weights=decision.weights[order],
        raw=decision.raw[order],
        shares=None if shares is None else shares[order],
        prices=prices[order],
    )


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
    removal = removal_of(due, policy)
    if removal == REPLACE:
        chosen = next((c for c in due.candidates if basket.place(c.column) is None), None)
        if chosen is not None:
            return _replaced(basket, place, chosen), f"replaced by {names[chosen.column]}"
        removal = policy.delisting
    if basket.alone(gone):
        return basket, "kept, as nothing else of worth is held"
    if removal == "to_cash":
        return basket.as_cash(gone), "held as cash"
    if removal == ZERO:
        return basket.without(gone, keep_level=False), "removed at zero"
    return basket.without(gone, keep_level=True), "removed at last price"


def removal_of(due: Due, policy: EventPolicy) -> str:
    """Return how a member departs: as the event says, or else by the policy of the index."""
    return due.event.removal or policy.delisting


def _replaced(basket: Basket, place: int, chosen: Candidate) -> Basket:
    value = float(basket.units[place] * basket.prices[place])
    columns, units = basket.columns.copy(), basket.units.copy()
    prices, seen = basket.prices.copy(), basket.seen.copy()
    cash, awaited = basket.cash.copy(), basket.awaited.copy()
    columns[place], units[place] = chosen.column, value / chosen.price
    prices[place], seen[place] = chosen.price, chosen.seen
    cash[place] = awaited[place] = False
    plan = None
    if basket.plan is not None:
        plan = basket.plan.copy()
        plan[:, place] *= float(basket.prices[place]) / chosen.price
    order = np.argsort(columns)
    return Basket(
        columns[order], units[order], basket.factors[order], prices[order], seen[order], basket.given[order],
        cash[order], awaited[order], basket.divisor, None if plan is None else plan[:, order],
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
    return None if words is None else Evidence(time, event.asset, event.kind.value, "ratio contradicts prices", words)


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
        treatment: What was done where a member departed, '' otherwise.
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
        treatment = "units times ratio, level unchanged"
    elif becomes(due) == due.column:
        words, treatment = f"{event.asset} under another name", "no change"
    else:
        words = f"{event.ratio:g} units of {event.new_asset} at {price:.6g} for one of {event.asset}"
        treatment = f"replaced by {event.new_asset}"
    decided = f" Decided by {event.approver}." if event.approver else ""
    reason = f" {event.reason}" if event.reason else ""
    return Evidence(time, event.asset, event.kind.value, treatment, f"{words}. {event.note}{decided}{reason}".strip())
