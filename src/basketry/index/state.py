"""The state of an index between two events: all that the next level depends on, beside the rules and the next event."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Floats
from basketry.index.basket import Basket
from basketry.index.parts import Part
from basketry.index.records import Cause, Scope
from basketry.market.events import CorporateEvent
from basketry.methodology.methodology import Methodology

NEVER = np.datetime64("0001-01-01", "us")
"""Before everything: an instant that has not come yet."""

NOBODY: NDArray[np.int64] = np.empty(0, dtype=np.int64)
NO_TIMES: NDArray[np.datetime64] = np.empty(0, dtype="datetime64[us]")
NO_LEVELS: Floats = np.empty(0)


class Phase(IntEnum):
    """How far an instant is dealt with: prices come first, then triggers, then changes."""

    OPEN = 0
    PRICED = 1
    ASKED = 2


@dataclass(frozen=True, eq=False)
class Held:
    """Weights held when a change comes.

    Attributes:
        columns: Assets held, ascending, shape (m,).
        weights: Of each, shape (m,); what they lack of 1 is held as cash.
    """

    columns: NDArray[np.int64]
    weights: Floats

    def over(self, columns: NDArray[np.int64]) -> Floats:
        """Return the weights held of some assets, 0 where one is not held, ascending, shape (n,)."""
        found = np.zeros(len(columns))
        _, places, own = np.intersect1d(columns, self.columns, assume_unique=True, return_indices=True)
        found[places] = self.weights[own]
        return found

    def of(self, column: int) -> float:
        """Return the weight held of one asset, 0 where it is not held."""
        return float(self.over(np.array([column]))[0])


@dataclass(frozen=True, eq=False)
class Decision:
    """What a determination decided: the basket that a change will strike.

    Attributes:
        cause, words: Why, of an enumeration and in words.
        announced_at, determined_at, effective_at: The dates of the change.
        used_to: Instant of the last observation used.
        version: Number of the rules' version.
        members: Assets held at the determination, ascending, shape (m,).
        columns: Assets selected, ascending, shape (n,); empty where nobody is eligible.
        weights, raw: After and before capping, shape (n,); both before it where supplies are fixed.
        shares: Units before capping where the weighting counts in units, else None.
        prices: At the determination, shape (n,).
        seen: Microseconds at which those were observed, shape (n,).
        reserve: Eligible assets, the best first.
        nobody: Why nobody is eligible; '' where somebody is.
        parts: Units that went through corporate events since.
        scope: What was determined. Of members alone the weights are equal and mean nothing.
        held: The weights that turnover was counted from; None where it was not limited.
    """

    cause: Cause
    words: str
    announced_at: np.datetime64
    determined_at: np.datetime64
    effective_at: np.datetime64
    used_to: np.datetime64
    version: int
    members: NDArray[np.int64]
    columns: NDArray[np.int64]
    weights: Floats
    raw: Floats
    shares: Floats | None
    prices: Floats
    seen: NDArray[np.int64]
    reserve: NDArray[np.int64]
    nobody: str = ""
    parts: tuple[Part, ...] = ()
    scope: Scope = Scope.WHOLE
    held: Held | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """An asset that can replace a member: a column with its price and the microseconds at which that was observed."""

    column: int
    price: float
    seen: int


@dataclass(frozen=True, slots=True)
class Due:
    """A corporate event that takes effect at the next prices.

    Attributes:
        event: What happened.
        column: The asset concerned.
        new_column: The new asset; None where there is none, or no data of it.
        candidates: Who can replace a member that departs, the best first.
        corrects_since: For a correction of an event that has taken effect: when that was first seen. The event's
            ratio is then the factor by which units change.
    """

    event: CorporateEvent
    column: int
    new_column: int | None
    candidates: tuple[Candidate, ...] = ()
    corrects_since: np.datetime64 | None = None


@dataclass(frozen=True, slots=True)
class Steps:
    """A transition under way.

    Attributes:
        started_at: Instant of the first step.
        steps: Number of steps. every: Microseconds between two. done: Steps done.
    """

    started_at: np.datetime64
    steps: int
    every: int
    done: int

    def due_at(self, instant: np.datetime64) -> int:
        """Return the number of the last step whose time has come."""
        passed = int((instant - self.started_at) / np.timedelta64(1, "us")) // self.every
        return min(passed + 1, self.steps)

    @property
    def next_at(self) -> np.datetime64:
        """Instant from which the next step is due."""
        return self.started_at + np.timedelta64(self.done * self.every, "us")


@dataclass(frozen=True, eq=False)
class IndexState:
    """All that the next level of an index depends on, beside the rules and what happens next.

    Attributes:
        assets: Ids in ascending order; all columns are places in it.
        step: Microseconds of one step of the data: the age below which a price is live unless the rules say.
        instant: The last calculation instant; NEVER before the base.
        phase: How far that instant is dealt with.
        level: The last level.
        version: Number of the version of the rules that made the basket.
        basket: What is held; None before the base.
        changed_at: The last change: strike, transition step or departure.
        scheduled_to: Effective time of the latest scheduled change that was determined.
        pending: What was determined and has not taken effect, in the order of effective times.
        due: Corporate events that take effect at the next prices.
        parts: Units that went through corporate events since the last strike.
        steps: A transition under way, None for none.
        reserve: Eligible assets of the last determination, the best first.
        past_times, past_levels: Levels since the last change, as far back as a trigger looks.
        memories: What each return rule remembers, in the order of the rulebook.
        rules: Lineage of the rulebook, see `Methodology.continues`.
        reviewed: Members that were determined for changes whose weights are not, in the order of effective times.
    """

    assets: tuple[str, ...]
    step: int
    instant: np.datetime64 = NEVER
    phase: Phase = Phase.OPEN
    level: float = 0.0
    version: int = 1
    basket: Basket | None = None
    changed_at: np.datetime64 = NEVER
    scheduled_to: np.datetime64 = NEVER
    pending: tuple[Decision, ...] = ()
    due: tuple[Due, ...] = ()
    parts: tuple[Part, ...] = ()
    steps: Steps | None = None
    reserve: NDArray[np.int64] = field(default_factory=lambda: NOBODY)
    past_times: NDArray[np.datetime64] = field(default_factory=lambda: NO_TIMES)
    past_levels: Floats = field(default_factory=lambda: NO_LEVELS)
    memories: tuple[Any, ...] = ()
    rules: str = ""
    reviewed: tuple[Decision, ...] = ()

    @staticmethod
    def start(rules: Methodology, assets: tuple[str, ...], step: int) -> IndexState:
        """Return the state of an index before its base."""
        return IndexState(assets, step, memories=(None,) * len(rules.first.returns), rules=rules.lineage)

    def column(self, asset: str | None) -> int | None:
        """Return the place of an id, None where it is not known."""
        if asset is None:
            return None
        place = bisect_left(self.assets, asset)
        return place if place < len(self.assets) and self.assets[place] == asset else None

    def over(self, assets: tuple[str, ...]) -> IndexState:
        """Return the same state over more ids, as where a market has grown.

        Raises:
            DataError: An asset that the state speaks of is not among them.
        """
        from basketry.index.codec import moved

        return self if assets == self.assets else moved(self, assets)

    def to_bytes(self) -> bytes:
        """Return the state as bytes that `from_bytes` reads: canonical JSON with format and digest."""
        from basketry.index.codec import state_to_bytes

        return state_to_bytes(self)

    @staticmethod
    def from_bytes(content: bytes, rules: Methodology, assets: tuple[str, ...] | None = None) -> IndexState:
        """Return the state that was kept as bytes.

        Args:
            content: What `to_bytes` gave.
            rules: The rulebook, whose return rules read what they remember.
            assets: Ids of the market to go on with, that of a cash member among them or not; those that the state
                speaks of unless given.

        Raises:
            DataError: The bytes are no state, were altered, or are of another format or rulebook.
        """
        from basketry.index.codec import state_from_bytes

        return state_from_bytes(content, rules, assets)

    def with_memories(self, memories: tuple[Any, ...]) -> IndexState:
        """Return the state with other memories of return rules."""
        return replace(self, memories=memories)
