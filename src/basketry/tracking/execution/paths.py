"""What the venue of an order is at each instant: it stays, follows a price, or is a row of snapshots."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, Self

import numpy as np

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.market.tape import Ints
from basketry.tracking.venues.venue import Venue


class VenuePath(Protocol):
    """A venue through time."""

    def at(self, time: int) -> Venue:
        """Return the venue at an instant, microseconds.

        Raises:
            DataError: The path does not reach so far back.
        """
        ...

    def filled(self, time: int, venue: Venue) -> Self:
        """Return the path after a fill left the venue as given."""
        ...


@dataclass(frozen=True, slots=True)
class Still:
    """A venue that changes by nothing but fills, as a pool that nobody else trades with."""

    venue: Venue

    def at(self, time: int) -> Venue:  # noqa: ARG002 - it does not change with time
        """Return the venue."""
        return self.venue

    def filled(self, time: int, venue: Venue) -> Still:  # noqa: ARG002 - it does not change with time
        """Return the path of the venue after a fill."""
        return Still(venue)


@dataclass(frozen=True, slots=True, eq=False)
class Moving:
    """A venue made anew from the mid price of each instant; fills leave no trace.

    Attributes:
        venue: What makes the venue of a mid price.
        time: Microseconds, ascending. mid: Price from then on, quote currency per base unit.

    >>> from basketry.tracking.venues.proportional import ProportionalImpact
    >>> path = Moving(lambda mid: ProportionalImpact(mid, 0.001), np.array([0, 10]), np.array([100.0, 101.0]))
    >>> path.at(9).mid, path.at(10).mid
    (100.0, 101.0)
    """

    venue: Callable[[float], Venue]
    time: Ints
    mid: Floats

    def at(self, time: int) -> Venue:
        """Return the venue at the last mid price known at an instant."""
        place = int(np.searchsorted(self.time, time, side="right")) - 1
        if place < 0:
            raise DataError(f"no price is known at {time} µs; begin later, or give earlier ones")
        return self.venue(float(self.mid[place]))

    def filled(self, time: int, venue: Venue) -> Moving:  # noqa: ARG002 - fills leave no trace
        """Return the same path."""
        return self


@dataclass(frozen=True, slots=True)
class Snapshots:
    """Venues as observed, for example books: what a fill takes is back with the next snapshot, not before.

    Attributes:
        time: Microseconds, ascending. venues: What was observed.
    """

    time: Sequence[int]
    venues: Sequence[Venue]
    _changed: dict[int, Venue] = field(default_factory=dict)

    def at(self, time: int) -> Venue:
        """Return the last venue observed at an instant, less what was taken of it."""
        place = self._place(time)
        return self._changed.get(place, self.venues[place])

    def filled(self, time: int, venue: Venue) -> Snapshots:
        """Return the path with what a fill left of a snapshot."""
        return replace(self, _changed={**self._changed, self._place(time): venue})

    def _place(self, time: int) -> int:
        place = bisect_right(self.time, time) - 1
        if place < 0:
            raise DataError(f"no snapshot is known at {time} µs; begin later, or give earlier ones")
        return place
