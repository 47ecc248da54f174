"""What was determined, carried through corporate events until it takes effect."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from basketry.core.numbers import Floats, normalise
from basketry.core.time import format_instant
from basketry.index.parts import corrected_parts, moved_parts, redenominated_parts
from basketry.index.records import Evidence
from basketry.index.settle import CARRIED_THROUGH, REPLACE, becomes, departs
from basketry.index.state import Decision, Due
from basketry.market.events import CorporateEvent, EventKind


def carry_decision(decision: Decision, due: Due, known: np.datetime64 | None = None) -> Decision:
    """Return what was determined before an event as it is after the event.

    A converted asset is replaced by what it became, and one that departs leaves its weight to the others, or to the
    asset that replaces it. An event that the determination already knew changes nothing; nor does a fork or an airdrop,
    which goes to the basket held until then.

    Args:
        decision: What was determined.
        due: The event.
        known: Events seen up to then were known to the determination; up to its own time unless given.
    """
    event = due.event
    if event.kind.distributes or event.kind is EventKind.HALT:
        return decision
    if due.corrects_since is not None:
        return _corrected_decision(decision, event)
    if event.seen <= (decision.determined_at if known is None else known):
        return _as_told_since(decision, event)
    source = due.column
    places = np.flatnonzero(decision.columns == source)
    if not len(places):
        return decision
    place = int(places[0])
    if departs(due):
        return _without(decision, place, due)
    target = becomes(due)
    if target == source:
        # What was determined at a price in new units, before the event was known, is in new units already.
        old = bool(decision.seen[place] < event.time.astype(np.int64))
        made = redenominated_parts(decision.parts, source, _units(decision, place), event, (old, old))
        return decision if made is None else replace(_times(decision, place, float(made[1][0])), parts=made[0])
    moved = _times(decision, place, event.ratio)
    there = np.flatnonzero(decision.columns == target)
    held = _units(decision, int(there[0])) if len(there) else np.zeros(3)
    parts = moved_parts(decision.parts, _units(moved, place), held, source, target, event)
    return replace(_became(moved, place, target, event), parts=parts)


def carried_through(
    before: Decision, after: Decision, due: Due, time: np.datetime64, names: tuple[str, ...]
) -> Evidence:
    """Return what is written down of an event that changed what was determined, with who came in by it."""
    event = due.event
    words = f"{event.kind.value} between the determination and {format_instant(before.effective_at)}"
    came = np.setdiff1d(after.columns, before.columns).tolist()
    words += f"; {names[came[0]]} takes its place" if came else ""
    return Evidence(time, event.asset, event.kind.value, CARRIED_THROUGH, f"{words}.")


def _corrected_decision(decision: Decision, event: CorporateEvent) -> Decision:
    """Return what was determined with as many units, of those that an event changed since, as by its correction."""
    for column in sorted({part.column for part in decision.parts if part.went_through(event)}):
        parts, grown = corrected_parts(decision.parts, column, event, event.ratio)
        # One that departed since has no units left.
        for place in np.flatnonzero(decision.columns == column).tolist():
            decision = replace(_times(decision, place, float(grown[0])), parts=parts)
    return decision


def _as_told_since(decision: Decision, event: CorporateEvent) -> Decision:
    """Return what was carried through an event as it was told before it took effect, as by what it is then."""
    told = (gone.ratio for part in decision.parts for gone in part.events if gone.key == event.key)
    factor = event.ratio / next(told, event.ratio)
    return decision if factor == 1 else _corrected_decision(decision, replace(event, ratio=factor))


def _units(decision: Decision, place: int) -> Floats:
    """Return the units that were determined of an asset, of a basket worth 1, as of what is held: see `amounts_of`."""
    return np.array([decision.weights[place] / decision.prices[place], 0.0, 0.0])


def _times(decision: Decision, place: int, ratio: float) -> Decision:
    """Return what was determined with `ratio` units of an asset in the place of one."""
    prices = decision.prices.copy()
    prices[place] /= ratio
    shares = None if decision.shares is None else decision.shares.copy()
    if shares is not None:
        shares[place] *= ratio
    return replace(decision, shares=shares, prices=prices)


def _became(decision: Decision, place: int, target: int, event: CorporateEvent) -> Decision:
    """Return what was determined with another asset in the place of one; what was determined of both adds up."""
    columns, seen = decision.columns.copy(), decision.seen.copy()
    shares = np.zeros(len(columns)) if decision.shares is None else decision.shares
    figures = np.array([decision.weights, decision.raw, shares, decision.prices])
    keep = np.ones(len(columns), dtype=bool)
    there = np.flatnonzero(columns == target)
    if len(there):
        figures[:, there[0]] = _together(figures[:, there[0]].tolist(), figures[:, place].tolist())
        keep[place] = False
    else:
        # As in the basket: units of the new asset are what they are from the event on.
        columns[place], seen[place] = target, event.time.astype(np.int64) - 1
    order = np.argsort(columns)
    order = order[keep[order]]
    weights, raw, shares, prices = figures[:, order]
    return replace(
        decision,
        columns=columns[order],
        weights=weights,
        raw=raw,
        shares=None if decision.shares is None else shares,
        prices=prices,
        seen=seen[order],
    )


def _together(one: list[float], other: list[float]) -> list[float]:
    """Return what was determined of two assets that become one: weights add up, and so do units.

    Each is weight, weight before capping, units before capping, and price.
    Units are in proportion to weight over price, so the price is the one at which the sum of weights gives the sum of
    units.
    """
    weight, raw = one[0] + other[0], one[1] + other[1]
    if not (one[0] > 0 and other[0] > 0):
        return [weight, raw, one[2] + other[2], one[3]]
    counted = one[2] * one[0] / one[1] + other[2] * other[0] / other[1]
    price = weight / (one[0] / one[3] + other[0] / other[3])
    return [weight, raw, counted * raw / weight, price]


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
            seen=decision.seen[stay],
        )
    columns = decision.columns.copy()
    columns[place] = chosen.column
    prices, seen = decision.prices.copy(), decision.seen.copy()
    shares = None if decision.shares is None else decision.shares.copy()
    if shares is not None:
        shares[place] *= prices[place] / chosen.price
    prices[place], seen[place] = chosen.price, chosen.seen
    order = np.argsort(columns)
    return replace(
        decision,
        columns=columns[order],
        weights=decision.weights[order],
        raw=decision.raw[order],
        shares=None if shares is None else shares[order],
        prices=prices[order],
        seen=seen[order],
    )
