"""Members without a price: who leaves when, and the status of the levels until then, by hand."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from basketry.index.missing import (
    SILENT,
    Marks,
    first_removal,
    fresh_marks,
    held_levels,
    live_below,
    marks_of,
    microseconds,
)
from basketry.index.records import Status
from basketry.methodology.sections import Missing

DAY = 86_400_000_000
NAMES = list("abcdef")


def days(rows: list[list[float]]) -> Any:
    return (np.array(rows) * DAY).astype(np.int64)


def removal(ages: list[list[float]], news: list[int], cash: list[bool] | None = None, **rules: Any) -> int | None:
    members = np.zeros(len(ages[0]), dtype=bool) if cash is None else np.array(cash)
    return first_removal(days(ages), np.array(news), members, Missing(**rules))


def test_lengths_and_the_age_below_which_a_price_is_live() -> None:
    assert microseconds(timedelta(days=1, microseconds=1)) == DAY + 1
    assert live_below(Missing(), 7) == 7
    assert live_below(Missing(live=timedelta(hours=2)), 7) == 7_200_000_000


def test_a_member_leaves_at_the_first_instant_at_which_its_price_is_too_old() -> None:
    assert removal([[0, 3], [0, 3]], [1, 1]) is None
    assert removal([[0, 3], [0, 3.001], [0, 9]], [1, 1, 1]) == 1
    assert removal([[0, 2]], [1], carry_forward=timedelta(days=1)) == 0
    for then in ("keep", "suspend"):
        assert removal([[0, 9]], [1], then=then) is None
    for then in ("remove_at_zero", "to_cash"):
        assert removal([[0, 9]], [1], then=then) == 0


def test_nobody_leaves_in_silence_nor_where_all_are_too_old() -> None:
    assert removal([[4, 9], [5, 0]], [0, 1]) == 1
    assert removal([[4, 9], [4, 9]], [0, 0]) is None
    assert removal([[4, 9]], [1]) is None
    # The other is cash, whose price has no age.
    assert removal([[4, 0]], [1], [False, True]) is None
    assert removal([[4, 0, 0]], [1], [False, True, False]) == 0


def marks(ages: list[list[float]], news: list[int], **more: Any) -> Marks:
    shape = (len(ages), len(ages[0]))
    implausible = more.pop("implausible", np.zeros(shape, dtype=bool))
    counted = more.pop("counted", np.ones(shape, dtype=bool))
    live = more.pop("live", DAY)
    halted, lost = more.pop("halted", {}), more.pop("lost", {})
    policy = Missing(**more)
    return marks_of(NAMES[: shape[1]], days(ages), implausible, np.array(news), counted, policy, live, halted, lost)


def statuses(found: Marks) -> list[str]:
    return [Status(int(status)).name for status in found.status]


def test_a_level_is_live_below_the_age_and_carried_from_it_on() -> None:
    found = marks([[0, 0.999], [0, 1], [0, 3]], [1, 1, 1])
    assert statuses(found) == ["LIVE", "CARRIED", "CARRIED"]
    assert found.ages.tolist() == [int(0.999 * DAY), DAY, 3 * DAY]
    assert found.sources.tolist() == [2, 1, 1]
    assert found.reasons == (
        (1, "no price for b (1 of 2); last price carried"),
        (2, "no price for b (1 of 2); last price carried"),
    )
    assert statuses(marks([[0, 0]], [2], live=0)) == ["LIVE"]


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ("keep", ["CARRIED", "STALE", "SUSPENDED"]),
        ("suspend", ["CARRIED", "SUSPENDED", "SUSPENDED"]),
        ("remove_at_last_price", ["CARRIED", "CARRIED", "SUSPENDED"]),
    ],
)
def test_the_status_beyond_what_may_be_carried(then: str, expected: list[str]) -> None:
    assert statuses(marks([[0, 3], [0, 3.1], [3.1, 3.1]], [1, 1, 1], then=then)) == expected


def test_silence_is_carried_and_then_suspended() -> None:
    found = marks([[1, 2], [2, 3], [2.1, 3.1]], [0, 0, 0])
    assert statuses(found) == ["CARRIED", "CARRIED", "SUSPENDED"]
    assert {words for _, words in found.reasons} == {SILENT}


def test_cash_and_what_is_awaited_are_no_sources() -> None:
    counted = np.array([[True, False, True]])
    found = marks([[0, 0, 2]], [1], counted=counted)
    assert found.sources.tolist() == [1]
    assert found.reasons == ((0, "no price for c (1 of 3); last price carried"),)
    # All that counts is too old, whatever the cash.
    assert statuses(marks([[4, 0, 4]], [1], counted=counted)) == ["SUSPENDED"]


def test_where_nobody_has_a_price_of_his_own_a_level_is_carried_however_long() -> None:
    found = marks([[0, 0], [0, 0]], [0, 0], counted=np.array([[False, False], [False, True]]))
    assert statuses(found) == ["CARRIED", "LIVE"]
    assert (found.ages.tolist(), found.sources.tolist(), found.reasons) == ([0, 0], [0, 1], ((0, SILENT),))


def test_at_most_three_are_named_and_an_implausible_price_is_told() -> None:
    three = marks([[0, 2, 2, 2]], [1]).reasons[0][1]
    assert three == "no price for b, c, d (3 of 4); last price carried"
    implausible = np.array([[False, False, True, False, False, False]])
    many = marks([[0, 2, 2, 2, 2, 2]], [1], implausible=implausible).reasons[0][1]
    assert many == "implausible price for b, c, d and 2 more (5 of 6); last price carried"


def test_fresh_prices_give_live_levels() -> None:
    found = fresh_marks(2, 3)
    assert (statuses(found), found.ages.tolist(), found.sources.tolist()) == (["LIVE"] * 2, [0, 0], [3, 3])
    assert found.reasons == ()


def test_a_suspended_level_is_the_one_before_it() -> None:
    levels = np.array([10.0, 11.0, 12.0, 13.0])
    held = np.array([Status.SUSPENDED, Status.LIVE, Status.SUSPENDED, Status.SUSPENDED], dtype=np.uint8)
    assert held_levels(levels, held, 9.0).tolist() == [9.0, 11.0, 11.0, 11.0]
    assert levels.tolist() == [10.0, 11.0, 12.0, 13.0]
    others = np.array([Status.LIVE, Status.CARRIED, Status.STALE, Status.LIVE], dtype=np.uint8)
    assert held_levels(levels, others, 9.0) is levels
