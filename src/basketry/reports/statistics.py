"""Return and risk figures of a level series; every figure states its convention.

Returns are simple and daily, from close to close; a year has 365 days; drawdowns are from the highest level before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Floats
from basketry.core.time import DAY, YEAR_DAYS

Times = NDArray[np.datetime64]

LONGEST_STEP = 5 * DAY
"""A longer step between daily levels is a gap in the data, not a return: weekends and holidays are shorter."""

CALENDAR_YEARS = {"1 year": 1, "3 years": 3, "5 years": 5}


@dataclass(frozen=True)
class Drawdown:
    """The largest fall from a high.

    Attributes:
        size: Low over high, less one: negative, or zero where the level never fell.
        high, low: Their rows.
        recovered: First row at or above the high again; None where there is none yet.
    """

    size: float
    high: int
    low: int
    recovered: int | None


@dataclass(frozen=True)
class Move:
    """A return and the instant at which it ends."""

    size: float
    ends: np.datetime64


@dataclass(frozen=True)
class DailyReturns:
    """Simple returns between closes, r = I_t / I_(t-1) - 1.

    Attributes:
        values: Shape (n,).
        ends: The close at which each ends, shape (n,).
        per_year: Returns in 365 days: 365 where there is one a day.
    """

    values: Floats
    ends: Times
    per_year: float


@dataclass(frozen=True)
class RiskFigures:
    """Figures of a level series; NaN (None for a move) where there are too few levels.

    Attributes:
        annual_return: Compound, (last / first)^(365 / days) - 1; NaN under a year.
        volatility: Standard deviation (n - 1) of daily returns times the square root of returns a year.
        downside_deviation: Square root of the mean of min(r, 0)^2, annualised in the same way.
        sharpe: Mean over standard deviation of daily returns, annualised; the risk-free rate is 0.
        sortino: Mean over downside deviation, annualised; the target is 0.
        drawdown: The largest, on all levels.
        calmar: Annual return over the size of the largest drawdown, both of the whole series.
        value_at_risk: 5% quantile of daily returns (linear between order statistics).
        expected_shortfall: Mean of the daily returns at or below it.
        skewness: Third standardised moment (population).
        kurtosis: Fourth standardised moment (population), 3 for a normal law.
        best_day, worst_day: Largest and smallest daily return.
        best_month, worst_month: The same of whole calendar months.
    """

    annual_return: float
    volatility: float
    downside_deviation: float
    sharpe: float
    sortino: float
    drawdown: Drawdown
    calmar: float
    value_at_risk: float
    expected_shortfall: float
    skewness: float
    kurtosis: float
    best_day: Move | None
    worst_day: Move | None
    best_month: Move | None
    worst_month: Move | None


def risk_figures(levels: Floats, times: Times) -> RiskFigures:
    """Return the figures of a series of levels, shape (T,), at instants, shape (T,).

    >>> days = np.datetime64("2020-01-01", "us") + np.arange(5) * np.timedelta64(1, "D")
    >>> figures = risk_figures(np.array([100.0, 110.0, 99.0, 99.0, 108.9]), days)
    >>> round(figures.drawdown.size, 4), round(figures.worst_day.size, 4), round(figures.volatility, 4)
    (-0.1, -0.1, 1.8292)
    """
    fall = largest_drawdown(levels)
    annual = annual_return(levels, times)
    daily = daily_returns(levels, times)
    shape = _distribution(daily) if len(daily.values) > 2 else dict.fromkeys(_SHAPE, np.nan)
    days = [Move(float(size), end) for size, end in zip(daily.values, daily.ends, strict=True)]
    months = month_returns(levels, times)
    return RiskFigures(
        **shape,
        annual_return=annual,
        drawdown=fall,
        calmar=annual / -fall.size if fall.size < 0 else np.nan,
        best_day=max(days, key=_size, default=None),
        worst_day=min(days, key=_size, default=None),
        best_month=max(months, key=_size, default=None),
        worst_month=min(months, key=_size, default=None),
    )


def daily_returns(levels: Floats, times: Times) -> DailyReturns:
    """Return the returns between the last levels of UTC days; a level at 00:00 closes the day before.

    Levels of zero give no return after them, and a step longer than five days (or two usual steps, where these are
    longer) is a gap and gives none.
    """
    rows = np.append(np.flatnonzero(np.diff(_closed_day(times))), len(times) - 1)
    closes, stamps = levels[rows], times[rows]
    steps = np.diff(stamps)
    if not len(steps):
        return DailyReturns(np.empty(0), stamps[:0], np.nan)
    kept = (steps <= _longest(steps)) & (closes[:-1] > 0)
    values = closes[1:][kept] / closes[:-1][kept] - 1
    span = float(steps[kept].sum() / DAY)
    return DailyReturns(values, stamps[1:][kept], YEAR_DAYS * len(values) / span if span else np.nan)


def month_returns(levels: Floats, times: Times) -> list[Move]:
    """Return the returns of whole calendar months, between the levels at 00:00 UTC of their first days.

    A level up to five days older stands in for one that is missing there; a month without one is left out.
    """
    first, last = (times[row].astype("datetime64[M]") for row in (0, -1))
    starts = np.arange(first, last + 1)
    rows = _rows_at(times, starts)
    return [
        Move(float(levels[end] / levels[start] - 1), month.astype("datetime64[us]"))
        for start, end, month in zip(rows[:-1], rows[1:], starts[1:], strict=True)
        if start is not None and end is not None and levels[start] > 0
    ]


def calendar_returns(levels: Floats, times: Times) -> dict[str, float]:
    """Return the returns to the last level: month and year to date, 1, 3 and 5 calendar years, and since the base.

    Three and five years are compound returns a year. A period counts from the level at its start, or one up to
    five days older; a period that the series does not reach is NaN.

    >>> days = np.datetime64("2020-01-01", "us") + np.arange(400) * np.timedelta64(1, "D")
    >>> found = calendar_returns(np.arange(100.0, 500.0), days)
    >>> round(found["Month to date"], 6), round(found["1 year"], 6), round(found["Since base"], 6)
    (0.004024, 2.75188, 3.99)
    """
    end = times[-1]
    day = _closed_day(times[-1:])[0]
    starts = {"Month to date": day.astype("datetime64[M]"), "Year to date": day.astype("datetime64[Y]")}
    starts |= {name: _years_before(end, years) for name, years in CALENDAR_YEARS.items()}
    found = {}
    rows = _rows_at(times, np.array(list(starts.values()), dtype="datetime64[us]"))
    for name, row in zip(starts, rows, strict=True):
        growth = float(levels[-1] / levels[row]) if row is not None and levels[row] > 0 else np.nan
        found[name] = growth ** (1 / CALENDAR_YEARS.get(name, 1)) - 1
    found["Since base"] = float(levels[-1] / levels[0] - 1)
    return found


def annual_return(levels: Floats, times: Times) -> float:
    """Return (last / first)^(365 / days) - 1, the compound return a year; NaN under 365 days.

    >>> two_years = np.array(["2021-01-01", "2023-01-01"], dtype="datetime64[us]")
    >>> round(annual_return(np.array([100.0, 121.0]), two_years), 12)
    0.1
    """
    days = float((times[-1] - times[0]) / DAY)
    if days < YEAR_DAYS:
        return float("nan")
    return float((levels[-1] / levels[0]) ** (YEAR_DAYS / days) - 1)


def drawdowns(levels: Floats) -> Floats:
    """Return each level over the highest so far, less one, shape (T,); NaN where a level is NaN.

    >>> drawdowns(np.array([1.0, 2.0, np.nan, 1.0])).tolist()
    [0.0, 0.0, nan, -0.5]
    """
    return levels / np.fmax.accumulate(levels) - 1


def largest_drawdown(levels: Floats) -> Drawdown:
    """Return the largest fall from a high, with the row at which the high was reached again.

    >>> largest_drawdown(np.array([1.0, 2.0, 1.0, 1.5, 2.0]))
    Drawdown(size=-0.5, high=1, low=2, recovered=4)
    """
    falls = drawdowns(levels)
    low = int(falls.argmin())
    high = int(levels[: low + 1].argmax())
    back = np.flatnonzero(levels[low:] >= levels[high])
    return Drawdown(float(falls[low]), high, low, low + int(back[0]) if len(back) else None)


def effective_number(weights: Floats) -> float:
    """Return one over the sum of squared weights (Herfindahl): the number of equal weights as concentrated.

    >>> effective_number(np.array([0.5, 0.5]))
    2.0
    """
    return float(1 / np.square(weights).sum())


_SHAPE = (
    *("volatility", "downside_deviation", "sharpe", "sortino"),
    *("value_at_risk", "expected_shortfall", "skewness", "kurtosis"),
)


def _distribution(daily: DailyReturns) -> dict[str, float]:
    """Return the figures that depend on the returns alone and not on their order."""
    returns, root = daily.values, np.sqrt(daily.per_year)
    mean, spread = returns.mean(), returns.std()
    deviation = returns.std(ddof=1)
    downside = np.sqrt(np.mean(np.minimum(returns, 0) ** 2))
    quantile = np.quantile(returns, 0.05)
    with np.errstate(divide="ignore", invalid="ignore"):
        figures = (
            deviation * root,
            downside * root,
            mean / deviation * root,
            mean / downside * root,
            quantile,
            returns[returns <= quantile].mean(),
            np.mean((returns - mean) ** 3) / spread**3,
            np.mean((returns - mean) ** 4) / spread**4,
        )
    return dict(zip(_SHAPE, map(float, figures), strict=True))


def _size(move: Move) -> float:
    return move.size


def _closed_day(times: Times) -> Times:
    """Return the UTC day that each instant closes: 00:00 closes the day before."""
    return (times - np.timedelta64(1, "us")).astype("datetime64[D]")


def _longest(steps: NDArray[np.timedelta64]) -> np.timedelta64:
    usual = np.median(steps.astype("timedelta64[us]").astype(np.int64))
    return max(LONGEST_STEP, np.timedelta64(int(2 * usual), "us"))


def _rows_at(times: Times, instants: Times) -> list[int | None]:
    """Return the row of the last level at or before each instant; None where it is older than a step may be."""
    longest = _longest(np.diff(times)) if len(times) > 1 else LONGEST_STEP
    wanted = instants.astype("datetime64[us]")
    rows = np.searchsorted(times, wanted, side="right") - 1
    return [
        int(row) if row >= 0 and instant - times[row] <= longest else None
        for row, instant in zip(rows, wanted, strict=True)
    ]


def _years_before(instant: np.datetime64, years: int) -> np.datetime64:
    """Return the same date and time some years before; 29 February becomes 28 February."""
    day: date = instant.astype("datetime64[D]").item()
    leap = day.month == 2 and day.day == 29
    earlier = day.replace(year=day.year - years, day=28 if leap else day.day)
    return np.datetime64(earlier, "us") + (instant - instant.astype("datetime64[D]"))
