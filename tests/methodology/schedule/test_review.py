"""Reviews of members: their dates among those of rebalances, and what does not fit."""

from typing import Any

import numpy as np
import pytest

from basketry.core.errors import MethodologyError
from basketry.core.time import format_instant
from basketry.methodology.methodology import Methodology
from basketry.methodology.schedule import Review, Schedule, check_reviews, reviews_among

BASE = np.datetime64("2020-01-01", "us")
YEAR = (BASE, np.datetime64("2021-01-01", "us"))


def book(review: Any, **rebalance: Any) -> Methodology:
    return Methodology.load(
        {
            "basketry": 1,
            "name": "Two",
            "symbol": "TWO",
            "base": {"date": "2020-01-01", "level": 100},
            "select": {"by": "price", "top": 2},
            "weight": "equal",
            "rebalance": {"every": "month", **rebalance},
            "review": review,
        }
    )


def dates(review: dict[str, Any], **rebalance: Any) -> list[tuple[str, str, str]]:
    schedule = Schedule(**{"every": "month", **rebalance})
    among = reviews_among(Review(**review).schedule(schedule), schedule.effective(*YEAR), BASE)
    return [
        (format_instant(entry.determined_at), format_instant(entry.announced_at), format_instant(entry.effective_at))
        for entry in among.values()
    ]


def test_a_quarterly_review_among_monthly_rebalances() -> None:
    assert dates({"every": "quarter", "determine": "10d", "announce": "3d"}) == [
        ("2019-12-22", "2019-12-29", "2020-01-01"),
        ("2020-03-22", "2020-03-29", "2020-04-01"),
        ("2020-06-21", "2020-06-28", "2020-07-01"),
        ("2020-09-21", "2020-09-28", "2020-10-01"),
    ]


def test_what_is_not_given_is_as_in_the_rebalance() -> None:
    # Coin Metrics Bletchley: third Friday to the first business day; members here in February and August alone.
    rebalance = {"on": "first_business_day", "calendar": "XNYS", "at": "16:00", "zone": "America/New_York"}
    found = dates({"months": (2, 8), "determine": "third_friday"}, **rebalance, determine="1bd")
    assert found == [
        ("2020-01-17T21:00:00Z", "2020-02-03T21:00:00Z", "2020-02-03T21:00:00Z"),
        ("2020-07-17T20:00:00Z", "2020-08-03T20:00:00Z", "2020-08-03T20:00:00Z"),
    ]


def test_a_review_at_every_rebalance_on_an_earlier_reference_date() -> None:
    schedule = Schedule(every="quarter", on="third_friday", months=(3, 6, 9, 12), determine="7d")
    review = Review(determine="21d")
    among = reviews_among(review.schedule(schedule), schedule.effective(*YEAR), BASE)
    assert [format_instant(entry.determined_at) for entry in among.values()] == [
        "2020-02-28", "2020-05-29", "2020-08-28", "2020-11-27",
    ]  # fmt: skip
    assert "At the other rebalances" not in review.words(schedule)


def test_a_frequency_of_its_own_does_not_take_over_the_months() -> None:
    schedule = Schedule(every="quarter", months=(2, 5, 8, 11))
    assert Review(every="year").schedule(schedule).months is None
    assert Review(determine="5d").schedule(schedule).months == (2, 5, 8, 11)


@pytest.mark.parametrize(
    ("review", "rebalance", "words"),
    [
        ({}, {}, r"review: needs every, on, months"),
        ({"evry": "quarter"}, {}, r"review\.evry: unknown key \(did you mean 'every'\?\)"),
        ({"every": "fortnight"}, {}, r"review: every: 'fortnight' is not a frequency"),
        (
            {"every": "quarter", "on": "third_friday"},
            {},
            r"48 of the 48 reviews .* the first on 2020-01-17",
        ),
        ({"every": "month", "on": "first_monday"}, {"every": "week", "on": "friday"}, r"fall on no rebalance"),
        (
            {"every": "quarter", "determine": "0d"},
            {"determine": "2d"},
            r"on 2020-01-01, after their weights, on",
        ),
        ({"determine": "5bd"}, {}, r"review: counts business days: name the calendar in rebalance"),
        ({"on": "last_day"}, {}, r"fall on no rebalance"),
        ({"every": "quarter", "announce": "20d"}, {"determine": "2d"}, r"announced on .*, before its determination"),
        ({"calendar": "XNYS"}, {}, r"review\.calendar: unknown key"),
        ([], {}, r"review: expected keys in braces"),
    ],
)
def test_what_does_not_fit_is_told(review: Any, rebalance: dict[str, Any], words: str) -> None:
    with pytest.raises(MethodologyError, match=words):
        book(review, **rebalance)


def test_the_line_of_a_wrong_review_is_told() -> None:
    text = book({"every": "quarter"}).to_yaml().replace("every: quarter", "every: quarter\n  on: third_friday")
    line = 1 + text.splitlines().index("review:")
    with pytest.raises(MethodologyError, match=rf"^two\.yaml, line {line}: review: "):
        Methodology.parse(text, where="two.yaml")


def test_a_calendar_that_ends_is_looked_at_to_its_end() -> None:
    schedule = Schedule(every="month", on="first_business_day", calendar="XHKG", determine="1bd")
    check_reviews(Review(every="quarter").schedule(schedule), schedule, np.datetime64("2040-01-01", "us"))


def test_the_words_say_both_calendars() -> None:
    words = book({"every": "quarter", "determine": "10d"}).latest.calendar_in_words()
    assert "Rebalanced each month on the first day at 00:00 UTC; determined 1 day before" in words
    assert "Members are reviewed each quarter on the first day at 00:00 UTC; determined 10 days before" in words


def test_a_version_may_bring_a_review_or_end_it() -> None:
    plain = book({"every": "quarter"}).document
    versions = [
        {"from": "2021-01-01", "note": "members twice a year", "changes": {"review": {"months": [1, 7]}}},
        {"from": "2022-01-01", "note": "members each month", "changes": {"review": None}},
    ]
    found = Methodology.load({**plain, "versions": versions})
    assert [None if v.rules.reviews is None else v.rules.reviews.months for v in found.versions] == [None, (1, 7), None]
    assert found.versions[0].rules.reviews is not None
