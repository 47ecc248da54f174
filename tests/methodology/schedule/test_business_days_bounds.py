"""Business days at the ends of what a calendar knows, by hand."""

from datetime import date
from typing import Any

import pytest

from basketry.core.errors import MethodologyError
from basketry.methodology.schedule.business_days import BusinessDays, business_days

WEEK = BusinessDays("XTST", date(2021, 2, 1), date(2021, 2, 7), tuple(date(2021, 2, day) for day in (2, 3, 5)))


def test_business_days_at_the_ends_of_what_is_known() -> None:
    assert [date(2021, 2, day) in WEEK for day in range(1, 8)] == [False, True, True, False, True, False, False]
    assert WEEK.roll(date(2021, 2, 4), "forward") == date(2021, 2, 5)
    assert WEEK.roll(date(2021, 2, 4), "backward") == date(2021, 2, 3)
    assert WEEK.roll(date(2021, 2, 3), "forward") == WEEK.roll(date(2021, 2, 3), "backward") == date(2021, 2, 3)
    assert WEEK.before(date(2021, 2, 5), 1) == date(2021, 2, 3)
    assert WEEK.before(date(2021, 2, 4), 2) == date(2021, 2, 2)
    assert WEEK.before(date(2021, 2, 4), 0) == date(2021, 2, 5)
    assert WEEK.between(date(2021, 2, 2), date(2021, 2, 5)) == WEEK.days[:2]
    assert WEEK.known(date(2021, 2, 1)) == date(2021, 2, 1)
    assert WEEK.known(date(2021, 2, 7)) == date(2021, 2, 7)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: WEEK.known(date(2021, 1, 31)), "XTST knows 2021-02-01 to 2021-02-07; it cannot tell about 2021-01-31"),
        (lambda: WEEK.known(date(2021, 2, 8)), "cannot tell about 2021-02-08"),
        (lambda: WEEK.roll(date(2021, 2, 6), "forward"), "a day asked for lies outside"),
        (lambda: WEEK.roll(date(2021, 2, 1), "backward"), "a day asked for lies outside"),
        (lambda: WEEK.before(date(2021, 2, 3), 2), "a day asked for lies outside"),
        (lambda: WEEK.roll(date(2021, 2, 8), "backward"), "cannot tell about 2021-02-08"),
    ],
)
def test_beyond_what_is_known_is_refused(call: Any, message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        call()


def test_an_exchange_is_looked_at_from_2008_to_2050() -> None:
    known = business_days("XNYS")
    assert (known.first, known.last) == (date(2008, 1, 1), date(2050, 12, 31))
    assert known.days[0] == date(2008, 1, 2)
