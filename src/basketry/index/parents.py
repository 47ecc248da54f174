"""Indices of indices: who is in a parent along its history."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Bools
from basketry.index.events import ChangeDue, Corporate, Determined, TransitionStep
from basketry.index.history import History
from basketry.index.membership import kept
from basketry.index.state import Decision, IndexState
from basketry.market.membership import Membership

_HELD = "held"


def members_of(history: History, assets: tuple[str, ...]) -> Membership:
    """Return who is in an index along a history, as it came to be known.

    In is what was determined, from its effective time on and as it was carried through corporate events, and then what
    is held, but for cash, for what was credited, and for what leaves in the steps of a transition.

    Args:
        history: Of the index.
        assets: Those of the market on which it is asked; the history's may have a cash member beside them.

    Raises:
        MethodologyError: The rules cannot be satisfied at some instant.
    """
    timeline = _Timeline(len(history.panel.assets))
    for step in history.walk(history.start()):
        if isinstance(step.event, Determined):
            timeline.waits(step.event.decision, step.event.decision.determined_at)
        if isinstance(step.event, Corporate):
            for decision in (*step.state.reviewed, *step.state.pending):
                timeline.waits(decision, step.event.time)
        timeline.holds(step.state, anew=isinstance(step.event, ChangeDue | TransitionStep))
    known, effective, members = zip(*timeline.rows, strict=True)
    # A child asks on a market that may have no column for a cash member.
    masks = np.array(members)[:, [history.panel.position(asset) for asset in assets]]
    return Membership(history.rules.symbol, np.array(known), np.array(effective), masks)


class _Timeline:
    """Who is in, as it comes to be known along a history."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.rows: list[tuple[np.datetime64, np.datetime64, Bools]] = []
        self.told: dict[object, bytes] = {}

    def tell(self, what: object, known: np.datetime64, effective: np.datetime64, columns: NDArray[np.int64]) -> None:
        """Add members where they are others than those told before of the same thing."""
        content = columns.tobytes()
        if len(columns) and self.told.get(what) != content:
            self.told[what] = content
            mask = np.zeros(self.size, dtype=bool)
            mask[columns] = True
            self.rows.append((known, effective, mask))

    def waits(self, decision: Decision, known: np.datetime64) -> None:
        """Add what was determined, as it is after what was known at an instant."""
        self.tell((decision.scope, decision.determined_at, decision.effective_at), known, decision.effective_at,
                  decision.columns)  # fmt: skip

    def holds(self, state: IndexState, *, anew: bool) -> None:
        """Add what is held; `anew` where a change was made, so that it counts in place of what was determined."""
        basket = state.basket
        if basket is None:
            return
        if anew:
            self.told.pop(_HELD, None)
        self.tell(_HELD, state.instant, state.instant, basket.columns[kept(basket)])
