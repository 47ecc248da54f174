"""Events told late to a published index: what is held goes through them at the last instant that stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from basketry.core.frozen import changed
from basketry.index.advance import advance
from basketry.index.basket import Basket
from basketry.index.events import Corporate
from basketry.index.history import History
from basketry.index.parts import held_parts
from basketry.index.records import Evidence
from basketry.index.settle import (
    AT_ZERO,
    LEARNED_LATE,
    STRUCK_SINCE,
    Conversion,
    becomes,
    convert,
    credited,
    depart,
    evidence_of,
)
from basketry.index.state import Due, IndexState
from basketry.methodology.path import Carried
from basketry.methodology.sections import EventPolicy

RESTATEMENT = "restatement"
"""Kind of the evidence that the index goes on from what was published."""
AS_PUBLISHED = "units times ratio, level as it was published"
LOST_BEFORE = "removed, and its loss is not part of the level that stands"


@dataclass(frozen=True, eq=False)
class Gone:
    """A basket that has gone through events at an instant.

    Attributes:
        state: With what was determined carried through them; its basket is the one before.
        basket: Afterwards.
        carried: How units went over before anybody departed; None where none did.
        departed: Whether anybody departed.
        records: What is written down of each event that concerned what is held or determined.
    """

    state: IndexState
    basket: Basket
    carried: Carried | None
    departed: bool
    records: tuple[Evidence, ...]


def gone_through(state: IndexState, basket: Basket, due: Sequence[Due], history: History) -> Gone:
    """Return a basket that goes through events at an instant that was dealt with, at the prices known of it now.

    Units are settled as those of any event that is learned late, and what departs does so at the prices of the instant.
    The divisor is not brought to that: the level of the instant stands, whatever is lost or credited.

    Args:
        state: At the instant.
        basket: What it holds, at the last prices used.
        due: The events.
        history: The one that knows them.
    """
    now, policy = state.instant, history.rules.versions[state.version - 1].rules.events
    share = 1.0 if state.steps is None else state.steps.done / state.steps.steps
    state, told = advance(state, Corporate(now, tuple(due)), history.rules)
    conversion = convert(basket, due, policy, state.parts, share)
    marked = _marked(conversion, state, history, policy)
    after = marked
    records = [entry for entry in told if isinstance(entry, Evidence)]
    for event, before in conversion.applied:
        treatment = LEARNED_LATE if event in conversion.late else ""
        if event in conversion.idle:
            treatment = STRUCK_SINCE
        if event in conversion.leaving:
            after, treatment = depart(after, event, policy, state.assets)
            treatment = LOST_BEFORE if treatment == AT_ZERO else treatment
        entry = evidence_of(event, before, marked, treatment, now, policy)
        records.append(replace(entry, treatment=AS_PUBLISHED) if treatment == LEARNED_LATE else entry)
    departed = after is not marked
    gone = np.setdiff1d(marked.columns, after.columns[~after.cash])
    reserve = state.reserve[~np.isin(state.reserve, gone)] if departed else state.reserve
    state = changed(state, due=(), parts=held_parts(conversion.parts, after), reserve=reserve)
    if departed:
        state = changed(state, changed_at=now, past_times=np.array([now]), past_levels=np.array([state.level]))
    said = tuple(replace(entry, kind=RESTATEMENT, words=f"{entry.kind} told late: {entry.words}") for entry in records)
    return Gone(state, after, conversion.carried, departed, said)


def _marked(conversion: Conversion, state: IndexState, history: History, policy: EventPolicy) -> Basket:
    """Return the basket after conversions and credits at the prices of what they made, where any is known since."""
    basket = conversion.basket
    carry = history.rules.versions[state.version - 1].rules.missing.carry_forward
    made = {
        becomes(due): due.event.time
        for due, _ in conversion.applied
        if due not in conversion.leaving and (due.event.kind.converts or credited(due.event, policy))
    }
    prices, seen, awaited = basket.prices.copy(), basket.seen.copy(), basket.awaited.copy()
    for column, time in made.items():
        place = basket.place(column)
        if place is None or basket.cash[place]:
            continue
        price, when = history.market.observed(column, state.instant, carry)
        if price > 0 and when >= time.astype(np.int64):
            prices[place], seen[place], awaited[place] = price, when, False
    return basket.marked(prices, seen, awaited)
