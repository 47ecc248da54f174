"""Day rules against the calendar module of the standard library."""

import calendar
from datetime import date

import pytest

from basketry.core.errors import MethodologyError
from basketry.methodology.schedule.day_rules import ORDINALS, WEEKDAYS, day_in_words, day_of_month

MONTHS = [(year, month) for year in range(2009, 2041) for month in range(1, 13)]


def nth_weekday(year: int, month: int, weekday: int, number: int) -> date:
    days = [week[weekday] for week in calendar.monthcalendar(year, month) if week[weekday]]
    return date(year, month, days[number - 1] if number > 0 else days[-1])


@pytest.mark.parametrize("weekday", WEEKDAYS)
@pytest.mark.parametrize("ordinal", ORDINALS)
def test_weekdays_of_a_month(ordinal: str, weekday: str) -> None:
    for year, month in MONTHS:
        expected = nth_weekday(year, month, WEEKDAYS.index(weekday), ORDINALS[ordinal])
        assert day_of_month(f"{ordinal}_{weekday}", year, month) == expected


def test_first_last_and_numbered_days() -> None:
    for year, month in MONTHS:
        assert day_of_month("first_day", year, month) == date(year, month, 1)
        last = day_of_month("last_day", year, month)
        assert last.day == calendar.monthrange(year, month)[1]
        assert day_of_month(15, year, month) == date(year, month, 15)


def test_a_month_with_too_few_business_days_is_named() -> None:
    with pytest.raises(MethodologyError, match="2018-02 has 13 business days in XTAI; the day rule asks for"):
        day_of_month("14th_business_day", 2018, 2, "XTAI")


def test_days_in_words() -> None:
    assert day_in_words("last_business_day") == "the last business day"
    assert day_in_words("5th_business_day") == "the 5th business day"
    assert day_in_words("second_tuesday") == "the second Tuesday"
