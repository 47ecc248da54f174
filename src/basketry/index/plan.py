"""The scheduled changes of a history: their dates, and where they fall among its instants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from basketry.core.time import MICROSECOND
from basketry.index.market import IndexMarket
from basketry.methodology.methodology import Methodology
from basketry.methodology.schedule import RebalanceDate

LATER = np.datetime64("9999-12-31", "us")
"""After everything."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A scheduled change, and where it falls among the instants of a history.

    Attributes:
        dates: Its dates.
        asked: First instant at or after the determination.
        after: First instant after it.
        due: First instant at or after the effective time.
    """

    dates: RebalanceDate
    asked: int
    after: int
    due: int


def planned(rules: Methodology, market: IndexMarket) -> tuple[Planned, ...]:
    """Return the scheduled changes of a history, see `scheduled`, with where they fall among its instants."""

    def place() -> tuple[Planned, ...]:
        dates = scheduled(rules, market.times)
        determined = np.array([entry.determined_at for entry in dates], dtype="datetime64[us]")
        effective = np.array([entry.effective_at for entry in dates], dtype="datetime64[us]")
        places = (
            market.times.searchsorted(determined),
            market.times.searchsorted(determined, side="right"),
            market.times.searchsorted(effective),
        )
        return tuple(map(Planned, dates, *(entry.tolist() for entry in places)))

    # The same for all methodologies with these schedules.
    schedules = tuple((version.valid_from, version.rules.schedule.model_dump_json()) for version in rules.versions)
    found: tuple[Planned, ...] = market.panel.remember(("planned", schedules, market.times.tobytes()), place)
    return found


def scheduled(rules: Methodology, times: NDArray[np.datetime64]) -> list[RebalanceDate]:
    """Return the scheduled changes after the base that are determined by the last instant, and the next one.

    A version's schedule holds from its date on.
    """
    base, end = times[0], times[-1]
    found: list[RebalanceDate] = []
    for number, version in enumerate(rules.versions):
        following = rules.versions[number + 1 : number + 2]
        first = max(base + MICROSECOND, version.valid_from)
        stop = min([LATER, *(later.valid_from for later in following)])
        if first >= stop:
            continue
        schedule = version.rules.schedule
        if first <= end:
            found += schedule.dates(first, min(stop, end + MICROSECOND), base)
        count = 2
        while True:
            coming = schedule.next_dates(max(end, first - MICROSECOND), count, base)
            if len(coming) < count or coming[-1].determined_at > end or coming[-1].effective_at >= stop:
                break
            count *= 2
        found += [dates for dates in coming if dates.effective_at < stop]
    return sorted(found, key=lambda dates: dates.effective_at)
