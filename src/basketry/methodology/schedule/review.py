"""The section `review:` of a rulebook: members are chosen on a calendar of their own, weights at every rebalance."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from basketry.core.errors import MethodologyError
from basketry.core.time import format_instant
from basketry.methodology.schedule.business_days import business_days, check_calendar
from basketry.methodology.schedule.day_rules import DayRule, needs_calendar
from basketry.methodology.schedule.fixing import Instants, fixings
from basketry.methodology.schedule.lag import Lag, lag_needs_calendar
from basketry.methodology.schedule.recurrence import Frequency, check_recurrence
from basketry.methodology.schedule.schedule import RebalanceDate, Schedule

HORIZON = np.timedelta64(365 * 12, "D")
"""A rulebook's reviews are looked at so far: the pattern of dates of most calendars repeats within it."""


class Review(BaseModel):
    """When members are chosen, where that is not at every rebalance, or not on the day on which weights are determined.

    A review takes effect at a rebalance. At the others the members are those held, and only weights are set. What is
    not given is as in `rebalance:`; fixing time, zone, calendar and roll always are.

    Attributes:
        every: How often: day, week, month, quarter, year, or a number of days.
        on: Day rule.
        months: Months in which a monthly or quarterly review acts.
        determine: Lag from the determination of members to the effective instant; not shorter than that of weights.
        announce: Lag from their announcement to the effective instant.

    >>> monthly = Schedule(every="month", determine="1d")
    >>> Review(every="quarter", determine="10d").words(monthly)
    'Members are reviewed each quarter on the first day at 00:00 UTC; determined 10 days before; announced on the day.
    At the other rebalances the members are those held, and only weights are determined.'
    """

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True)

    every: Frequency | None = None
    on: DayRule | None = None
    months: tuple[Annotated[int, Field(ge=1, le=12)], ...] | None = None
    determine: Lag | None = None
    announce: Lag | None = None

    @model_validator(mode="after")
    def _something(self) -> Review:
        if not self.model_fields_set:
            raise MethodologyError(
                "needs every, on, months, determine or announce; leave review out for the same dates"
            )
        return self

    def schedule(self, rebalance: Schedule) -> Schedule:
        """Return the dates of reviews as a schedule: those of the rebalance with what is given here in their place.

        Raises:
            MethodologyError: Frequency, day rule, months and lags do not fit each other.
        """
        given: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set}
        if "every" in given and "months" not in given:
            given["months"] = None
        found = rebalance.model_copy(update={**given, "transition": None})
        check_recurrence(found.every, found.on, found.months)
        if found.calendar is not None:
            check_calendar(found.calendar)
        elif needs_calendar(found.on) or any(map(lag_needs_calendar, (found.determine, found.announce))):
            raise MethodologyError("counts business days: name the calendar in rebalance, as in calendar: XNYS")
        return found

    def words(self, rebalance: Schedule) -> str:
        """Return the section in sentences."""
        own = self.schedule(rebalance)
        words = f"Members are reviewed{own.dates_in_words().removeprefix('Rebalanced')}"
        if (own.every, own.on, own.months) == (rebalance.every, rebalance.on, rebalance.months):
            return words
        return f"{words} At the other rebalances the members are those held, and only weights are determined."


def reviews_among(review: Schedule, rebalances: Instants, base: np.datetime64) -> dict[np.datetime64, RebalanceDate]:
    """Return the dates of the reviews among some rebalances, by the instant at which both take effect.

    Args:
        review: The dates of reviews.
        rebalances: Effective instants of rebalances in a row, ascending.
        base: Instant from which a number of days is counted.
    """
    if not len(rebalances):
        return {}
    dates = review.dates(rebalances[0], rebalances[-1] + np.timedelta64(1, "us"), base)
    wanted = set(rebalances.tolist())
    return {entry.effective_at: entry for entry in dates if entry.effective_at.tolist() in wanted}


def check_reviews(review: Schedule, rebalance: Schedule, base: np.datetime64) -> None:
    """Raise MethodologyError where a review within some years falls on no rebalance, or comes after the weights."""
    stop = base + HORIZON
    if rebalance.calendar is not None:
        stop = min(stop, fixings([business_days(rebalance.calendar).last], time(0), rebalance.zone)[0])
    effective = review.effective(base, stop, base)
    lost = np.setdiff1d(effective, rebalance.effective(base, stop, base))
    if len(lost):
        rebalances = rebalance.effective(base, stop, base)
        nearest = rebalances[np.abs(rebalances - lost[0]).argmin()] if len(rebalances) else None
        hint = "" if nearest is None else f"; the nearest is on {format_instant(nearest)}"
        raise MethodologyError(
            f"{len(lost)} of the {len(effective)} reviews of {HORIZON.astype(int) // 365} years fall on no rebalance, "
            f"the first on {format_instant(lost[0])}{hint}; a review takes effect at a rebalance, so give `review` the "
            "day rule of `rebalance` and some of its months"
        )
    weights = {entry.effective_at: entry for entry in rebalance.dates(base, stop, base)}
    for entry in review.dates(base, stop, base):
        if entry.determined_at > weights[entry.effective_at].determined_at:
            raise MethodologyError(
                f"determine: the members of {format_instant(entry.effective_at)} would be determined on "
                f"{format_instant(entry.determined_at)}, after their weights, on "
                f"{format_instant(weights[entry.effective_at].determined_at)}; lengthen review.determine"
            )
