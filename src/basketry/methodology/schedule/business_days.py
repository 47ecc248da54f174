"""Business days of an exchange calendar."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date
from functools import lru_cache

from basketry.core.errors import MethodologyError, nearest_hint

FIRST_DAY = date(2008, 1, 1)
"""Calendars are looked at from here on; no crypto asset had a price before."""


@lru_cache(maxsize=16)
def sessions(calendar: str, last_year: int) -> tuple[date, ...]:
    """Return the business days of an exchange calendar from 2008 to the end of a year.

    Raises:
        MethodologyError: The calendar is not known.

    >>> date(2020, 12, 25) in sessions("XNYS", 2020)
    False
    """
    # Imported where it is used: it loads pandas, which takes half a second.
    import exchange_calendars

    names = exchange_calendars.get_calendar_names(include_aliases=True)
    if calendar not in names:
        raise MethodologyError(
            f"calendar {calendar!r} is not known{nearest_hint(calendar, names)}; "
            "use a market identifier code such as XNYS, XLON or XHKG"
        )
    schedule = exchange_calendars.get_calendar(
        calendar, start=FIRST_DAY.isoformat(), end=date(last_year, 12, 31).isoformat()
    )
    return tuple(stamp.date() for stamp in schedule.sessions)


def is_business_day(calendar: str, day: date) -> bool:
    """Return whether a day is a business day.

    >>> is_business_day("XNYS", date(2021, 7, 5))
    False
    """
    days = sessions(calendar, day.year)
    place = bisect_left(days, day)
    return place < len(days) and days[place] == day


def shift(calendar: str, day: date, count: int) -> date:
    """Return the business day `count` business days after a day (before it where negative).

    With 0 the day itself where it is a business day, else the next one. A day that is none counts from the
    business day before it when shifting forward, after it when shifting back.

    >>> shift("XNYS", date(2021, 7, 6), -1)
    datetime.date(2021, 7, 2)
    """
    days = sessions(calendar, day.year + 1 + abs(count) // 200)
    place = bisect_left(days, day) if count <= 0 else bisect_right(days, day) - 1
    target = place + count
    if not 0 <= target < len(days):
        raise MethodologyError(f"calendar {calendar}: {count} business days from {day} lie outside its range")
    return days[target]


def business_days_of_month(calendar: str, year: int, month: int) -> tuple[date, ...]:
    """Return the business days of one month."""
    days = sessions(calendar, year)
    low = bisect_left(days, date(year, month, 1))
    after = date(year + month // 12, month % 12 + 1, 1)
    return days[low : bisect_left(days, after)]
