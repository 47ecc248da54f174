"""Instants and durations: UTC, microseconds, half-open intervals [start, end)."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from basketry.core.errors import MethodologyError

MICROSECOND = np.timedelta64(1, "us")
DAY = np.timedelta64(86_400_000_000, "us")
_INSTANT = np.dtype("datetime64[us]")
YEAR_DAYS = 365.0
"""Crypto markets never close: annualisation is by 365 days everywhere."""

_DURATION = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(d|h|m|s|w)\s*$", re.ASCII)
_LONGEST_DAYS = 1_000_000
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def parse_duration(text: str | timedelta) -> timedelta:
    """Return the duration that a text such as '30d', '12h', '15m', '10s' or '2w' names.

    >>> parse_duration("30d")
    datetime.timedelta(days=30)
    >>> parse_duration("1.5h")
    datetime.timedelta(seconds=5400)

    Raises:
        MethodologyError: It is no duration, or longer than a million days.
    """
    if isinstance(text, timedelta):
        return text
    match = _DURATION.match(text) if isinstance(text, str) else None
    if match is None:
        raise MethodologyError(
            f"duration {text!r} is not a number with a unit; write for example 30d, 12h, 15m, 10s or 2w"
        )
    seconds = float(match[1]) * _UNIT_SECONDS[match[2]]
    if seconds > _LONGEST_DAYS * _UNIT_SECONDS["d"]:
        raise MethodologyError(f"duration {text!r} is longer than a million days; write at most {_LONGEST_DAYS}d")
    return timedelta(seconds=seconds)


def is_duration(text: object) -> bool:
    """Return whether something has the form of a duration, however long.

    >>> is_duration("1000000000000d"), is_duration("third_friday")
    (True, False)
    """
    return isinstance(text, str) and _DURATION.match(text) is not None


def format_duration(length: timedelta) -> str:
    """Return the shortest text that `parse_duration` reads back.

    >>> format_duration(timedelta(days=3)), format_duration(timedelta(hours=36))
    ('3d', '36h')
    """
    seconds = length.total_seconds()
    for unit in ("d", "h", "m"):
        if seconds % _UNIT_SECONDS[unit] == 0:
            return f"{int(seconds // _UNIT_SECONDS[unit])}{unit}"
    return f"{seconds:.6f}".rstrip("0").rstrip(".") + "s"


def to_instant(value: str | date | datetime | np.datetime64) -> np.datetime64:
    """Return a UTC instant as datetime64[us]; a bare date is 00:00 UTC, a naive time is UTC.

    >>> to_instant("2020-01-02")
    np.datetime64('2020-01-02T00:00:00.000000')
    >>> to_instant("2020-01-02T01:00:00+01:00")
    np.datetime64('2020-01-02T00:00:00.000000')
    """
    if isinstance(value, np.datetime64):
        return value if value.dtype == _INSTANT else value.astype(_INSTANT)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise MethodologyError(
                f"{value!r} is not a date or time; write for example 2020-01-31 or 2020-01-31T16:00:00Z"
            ) from error
    if not isinstance(value, datetime):
        value = datetime.combine(value, time(0), tzinfo=UTC)
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    try:
        return np.datetime64(value.astimezone(UTC).replace(tzinfo=None), "us")
    except OverflowError as error:
        raise MethodologyError(f"{value}: lies outside the years 1 to 9999 in UTC") from error


def to_datetime(instant: np.datetime64) -> datetime:
    """Return an instant as an aware UTC datetime.

    >>> to_datetime(np.datetime64("2020-01-02", "us")).isoformat()
    '2020-01-02T00:00:00+00:00'

    Raises:
        MethodologyError: It lies outside the years 1 to 9999, as a date with a long duration added to it may.
    """
    moment = instant.astype("datetime64[us]").item()
    if not isinstance(moment, datetime):
        raise MethodologyError(
            "an instant lies outside the years 1 to 9999, the only ones that have dates; use a shorter duration or "
            "another date"
        )
    return moment.replace(tzinfo=UTC)


def format_instant(instant: np.datetime64) -> str:
    """Return 2020-01-02 at midnight UTC, else 2020-01-02T16:00:00Z.

    >>> format_instant(np.datetime64("2020-01-02T16:00", "us"))
    '2020-01-02T16:00:00Z'
    """
    moment = to_datetime(instant).replace(tzinfo=None)
    return moment.date().isoformat() if moment.time() == time(0) else moment.isoformat() + "Z"


def local_instant(day: date, at: time, zone: str) -> np.datetime64:
    """Return the UTC instant of a local wall-clock time, the first one where the clock repeats.

    A local time that a change to summer time skips is read with the offset before the change.

    >>> local_instant(date(2020, 7, 1), time(16), "Europe/London")
    np.datetime64('2020-07-01T15:00:00.000000')
    """
    return to_instant(datetime.combine(day, at, tzinfo=time_zone(zone)))


def time_zone(name: str) -> ZoneInfo:
    """Return the IANA time zone, or raise MethodologyError.

    >>> time_zone("UTC").key
    'UTC'
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise MethodologyError(
            f"time zone {name!r} is not known; write an IANA name such as UTC or Europe/London"
        ) from error
