"""The section `rebalance:` of a rulebook: recurrence, fixing time, lags and transition."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from basketry.core.errors import MethodologyError
from basketry.core.rule import Duration
from basketry.core.time import format_instant, time_zone, to_instant
from basketry.methodology.schedule.business_days import business_days, check_calendar
from basketry.methodology.schedule.day_rules import DayRule, day_in_words, needs_calendar
from basketry.methodology.schedule.fixing import Clock, Instants, fixings, local_day
from basketry.methodology.schedule.lag import (
    Lag,
    duration_in_words,
    lag_in_words,
    lag_needs_calendar,
    lagged,
    least_length,
)
from basketry.methodology.schedule.recurrence import (
    Frequency,
    check_recurrence,
    counted_days,
    recurrence_in_words,
    recurring_days,
)

_MICROSECOND = np.timedelta64(1, "us")
_CLOCK_CHANGE = timedelta(days=2)
"""A skipped local time can move a fixing over midnight."""
_LONGEST_CLOSURE = timedelta(days=31)
"""No calendar closes longer, so no day rolls further."""
_HORIZON = np.timedelta64(366 * 200, "D")


class Transition(BaseModel):
    """A change made in equal steps: the first at the effective instant, the others `every` apart.

    Attributes:
        steps: Number of steps; after step j of n, j/n of the change is made.
        every: Time between two steps; 5 steps of 1d, or 360 steps of 10s for an hour.
    """

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True)

    steps: int = Field(ge=1, le=10_000)
    every: Duration = timedelta(days=1)

    @field_validator("every")
    @classmethod
    def _positive(cls, every: timedelta) -> timedelta:
        if not every:
            raise MethodologyError("transition.every: must be longer than 0; for a change at once leave transition out")
        return every


@dataclass(frozen=True)
class RebalanceDate:
    """When a change is announced, determined and takes effect (UTC); determined <= announced <= effective."""

    announced_at: np.datetime64
    determined_at: np.datetime64
    effective_at: np.datetime64


class Schedule(BaseModel):
    """When the index is rebalanced.

    Attributes:
        every: day, week, month, quarter, year, or a number of days such as 10d, counted from the base.
        on: Day rule: first_day, last_day, a day number to 28, third_friday, last_monday, first_business_day,
            5th_business_day; for a week first_day (Monday), last_day or the name of a day.
        months: Months (1 to 12) in which a monthly or quarterly schedule acts. Unless given: all, or the
            first of each quarter (the last of each for a day rule that begins with `last`).
        at: Local fixing time, HH:MM.
        zone: Its time zone, an IANA name.
        calendar: Exchange calendar of the business days, such as XNYS.
        roll: Where a day goes that is no business day: forward, backward, or none to leave it.
        determine: Lag from the determination to the effective instant: 1d (24 hours), 12h, 5bd (business
            days), or a day rule such as third_friday (the last one before); these two at the fixing time.
        announce: Lag from the announcement to the effective instant, in the same words.
        fix: weights: the determined weights are applied at effective prices. units: the units are fixed at
            the prices of the determination, so weights drift until the effective instant (S&P Dow Jones
            Indices, Index Mathematics: capped weights are set with the prices of a reference date). supply: the supply
            of the determination is applied at effective prices, and caps are kept then (DeFi Pulse Index, 2021).
        transition: Steps in which a change is made; at once unless given.

    >>> Schedule(every="quarter", on="third_friday", determine="5bd", announce="2bd", calendar="XNYS").words()
    'Rebalanced each quarter on the third Friday at 00:00 UTC; determined 5 business days before; announced
    2 business days before (business days of XNYS). The determined weights are applied at effective prices.'
    """

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True)

    every: Frequency = "month"
    on: DayRule = "first_day"
    months: tuple[Annotated[int, Field(ge=1, le=12)], ...] | None = None
    at: Clock = time(0)
    zone: str = "UTC"
    calendar: str | None = None
    roll: Literal["forward", "backward", "none"] = "none"
    determine: Lag = "1d"
    announce: Lag = "0d"
    fix: Literal["weights", "units", "supply"] = "weights"
    transition: Transition | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Schedule:
        check_recurrence(self.every, self.on, self.months)
        time_zone(self.zone)
        self._check_calendar()
        determined, announced = least_length(self.determine), least_length(self.announce)
        if determined is not None and announced is not None and determined < announced:
            raise MethodologyError(
                f"announce: {self.announce} before the effective instant is earlier than the determination, "
                f"{self.determine} before; lengthen determine or shorten announce"
            )
        return self

    def _check_calendar(self) -> None:
        users = [
            field
            for field, needed in (
                (f"on: {self.on}", needs_calendar(self.on)),
                (f"roll: {self.roll}", self.roll != "none"),
                (f"determine: {self.determine}", lag_needs_calendar(self.determine)),
                (f"announce: {self.announce}", lag_needs_calendar(self.announce)),
            )
            if needed
        ]
        if self.calendar is None:
            if users:
                raise MethodologyError(f"{users[0]} needs an exchange calendar, as in calendar: XNYS")
            return
        check_calendar(self.calendar)
        if not users:
            raise MethodologyError(
                f"calendar: {self.calendar} has no use; add roll: forward, a day rule such as "
                "first_business_day, or a lag in business days such as determine: 5bd"
            )

    @property
    def determination_lag(self) -> timedelta:
        """Lag of a change off the schedule: a business day counts as 24 hours, a day rule as nothing."""
        return least_length(self.determine) or timedelta(0)

    def dates(
        self, start: np.datetime64, end: np.datetime64, base: np.datetime64 | None = None
    ) -> tuple[RebalanceDate, ...]:
        """Return the changes that take effect in [start, end), in order.

        Args:
            start: First instant.
            end: Instant before which the last change takes effect.
            base: Instant from whose local day a number of days is counted; `start` unless given.

        Raises:
            MethodologyError: The calendar does not reach so far, or a change would be announced before it is
                determined.
        """
        return self._with_lags(self.effective(start, end, base))

    def next_dates(
        self, after: np.datetime64, count: int = 4, base: np.datetime64 | None = None
    ) -> tuple[RebalanceDate, ...]:
        """Return the next changes that take effect after an instant; fewer where the calendar ends.

        A number of days is counted from `base`, which is `after` unless given.
        """
        origin = to_instant(after)
        start, limit = origin + _MICROSECOND, origin + _HORIZON
        if self.calendar is not None:
            limit = min(limit, fixings([business_days(self.calendar).last], time(0), self.zone)[0])
        span = np.timedelta64(max(counted_days(self.every) or 0, 100) * (count + 1), "D")
        while True:
            end = min(start + span, limit)
            found = self.effective(start, end, origin if base is None else base)
            if len(found) >= count or end >= limit:
                return self._with_lags(found[:count])
            span *= 4

    def determined_before(self, instant: np.datetime64, base: np.datetime64) -> np.datetime64:
        """Return the last instant before another at which the schedule determines a change, also before the base.

        Args:
            instant: The other instant.
            base: From whose local day a number of days is counted.

        Raises:
            MethodologyError: The calendar does not reach so far back.

        >>> march, base = to_instant("2021-03-31"), to_instant("2020-01-01")
        >>> Schedule(every="month", determine="1d").determined_before(march, base)
        np.datetime64('2021-02-28T00:00:00.000000')
        """
        # Business days and day rules may lie further back than the least length of the lag.
        reach = 2 * self.determination_lag + 2 * _LONGEST_CLOSURE
        start = instant - np.timedelta64(timedelta(days=max(counted_days(self.every) or 0, 366)) + reach)
        end = instant + np.timedelta64(reach)
        if self.calendar is not None:
            known = business_days(self.calendar)
            first, last = fixings([known.first + reach, known.last], time(0), self.zone)
            start, end = max(start, first), min(end, last)
        effective = self.effective(start, end, base) if start < end else np.array([], "datetime64[us]")
        determined = lagged(effective, self.determine, self.at, self.zone, self.calendar)
        before = determined[determined < instant]
        if not len(before):
            raise MethodologyError(f"calendar {self.calendar} knows no review before {format_instant(instant)}")
        return np.datetime64(before[-1])

    def around(self, effective: np.datetime64) -> RebalanceDate:
        """Return the dates of a change that takes effect at an instant."""
        return self._with_lags(np.array([to_instant(effective)]))[0]

    def effective(self, start: np.datetime64, end: np.datetime64, base: np.datetime64 | None = None) -> Instants:
        """Return the instants in [start, end) at which changes take effect, increasing, as `dates` does."""
        first, last = to_instant(start), to_instant(end)
        if first >= last:
            return np.array([], dtype="datetime64[us]")
        origin = local_day(first if base is None else to_instant(base), self.zone)
        days = list(
            recurring_days(self.every, self.on, self.months, self.calendar, self._days_around(first, last), origin)
        )
        if self.calendar is not None and self.roll != "none":
            calendar, direction = business_days(self.calendar), self.roll
            days = [calendar.roll(day, direction) for day in days]
        found = np.unique(fixings(days, self.at, self.zone))
        return found[(found >= first) & (found < last)]

    def _days_around(self, first: np.datetime64, last: np.datetime64) -> tuple[date, date]:
        """Return the first and last local day whose change may fall into a span, if it rolls."""
        start, end = local_day(first, self.zone), local_day(last - _MICROSECOND, self.zone)
        margin = _CLOCK_CHANGE if self.roll == "none" else _LONGEST_CLOSURE
        low, high = start - margin, end + margin
        if self.calendar is not None:
            # The margin alone is no reason to ask a calendar for days that it does not know.
            known = business_days(self.calendar)
            low, high = max(low, min(start, known.first)), min(high, max(end, known.last))
        return low, high

    def _with_lags(self, effective: Instants) -> tuple[RebalanceDate, ...]:
        announced, determined = (
            lagged(effective, lag, self.at, self.zone, self.calendar) for lag in (self.announce, self.determine)
        )
        late = np.flatnonzero(announced < determined)
        if len(late):
            change, announcement, determination = (
                format_instant(instants[late[0]]) for instants in (effective, announced, determined)
            )
            raise MethodologyError(
                f"the change of {change} would be announced on {announcement}, before its determination on "
                f"{determination}; lengthen determine or shorten announce"
            )
        return tuple(RebalanceDate(*row) for row in zip(announced, determined, effective, strict=True))

    def words(self) -> str:
        """Return the schedule in words: the dates, what is fixed, and how the change is made."""
        sentences = [self.dates_in_words()]
        if self.fix == "units":
            sentences.append("Units are fixed at the prices of the determination.")
        elif self.fix == "supply":
            sentences.append("The supplies of the determination are weighted, and capped, at effective prices.")
        else:
            sentences.append("The determined weights are applied at effective prices.")
        if self.transition is not None and self.transition.steps > 1:
            sentences.append(
                f"The change is made in {self.transition.steps} equal steps, "
                f"{duration_in_words(self.transition.every)} apart."
            )
        return " ".join(sentences)

    def dates_in_words(self) -> str:
        """Return when it is rebalanced, determined and announced, in a sentence."""
        words = f"Rebalanced {recurrence_in_words(self.every, self.months)}"
        if self.every == "week":
            words += f" on {_day_of_week(str(self.on))}"
        elif self.every != "day" and counted_days(self.every) is None:
            words += f" on {day_in_words(self.on)}"
        words += f" at {self.at:%H:%M} {self.zone}"
        if self.roll != "none":
            words += f", or the business day {'after' if self.roll == 'forward' else 'before'} where it is none"
        words += f"; determined {lag_in_words(self.determine)}; announced {lag_in_words(self.announce)}"
        return f"{words} (business days of {self.calendar})." if self.calendar else f"{words}."


def _day_of_week(rule: str) -> str:
    return {"first_day": "Monday", "last_day": "Sunday"}.get(rule, rule.capitalize())
