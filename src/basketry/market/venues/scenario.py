"""What a scenario is: faults at stated moments, the incidents that they stand for, and what is to be expected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from basketry.core.errors import DataError
from basketry.core.time import to_datetime
from basketry.market.venues.faults.fault import Fault
from basketry.market.venues.feed import SimulatedVenues

Moments = Callable[[float], datetime]
"""Minutes from the start of the feed -> the instant."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named set of faults.

    Attributes:
        name: Name in the registry.
        incidents: Public incidents that it stands for, each with its date.
        happens: What happens, in words.
        expected: What a reference price should do, in words.
        faults: Makes the faults, given the moments.
        hours: Least length of the feed; the event ends before.
        venues: Ids of venues that are at fault; empty where it is a currency.
    """

    name: str
    incidents: tuple[str, ...]
    happens: str
    expected: str
    faults: Callable[[Moments], Sequence[Fault]]
    venues: tuple[str, ...] = ()
    hours: float = 2.0

    def faults_for(self, feed: SimulatedVenues) -> Sequence[Fault]:
        """Return the faults at the instants of a feed.

        Raises:
            DataError: The feed is shorter than the scenario.
        """
        start = to_datetime(feed.start)
        length = to_datetime(feed.end) - start
        if length < timedelta(hours=self.hours):
            raise DataError(f"scenario {self.name!r} needs {self.hours:g} hours, the feed lasts {length}")
        return self.faults(lambda minutes: start + timedelta(minutes=minutes))
