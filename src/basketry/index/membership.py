"""Who is a member at a determination, and what a determination tells as evidence."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from basketry.core.numbers import Bools
from basketry.core.time import format_instant
from basketry.index.basket import Basket
from basketry.index.carry import carry_decision
from basketry.index.determine import Determination
from basketry.index.market import IndexMarket
from basketry.index.records import Evidence, Scope
from basketry.index.state import IndexState
from basketry.methodology.schedule import RebalanceDate


def held_members(state: IndexState, market: IndexMarket, instant: np.datetime64, *, given: bool = False) -> Bools:
    """Return who is held at a determination, as what they have become by events seen since the last instant.

    What is held as cash is no member. Where `given` is asked for, neither is what was credited and given no weight, nor
    what leaves in a transition under way.
    """
    members = np.zeros(len(market.panel.assets), dtype=bool)
    # Before the base nothing is held; what a change shortly after it gives weights to is what the base brought.
    if state.basket is None or (instant < market.times[0] and not given):
        return members
    held = (state.basket.units > 0) & ~state.basket.cash
    members[state.basket.columns] = kept(state.basket) if given else held
    for entry in market.events:
        event = entry.event
        if state.instant < entry.since and state.instant < event.seen <= instant and event.kind.converts:
            old, new = market.column(event.asset), market.column(event.new_asset)
            if old is not None and new is not None and members[old]:
                members[old], members[new] = False, True
    return members


def kept(basket: Basket) -> Bools:
    """Return who is in a basket by the last change, shape (n,): not cash, nor credited since, nor leaving in steps."""
    units = basket.units if basket.plan is None else basket.plan[1]
    return (units > 0) & ~basket.cash & ((basket.given > 0) if basket.plan is None else True)


def to_weigh(state: IndexState, market: IndexMarket, dates: RebalanceDate, carry: timedelta) -> Bools:
    """Return who is to be weighted for a change: who was chosen at its review, else who is in before it.

    That is who the last change before it brings in, or who is held; what was credited since is not.
    """
    chosen = next((entry for entry in state.reviewed if entry.effective_at == dates.effective_at), None)
    if chosen is None:
        # One that found nobody keeps the composition.
        before = [e for e in state.pending if e.effective_at < dates.effective_at and len(e.columns)]
        chosen = before[-1] if before else None
    if chosen is None:
        return held_members(state, market, dates.determined_at, given=True)
    since = max(state.instant, chosen.determined_at)
    for due in market.seen_between(since, dates.determined_at, chosen.reserve, carry, state.instant):
        chosen = carry_decision(chosen, due)
    members = np.zeros(len(market.panel.assets), dtype=bool)
    members[chosen.columns] = True
    return members


def evidence_of(found: Determination, names: tuple[str, ...], dates: RebalanceDate) -> list[Evidence]:
    """Return what a determination tells: what the guard did, decisions of a committee, limits that were not kept."""
    told = []
    at = dates.determined_at
    if found.scope is Scope.MEMBERS and not len(found.columns):
        told.append(Evidence(at, "*", "review", "no members found", found.nobody()))
    elif found.scope is Scope.MEMBERS:
        came, left = ((found.choice.chosen & ~found.members), (found.members & ~found.choice.chosen))
        words = f"{len(found.columns)} members from {format_instant(dates.effective_at)} on"
        words += f", announced {format_instant(dates.announced_at)}"
        for verb, mask in (("in", came), ("out", left)):
            if mask.any():
                words += f"; {verb}: {', '.join(names[column] for column in np.flatnonzero(mask).tolist())}"
        told.append(Evidence(at, "*", "review", "members determined", words))
    if found.scope is Scope.WEIGHTS:
        told += [
            Evidence(
                at,
                names[column],
                "missing_price",
                "left out of the rebalance",
                "no price fresh enough at the determination, or ended; its weight goes to the others",
            )
            for column in np.flatnonzero(found.members & ~found.candidates).tolist()
        ]
    for column, reason in found.unweighted.items():
        told.append(Evidence(at, names[column], "missing_figure", "left out of the rebalance", reason))
    for column, reason in sorted({**found.frozen, **found.refused}.items()):
        treatment = "not eligible" if column in found.refused else "supply frozen"
        told.append(Evidence(at, names[column], "guard", treatment, reason))
    for column, reason in sorted(found.overridden.items()):
        told.append(Evidence(at, names[column], "override", "applied", reason))
    if found.shortage is not None:
        told.append(Evidence(at, "*", "cap_shortage", found.version.rules.weight.treatment, found.shortage))
    if found.held_back is not None:
        treatment = "weights held back" if found.held_back.kept else "limit cannot be kept"
        told.append(Evidence(at, "*", "turnover_limit", treatment, found.held_back.words()))
    return told
