"""What a calculation writes down as it goes: levels, compositions, rebalances and evidence, as frozen values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, StrEnum

import numpy as np
from numpy.typing import NDArray

from basketry.core.frames import STATUSES
from basketry.core.numbers import Floats, exact_sum


class Status(IntEnum):
    """How far a level can be relied on; the names are those of the published column."""

    LIVE = 0
    CARRIED = 1
    STALE = 2
    SUSPENDED = 3

    @property
    def published(self) -> str:
        """The word in the levels table."""
        return STATUSES[self]


class Cause(StrEnum):
    """Why a basket was changed."""

    BASE = "base"
    SCHEDULE = "schedule"
    TRIGGER = "trigger"
    TRANSITION_STEP = "transition_step"
    CORPORATE_EVENT = "corporate_event"
    MISSING_PRICE = "missing_price"

    @property
    def determined(self) -> bool:
        """Whether the rules were asked for the new basket, and not merely the old one adjusted."""
        return self in (Cause.BASE, Cause.SCHEDULE, Cause.TRIGGER)


class Scope(IntEnum):
    """What is determined: members and their weights, or one of the two, where `review:` gives each dates of its own."""

    WHOLE = 0
    MEMBERS = 1
    WEIGHTS = 2


@dataclass(frozen=True, slots=True)
class Level:
    """One level with its evidence.

    Attributes:
        time: The instant.
        value: Price-return level, not rounded.
        status, reason: How far it can be relied on, and why not further; reason '' for a live level, unless a member
            was removed at zero.
        age: Of the oldest price used, in microseconds.
        sources: Number of members with a price that is young enough for a live level.
        series: The level of each return rule, in the order of the rulebook.
    """

    time: np.datetime64
    value: float
    status: Status
    reason: str
    age: int
    sources: int
    series: tuple[float, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Levels:
    """The levels of one or more instants in a row, column by column; see Level.

    Attributes:
        times, values, status, ages, sources: Shape (k,).
        reasons: (row, reason) where there is one.
        series: Levels of each return rule, shape (k,) each.
    """

    times: NDArray[np.datetime64]
    values: Floats
    status: NDArray[np.uint8]
    ages: NDArray[np.int64]
    sources: NDArray[np.uint32]
    reasons: tuple[tuple[int, str], ...]
    series: tuple[Floats, ...]

    def __len__(self) -> int:
        return len(self.times)

    def __iter__(self) -> Iterator[Level]:
        reasons = dict(self.reasons)
        for row in range(len(self.times)):
            yield Level(
                self.times[row],
                float(self.values[row]),
                Status(int(self.status[row])),
                reasons.get(row, ""),
                int(self.ages[row]),
                int(self.sources[row]),
                tuple(float(levels[row]) for levels in self.series),
            )


@dataclass(frozen=True, eq=False, slots=True)
class Composition:
    """What the index holds from an instant on.

    Attributes:
        time: The instant.
        names: Ids that `columns` point into.
        columns: Assets held, ascending, shape (n,).
        units, weights, prices, factors: At the instant, shape (n,); factors are capping factors.
        divisor: Basket value per index point.
        version: Version of the rules.
    """

    time: np.datetime64
    names: tuple[str, ...]
    columns: NDArray[np.int64]
    units: Floats
    weights: Floats
    prices: Floats
    factors: Floats
    divisor: float
    version: int

    @property
    def assets(self) -> tuple[str, ...]:
        """Ids of the assets held."""
        return tuple(self.names[column] for column in self.columns.tolist())


@dataclass(frozen=True, eq=False, slots=True)
class Rebalance:
    """What changed at an instant, and why.

    Attributes:
        announced_at, determined_at, effective_at: When it was told, decided, and done.
        names: Ids that `columns` point into.
        columns: Assets of the basket before or after, ascending, shape (n,).
        before, after: Weights, shape (n,); 0 where an asset was not held, or was worth nothing.
        change: 0 where an asset was added, 1 where it was deleted, 2 where it stayed, shape (n,).
        cause: Of an enumeration.
        words: The cause in words: schedule, the trigger's or the event's name, the step.
        version: Version of the rules.
    """

    announced_at: np.datetime64
    determined_at: np.datetime64
    effective_at: np.datetime64
    names: tuple[str, ...]
    columns: NDArray[np.int64]
    before: Floats
    after: Floats
    change: NDArray[np.uint8]
    cause: Cause
    words: str
    version: int

    @property
    def turnover(self) -> float:
        """One-way turnover, a fraction of the index."""
        return 0.5 * exact_sum(np.abs(self.after - self.before))


@dataclass(frozen=True, slots=True)
class Evidence:
    """A corporate event or a fallback that was applied.

    Attributes:
        time: When.
        asset: Its id; '*' for the whole index.
        kind: What happened.
        treatment: What the policy did.
        words: With figures.
    """

    time: np.datetime64
    asset: str
    kind: str
    treatment: str
    words: str


Record = Levels | Composition | Rebalance | Evidence
"""What `advance` writes down."""
