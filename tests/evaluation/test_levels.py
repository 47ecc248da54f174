"""Level series: what is refused, and with which message; what is resampled, and by which rule."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import DataError
from basketry.evaluation.levels import Levels, together

DAYS = np.arange("2024-01-01", "2024-01-11", dtype="datetime64[D]")
TEN = np.linspace(100, 109, 10)


def without(*rows: int) -> Levels:
    kept = np.delete(np.arange(10), rows)
    return Levels(DAYS[kept], TEN[kept], "X")


def test_a_series_holds_what_it_was_given() -> None:
    levels = Levels(DAYS, TEN, "X")
    assert levels.times.dtype == np.dtype("datetime64[us]")
    assert levels.per_year == 365
    assert levels.years == pytest.approx(9 / 365)
    assert levels.frequency == "steps of 1d, 365 a year"
    np.testing.assert_allclose(levels.returns, TEN[1:] / TEN[:-1] - 1, rtol=0)
    with pytest.raises(ValueError, match="read-only"):
        levels.level[0] = 1


def test_what_is_given_may_change_afterwards() -> None:
    given = TEN.copy()
    levels = Levels(DAYS, given)
    given[0] = -1
    assert levels.level[0] == 100


def test_a_gap_is_named() -> None:
    with pytest.raises(DataError, match=r"X: 3d without a level after 2024-01-03, more than 1d \(1 such\)"):
        without(3, 4)


def test_a_duplicate_is_named() -> None:
    with pytest.raises(DataError, match="2024-01-02 is there twice"):
        Levels(DAYS[[0, 1, 1, 2]], TEN[:4], "X")


def test_disorder_is_named() -> None:
    with pytest.raises(DataError, match="2024-01-02 comes after a later one"):
        Levels(DAYS[[0, 2, 1]], TEN[:3], "X")


@pytest.mark.parametrize("wrong", [0.0, -1.0, np.nan, np.inf])
def test_a_level_that_is_no_positive_number_is_named(wrong: float) -> None:
    level = TEN.copy()
    level[4] = wrong
    with pytest.raises(DataError, match=rf"level {wrong} at 2024-01-05 is not a positive number \(1 such\)"):
        Levels(DAYS, level)


@pytest.mark.parametrize("rows", [0, 1])
def test_one_row_gives_no_return(rows: int) -> None:
    with pytest.raises(DataError, match="a return needs two"):
        Levels(DAYS[:rows], TEN[:rows])


def test_a_missing_time_is_named() -> None:
    times = DAYS.copy()
    times[2] = np.datetime64("NaT")
    with pytest.raises(DataError, match="time of row 2 is missing"):
        Levels(times, TEN)


def test_weekly_steps_are_not_taken_for_days() -> None:
    weeks = DAYS[0] + 7 * np.arange(5)
    with pytest.raises(DataError, match="7d without a level after 2024-01-01"):
        Levels(weeks, TEN[:5])
    levels = Levels.of(weeks, TEN[:5], step="7d")
    assert levels.per_year == pytest.approx(365 / 7)
    with pytest.raises(DataError, match="the stated step is"):
        Levels.of(DAYS, TEN, step="7d")


def test_a_market_that_closes_states_its_longest_step() -> None:
    trading = DAYS[np.is_busday(DAYS)]
    with pytest.raises(DataError, match="without a level after 2024-01-05"):
        Levels(trading, TEN[: len(trading)])
    levels = Levels.of(trading, TEN[: len(trading)], longest="5d")
    assert levels.per_year == pytest.approx(7 / (9 / 365))
    assert "as counted" in levels.frequency


def test_mixed_offsets_become_utc_and_a_mixture_with_none_is_refused() -> None:
    east, west = timezone(timedelta(hours=9)), timezone(timedelta(hours=-5))
    times = [datetime(2024, 1, 1, 9, tzinfo=east), datetime(2024, 1, 1, 19, tzinfo=west)]
    assert Levels.of(times, [1, 2]).times.tolist() == [datetime(2024, 1, 1), datetime(2024, 1, 2)]
    with pytest.raises(DataError, match="some times have an offset"):
        Levels.of(["2024-01-01T00:00Z", "2024-01-02T00:00"], [1, 2])
    assert len(Levels.of([date(2024, 1, 1), "2024-01-02", np.datetime64("2024-01-03")], [1, 2, 3]).level) == 3
    with pytest.raises(DataError, match="'yesterday' is not a date"):
        Levels.of(["yesterday"], [1])


def test_from_a_frame() -> None:
    frame = pl.DataFrame({"day": [date(2024, 1, 1), date(2024, 1, 2)], "close": [1, 2]})
    assert Levels.from_frame(frame, time="day", level="close").name == "close"
    with pytest.raises(DataError, match=r"no column 'days' \(did you mean 'day'\?\)"):
        Levels.from_frame(frame, time="days", level="close")
    with pytest.raises(DataError, match="has 1 gaps, the first in row 1"):
        Levels.from_frame(frame.with_columns(close=pl.Series([1.0, None])), time="day", level="close")
    with pytest.raises(DataError, match="must hold numbers"):
        Levels.from_frame(frame.with_columns(close=pl.Series(["1", "2"])), time="day", level="close")
    zoned = frame.with_columns(pl.col("day").cast(pl.Datetime("us")).dt.replace_time_zone("Asia/Tokyo"))
    assert Levels.from_frame(zoned, time="day", level="close").times[0] == np.datetime64("2023-12-31T15:00")


def test_resampling_takes_the_last_level_and_none_too_old() -> None:
    hourly = Levels.of(
        [np.datetime64("2024-01-01") + np.timedelta64(hour, "h") for hour in range(49)], range(1, 50), step="1h"
    )
    daily = hourly.resampled("1d", at="2024-01-01T00:30")
    assert daily.level.tolist() == [1, 25]
    assert daily.times[0] == np.datetime64("2024-01-01T00:30")
    assert hourly.resampled("1d").times[-1] == hourly.times[-1]
    trading = Levels.of(["2024-01-04", "2024-01-05", "2024-01-08"], [1, 2, 3], longest="5d")
    with pytest.raises(DataError, match="at 2024-01-06 the last level is of 2024-01-05"):
        trading.resampled("1d")
    assert trading.resampled("1d", oldest="2d").level.tolist() == [1, 2, 2, 2, 3]


def test_cutting_is_half_open() -> None:
    assert Levels(DAYS, TEN).cut("2024-01-03", "2024-01-06").level.tolist() == [102, 103, 104]
    with pytest.raises(DataError, match="a return needs two"):
        Levels(DAYS, TEN).cut("2024-01-10")


def test_series_together() -> None:
    a, b = Levels(DAYS[:8], TEN[:8], "a"), Levels(DAYS[2:], TEN[2:], "b")
    joined = together([a, b])
    assert joined.names == ("a", "b")
    assert joined.level.shape == (6, 2)
    with pytest.raises(DataError, match="different steps"):
        together([a, Levels.of(DAYS[:8:7], TEN[:8:7], step="7d")])
    with pytest.raises(DataError, match="do not overlap"):
        together([a.cut(end="2024-01-03"), b])
    shifted = Levels.of([day + np.timedelta64(16, "h") for day in DAYS.astype("datetime64[us]")], TEN, name="c")
    with pytest.raises(DataError, match="do not have the same instants, first at 2024-01-01T16:00:00Z"):
        together([a, shifted])
    with pytest.raises(DataError, match="no series"):
        together([])


def test_common_instants_with_a_market_that_closes() -> None:
    trading = DAYS[np.is_busday(DAYS)]
    stocks = Levels.of(trading, TEN[: len(trading)], longest="5d", name="stocks")
    joined = together([Levels(DAYS, TEN, "coins"), stocks], common=True)
    np.testing.assert_array_equal(joined.times, trading)
    assert joined.per_year == pytest.approx(stocks.per_year)
