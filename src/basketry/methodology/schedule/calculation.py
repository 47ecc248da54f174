"""The section `calculate:` of a rulebook: at which instants a level is calculated."""

from __future__ import annotations

from datetime import time
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, model_validator

from basketry.core.errors import MethodologyError
from basketry.core.time import time_zone
from basketry.methodology.schedule.business_days import is_business_day
from basketry.methodology.schedule.schedule import Clock, Schedule
from basketry.core.time import to_datetime


class CalculationCalendar(BaseModel):
    """At which instants levels are calculated; apart from when the index is rebalanced.

    Attributes:
        every: observation: at every row of the data. day: once a day at `at` in `zone`.
        calendar: Exchange calendar; only its business days count.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    every: Literal["observation", "day"] = "observation"
    at: Clock = time(0)
    zone: str = "UTC"
    calendar: str | None = None

    @model_validator(mode="after")
    def _consistent(self) -> CalculationCalendar:
        time_zone(self.zone)
        if self.every == "observation" and self.calendar is not None:
            raise MethodologyError("calendar: goes with every: day")
        return self

    def instants(self, start: np.datetime64, end: np.datetime64) -> NDArray[np.datetime64] | None:
        """Return the calculation instants in [start, end], or None for every row of the data."""
        if self.every == "observation":
            return None
        daily = Schedule(every="day", at=self.at, zone=self.zone, determine="0d")
        found = [date.effective_at for date in daily.dates(start, end + np.timedelta64(1, "us"))]
        if self.calendar is not None:
            zone = time_zone(self.zone)
            found = [x for x in found if is_business_day(self.calendar, to_datetime(x).astimezone(zone).date())]
        return np.array(found, dtype="datetime64[us]")

    def words(self) -> str:
        """Return the calendar in one sentence."""
        if self.every == "observation":
            return "A level is calculated at every instant of the data, on all days of the year."
        days = f"on business days of {self.calendar}" if self.calendar else "on every day of the year"
        return f"A level is calculated {days} at {self.at:%H:%M} {self.zone}."
