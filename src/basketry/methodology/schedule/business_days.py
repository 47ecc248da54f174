"""Business days of an exchange calendar."""

from __future__ import annotations

import warnings
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Literal

from basketry.core.errors import MethodologyError, nearest_hint

FIRST_DAY = date(2008, 1, 1)
"""Calendars are looked at from here on; no crypto asset had a price before."""
LAST_DAY = date(2050, 12, 31)
"""Calendars are looked at up to here: holidays that follow a rule are known in advance."""

Direction = Literal["forward", "backward"]


@dataclass(frozen=True)
class BusinessDays:
    """The business days of one calendar.

    Attributes:
        calendar: Its name, such as XNYS.
        first: First day of which it is known whether it is a business day.
        last: Last such day; some calendars know their holidays for a few years only.
        days: The business days between the two, ascending.
    """

    calendar: str
    first: date
    last: date
    days: tuple[date, ...]

    def known(self, day: date) -> date:
        """Return the day, or raise MethodologyError where it is not known whether it is a business day."""
        if not self.first <= day <= self.last:
            raise MethodologyError(
                f"calendar {self.calendar} knows {self.first} to {self.last}; it cannot tell about {day}"
            )
        return day

    def __contains__(self, day: date) -> bool:
        place = bisect_left(self.days, self.known(day))
        return place < len(self.days) and self.days[place] == day

    def roll(self, day: date, direction: Direction) -> date:
        """Return the day where it is a business day, else the next one (or the one before).

        >>> business_days("XNYS").roll(date(2021, 7, 4), "forward")
        datetime.date(2021, 7, 6)
        """
        self.known(day)
        return self._at(bisect_left(self.days, day) if direction == "forward" else bisect_right(self.days, day) - 1)

    def before(self, day: date, count: int) -> date:
        """Return the business day `count` business days before a day; with 0 the day itself, or the next one.

        >>> business_days("XNYS").before(date(2021, 7, 6), 1)
        datetime.date(2021, 7, 2)
        """
        return self._at(bisect_left(self.days, self.known(day)) - count)

    def of_month(self, year: int, month: int) -> tuple[date, ...]:
        """Return the business days of one month.

        >>> len(business_days("XNYS").of_month(2021, 2))
        19
        """
        start = self.known(date(year, month, 1))
        return self.between(start, date(year + month // 12, month % 12 + 1, 1))

    def between(self, start: date, end: date) -> tuple[date, ...]:
        """Return the business days in [start, end)."""
        return self.days[bisect_left(self.days, start) : bisect_left(self.days, end)]

    def _at(self, place: int) -> date:
        if not 0 <= place < len(self.days):
            raise MethodologyError(
                f"calendar {self.calendar} knows {self.first} to {self.last}; a day asked for lies outside"
            )
        return self.days[place]


@lru_cache(maxsize=32)
def business_days(calendar: str) -> BusinessDays:
    """Return the business days of an exchange calendar from 2008 to 2050, or as far as it knows them.

    Raises:
        MethodologyError: The calendar is not known, or not usable.

    >>> date(2020, 12, 25) in business_days("XNYS")
    False
    """
    check_calendar(calendar)
    # Imported where it is used: it loads pandas, which takes half a second.
    import exchange_calendars
    import pandas as pd

    try:
        with warnings.catch_warnings():
            # Deprecations inside the two libraries; the caller can do nothing about them.
            warnings.simplefilter("ignore", DeprecationWarning)
            bounds = exchange_calendars.get_calendar(calendar)
            first = max(pd.Timestamp(FIRST_DAY), bounds.bound_min() or pd.Timestamp(FIRST_DAY))
            last = min(pd.Timestamp(LAST_DAY), bounds.bound_max() or pd.Timestamp(LAST_DAY))
            sessions = exchange_calendars.get_calendar(calendar, start=first, end=last).sessions
    except (ValueError, NotImplementedError) as error:
        raise MethodologyError(
            f"calendar {calendar!r} does not work in the installed exchange_calendars; choose another"
        ) from error
    return BusinessDays(calendar, first.date(), last.date(), tuple(stamp.date() for stamp in sessions))


def check_calendar(calendar: str) -> None:
    """Raise MethodologyError where no exchange calendar has the name."""
    import exchange_calendars

    names = exchange_calendars.get_calendar_names(include_aliases=True)
    if calendar not in names:
        raise MethodologyError(
            f"calendar: {calendar!r} is not known{nearest_hint(calendar, names)}; "
            "write the market identifier code of an exchange, such as XNYS, XLON or XHKG"
        )
