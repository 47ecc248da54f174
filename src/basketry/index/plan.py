"""The scheduled changes and reviews of a history: their dates, and where they fall among its instants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from basketry.core.time import MICROSECOND
from basketry.index.market import IndexMarket
from basketry.index.records import Scope
from basketry.methodology.methodology import Methodology
from basketry.methodology.schedule import RebalanceDate, reviews_among

LATER = np.datetime64("9999-12-31", "us")
"""After everything."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A scheduled change, or the review of members for one, and where it falls among the instants of a history.

    Attributes:
        dates: Its dates.
        scope: What is determined for the change, or at the review.
        asked: First instant at or after the determination.
        after: First instant after it.
        due: First instant at or after the effective time.
    """

    dates: RebalanceDate
    scope: Scope
    asked: int
    after: int
    due: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What is planned of a history, each in the order of effective times.

    Attributes:
        changes: The scheduled changes.
        reviews: Determinations of members that come before those of weights.
    """

    changes: tuple[Planned, ...]
    reviews: tuple[Planned, ...]


def planned(rules: Methodology, market: IndexMarket, until: np.datetime64 | None = None) -> Plan:
    """Return the scheduled changes and reviews of a history, with where they fall among its instants.

    They are those that are determined by the last instant, or by a later one up to which it determines, and the next.
    """

    def place(entries: list[tuple[RebalanceDate, Scope]]) -> tuple[Planned, ...]:
        determined = np.array([dates.determined_at for dates, _ in entries], dtype="datetime64[us]")
        effective = np.array([dates.effective_at for dates, _ in entries], dtype="datetime64[us]")
        places = (
            market.times.searchsorted(determined),
            market.times.searchsorted(determined, side="right"),
            market.times.searchsorted(effective),
        )
        rows = zip(entries, *(entry.tolist() for entry in places), strict=True)
        return tuple(Planned(dates, scope, *where) for (dates, scope), *where in rows)

    def plan() -> Plan:
        changes = scheduled(rules, market.times, until)
        return Plan(place(changes), place(reviewed(rules, changes, market.times)))

    # The same for all methodologies with these schedules.
    schedules = tuple(
        (
            version.valid_from,
            version.rules.schedule.model_dump_json(),
            None if version.rules.review is None else version.rules.review.model_dump_json(),
        )
        for version in rules.versions
    )
    found: Plan = market.panel.remember(("planned", schedules, market.times.tobytes(), str(until)), plan)
    return found


def reviewed(
    rules: Methodology, changes: list[tuple[RebalanceDate, Scope]], times: NDArray[np.datetime64]
) -> list[tuple[RebalanceDate, Scope]]:
    """Return the dates on which members are determined for some scheduled changes, where `review:` says so."""
    found: list[tuple[RebalanceDate, Scope]] = []
    for version in rules.versions:
        reviews = version.rules.reviews
        if reviews is None:
            continue
        # A change belongs to the version in force when it takes effect, as in `scheduled`.
        own = [dates.effective_at for dates, _ in changes if rules.at(dates.effective_at) is version]
        among = reviews_among(reviews, np.array(own, dtype="datetime64[us]"), times[0])
        found += [(among[effective], Scope.MEMBERS) for effective in sorted(among)]
    return found


def scheduled(
    rules: Methodology, times: NDArray[np.datetime64], until: np.datetime64 | None = None
) -> list[tuple[RebalanceDate, Scope]]:
    """Return the scheduled changes after the base that are determined by the last instant, and the next one.

    A later instant may be given up to which it is determined. Those whose members are determined by then are among
    them.
    A version's schedule holds from its date on.
    """
    base, end = times[0], times[-1] if until is None else max(times[-1], until)
    found: list[tuple[RebalanceDate, Scope]] = []
    for number, version in enumerate(rules.versions):
        following = rules.versions[number + 1 : number + 2]
        first = max(base + MICROSECOND, version.valid_from)
        stop = min([LATER, *(later.valid_from for later in following)])
        if first >= stop:
            continue
        schedule, reviews = version.rules.schedule, version.rules.reviews
        dates: list[RebalanceDate] = []
        if first <= end:
            dates += schedule.dates(first, min(stop, end + MICROSECOND), base)
        count = 2
        while True:
            coming = schedule.next_dates(max(end, first - MICROSECOND), count, base)
            if len(coming) < count or coming[-1].effective_at >= stop:
                break
            last = coming[-1]
            if last.determined_at > end and (reviews is None or reviews.around(last.effective_at).determined_at > end):
                break
            count *= 2
        dates += [entry for entry in coming if entry.effective_at < stop]
        scope = Scope.WHOLE if reviews is None else Scope.WEIGHTS
        found += [(entry, scope) for entry in dates]
    return sorted(found, key=lambda entry: entry[0].effective_at)


def next_dates(
    rules: Methodology, after: np.datetime64, count: int, base: np.datetime64, *, reviews: bool = False
) -> list[RebalanceDate]:
    """Return the next scheduled changes after an instant, each by the version in force when it takes effect.

    Args:
        rules: The rulebook.
        after: The instant.
        count: How many at most; fewer where a calendar ends.
        base: Instant from which a number of days is counted.
        reviews: Return the reviews of members instead, of versions that have dates of their own for them.
    """
    found: list[RebalanceDate] = []
    for version, stop in zip(rules.versions, [*(later.valid_from for later in rules.versions[1:]), LATER], strict=True):
        schedule = version.rules.reviews if reviews else version.rules.schedule
        first = max(after, version.valid_from - MICROSECOND)
        if schedule is not None and first < stop and len(found) < count:
            coming = schedule.next_dates(first, count, base)
            found += [entry for entry in coming if entry.effective_at < stop]
    return found[:count]
