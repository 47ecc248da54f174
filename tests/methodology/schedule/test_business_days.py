"""Business days against exchange_calendars itself, and schedules that use them."""

import warnings
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketry.core.errors import MethodologyError
from basketry.core.time import to_instant
from basketry.methodology.schedule import CalculationCalendar, Schedule, rebalance_dates
from basketry.methodology.schedule.business_days import business_days

CALENDARS = ("XNYS", "XLON", "XHKG")


@pytest.fixture(scope="module", params=CALENDARS)
def exchange(request: pytest.FixtureRequest) -> Any:
    import exchange_calendars

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return exchange_calendars.get_calendar(request.param, start="2009-01-01", end="2040-12-31")


def local_days(dates: Any) -> list[date]:
    return [one.effective_at.astype("datetime64[D]").item() for one in dates]


def test_sessions_of_all_days(exchange: Any) -> None:
    known, sessions = business_days(exchange.name), {stamp.date() for stamp in exchange.sessions}
    day = date(2009, 1, 1)
    while day <= date(2040, 12, 31):
        assert (day in known) == (day in sessions)
        day += timedelta(days=1)


def test_first_fifth_and_last_business_day_of_all_months(exchange: Any) -> None:
    by_month: dict[tuple[int, int], list[date]] = {}
    for stamp in exchange.sessions:
        by_month.setdefault((stamp.year, stamp.month), []).append(stamp.date())
    for rule, place in (("first_business_day", 0), ("5th_business_day", 4), ("last_business_day", -1)):
        found = rebalance_dates("2009-01-01", "2041-01-01", on=rule, calendar=exchange.name)
        assert local_days(found) == [days[place] for _, days in sorted(by_month.items())]


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_rolls(exchange: Any, direction: Any) -> None:
    found = rebalance_dates("2009-02-01", "2040-12-01", on="third_friday", calendar=exchange.name, roll=direction)
    plain = local_days(rebalance_dates("2009-02-01", "2040-12-01", on="third_friday"))
    word = "next" if direction == "forward" else "previous"
    assert local_days(found) == [exchange.date_to_session(str(day), word).date() for day in plain]
    assert local_days(found) != plain


def test_business_day_lags(exchange: Any) -> None:
    for change in rebalance_dates(
        "2010-01-01", "2030-01-01", on=15, calendar=exchange.name, determine="5bd", announce="2bd"
    ):
        effective, announced, determined = (
            instant.astype("datetime64[D]").item()
            for instant in (change.effective_at, change.announced_at, change.determined_at)
        )
        between = exchange.sessions_in_range(str(determined), str(effective - timedelta(days=1)))
        assert between[0].date() == determined
        assert len(between) == 5
        assert between[-2].date() == announced


def test_lags_in_business_days_keep_the_local_fixing_time() -> None:
    (change,) = rebalance_dates(
        "2021-03-15",
        "2021-03-17",
        on=16,
        at="16:00",
        zone="America/New_York",
        calendar="XNYS",
        determine="3bd",
    )
    assert change.effective_at == to_instant("2021-03-16T20:00")
    assert change.determined_at == to_instant("2021-03-11T21:00")  # before summer time began


def test_third_friday_to_first_business_day() -> None:
    found = rebalance_dates(
        "2021-01-01",
        "2021-04-30",
        on="first_business_day",
        calendar="XNYS",
        determine="third_friday",
        announce="3bd",
    )
    assert local_days(found) == [date(2021, 1, 4), date(2021, 2, 1), date(2021, 3, 1), date(2021, 4, 1)]
    assert [one.determined_at.astype("datetime64[D]").item() for one in found] == [
        date(2020, 12, 18),
        date(2021, 1, 15),
        date(2021, 2, 19),
        date(2021, 3, 19),
    ]


def test_daily_on_business_days_only() -> None:
    found = rebalance_dates("2021-01-01", "2021-01-12", every="day", calendar="XNYS", roll="forward")
    assert [day.day for day in local_days(found)] == [4, 5, 6, 7, 8, 11]


@settings(max_examples=60)
@given(
    on=st.sampled_from(["first_day", "last_day", "third_friday", "first_business_day", "last_business_day", 15]),
    calendar=st.sampled_from(CALENDARS),
    roll=st.sampled_from(["forward", "backward"]),
    cuts=st.lists(st.dates(date(2009, 1, 1), date(2040, 1, 1)), min_size=3, max_size=3).map(sorted),
)
def test_business_day_schedules_are_cut_anywhere(on: Any, calendar: str, roll: Any, cuts: list[date]) -> None:
    schedule = Schedule(on=on, calendar=calendar, roll=roll, determine="5bd", announce="2bd")
    start, middle, end = (to_instant(day) for day in cuts)
    whole = schedule.dates(start, end)
    assert schedule.dates(start, middle) + schedule.dates(middle, end) == whole
    assert all(one.determined_at < one.announced_at < one.effective_at for one in whole)
    assert all(day in business_days(calendar) for day in local_days(whole))


def test_a_calendar_says_how_far_it_knows() -> None:
    schedule = Schedule(on="first_business_day", calendar="XSAU")
    with pytest.raises(MethodologyError, match=r"XSAU knows 2021-01-01 to 20.*; it cannot tell about 2020"):
        schedule.dates(to_instant("2020-06-01"), to_instant("2021-06-01"))
    last = business_days("XSAU").last
    assert schedule.next_dates(to_instant(last), 4) == ()
    assert 0 < len(schedule.next_dates(to_instant(last - timedelta(days=80)), 4)) < 4


def test_a_broken_calendar_is_one_clear_error() -> None:
    import exchange_calendars

    def broken(*_: Any, **__: Any) -> Any:
        raise NotImplementedError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exchange_calendars, "get_calendar", broken)
        with pytest.raises(MethodologyError, match="'XWAR' does not work in the installed exchange_calendars"):
            business_days("XWAR")


def test_an_announcement_before_its_determination_is_refused_with_the_date() -> None:
    # Business days never are fewer hours than a duration says, but with holidays they are more.
    with pytest.raises(MethodologyError, match="the change of 2021-01-04 would be announced on 2020-12-29, before"):
        rebalance_dates("2021-01-01", "2021-02-01", on=4, calendar="XNYS", determine="3d", announce="3bd")


class TestCalculationCalendar:
    def test_observation_is_every_row(self) -> None:
        assert CalculationCalendar().instants(to_instant("2021-01-01"), to_instant("2022-01-01")) is None

    def test_daily_includes_both_ends(self) -> None:
        daily = CalculationCalendar(every="day", at="16:00", zone="Europe/London")
        found = daily.instants(to_instant("2021-03-27T16:00"), to_instant("2021-03-29T15:00"))
        assert found is not None
        assert found.astype(str).tolist() == [
            "2021-03-27T16:00:00.000000",
            "2021-03-28T15:00:00.000000",
            "2021-03-29T15:00:00.000000",
        ]

    def test_business_days_only(self, exchange: Any) -> None:
        daily = CalculationCalendar(every="day", at="16:00", zone=str(exchange.tz), calendar=exchange.name)
        found = daily.instants(to_instant("2009-01-05T12:00"), to_instant("2040-12-30"))
        assert found is not None
        sessions = exchange.sessions_in_range("2009-01-05", "2040-12-29")
        if exchange.name == "XHKG":  # 16:00 in Hong Kong is 08:00 UTC: the first day is before the start
            sessions = sessions[1:]
        local = np.array([stamp.date() for stamp in sessions], dtype="datetime64[D]")
        assert (found.astype("datetime64[D]") == local).all()
        assert (np.diff(found) > np.timedelta64(0)).all()

    def test_it_does_not_go_beyond_what_the_calendar_knows(self) -> None:
        daily = CalculationCalendar(every="day", calendar="XSAU")
        with pytest.raises(MethodologyError, match="cannot tell about 2019-01-01"):
            daily.instants(to_instant("2019-01-01"), to_instant("2022-01-01"))

    @pytest.mark.parametrize(
        ("section", "message"),
        [
            ({"at": "16:00"}, "at: has no use"),
            ({"calendar": "XNYS"}, "calendar: has no use"),
            ({"every": "day", "calendar": "XNYSE"}, "did you mean 'XNYS'"),
            ({"every": "day", "zone": "Europe/Londn"}, "is not known; write an IANA name"),
        ],
    )
    def test_errors(self, section: dict[str, Any], message: str) -> None:
        with pytest.raises(MethodologyError, match=message):
            CalculationCalendar(**section)

    def test_words(self) -> None:
        assert CalculationCalendar().words().startswith("A level is calculated at every instant of the data")
        words = CalculationCalendar(every="day", at="16:00", zone="Europe/London").words()
        assert words == "A level is calculated on every day of the year at 16:00 Europe/London."
