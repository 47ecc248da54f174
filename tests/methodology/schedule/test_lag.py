"""A lag before the effective instant: which there are, how long they are, and the instants they give."""

from datetime import time, timedelta
from typing import Any

import numpy as np
import pytest

from basketry.core.errors import MethodologyError
from basketry.core.time import to_instant
from basketry.methodology.schedule import Schedule
from basketry.methodology.schedule.lag import duration_in_words, lag_in_words, lag_needs_calendar, lagged, least_length


@pytest.mark.parametrize(
    ("lag", "length", "business"),
    [
        ("36h", timedelta(hours=36), False),
        ("0d", timedelta(0), False),
        ("5bd", timedelta(days=5), True),
        ("0bd", timedelta(0), True),
        ("third_friday", None, False),
        ("last_business_day", None, True),
    ],
)
def test_the_length_of_a_lag(lag: str, length: timedelta | None, business: bool) -> None:
    assert least_length(lag) == length
    assert lag_needs_calendar(lag) is business


@pytest.mark.parametrize(
    ("lag", "expected"),
    [
        ("1d", "2021-07-05T15:00"),
        ("90m", "2021-07-06T13:30"),
        ("0bd", "2021-07-06T15:00"),
        ("1bd", "2021-07-02T15:00"),  # Independence Day is observed on Monday
        ("3bd", "2021-06-30T15:00"),
        ("first_tuesday", "2021-06-01T15:00"),  # the day itself is not before itself
        ("first_day", "2021-07-01T15:00"),
        ("second_tuesday", "2021-06-08T15:00"),
    ],
)
def test_the_instant_a_lag_before(lag: str, expected: str) -> None:
    # 16:00 in London is 15:00 UTC in summer.
    effective = np.array([to_instant("2021-07-06T15:00")])
    assert lagged(effective, lag, time(16), "Europe/London", "XNYS").tolist() == [to_instant(expected).item()]


def test_the_lag_of_a_change_off_the_schedule() -> None:
    lags: dict[str, Any] = {"12h": timedelta(hours=12), "third_friday": timedelta(0), "2bd": timedelta(days=2)}
    for lag, length in lags.items():
        schedule = Schedule(determine=lag, calendar="XNYS" if "bd" in lag else None)
        assert schedule.determination_lag == length


def test_lags_of_the_same_length_are_allowed_and_a_day_rule_is_not_compared() -> None:
    assert Schedule(determine="2d", announce="48h").announce == "48h"
    assert Schedule(determine="third_friday", announce="30d").announce == "30d"
    around = Schedule(determine="2d", announce="1d").around(to_instant("2021-03-05T12:00"))
    assert (around.determined_at, around.announced_at, around.effective_at) == (
        to_instant("2021-03-03T12:00"), to_instant("2021-03-04T12:00"), to_instant("2021-03-05T12:00"),
    )  # fmt: skip
    with pytest.raises(MethodologyError, match=r"the change of 2021-03-25.* would be announced on 2021-02-23"):
        Schedule(determine="third_friday", announce="30d").around(to_instant("2021-03-25"))


def test_lags_in_words() -> None:
    assert [lag_in_words(lag) for lag in ("1bd", "2bd", "0bd", "1h", "90s", "0s")] == [
        "1 business day before", "2 business days before", "on the day", "1 hour before", "90 seconds before",
        "on the day",
    ]  # fmt: skip
    lengths = (timedelta(minutes=90), timedelta(minutes=1), timedelta(days=1, hours=1), timedelta(seconds=1.5))
    assert [duration_in_words(length) for length in lengths] == ["90 minutes", "1 minute", "25 hours", "1.5 seconds"]
