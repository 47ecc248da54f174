"""A fixing: a time of day in a time zone, and the UTC instants at which it falls on given days."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from basketry.core.errors import MethodologyError
from basketry.core.time import time_zone, to_datetime

Instants = NDArray[np.datetime64]

_HOURS_MINUTES = re.compile(r"^([01]\d|2[0-3]):([0-5]\d)$", re.ASCII)


def parse_clock(value: Any) -> time:
    """Return the time of day that a text such as 16:00 says.

    Raises:
        MethodologyError: It is not hours and minutes.

    >>> parse_clock("16:00")
    datetime.time(16, 0)
    """
    text = value.isoformat() if isinstance(value, time) else value
    if isinstance(value, time) and text.endswith(":00"):
        text = text[:-3]
    match = _HOURS_MINUTES.match(text) if isinstance(text, str) else None
    if match is None:
        raise MethodologyError(f'at: {value!r} is not a time of day; write hours and minutes, for example "16:00"')
    return time(int(match[1]), int(match[2]))


Clock = Annotated[
    time,
    BeforeValidator(parse_clock),
    PlainSerializer(lambda value: f"{value:%H:%M}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$", "examples": ["16:00"]}),
]
"""A local time of day, HH:MM."""


def fixings(days: Iterable[date], at: time, zone: str) -> Instants:
    """Return the UTC instants at which a clock in a zone shows `at` on each of the days, shape (n_days,).

    One instant a day, also where the clocks change: the first of two where the hour repeats, and where it is
    skipped the time with the offset before the change, as `local_instant` gives for one day.

    >>> fixings([date(2021, 3, 27), date(2021, 3, 28)], time(16), "Europe/London").astype(str).tolist()
    ['2021-03-27T16:00:00.000000', '2021-03-28T15:00:00.000000']
    """
    place = time_zone(zone)
    local = [datetime.combine(day, at) for day in days]
    if zone != "UTC":
        local = [moment - (place.utcoffset(moment) or timedelta(0)) for moment in local]
    return np.array(local, dtype="datetime64[us]")


def local_day(instant: np.datetime64, zone: str) -> date:
    """Return the date that a calendar in a zone shows at an instant.

    >>> local_day(np.datetime64("2021-01-01T02:00", "us"), "America/New_York")
    datetime.date(2020, 12, 31)
    """
    return to_datetime(instant).astimezone(time_zone(zone)).date()
