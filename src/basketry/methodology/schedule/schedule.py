"""The section `rebalance:` of a rulebook: recurrence, fixing time, lags and transition."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema, model_validator

from basketry.core.errors import MethodologyError, nearest_hint
from basketry.core.time import local_instant, parse_duration, time_zone, to_datetime, to_instant
from basketry.methodology.rule import Duration
from basketry.methodology.schedule.business_days import is_business_day, shift
from basketry.methodology.schedule.day_rules import check_day_rule, day_of_month

FREQUENCIES = ("day", "week", "month", "quarter", "year")
_DAYS = re.compile(r"^(\d{1,4})d$", re.ASCII)
_LAG = re.compile(r"^(\d{1,3})bd$", re.ASCII)


def _clock(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return time.fromisoformat(value)
        except ValueError as error:
            raise MethodologyError(f"{value!r} is not a time of day; write for example \"16:00\"") from error
    return value


def _lag(value: Any) -> Any:
    if isinstance(value, str) and not _LAG.match(value):
        parse_duration(value)
    elif isinstance(value, timedelta):
        return f"{value.total_seconds():g}s"
    return value


Clock = Annotated[
    time,
    BeforeValidator(_clock),
    PlainSerializer(lambda value: value.isoformat("minutes"), return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d{2}:\d{2}(:\d{2})?$"}),
]
Lag = Annotated[
    str, BeforeValidator(_lag), WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?(w|d|h|m|s|bd)$"})
]
"""A duration such as 1d or 12h, or business days of the schedule's calendar such as 5bd."""


class Transition(BaseModel):
    """A change made in equal steps: the first at the effective instant, the others `every` after."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: int = Field(ge=1, le=10_000)
    every: Duration = timedelta(days=1)


@dataclass(frozen=True)
class RebalanceDate:
    """When a change is determined, announced and takes effect (UTC)."""

    announced_at: np.datetime64
    determined_at: np.datetime64
    effective_at: np.datetime64


class Schedule(BaseModel):
    """When the index is rebalanced.

    Attributes:
        every: day, week, month, quarter, year, or a number of days such as 10d, counted from the base.
        on: Day rule: first_day, last_day, a day number to 28, third_friday, a weekday, 5th_business_day.
        months: Months (1 to 12) in which a month or quarter schedule acts; a quarter's are 1, 4, 7, 10.
        at: Local fixing time. zone: Its IANA time zone.
        calendar: Exchange calendar for business days. roll: Where a day falls on a holiday of it.
        determine: Lag from the determination to the effective instant. announce: From the announcement.
        fix: weights: the determined weights are applied at effective prices. units: the units are fixed at the
            prices of the determination, so weights drift until the effective instant (S&P Dow Jones Indices,
            Index Mathematics: capping factors are set at the reference date).
        transition: Steps over which a change is made.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    every: str = "month"
    on: str | int = "first_day"
    months: tuple[Annotated[int, Field(ge=1, le=12)], ...] | None = None
    at: Clock = time(0)
    zone: str = "UTC"
    calendar: str | None = None
    roll: Literal["forward", "backward", "none"] = "none"
    determine: Lag = "1d"
    announce: Lag = "0d"
    fix: Literal["weights", "units"] = "weights"
    transition: Transition | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Schedule:
        if self.every not in FREQUENCIES and not _DAYS.match(self.every):
            raise MethodologyError(
                f"every: unknown frequency {self.every!r}{nearest_hint(self.every, FREQUENCIES)}; "
                f"write {', '.join(FREQUENCIES)} or a number of days such as 10d"
            )
        if self.every == "0d":
            raise MethodologyError("every: the number of days must be at least 1")
        time_zone(self.zone)
        check_day_rule(self.on, self.every, self.calendar)
        if self.every == "week" and self.on not in ("first_day", "last_day") and "_" in str(self.on):
            raise MethodologyError(f"on: {self.on} does not fit every: week; write a weekday")
        if self.months is not None and self.every not in ("month", "quarter"):
            raise MethodologyError(f"months: does not fit every: {self.every}")
        if self.roll != "none" and self.calendar is None:
            raise MethodologyError("roll: needs an exchange calendar, as in calendar: XNYS")
        for name in ("determine", "announce"):
            if _LAG.match(getattr(self, name)) and self.calendar is None:
                raise MethodologyError(f"{name}: business days need an exchange calendar, as in calendar: XNYS")
        if self._length(self.determine) < self._length(self.announce):
            raise MethodologyError(
                f"announce: {self.announce} before is earlier than the determination, {self.determine} before"
            )
        return self

    @property
    def determination_lag(self) -> timedelta:
        """Lag from a determination to its effect, business days counted as calendar days."""
        return self._length(self.determine)

    @staticmethod
    def _length(lag: str) -> timedelta:
        business = _LAG.match(lag)
        return timedelta(days=int(business[1])) if business else parse_duration(lag)

    def around(self, effective: np.datetime64) -> RebalanceDate:
        """Return the dates of a change that takes effect at an instant."""
        return RebalanceDate(self._before(effective, self.announce), self._before(effective, self.determine), effective)

    def _before(self, effective: np.datetime64, lag: str) -> np.datetime64:
        business = _LAG.match(lag)
        if business is None:
            return effective - np.timedelta64(parse_duration(lag))
        if int(business[1]) == 0:
            return effective
        local = to_datetime(effective).astimezone(time_zone(self.zone)).date()
        return local_instant(shift(self.calendar or "", local, -int(business[1])), self.at, self.zone)

    def dates(
        self, start: np.datetime64, end: np.datetime64, base: np.datetime64 | None = None
    ) -> tuple[RebalanceDate, ...]:
        """Return the changes that take effect in [start, end), in order.

        `base` is the instant from which a number of days is counted; `start` unless given.
        """
        first, last = to_instant(start), to_instant(end)
        found = []
        for day in self._days(first, last, first if base is None else base):
            effective = local_instant(self._rolled(day), self.at, self.zone)
            if first <= effective < last:
                found.append(effective)
        return tuple(self.around(effective) for effective in sorted(set(found)))

    def next_dates(self, after: np.datetime64, count: int = 4) -> tuple[RebalanceDate, ...]:
        """Return the next changes that take effect after an instant."""
        start = to_instant(after) + np.timedelta64(1, "us")
        days = 400 * count if self.every == "year" else 120 * count
        return self.dates(start, start + np.timedelta64(days, "D"), to_instant(after))[:count]

    def _rolled(self, day: date) -> date:
        if self.roll == "none" or self.calendar is None or is_business_day(self.calendar, day):
            return day
        step = timedelta(days=1 if self.roll == "forward" else -1)
        while not is_business_day(self.calendar, day):
            day += step
        return day

    def _days(self, start: np.datetime64, end: np.datetime64, base: np.datetime64) -> Iterator[date]:
        """Yield the days that may take effect in the span, with a margin for zones and rolls."""
        margin = timedelta(days=12)
        first, last = to_datetime(start).date() - margin, to_datetime(end).date() + margin
        if self.every in ("month", "quarter", "year"):
            months = self.months or {"month": tuple(range(1, 13)), "quarter": (1, 4, 7, 10), "year": (1,)}[self.every]
            for year in range(first.year, last.year + 1):
                for month in sorted(months):
                    if (first.year, first.month) <= (year, month) <= (last.year, last.month):
                        yield day_of_month(self.on, year, month, self.calendar)
            return
        step = 1
        counted = _DAYS.match(self.every)
        origin = to_datetime(base).astimezone(time_zone(self.zone)).date()
        if counted:
            step = int(counted[1])
        elif self.every == "week":
            step = 7
            weekday = {"first_day": 0, "last_day": 6}.get(str(self.on))
            target = weekday if weekday is not None else _weekday(str(self.on))
            origin -= timedelta(days=(origin.weekday() - target) % 7)
        day = origin + timedelta(days=-((origin - first).days // step) * step)
        while day <= last:
            if day >= first:
                yield day
            day += timedelta(days=step)

    def words(self) -> str:
        """Return the schedule in one or two sentences."""
        counted = _DAYS.match(self.every)
        often = f"every {counted[1]} days" if counted else f"each {self.every}"
        if self.months:
            often += f" of {', '.join(date(2000, month, 1).strftime('%B') for month in self.months)}"
        on = "" if self.every == "day" or counted else f" on {_day_words(self.on)}"
        words = f"Rebalanced {often}{on} at {self.at:%H:%M} {self.zone}"
        if self.calendar:
            words += f" (business days of {self.calendar}" + (f", rolled {self.roll})" if self.roll != "none" else ")")
        words += f"; determined {_lag_words(self.determine)}, announced {_lag_words(self.announce)}."
        if self.fix == "units":
            words += " Units are fixed at the prices of the determination."
        else:
            words += " Weights are fixed at the determination and applied at effective prices."
        if self.transition is not None:
            words += (
                f" The change is made in {self.transition.steps} equal steps, one every "
                f"{self.transition.every.total_seconds() / 86400:g} days."
            )
        return words


def rebalance_dates(
    start: str | date | datetime, end: str | date | datetime, **schedule: Any
) -> tuple[RebalanceDate, ...]:
    """Return the changes of a schedule that take effect in [start, end); keywords are those of `rebalance:`.

    >>> dates = rebalance_dates("2021-01-01", "2022-01-01", every="quarter", on="third_friday", months=[3, 6, 9, 12])
    >>> [str(date.effective_at.astype("datetime64[D]")) for date in dates]
    ['2021-03-19', '2021-06-18', '2021-09-17', '2021-12-17']
    """
    return Schedule(**schedule).dates(to_instant(start), to_instant(end))


def _weekday(rule: str) -> int:
    from basketry.methodology.schedule.day_rules import WEEKDAYS

    return WEEKDAYS.index(rule)


def _day_words(rule: str | int) -> str:
    return f"day {rule}" if isinstance(rule, int) else f"the {rule.replace('_', ' ')}"


def _lag_words(lag: str) -> str:
    business = _LAG.match(lag)
    if business:
        return f"{business[1]} business days before" if int(business[1]) else "on the day"
    length = parse_duration(lag)
    if not length:
        return "on the day"
    days = length.total_seconds() / 86_400
    return f"{days:g} day{'s' if days != 1 else ''} before" if days >= 1 else f"{days * 24:g} hours before"
