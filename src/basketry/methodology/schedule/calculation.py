"""The section `calculate:` of a rulebook: at which instants a level is calculated."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time, timedelta
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, model_validator

from basketry.core.errors import MethodologyError
from basketry.core.time import time_zone, to_instant
from basketry.methodology.schedule.business_days import business_days, check_calendar
from basketry.methodology.schedule.fixing import Clock, Instants, fixings, local_day


class CalculationCalendar(BaseModel):
    """At which instants levels are calculated; apart from when the index is rebalanced.

    Attributes:
        every: observation: at every row of the data. day: once a day at `at` in `zone`.
        at: Local calculation time, HH:MM.
        zone: Its time zone, an IANA name.
        calendar: Exchange calendar; only its business days count.

    >>> CalculationCalendar(every="day", at="16:00", zone="America/New_York", calendar="XNYS").words()
    'A level is calculated on business days of XNYS at 16:00 America/New_York.'
    """

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True)

    every: Literal["observation", "day"] = "observation"
    at: Clock = time(0)
    zone: str = "UTC"
    calendar: str | None = None

    @model_validator(mode="after")
    def _consistent(self) -> CalculationCalendar:
        if self.every == "observation":
            for field, default in (("at", time(0)), ("zone", "UTC"), ("calendar", None)):
                if getattr(self, field) != default:
                    raise MethodologyError(f"{field}: has no use at every row of the data; write every: day with it")
        time_zone(self.zone)
        if self.calendar is not None:
            check_calendar(self.calendar)
        return self

    def instants(self, start: np.datetime64, end: np.datetime64) -> Instants | None:
        """Return the calculation instants in [start, end], increasing, or None for every row of the data."""
        if self.every == "observation":
            return None
        first, last = to_instant(start), to_instant(end)
        days = self._days(local_day(first, self.zone), local_day(last, self.zone))
        found = np.unique(fixings(days, self.at, self.zone))
        return found[(found >= first) & (found <= last)]

    def _days(self, first: date, last: date) -> Sequence[date]:
        # A day more on both sides: a skipped local time can move a fixing over midnight.
        if self.calendar is None:
            return [first + timedelta(days=number) for number in range(-1, (last - first).days + 2)]
        calendar = business_days(self.calendar)
        start, end = calendar.known(first) - timedelta(days=1), calendar.known(last) + timedelta(days=2)
        return calendar.between(start, end)

    def words(self) -> str:
        """Return the calendar in one sentence."""
        if self.every == "observation":
            return "A level is calculated at every instant of the data, on all days of the year."
        days = f"on business days of {self.calendar}" if self.calendar else "on every day of the year"
        return f"A level is calculated {days} at {self.at:%H:%M} {self.zone}."
