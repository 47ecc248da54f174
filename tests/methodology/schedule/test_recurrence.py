"""The days of a recurrence in a span, by hand."""

from datetime import date
from typing import Any

import pytest

from basketry.core.errors import MethodologyError
from basketry.methodology.schedule.recurrence import check_recurrence, months_of, recurrence_in_words, recurring_days

FIRST, LAST = date(2021, 1, 30), date(2021, 2, 10)


def days(every: str, on: Any = "first_day", months: Any = None, base: date = FIRST) -> list[str]:
    return [f"{day:%m-%d}" for day in recurring_days(every, on, months, None, (FIRST, LAST), base)]


@pytest.mark.parametrize(
    ("every", "on", "expected"),
    [
        ("month", "first_day", ["02-01"]),
        # Both ends of a span count.
        ("month", "last_saturday", ["01-30"]),
        ("month", "second_wednesday", ["02-10"]),
        ("week", "first_day", ["02-01", "02-08"]),
        ("week", "saturday", ["01-30", "02-06"]),
        ("week", "wednesday", ["02-03", "02-10"]),
        ("week", "last_day", ["01-31", "02-07"]),
        ("quarter", "first_day", []),
    ],
)
def test_days_of_words(every: str, on: Any, expected: list[str]) -> None:
    assert days(every, on) == expected


def test_a_number_of_days_counts_from_the_base_to_both_sides() -> None:
    assert days("5d") == ["01-30", "02-04", "02-09"]
    assert days("5d", base=date(2021, 1, 1)) == ["01-31", "02-05", "02-10"]
    assert days("5d", base=date(2021, 3, 3)) == ["02-01", "02-06"]
    assert len(days("day")) == len(days("1d")) == 12


@pytest.mark.parametrize(
    ("every", "on", "expected"),
    [
        ("month", "first_day", tuple(range(1, 13))),
        ("month", "last_day", tuple(range(1, 13))),
        ("quarter", 15, (1, 4, 7, 10)),
        ("quarter", "last_day", (3, 6, 9, 12)),
        ("year", "third_friday", (1,)),
        ("year", "last_friday", (12,)),
    ],
)
def test_the_months_of_a_rule(every: str, on: Any, expected: tuple[int, ...]) -> None:
    assert months_of(every, on) == expected


@pytest.mark.parametrize("months", [(1, 4, 7, 10), (3, 6, 9, 12)])
def test_quarters_may_begin_in_any_month_that_leaves_four(months: tuple[int, ...]) -> None:
    check_recurrence("quarter", "first_day", months)
    for wrong in ((1, 4, 7), (1, 4, 7, 11), (4, 7, 10)):
        with pytest.raises(MethodologyError, match="three apart"):
            check_recurrence("quarter", "first_day", wrong)
    with pytest.raises(MethodologyError, match="each month once, ascending"):
        check_recurrence("month", "first_day", (1, 1))


def test_recurrence_in_words() -> None:
    assert recurrence_in_words("1d", None) == "each day"
    assert recurrence_in_words("month", (6,)) == "each June"
    assert recurrence_in_words("month", (1, 6)) == "each January and June"
