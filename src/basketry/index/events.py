"""What can happen to an index: a closed set of events, which `advance` folds over a state."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Floats
from basketry.index.halts import Halt
from basketry.index.records import Evidence
from basketry.index.state import Decision, Due
from basketry.methodology.path import Known


@dataclass(frozen=True, eq=False)
class Prices:
    """The prices of one or more instants in a row between which nothing else happens.

    Attributes:
        times: Calculation instants, shape (k,).
        columns: Assets, among them all members and what they become at the first instant, ascending, shape (m,).
        prices: Last observation of each since the instant before, shape (k, m); NaN where there is none.
        seen: Microseconds at which those were observed, shape (k, m); None where each was observed at its instant.
        known: Rates and yields known at the instant before and at these, shape (k + 1,) each.
        halts: Those that count at one of these instants, of any assets: why prices are missing.
    """

    times: NDArray[np.datetime64]
    columns: NDArray[np.int64]
    prices: Floats
    seen: NDArray[np.int64] | None
    known: Known
    halts: tuple[Halt, ...] = ()

    @property
    def absent(self) -> tuple[NDArray[np.int64], ...]:
        """The columns without a price at each instant."""
        return tuple(self.columns[np.isnan(row)] for row in self.prices)

    def rows(self, start: int, stop: int) -> Prices:
        """Return the prices of some of the instants."""
        if start == 0 and stop == len(self.times):
            return self
        return replace(
            self,
            times=self.times[start:stop],
            prices=self.prices[start:stop],
            seen=None if self.seen is None else self.seen[start:stop],
            known=self.known.part(start, stop + 1),
        )


@dataclass(frozen=True, slots=True)
class Silence:
    """An instant at which no member has a price.

    Attributes:
        time: The instant.
        known: Rates and yields known at the instant before and at this one.
    """

    time: np.datetime64
    known: Known


@dataclass(frozen=True, slots=True)
class Corporate:
    """Corporate events that take effect at the next prices, in the order in which they were seen.

    Attributes:
        time: The calculation instant of those prices.
        due: The events.
    """

    time: np.datetime64
    due: tuple[Due, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Determined:
    """A determination made, with its result and what it tells as evidence.

    One of members alone waits for the determination of their weights.
    """

    decision: Decision
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class ChangeDue:
    """The effective time of a change has come.

    Attributes:
        time: The calculation instant.
        prices: Price of each asset of the decision that is struck, shape (n,); NaN where none is fresh enough.
        seen: Microseconds at which each was observed, shape (n,).
        halts: Those that count at the instant, of any assets.
        reweighed: Where the supply is fixed and not weights: weights at these prices before and after capping, shape
            (2, n), 0 where a price is not fresh enough; else None.
        shortage: Why the caps could not be kept at these prices; None where they are kept.
    """

    time: np.datetime64
    prices: Floats
    seen: NDArray[np.int64]
    halts: tuple[Halt, ...] = ()
    reweighed: Floats | None = None
    shortage: str | None = None


@dataclass(frozen=True, slots=True)
class TransitionStep:
    """A step of the transition under way is due at a calculation instant."""

    time: np.datetime64


Event = Prices | Silence | Corporate | Determined | ChangeDue | TransitionStep
"""All that `advance` knows."""
