"""Instants, durations and local fixings."""

from datetime import date, time, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.core.errors import MethodologyError
from basketry.core.time import (
    format_duration,
    format_instant,
    local_instant,
    parse_duration,
    time_zone,
    to_datetime,
    to_instant,
)


@given(st.integers(0, 10_000_000))
def test_duration_round_trip(seconds: int) -> None:
    length = timedelta(seconds=seconds)
    assert parse_duration(format_duration(length)) == length


@pytest.mark.parametrize("text", ["3", "d", "-3d", "3 years", "", "1e3d", "٣d"])
def test_wrong_durations_say_what_to_write(text: str) -> None:
    with pytest.raises(MethodologyError, match="write for example"):
        parse_duration(text)


def test_a_length_that_no_instant_can_be_told_from_is_refused() -> None:
    assert parse_duration("1000000d") == timedelta(days=1_000_000)
    for text in ("1000001d", "99999999999d", "9" * 400 + "w"):
        with pytest.raises(MethodologyError, match="longer than a million days; write at most 1000000d"):
            parse_duration(text)


def test_instants_are_utc() -> None:
    assert to_instant("2020-01-01T16:00:00-05:00") == np.datetime64("2020-01-01T21:00", "us")
    assert to_instant(date(2020, 1, 1)) == np.datetime64("2020-01-01", "us")
    assert format_instant(np.datetime64("2020-01-01T21:00", "us")) == "2020-01-01T21:00:00Z"


@pytest.mark.parametrize("text", ["2020-13-01", "yesterday", "2020/01/01"])
def test_wrong_dates_say_what_to_write(text: str) -> None:
    with pytest.raises(MethodologyError, match="write for example"):
        to_instant(text)


def test_a_repeated_hour_is_its_first_and_a_skipped_one_still_one_instant() -> None:
    repeated = local_instant(date(2020, 10, 25), time(1, 30), "Europe/London")
    assert repeated == np.datetime64("2020-10-25T00:30", "us")
    skipped = local_instant(date(2020, 3, 29), time(1, 30), "Europe/London")
    assert skipped == np.datetime64("2020-03-29T01:30", "us")


@pytest.mark.parametrize("zone", ["London", "Mars/Olympus", "../etc/passwd", ""])
def test_unknown_zones_are_refused(zone: str) -> None:
    with pytest.raises(MethodologyError, match="IANA"):
        time_zone(zone)


def test_an_instant_without_a_date_is_refused() -> None:
    last = to_instant("9999-12-31")
    assert to_datetime(last).year == 9999
    for instant in (last + np.timedelta64(1, "D"), to_instant("0001-01-01") - np.timedelta64(1, "us")):
        with pytest.raises(MethodologyError, match="outside the years 1 to 9999"):
            to_datetime(instant)
        with pytest.raises(MethodologyError, match="outside the years 1 to 9999"):
            format_instant(instant)
    with pytest.raises(MethodologyError, match="outside the years 1 to 9999 in UTC"):
        to_instant("0001-01-01T00:00:00+01:00")
