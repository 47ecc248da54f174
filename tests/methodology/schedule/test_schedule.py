"""Rebalance dates: recurrence, fixing time, lags, and what must hold of every schedule."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketry.core.errors import MethodologyError
from basketry.core.time import local_instant, to_instant
from basketry.methodology.schedule import Schedule, rebalance_dates
from basketry.methodology.schedule.business_days import business_days
from basketry.methodology.schedule.day_rules import DAY_WORDS, WEEKDAYS, needs_calendar
from basketry.methodology.schedule.fixing import fixings

ZONES = (
    "UTC",
    "Europe/London",
    "America/New_York",
    "Asia/Hong_Kong",
    "Australia/Lord_Howe",  # half an hour of summer time
    "America/Sao_Paulo",  # clocks changed at midnight, so 00:00 was skipped
    "Asia/Tehran",
    "Pacific/Apia",  # no 30 December 2011
)


def days_of(schedule: Schedule, start: str, end: str) -> list[str]:
    found = schedule.dates(to_instant(start), to_instant(end))
    return [str(one.effective_at.astype("datetime64[D]")) for one in found]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("at", [time(0), time(1, 30), time(16)])
def test_fixings_of_all_days_agree_with_zoneinfo(zone: str, at: time) -> None:
    days = [date(2009, 1, 1) + timedelta(days=number) for number in range(365 * 32)]
    expected = [datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None) for day in days]
    assert fixings(days, at, zone).tolist() == expected
    assert fixings(days[5000:5003], at, zone).tolist() == [
        local_instant(day, at, zone).item() for day in days[5000:5003]
    ]


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe"])
@pytest.mark.parametrize("at", ["00:00", "01:30", "02:30", "16:00"])
def test_there_is_one_fixing_a_day_also_where_the_clocks_change(zone: str, at: str) -> None:
    schedule = Schedule(every="day", at=at, zone=zone)
    found = schedule.effective(to_instant("2009-01-01T12:00"), to_instant("2030-01-01T12:00"))
    assert len(found) == (date(2030, 1, 1) - date(2009, 1, 1)).days
    gaps = np.diff(found) / np.timedelta64(1, "h")
    assert gaps.min() >= 22.5
    assert gaps.max() <= 25.5


def test_a_fixing_moves_in_utc_with_summer_time() -> None:
    found = rebalance_dates("2021-03-26", "2021-03-30", every="day", at="16:00", zone="Europe/London")
    assert [str(one.effective_at)[:16] for one in found] == [
        "2021-03-26T16:00",
        "2021-03-27T16:00",
        "2021-03-28T15:00",
        "2021-03-29T15:00",
    ]


def test_a_day_that_a_zone_never_had_gives_no_fixing_of_its_own() -> None:
    found = rebalance_dates("2011-12-28", "2012-01-02", every="day", at="16:00", zone="Pacific/Apia")
    instants = [one.effective_at for one in found]
    assert instants == sorted(set(instants))


def test_a_change_on_a_day_that_was_skipped_is_found_from_the_day_after() -> None:
    section: dict[str, Any] = {"on": "last_friday", "at": "16:00", "zone": "Pacific/Apia"}
    (change,) = rebalance_dates("2011-12-31", "2012-01-05", **section)
    assert change.effective_at == to_instant("2011-12-31T02:00")  # 16:00 on Friday 30, ten hours behind UTC
    assert rebalance_dates("2011-12-27", "2011-12-31", **section) == ()


def test_monthly_on_the_first_day_is_the_default() -> None:
    assert days_of(Schedule(), "2020-12-02", "2021-03-02") == ["2021-01-01", "2021-02-01", "2021-03-01"]


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ({"every": "quarter"}, ["2021-01-01", "2021-04-01", "2021-07-01", "2021-10-01"]),
        ({"every": "quarter", "on": "last_day"}, ["2021-03-31", "2021-06-30", "2021-09-30", "2021-12-31"]),
        (
            {"every": "quarter", "months": [2, 5, 8, 11]},
            ["2021-02-01", "2021-05-01", "2021-08-01", "2021-11-01"],
        ),
        (
            {"every": "quarter", "on": "third_friday", "months": [3, 6, 9, 12]},
            ["2021-03-19", "2021-06-18", "2021-09-17", "2021-12-17"],
        ),
        ({"every": "month", "on": 15, "months": [1, 7]}, ["2021-01-15", "2021-07-15"]),
        ({"every": "year"}, ["2021-01-01"]),
        ({"every": "year", "on": "last_friday"}, ["2021-12-31"]),
        ({"every": "100d"}, ["2021-01-01", "2021-04-11", "2021-07-20", "2021-10-28"]),
    ],
)
def test_frequencies(section: dict[str, Any], expected: list[str]) -> None:
    assert days_of(Schedule(**section), "2021-01-01", "2022-01-01") == expected


@pytest.mark.parametrize("name", WEEKDAYS)
def test_weekly_schedules_fall_on_their_day(name: str) -> None:
    days = days_of(Schedule(every="week", on=name), "2020-01-01", "2022-01-01")
    assert {date.fromisoformat(day).weekday() for day in days} == {WEEKDAYS.index(name)}
    assert len(days) in (104, 105)


def test_weeks_begin_on_monday() -> None:
    assert days_of(Schedule(every="week"), "2021-11-01", "2021-11-09") == ["2021-11-01", "2021-11-08"]
    assert days_of(Schedule(every="week", on="last_day"), "2021-11-01", "2021-11-09") == ["2021-11-07"]


def test_a_number_of_days_counts_from_the_base_whatever_the_span() -> None:
    schedule, base = Schedule(every="10d", at="16:00"), to_instant("2020-01-01T16:00")
    whole = schedule.dates(base, to_instant("2021-01-01"), base)
    assert len(whole) == 37
    assert whole[1].effective_at - whole[0].effective_at == np.timedelta64(10, "D")
    later = schedule.dates(to_instant("2020-06-15"), to_instant("2021-01-01"), base)
    assert later == tuple(one for one in whole if one.effective_at >= to_instant("2020-06-15"))
    assert schedule.next_dates(base, 2, base) == whole[1:3]


def test_the_span_is_half_open() -> None:
    first, second = to_instant("2021-01-01"), to_instant("2021-02-01")
    assert [one.effective_at for one in Schedule().dates(first, second)] == [first]
    assert Schedule().dates(first + np.timedelta64(1, "us"), second) == ()
    assert len(Schedule().dates(first, second + np.timedelta64(1, "us"))) == 2
    assert Schedule().dates(first, first) == ()
    assert Schedule().dates(second, first) == ()


def test_lags_are_elapsed_time_before_the_effective_instant() -> None:
    (change,) = rebalance_dates("2021-03-29", "2021-03-30", every="day", determine="36h", announce="12h")
    assert change.effective_at == to_instant("2021-03-29")
    assert change.announced_at == to_instant("2021-03-28T12:00")
    assert change.determined_at == to_instant("2021-03-27T12:00")


def test_a_day_rule_as_lag_is_the_last_such_day_before() -> None:
    third: dict[str, Any] = {"determine": "third_friday", "announce": "third_friday"}
    (middle,) = rebalance_dates("2021-05-01", "2021-06-01", on=25, **third)
    assert middle.determined_at == middle.announced_at == to_instant("2021-05-21")
    (same,) = rebalance_dates("2021-05-01", "2021-06-01", on="third_friday", **third)
    assert same.determined_at == to_instant("2021-04-16")
    (january,) = rebalance_dates("2021-01-01", "2021-02-01", **third)
    assert january.determined_at == to_instant("2020-12-18")


def test_next_dates_are_those_after_an_instant() -> None:
    first, *rest = Schedule().next_dates(to_instant("2021-01-01"), 5)
    assert first.effective_at == to_instant("2021-02-01")
    assert len(rest) == 4


@pytest.mark.parametrize(
    "section",
    [
        {"every": "year"},
        {"every": "month", "months": [6]},
        {"every": "1500d"},
        {"every": "day"},
        {"every": "week", "on": "sunday"},
        {"every": "quarter", "on": "last_day"},
    ],
)
def test_next_dates_gives_as_many_as_asked(section: dict[str, Any]) -> None:
    schedule, after = Schedule(**section), to_instant("2021-06-15T10:00")
    found = schedule.next_dates(after, 6)
    assert len(found) == 6
    assert found == schedule.dates(after + np.timedelta64(1, "us"), to_instant("2060-01-01"), after)[:6]


plain_sections = st.one_of(
    st.fixed_dictionaries(
        {
            "every": st.sampled_from(["month", "quarter", "year"]),
            "on": st.sampled_from([rule for rule in DAY_WORDS if not needs_calendar(rule)]) | st.integers(1, 28),
        }
    ),
    st.fixed_dictionaries({"every": st.just("week"), "on": st.sampled_from(WEEKDAYS)}),
    st.fixed_dictionaries({"every": st.integers(1, 400).map(lambda number: f"{number}d")}),
    st.fixed_dictionaries({"every": st.just("day")}),
)
lags = st.sampled_from(
    [
        ("1d", "0d"),
        ("0d", "0d"),
        ("36h", "12h"),
        ("2w", "14d"),
        ("third_friday", "third_friday"),
        ("last_day", "0d"),
    ]
)
instants = st.datetimes(datetime(2009, 1, 1), datetime(2040, 1, 1)).map(to_instant)


@settings(max_examples=150)
@given(
    section=plain_sections,
    lag=lags,
    zone=st.sampled_from(ZONES),
    at=st.times().map(lambda clock: f"{clock:%H:%M}"),
    cuts=st.lists(instants, min_size=3, max_size=3).map(sorted),
)
def test_every_schedule_is_increasing_ordered_and_cut_anywhere(
    section: dict[str, Any], lag: tuple[str, str], zone: str, at: str, cuts: list[np.datetime64]
) -> None:
    schedule = Schedule(**section, zone=zone, at=at, determine=lag[0], announce=lag[1])
    start, middle, end = cuts
    whole = schedule.dates(start, end, base=start)
    effective = [one.effective_at for one in whole]
    assert all(start <= instant < end for instant in effective)
    assert all(early < late for early, late in pairwise(effective))
    assert all(one.determined_at <= one.announced_at <= one.effective_at for one in whole)
    assert schedule.dates(start, middle, start) + schedule.dates(middle, end, start) == whole
    assert schedule.next_dates(start - np.timedelta64(1, "us"), 3, base=start)[: len(whole)] == whole[:3]


@given(section=plain_sections, lag=lags)
def test_a_schedule_survives_its_own_file(section: dict[str, Any], lag: tuple[str, str]) -> None:
    schedule = Schedule(**section, determine=lag[0], announce=lag[1], at="16:30", zone="Europe/London")
    assert Schedule.model_validate(schedule.model_dump(mode="json")) == schedule
    assert Schedule.model_validate(schedule.model_dump(mode="json", exclude_defaults=True)) == schedule
    assert schedule.words().endswith(".")


def test_words() -> None:
    assert Schedule().words() == (
        "Rebalanced each month on the first day at 00:00 UTC; determined 1 day before; announced on the day. "
        "The determined weights are applied at effective prices."
    )
    gradual = Schedule(
        every="quarter",
        months=(2, 5, 8, 11),
        on="last_day",
        calendar="XNYS",
        roll="backward",
        determine="5bd",
        fix="units",
        transition={"steps": 360, "every": "10s"},
    )
    assert gradual.words() == (
        "Rebalanced each quarter in February, May, August and November on the last day at 00:00 UTC, "
        "or the business day before where it is none; determined 5 business days before; announced on the "
        "day (business days of XNYS). Units are fixed at the prices of the determination. "
        "The change is made in 360 equal steps, 10 seconds apart."
    )
    assert Schedule(every="week", on="friday").words().startswith("Rebalanced each week on Friday at")
    assert Schedule(every="10d").words().startswith("Rebalanced every 10 days at")


@pytest.mark.parametrize(
    ("schedule", "instant", "before"),
    [
        # Changes of 1 March and 1 April are determined a day before; the instant itself is not before it.
        ({"every": "month"}, "2021-03-31T00:00:00.000001", "2021-03-31"),
        ({"every": "month"}, "2021-03-31", "2021-02-28"),
        ({"every": "month"}, "2021-03-30", "2021-02-28"),
        ({"every": "month", "determine": "0d"}, "2021-03-31", "2021-03-01"),
        # 40 days before 1 May is 22 March, before the change of 1 April, whose determination was on 20 February.
        ({"every": "month", "determine": "40d"}, "2021-03-25", "2021-03-22"),
        ({"every": "month", "determine": "40d"}, "2021-03-22", "2021-02-20"),
        ({"every": "year", "determine": "1d"}, "2021-12-31", "2020-12-31"),
        ({"every": "week", "determine": "1d"}, "2021-03-14", "2021-03-07"),
        # From 1 January 2021 ten days at a time, to both sides.
        ({"every": "10d", "determine": "0d"}, "2021-01-01", "2020-12-22"),
        ({"every": "10d", "determine": "0d"}, "2021-01-15", "2021-01-11"),
        ({"every": "quarter", "on": "third_friday", "months": [3, 6, 9, 12], "determine": "5bd", "calendar": "XNYS"},
         "2021-03-12", "2020-12-11"),
        ({"every": "quarter", "on": "third_friday", "months": [3, 6, 9, 12], "determine": "third_friday"},
         "2021-03-15", "2021-02-19"),
    ],
)  # fmt: skip
def test_the_determination_before_an_instant(schedule: dict[str, Any], instant: str, before: str) -> None:
    found = Schedule.model_validate(schedule).determined_before(to_instant(instant), to_instant("2021-01-01"))
    assert found == to_instant(before)


def test_a_calendar_that_does_not_reach_so_far_back_is_an_error() -> None:
    schedule = Schedule(every="month", on="first_business_day", calendar="XNYS")
    first = business_days("XNYS").first
    with pytest.raises(MethodologyError, match="calendar XNYS knows no review before"):
        schedule.determined_before(to_instant(first), to_instant("2021-01-01"))


@given(
    every=st.sampled_from(["week", "month", "quarter", "11d"]),
    lag=st.sampled_from(["0d", "1d", "12h", "45d"]),
    hours=st.integers(0, 24 * 800),
)
def test_the_determination_before_is_the_last_of_all(every: str, lag: str, hours: int) -> None:
    schedule = Schedule.model_validate({"every": every, "determine": lag, "at": "16:00", "zone": "Europe/London"})
    instant, base = to_instant("2020-01-01") + np.timedelta64(hours, "h"), to_instant("2020-02-03")
    dates = schedule.dates(to_instant("2018-01-01"), to_instant("2023-01-01"), base)
    known = [one.determined_at for one in dates if one.determined_at < instant]
    assert schedule.determined_before(instant, base) == max(known)
