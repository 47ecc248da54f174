"""Recurrence: the days on which a schedule falls, before holidays and fixing times."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated

from pydantic import WithJsonSchema

from basketry.core.errors import MethodologyError, nearest_hint
from basketry.methodology.schedule.day_rules import WEEKDAYS, check_day_rule, day_of_month

FREQUENCIES = ("day", "week", "month", "quarter", "year")
WEEK_DAYS = {"first_day": 0, "last_day": 6, **{name: place for place, name in enumerate(WEEKDAYS)}}
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_COUNTED = re.compile(r"^([1-9]\d{0,3})d$", re.ASCII)

Frequency = Annotated[
    str,
    WithJsonSchema({"anyOf": [{"enum": list(FREQUENCIES)}, {"type": "string", "pattern": _COUNTED.pattern}]}),
]
"""How often: a word, or a number of days such as 10d. `check_recurrence` tells which are known."""


def counted_days(every: str) -> int | None:
    """Return the number of days of a frequency such as 10d, or None for a named one.

    >>> counted_days("10d"), counted_days("month")
    (10, None)
    """
    match = _COUNTED.match(every)
    return int(match[1]) if match else None


def check_recurrence(every: str, on: str | int, months: tuple[int, ...] | None) -> None:
    """Raise MethodologyError where frequency, day rule and months are unknown or do not fit each other."""
    if every not in FREQUENCIES and counted_days(every) is None:
        raise MethodologyError(
            f"every: {every!r} is not a frequency{nearest_hint(every, FREQUENCIES)}; "
            f"write {', '.join(FREQUENCIES)}, or a number of days from 1d to 9999d"
        )
    if every == "week":
        if on not in WEEK_DAYS:
            raise MethodologyError(
                f"on: {on!r} is not a day of the week{nearest_hint(str(on), WEEK_DAYS)}; write {', '.join(WEEK_DAYS)}"
            )
    elif every in ("month", "quarter", "year"):
        check_day_rule(on, "on")
    elif on != "first_day":
        raise MethodologyError(f"on: {on!r} does not go with every: {every}; leave it out")
    if months is not None:
        _check_months(every, months)


def recurring_days(
    every: str,
    on: str | int,
    months: tuple[int, ...] | None,
    exchange: str | None,
    span: tuple[date, date],
    base: date,
) -> Iterator[date]:
    """Yield the days on which a schedule falls from the first to the last day of a span, ascending.

    A number of days is counted from `base`, to both sides; `exchange` is the calendar of business days.

    Weeks begin on Monday. In a quarter or a year, rules that begin with `last` mean its
    last month, others its first.

    >>> half = (date(2021, 1, 1), date(2021, 7, 1))
    >>> [day.isoformat() for day in recurring_days("quarter", "last_day", None, None, half, base=half[0])]
    ['2021-03-31', '2021-06-30']
    """
    first, last = span
    if every in ("month", "quarter", "year"):
        for year, month in _months_between(first, last, months or months_of(every, on)):
            day = day_of_month(on, year, month, exchange)
            if first <= day <= last:
                yield day
        return
    step = 7 if every == "week" else counted_days(every) or 1
    origin = date(2001, 1, 1) + timedelta(days=WEEK_DAYS[str(on)]) if every == "week" else base
    day = first + timedelta(days=(origin - first).days % step)
    while day <= last:
        yield day
        day += timedelta(days=step)


def months_of(every: str, on: str | int) -> tuple[int, ...]:
    """Return the months in which a monthly, quarterly or yearly schedule acts unless it names them.

    >>> months_of("quarter", "first_day"), months_of("quarter", "last_friday"), months_of("year", "last_day")
    ((1, 4, 7, 10), (3, 6, 9, 12), (12,))
    """
    length = {"month": 1, "quarter": 3, "year": 12}[every]
    return tuple(range(length if str(on).startswith("last") else 1, 13, length))


def recurrence_in_words(every: str, months: tuple[int, ...] | None) -> str:
    """Return the frequency as it stands in a sentence.

    >>> recurrence_in_words("10d", None), recurrence_in_words("quarter", (2, 5, 8, 11))
    ('every 10 days', 'each quarter in February, May, August and November')
    """
    number = counted_days(every)
    if number is not None:
        return "each day" if number == 1 else f"every {number} days"
    if not months:
        return f"each {every}"
    names = [MONTHS[month - 1] for month in months]
    joined = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return f"each {every} in {joined}" if every == "quarter" else f"each {joined}"


def _check_months(every: str, months: tuple[int, ...]) -> None:
    if every not in ("month", "quarter"):
        raise MethodologyError(f"months: does not go with every: {every}; write every: month or every: quarter")
    if not months or list(months) != sorted(set(months)):
        raise MethodologyError(f"months: write each month once, ascending, was {list(months)}")
    if every == "quarter" and months != tuple(range(months[0], months[0] + 12, 3)):
        raise MethodologyError(
            f"months: a quarter's four months lie three apart, as in [2, 5, 8, 11], was {list(months)}; "
            "for others write every: month"
        )


def _months_between(first: date, last: date, months: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    for year in range(first.year, last.year + 1):
        for month in months:
            if (first.year, first.month) <= (year, month) <= (last.year, last.month):
                yield year, month
