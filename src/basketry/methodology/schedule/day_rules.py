"""Day rules: which day of a month, week or year is meant by words such as third_friday."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta

from basketry.core.errors import MethodologyError, nearest_hint
from basketry.methodology.schedule.business_days import business_days_of_month

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": -1}
_BUSINESS = re.compile(r"^(first|last|(\d{1,2})(?:st|nd|rd|th))_business_day$")

DAY_WORDS = (
    "first_day",
    "last_day",
    *WEEKDAYS,
    *(f"{ordinal}_{weekday}" for ordinal in ORDINALS if ordinal != "fifth" for weekday in WEEKDAYS),
    "first_business_day",
    "last_business_day",
    "5th_business_day",
)


def check_day_rule(rule: str | int, every: str, exchange: str | None) -> None:
    """Raise MethodologyError where a day rule is not known or does not fit the frequency."""
    if isinstance(rule, int):
        if not 1 <= rule <= 28:
            raise MethodologyError(f"on: a day number must be 1 to 28 (for the end use last_day), was {rule}")
        return
    if _BUSINESS.match(rule):
        if exchange is None:
            raise MethodologyError(f"on: {rule} needs an exchange calendar, as in calendar: XNYS")
        return
    if rule not in DAY_WORDS:
        raise MethodologyError(
            f"on: unknown day rule {rule!r}{nearest_hint(rule, DAY_WORDS)}; write first_day, last_day, a day number, "
            "third_friday, last_monday, a weekday, first_business_day or 5th_business_day"
        )
    if rule in WEEKDAYS and every not in ("week", "month", "quarter", "year"):
        raise MethodologyError(f"on: {rule} does not fit every: {every}")


def day_of_month(rule: str | int, year: int, month: int, exchange: str | None = None) -> date:
    """Return the day of a month that a rule names; a bare weekday is the first of the month.

    >>> day_of_month("third_friday", 2021, 12), day_of_month("last_day", 2020, 2)
    (datetime.date(2021, 12, 17), datetime.date(2020, 2, 29))
    """
    length = calendar.monthrange(year, month)[1]
    if isinstance(rule, int):
        return date(year, month, rule)
    if rule == "first_day":
        return date(year, month, 1)
    if rule == "last_day":
        return date(year, month, length)
    business = _BUSINESS.match(rule)
    if business:
        days = business_days_of_month(exchange or "", year, month)
        number = {"first": 1, "last": len(days)}.get(business[1]) or int(business[2])
        if not 1 <= number <= len(days):
            raise MethodologyError(f"on: {year}-{month:02d} has only {len(days)} business days of {exchange}")
        return days[number - 1]
    ordinal, _, weekday = rule.partition("_") if "_" in rule else ("first", "", rule)
    number, target = ORDINALS[ordinal], WEEKDAYS.index(weekday)
    if number < 0:
        last = date(year, month, length)
        return last - timedelta(days=(last.weekday() - target) % 7)
    first = date(year, month, 1)
    return first + timedelta(days=(target - first.weekday()) % 7 + 7 * (number - 1))
