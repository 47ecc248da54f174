"""Day rules: which day of a month is meant by words such as third_friday."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta
from typing import Annotated

from pydantic import StrictInt, WithJsonSchema

from basketry.core.errors import MethodologyError, nearest_hint
from basketry.methodology.schedule.business_days import business_days

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
_BUSINESS = re.compile(r"^(?:(first|second|third|fourth|last)|(1st|2nd|3rd|[4-9]th|1[0-5]th))_business_day$")

DAY_WORDS = (
    "first_day",
    "last_day",
    *(f"{ordinal}_{weekday}" for ordinal in ORDINALS for weekday in WEEKDAYS),
    "first_business_day",
    "last_business_day",
    "5th_business_day",
)
"""Day rules by name; any business day up to the 15th can be named like the 5th."""

DayRule = Annotated[
    str | StrictInt,
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": [*DAY_WORDS, *WEEKDAYS]},
                {"type": "string", "pattern": _BUSINESS.pattern},
                {"type": "integer", "minimum": 1, "maximum": 28},
            ]
        }
    ),
]
"""A day of the month by name or number; for a week the name of a day. `check_day_rule` tells which fit."""


def is_day_rule(text: str) -> bool:
    """Return whether a text names a day of the month.

    >>> is_day_rule("third_friday"), is_day_rule("12th_business_day"), is_day_rule("1d")
    (True, True, False)
    """
    return text in DAY_WORDS or needs_calendar(text)


def needs_calendar(rule: str | int) -> bool:
    """Return whether a day rule counts business days."""
    return isinstance(rule, str) and _BUSINESS.match(rule) is not None


def check_day_rule(rule: str | int, field: str) -> None:
    """Raise MethodologyError where a rule names no day of the month."""
    if isinstance(rule, int):
        if not 1 <= rule <= 28:
            raise MethodologyError(
                f"{field}: a day number is 1 to 28, which every month has, was {rule}; for the end last_day"
            )
    elif not is_day_rule(rule):
        raise MethodologyError(
            f"{field}: {rule!r} is not a day rule{nearest_hint(rule, DAY_WORDS)}; write first_day, last_day, "
            "a day number, third_friday, last_monday, first_business_day or 5th_business_day"
        )


def day_of_month(rule: str | int, year: int, month: int, exchange: str | None = None) -> date:
    """Return the day of a month that a rule names; `exchange` is the calendar of its business days.

    Raises:
        MethodologyError: The month has fewer business days, or the calendar does not reach to it.

    >>> day_of_month("third_friday", 2021, 12), day_of_month("last_day", 2020, 2)
    (datetime.date(2021, 12, 17), datetime.date(2020, 2, 29))
    >>> day_of_month("first_business_day", 2021, 1, "XNYS")
    datetime.date(2021, 1, 4)
    """
    if isinstance(rule, int):
        return date(year, month, rule)
    business = _BUSINESS.match(rule)
    if business:
        number = ORDINALS[business[1]] if business[1] else int(business[2][:-2])
        return _business_day(number, year, month, exchange or "")
    last = date(year, month, calendar.monthrange(year, month)[1])
    if rule == "last_day":
        return last
    if rule == "first_day":
        return last.replace(day=1)
    ordinal, _, weekday = rule.partition("_")
    number, target = ORDINALS[ordinal], WEEKDAYS.index(weekday)
    if number < 0:
        return last - timedelta(days=(last.weekday() - target) % 7)
    first = last.replace(day=1)
    return first + timedelta(days=(target - first.weekday()) % 7 + 7 * (number - 1))


def day_in_words(rule: str | int) -> str:
    """Return a day rule as it stands in a sentence.

    >>> day_in_words("third_friday"), day_in_words(15)
    ('the third Friday', 'day 15')
    """
    if isinstance(rule, int):
        return f"day {rule}"
    words = (word.capitalize() if word in WEEKDAYS else word for word in rule.split("_"))
    return f"the {' '.join(words)}"


def _business_day(number: int, year: int, month: int, exchange: str) -> date:
    days = business_days(exchange).of_month(year, month)
    if len(days) < max(number, 1):
        raise MethodologyError(
            f"{year}-{month:02d} has {len(days)} business days in {exchange}; the day rule asks for number {number}"
        )
    return days[number - 1] if number > 0 else days[number]
