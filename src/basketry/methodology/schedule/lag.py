"""A lag: how long before its effective instant a change is determined, or announced."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, time, timedelta
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema

from basketry.core.errors import BasketryError, MethodologyError, nearest_hint
from basketry.core.time import format_duration, is_duration, parse_duration
from basketry.methodology.schedule.business_days import business_days
from basketry.methodology.schedule.day_rules import (
    DAY_WORDS,
    day_in_words,
    day_of_month,
    is_day_rule,
    needs_calendar,
)
from basketry.methodology.schedule.fixing import Instants, fixings, local_day

_BUSINESS = re.compile(r"^(\d{1,3})bd$", re.ASCII)


def _lag(value: Any, info: ValidationInfo) -> str:
    if isinstance(value, timedelta):
        value = format_duration(value)
    if isinstance(value, str) and (_BUSINESS.match(value) or is_day_rule(value)):
        return value
    try:
        parse_duration(value)
    except BasketryError as error:
        if is_duration(value):
            raise MethodologyError(f"{info.field_name}: {error}") from error
        hint = nearest_hint(value, DAY_WORDS) if isinstance(value, str) else ""
        raise MethodologyError(
            f"{info.field_name}: {value!r} is not a time before the effective instant{hint}; "
            "write for example 1d, 12h, 5bd (business days) or third_friday (the last one before)"
        ) from error
    return str(value).strip()


Lag = Annotated[
    str,
    BeforeValidator(_lag),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^\d+(\.\d+)?(w|d|h|m|s)$"},
                {"type": "string", "pattern": r"^\d{1,3}bd$"},
                {"enum": list(DAY_WORDS)},
            ],
            "examples": ["1d", "12h", "5bd", "third_friday"],
        }
    ),
]
"""A duration such as 12h or 1d (24 hours), business days such as 5bd, or a day rule: its last day before."""


def lag_needs_calendar(lag: str) -> bool:
    """Return whether a lag counts business days."""
    return _BUSINESS.match(lag) is not None or needs_calendar(lag)


def least_length(lag: str) -> timedelta | None:
    """Return a lag as a length of time, a business day being 24 hours; None for a day rule.

    >>> least_length("12h"), least_length("5bd"), least_length("third_friday")
    (datetime.timedelta(seconds=43200), datetime.timedelta(days=5), None)
    """
    business = _BUSINESS.match(lag)
    if business:
        return timedelta(days=int(business[1]))
    return None if is_day_rule(lag) else parse_duration(lag)


def lagged(effective: Instants, lag: str, at: time, zone: str, exchange: str | None) -> Instants:
    """Return the instants that lie a lag before the effective ones, shape (n,).

    A duration is elapsed time. Business days and day rules give the fixing time `at` of an earlier local day.
    """
    business = _BUSINESS.match(lag)
    if not business and not is_day_rule(lag):
        return np.asarray(effective - np.timedelta64(parse_duration(lag)))
    if business and int(business[1]) == 0:
        return effective
    days = [local_day(instant, zone) for instant in effective]
    if business:
        calendar = business_days(exchange or "")
        return fixings([calendar.before(day, int(business[1])) for day in days], at, zone)
    return fixings(_last_before(days, lag, exchange), at, zone)


def _last_before(days: Sequence[date], rule: str, exchange: str | None) -> list[date]:
    """Return for each day the last day strictly before it that a day rule names."""
    found = []
    for day in days:
        named = day_of_month(rule, day.year, day.month, exchange)
        if named >= day:
            month_before = day.replace(day=1) - timedelta(days=1)
            named = day_of_month(rule, month_before.year, month_before.month, exchange)
        found.append(named)
    return found


def lag_in_words(lag: str) -> str:
    """Return a lag as it stands in a sentence.

    >>> lag_in_words("1d"), lag_in_words("0d"), lag_in_words("5bd"), lag_in_words("third_friday")
    ('1 day before', 'on the day', '5 business days before', 'on the third Friday before')
    """
    length = least_length(lag)
    if length is None:
        return f"on {day_in_words(lag)} before"
    if not length:
        return "on the day"
    if _BUSINESS.match(lag):
        return f"{length.days} business {'day' if length.days == 1 else 'days'} before"
    return f"{duration_in_words(length)} before"


def duration_in_words(length: timedelta) -> str:
    """Return a length of time in the largest unit that gives a whole number.

    >>> duration_in_words(timedelta(days=14)), duration_in_words(timedelta(hours=36))
    ('14 days', '36 hours')
    """
    seconds = length.total_seconds()
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds % size == 0:
            return _counted(seconds / size, unit)
    return _counted(seconds, "second")


def _counted(number: float, unit: str) -> str:
    return f"{number:.12g} {unit}{'' if number == 1 else 's'}"
