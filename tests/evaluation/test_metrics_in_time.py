"""Rolling figures, calendar tables, drawdowns in full, income and regimes."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.evaluation.drawdowns import drawdown_table
from basketry.evaluation.levels import Levels
from basketry.evaluation.metrics import Sample, measure
from basketry.evaluation.metrics.calendar import MONTHS, month_returns, period_returns
from basketry.evaluation.metrics.income import income, trailing_yield
from basketry.evaluation.metrics.regimes import by_regime
from basketry.evaluation.metrics.rolling import (
    drawdowns,
    rolling_beta,
    rolling_correlation,
    rolling_return,
    rolling_volatility,
)


def walk(seed: int, steps: int = 900, start: str = "2021-03-05") -> Levels:
    rng = np.random.default_rng(seed)
    times = np.datetime64(start) + np.arange(steps + 1)
    return Levels(times, 100 * np.cumprod(np.append(1.0, 1 + rng.normal(0.001, 0.03, steps))), f"walk {seed}")


ROLLING = [
    (rolling_volatility, 30),
    (rolling_volatility, 2),
    (rolling_correlation, 90),
    (rolling_beta, 60),
    (rolling_return, 30),
]


@pytest.mark.parametrize(("figure", "window"), ROLLING)
def test_a_longer_history_changes_no_row(figure: object, window: int) -> None:
    assert callable(figure)
    level, other = walk(1).level, walk(2).level
    whole = figure(Sample(level, against=other), window)
    part = figure(Sample(level[:400], against=other[:400]), window)
    np.testing.assert_array_equal(whole[:400], part)
    assert np.isnan(whole[:window]).all()
    assert np.isfinite(whole[window:]).all()


def test_drawdowns_of_a_prefix_are_a_prefix() -> None:
    level = walk(1).level
    np.testing.assert_array_equal(drawdowns(Sample(level))[:300], drawdowns(Sample(level[:300])))


def test_a_window_as_long_as_the_series_is_the_whole() -> None:
    level, other = walk(3, 100).level, walk(4, 100).level
    sample = Sample(level, against=other)
    found = measure(sample, ["volatility", "correlation", "beta", "total_return"])
    assert rolling_volatility(sample, 100)[-1] == pytest.approx(found["volatility"], rel=1e-12)
    assert rolling_correlation(sample, 100)[-1] == pytest.approx(found["correlation"], rel=1e-12)
    assert rolling_beta(sample, 100)[-1] == pytest.approx(found["beta"], rel=1e-12)
    assert rolling_return(sample, 100)[-1] == pytest.approx(found["total_return"], rel=1e-12)


def test_rolling_figures_are_those_of_pandas() -> None:
    import pandas as pd

    level, other = walk(5).level, walk(6).level
    own, theirs = (pd.Series(values).pct_change() for values in (level, other))
    sample = Sample(level, against=other)
    expected = own.rolling(30).std() * np.sqrt(365)
    np.testing.assert_allclose(rolling_volatility(sample, 30)[:, 0], expected.to_numpy(), rtol=1e-9)
    np.testing.assert_allclose(
        rolling_correlation(sample, 60)[:, 0], own.rolling(60).corr(theirs).to_numpy(), rtol=1e-9
    )


def test_a_window_that_is_too_short() -> None:
    with pytest.raises(DataError, match="at least two returns, was 1"):
        rolling_volatility(Sample(walk(1).level), 1)
    with pytest.raises(DataError, match="at least one step"):
        rolling_return(Sample(walk(1).level), 0)


def falls(level: Floats) -> list[tuple[int, int, int | None]]:
    """High, low and recovery of each fall, found step by step."""
    found: list[tuple[int, int, int | None]] = []
    high = 0
    low: int | None = None
    for t in range(1, len(level)):
        if level[t] >= level[high]:
            if low is not None:
                found.append((high, low, t))
            high, low = t, None
        elif low is None or level[t] < level[low]:
            low = t
    if low is not None:
        found.append((high, low, None))
    return sorted(found, key=lambda fall: level[fall[1]] / level[fall[0]])


@pytest.mark.parametrize("seed", range(5))
def test_the_table_of_drawdowns_against_a_search_step_by_step(seed: int) -> None:
    levels = walk(seed, 500)
    expected = falls(levels.level)
    table = drawdown_table(levels, largest=1000)
    assert len(table) == len(expected)
    for row, (high, low, back) in zip(table.iter_rows(named=True), expected, strict=True):
        assert row["depth"] == pytest.approx(levels.level[low] / levels.level[high] - 1)
        assert np.datetime64(row["high"].replace(tzinfo=None)) == levels.times[high]
        assert np.datetime64(row["low"].replace(tzinfo=None)) == levels.times[low]
        assert row["days_down"] == low - high
        assert row["days_back"] == (None if back is None else back - low)
        assert row["days"] == (len(levels.level) - 1 if back is None else back) - high
    ten = drawdown_table(levels)
    assert ten.equals(table.head(10))
    found = measure(Sample(levels.level), ["max_drawdown", "longest_drawdown"])
    assert ten["depth"][0] == found["max_drawdown"][0]
    assert table["days"].max() == found["longest_drawdown"][0]


def test_a_series_that_never_falls_has_an_empty_table() -> None:
    days = np.datetime64("2024-01-01") + np.arange(5)
    table = drawdown_table(Levels(days, np.arange(1.0, 6.0)))
    assert table.is_empty()
    assert "recovered" in table.columns
    with pytest.raises(DataError, match="at least one row"):
        drawdown_table(walk(1), 0)


def test_months_compound_to_years_and_years_to_the_whole() -> None:
    levels = walk(7, 1200)
    table = month_returns(levels)
    assert table["year"].to_list() == [2021, 2022, 2023, 2024]
    for row in table.iter_rows(named=True):
        grown = np.prod([1 + row[month] for month in MONTHS if row[month] is not None])
        assert grown - 1 == pytest.approx(row["total"], rel=1e-12)
    whole = np.prod(1 + table["total"].to_numpy()) - 1
    assert whole == pytest.approx(levels.level[-1] / levels.level[0] - 1, rel=1e-12)
    assert table["Feb"][0] is None
    march = levels.cut("2022-03-01", "2022-04-02").level
    assert table["Mar"][1] == march[-1] / march[0] - 1


def test_a_close_at_midnight_belongs_to_the_month_that_ends() -> None:
    levels = walk(8, 31, "2023-12-01")
    assert levels.times[-1] == np.datetime64("2024-01-01")
    assert month_returns(levels)["year"].to_list() == [2023]
    found = dict(period_returns(levels).select("period", "start").iter_rows())
    assert found["Year to date"].year == 2023
    assert found["Quarter to date"].month == 10


def test_periods() -> None:
    levels = walk(9, 800)
    found = period_returns(levels).rows_by_key("period", named=True, unique=True)
    level = levels.level
    assert found["1 step"]["total"] == pytest.approx(level[-1] / level[-2] - 1)
    assert found["30 days"]["total"] == pytest.approx(level[-1] / level[-31] - 1)
    assert found["1 year"]["total"] == pytest.approx(level[-1] / level[-366] - 1)
    assert found["1 year"]["annual"] == pytest.approx(found["1 year"]["total"])
    assert np.isnan(found["3 years"]["total"])
    assert found["Since start"]["annual"] == pytest.approx((level[-1] / level[0]) ** (365 / 800) - 1)
    assert np.isnan(found["30 days"]["annual"])


def test_three_years_are_a_compound_return_a_year() -> None:
    days = np.datetime64("2020-01-01") + np.arange(4 * 366)
    found = period_returns(Levels(days, np.array([1.0005**day for day in range(len(days))]))).rows_by_key(
        "period", named=True, unique=True
    )
    length = int((days[-1] - np.datetime64("2021-01-03")) / np.timedelta64(1, "D"))
    assert found["3 years"]["start"].replace(tzinfo=None) == days[-1 - length].astype("datetime64[us]").item()
    assert found["3 years"]["annual"] == pytest.approx(1.0005 ** (length / 3) - 1)


def test_income_and_price_returns_compound_to_the_total() -> None:
    price = walk(10, 800)
    earned = np.append(1.0, np.cumprod(np.full(800, 1.04 ** (1 / 365))))
    total = Levels(price.times, price.level * earned, "total")
    steps = income(total, price)
    np.testing.assert_allclose((1 + steps) * (1 + price.returns) - 1, total.returns, rtol=1e-9, atol=1e-14)
    found = trailing_yield(total, price)
    assert np.isnan(found[:365]).all()
    np.testing.assert_allclose(found[365:], 0.04, rtol=1e-9)
    np.testing.assert_allclose(trailing_yield(total, price, 30)[30:], 0.04, rtol=1e-9)
    with pytest.raises(DataError, match="at least one day"):
        trailing_yield(total, price, 0)


def test_regimes_take_their_own_steps() -> None:
    own, other = walk(11, 400), walk(12, 400)
    labels = np.where(np.arange(400) < 150, "bear", "bull").tolist()
    table = by_regime(Sample(own.level, against=other.level), labels)
    assert table["regime"].to_list() == ["bear", "bull"]
    assert table["steps"].to_list() == [150, 250]
    first, second = own.returns[:150], other.returns[:150]
    assert table["correlation"][0] == pytest.approx(np.corrcoef(first, second)[0, 1], rel=1e-12)
    assert table["beta"][0] == pytest.approx(np.cov(first, second)[0, 1] / second.var(ddof=1), rel=1e-12)
    assert table["volatility"][1] == pytest.approx(own.returns[150:].std(ddof=1) * np.sqrt(365), rel=1e-12)
    # Sums over regimes give the whole.
    weighted = (table["mean_return"] * table["steps"]).sum() / 400
    assert weighted == pytest.approx(measure(Sample(own.level), ["mean_return"])["mean_return"][0], rel=1e-12)
    with pytest.raises(DataError, match="400 returns need as many labels, were 3"):
        by_regime(Sample(own.level), ["bull"] * 3)
    assert by_regime(Sample(own.level), labels).columns == ["regime", "steps", "mean_return", "volatility"]
    assert isinstance(table, pl.DataFrame)
