"""Statistics against figures worked out by hand, and against pandas."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.core.numbers import Floats
from basketry.reports.statistics import (
    Times,
    annual_return,
    calendar_returns,
    daily_returns,
    drawdowns,
    effective_number,
    largest_drawdown,
    month_returns,
    risk_figures,
)

DAY = np.timedelta64(1, "D")


def days(count: int, start: str = "2020-01-01", step: int = 1) -> Times:
    return np.datetime64(start, "us") + np.arange(count) * step * DAY


def walk(count: int, seed: int = 5) -> Floats:
    return 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.04, count)))


def test_figures_by_hand() -> None:
    # Returns: 0.1, -0.1, 0, 0.1. Mean 0.025; sum of squared deviations 0.0275; sum of squared losses 0.01.
    figures = risk_figures(np.array([100.0, 110.0, 99.0, 99.0, 108.9]), days(5))
    assert figures.volatility == pytest.approx(np.sqrt(0.0275 / 3 * 365))
    assert figures.downside_deviation == pytest.approx(np.sqrt(0.01 / 4 * 365))
    assert figures.sharpe == pytest.approx(0.025 / np.sqrt(0.0275 / 3) * np.sqrt(365))
    assert figures.sortino == pytest.approx(0.025 / 0.05 * np.sqrt(365))
    # The 5% quantile lies 0.15 of the way from the smallest return to the next.
    assert figures.value_at_risk == pytest.approx(-0.1 + 0.15 * 0.1)
    assert figures.expected_shortfall == pytest.approx(-0.1)
    assert (figures.drawdown.high, figures.drawdown.low, figures.drawdown.recovered) == (1, 2, None)
    assert figures.best_day is not None
    assert figures.worst_day is not None
    assert figures.worst_day.ends == np.datetime64("2020-01-03")
    assert np.isnan(figures.annual_return), "a return of five days is not annualised"
    assert np.isnan(figures.calmar)
    assert figures.best_month is None


def test_figures_agree_with_pandas() -> None:
    levels, times = walk(800), days(800)
    figures = risk_figures(levels, times)
    returns = pd.Series(levels).pct_change().dropna()
    assert figures.volatility == pytest.approx(returns.std() * np.sqrt(365))
    assert figures.sharpe == pytest.approx(returns.mean() / returns.std() * np.sqrt(365))
    assert figures.value_at_risk == pytest.approx(returns.quantile(0.05))
    assert figures.expected_shortfall == pytest.approx(returns[returns <= returns.quantile(0.05)].mean())
    assert figures.annual_return == pytest.approx((levels[-1] / levels[0]) ** (365 / 799) - 1)
    assert figures.calmar == pytest.approx(figures.annual_return / -figures.drawdown.size)
    falls = pd.Series(levels) / pd.Series(levels).cummax() - 1
    assert figures.drawdown.size == pytest.approx(falls.min())
    assert figures.drawdown.low == falls.idxmin()
    centred = returns - returns.mean()
    assert figures.skewness == pytest.approx((centred**3).mean() / (centred**2).mean() ** 1.5)
    assert figures.kurtosis == pytest.approx((centred**4).mean() / (centred**2).mean() ** 2)


def test_months_agree_with_pandas() -> None:
    # Stamps at 00:00 close the day before, as pandas sees them a microsecond earlier.
    levels, times = walk(400), days(400, "2020-01-16")
    series = pd.Series(levels, index=pd.DatetimeIndex(times) - pd.Timedelta(microseconds=1))
    whole = series.resample("ME").last().pct_change().dropna().iloc[:-1]  # the last month is not over
    assert [move.size for move in month_returns(levels, times)] == pytest.approx(whole.to_list())


def test_a_drawdown_that_recovers_and_a_series_that_never_falls() -> None:
    fall = largest_drawdown(np.array([5.0, 10.0, 4.0, 8.0, 10.0, 12.0, 9.0]))
    assert (fall.size, fall.high, fall.low, fall.recovered) == (-0.6, 1, 2, 4)
    rising = risk_figures(np.arange(1.0, 500.0), days(499))
    assert rising.drawdown.size == 0
    assert np.isnan(rising.calmar)
    assert rising.sortino == np.inf


def test_intraday_levels_become_daily_closes() -> None:
    hours = np.datetime64("2020-01-01", "us") + np.arange(24 * 10 + 1) * np.timedelta64(1, "h")
    levels = walk(len(hours))
    found = daily_returns(levels, hours)
    closes = levels[::24]
    assert found.values == pytest.approx(closes[1:] / closes[:-1] - 1)
    assert found.per_year == 365
    assert found.ends[0] == np.datetime64("2020-01-02")


def test_a_gap_is_no_return_but_a_weekend_is() -> None:
    times = np.concatenate([days(10), days(10, "2020-08-01")])
    levels = np.concatenate([np.full(10, 100.0), np.full(10, 300.0)])
    found = daily_returns(levels, times)
    assert len(found.values) == 18
    assert not found.values.any()
    assert month_returns(levels, times) == []
    week = np.array([day for day in days(28) if day.item().weekday() < 5])
    assert len(daily_returns(walk(len(week)), week).values) == len(week) - 1


def test_returns_of_business_days_count_as_many_a_year_as_there_are() -> None:
    week = np.array([day for day in days(366) if day.item().weekday() < 5])
    assert daily_returns(walk(len(week)), week).per_year == pytest.approx(261, abs=1)


def test_weekly_levels_have_weekly_returns() -> None:
    found = daily_returns(walk(60), days(60, step=7))
    assert len(found.values) == 59
    assert found.per_year == pytest.approx(365 / 7)


def test_periods_count_from_the_level_at_their_start() -> None:
    times, levels = days(1_200, "2020-02-29"), np.linspace(100.0, 400.0, 1_200)
    times, levels = times[: 366 * 3 + 1], levels[: 366 * 3 + 1]  # the last is 2023-03-03
    assert times[-1] == np.datetime64("2023-03-03")
    found = calendar_returns(levels, times)

    def at(day: str) -> float:
        return float(levels[times == np.datetime64(day)][0])

    assert found["Month to date"] == pytest.approx(levels[-1] / at("2023-03-01") - 1)
    assert found["Year to date"] == pytest.approx(levels[-1] / at("2023-01-01") - 1)
    assert found["1 year"] == pytest.approx(levels[-1] / at("2022-03-03") - 1)
    assert found["3 years"] == pytest.approx((levels[-1] / at("2020-03-03")) ** (1 / 3) - 1)
    assert np.isnan(found["5 years"])
    assert found["Since base"] == pytest.approx(levels[-1] / levels[0] - 1)


def test_a_level_at_midnight_closes_the_month_before() -> None:
    times, levels = days(61), np.arange(1.0, 62.0)  # to 2020-03-01 00:00
    assert calendar_returns(levels, times)["Month to date"] == pytest.approx(61 / 32 - 1)


def test_a_year_before_a_leap_day_is_the_28th() -> None:
    times = days(366, "2023-03-01")
    levels = np.arange(1.0, 367.0)
    assert times[-1] == np.datetime64("2024-02-29")
    assert np.isnan(calendar_returns(levels, times)["1 year"]), "the series starts a day too late"
    times = days(367, "2023-02-28")
    assert calendar_returns(np.arange(1.0, 368.0), times)["1 year"] == pytest.approx(366)


def test_a_level_of_zero_ends_the_returns() -> None:
    levels = np.array([100.0, 50.0, 0.0, 0.0, 0.0])
    assert daily_returns(levels, days(5)).values.tolist() == [-0.5, -1.0]
    assert risk_figures(levels, days(5)).drawdown.size == -1
    assert annual_return(np.array([100.0, 0.0]), days(2, step=400)) == -1


def test_one_level_has_no_figures() -> None:
    figures = risk_figures(np.array([100.0]), days(1))
    assert np.isnan(figures.volatility)
    assert figures.best_day is None
    assert calendar_returns(np.array([100.0]), days(1))["Since base"] == 0


def test_concentration() -> None:
    assert effective_number(np.full(20, 0.05)) == pytest.approx(20)
    assert effective_number(np.array([0.5, 0.25, 0.25])) == pytest.approx(1 / 0.375)


@given(st.lists(st.floats(0.01, 1e6), min_size=2, max_size=60), st.floats(1e-3, 1e3))
def test_figures_do_not_depend_on_the_level_of_the_base(levels: list[float], scale: float) -> None:
    times = days(len(levels))
    plain, scaled = (risk_figures(np.array(levels) * factor, times) for factor in (1.0, scale))
    assert scaled.volatility == pytest.approx(plain.volatility, rel=1e-6, abs=1e-9, nan_ok=True)
    assert scaled.drawdown.size == pytest.approx(plain.drawdown.size, rel=1e-9, abs=1e-12)
    assert (drawdowns(np.array(levels)) <= 0).all()
