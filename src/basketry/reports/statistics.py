"""Return and risk figures of a level series; every figure states its convention.

Returns are simple, from level to level; annualisation is by 365 days; drawdowns are from the highest level before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Floats
from basketry.core.time import YEAR_DAYS


@dataclass(frozen=True)
class Drawdown:
    """The largest fall from a high: its size (negative), and the rows of the high and the low."""

    size: float
    high: int
    low: int


@dataclass(frozen=True)
class RiskFigures:
    """Figures of a level series; NaN where there are too few levels.

    Attributes:
        total_return: Last level over first, less one.
        annual_return: Compound, (last/first)^(365/days) - 1.
        volatility: Standard deviation (n - 1) of returns times the square root of returns a year.
        sharpe: Mean return over its standard deviation, annualised; no interest rate is taken off.
        sortino: Mean return over the downside deviation (root mean square of negative returns), annualised.
        drawdown: The largest.
        calmar: Annual return over the size of the drawdown.
        value_at_risk: 5% quantile of returns (historic).
        expected_shortfall: Mean of the returns at or below it.
        skewness: Third standardised moment (population). kurtosis: Fourth, 3 for a normal law.
        best, worst: Largest and smallest return.
    """

    total_return: float
    annual_return: float
    volatility: float
    sharpe: float
    sortino: float
    drawdown: Drawdown
    calmar: float
    value_at_risk: float
    expected_shortfall: float
    skewness: float
    kurtosis: float
    best: float
    worst: float


def risk_figures(levels: Floats, times: NDArray[np.datetime64]) -> RiskFigures:
    """Return the figures of a series of positive levels, shape (T,), at instants, shape (T,).

    >>> days = np.datetime64("2020-01-01", "us") + np.arange(3) * np.timedelta64(1, "D")
    >>> figures = risk_figures(np.array([100.0, 110.0, 99.0]), days)
    >>> round(figures.total_return, 4), round(figures.drawdown.size, 4)
    (-0.01, -0.1)
    """
    days = float((times[-1] - times[0]) / np.timedelta64(1, "D"))
    growth = levels[-1] / levels[0]
    fall = largest_drawdown(levels)
    with np.errstate(divide="ignore", invalid="ignore"):
        returns = levels[1:] / levels[:-1] - 1
        returns = returns[np.isfinite(returns)]
        annual = growth ** (YEAR_DAYS / days) - 1 if days > 0 else np.nan
        many = len(returns) > 2
        yearly = len(returns) / days * YEAR_DAYS if days > 0 else np.nan
        deviation = returns.std(ddof=1) if many else np.nan
        downside = np.sqrt(np.mean(np.minimum(returns, 0) ** 2)) if many else np.nan
        mean = returns.mean() if many else np.nan
        spread = returns.std() if many else np.nan
        quantile = float(np.quantile(returns, 0.05)) if many else np.nan
        return RiskFigures(
            total_return=float(growth - 1),
            annual_return=float(annual),
            volatility=float(deviation * np.sqrt(yearly)),
            sharpe=float(np.float64(mean) / deviation * np.sqrt(yearly)),
            sortino=float(np.float64(mean) / downside * np.sqrt(yearly)),
            drawdown=fall,
            calmar=float(np.float64(annual) / -fall.size),
            value_at_risk=quantile,
            expected_shortfall=float(returns[returns <= quantile].mean()) if many else np.nan,
            skewness=float(np.mean((returns - mean) ** 3) / spread**3) if many else np.nan,
            kurtosis=float(np.mean((returns - mean) ** 4) / spread**4) if many else np.nan,
            best=float(returns.max()) if many else np.nan,
            worst=float(returns.min()) if many else np.nan,
        )


def drawdowns(levels: Floats) -> Floats:
    """Return each level over the highest so far, less one, shape (T,).

    >>> drawdowns(np.array([1.0, 2.0, 1.0])).tolist()
    [0.0, 0.0, -0.5]
    """
    return levels / np.maximum.accumulate(levels) - 1


def largest_drawdown(levels: Floats) -> Drawdown:
    """Return the largest fall from a high."""
    falls = drawdowns(levels)
    low = int(falls.argmin())
    return Drawdown(float(falls[low]), int(levels[: low + 1].argmax()), low)


def effective_number(weights: Floats) -> float:
    """Return one over the sum of squared weights (Herfindahl): the number of equal weights as concentrated.

    >>> effective_number(np.array([0.5, 0.5]))
    2.0
    """
    return float(1 / np.square(weights).sum())


def calendar_returns(levels: Floats, times: NDArray[np.datetime64]) -> dict[str, float]:
    """Return the returns to the last instant since the start of the month and the year, over years, and in all.

    A period counts from the last level at or before its start; one that the series does not reach is left out.
    """
    now = times[-1]
    starts = {
        "Month to date": now.astype("datetime64[M]"),
        "Year to date": now.astype("datetime64[Y]"),
        "1 year": now - np.timedelta64(365, "D"),
        "3 years (a year)": now - np.timedelta64(1095, "D"),
        "5 years (a year)": now - np.timedelta64(1825, "D"),
    }
    found = {}
    for name, start in starts.items():
        row = int(np.searchsorted(times, start.astype("datetime64[us]"), side="right")) - 1
        if row < 0 or levels[row] <= 0:
            continue
        growth = levels[-1] / levels[row]
        years = {"3 years (a year)": 3, "5 years (a year)": 5}.get(name, 1)
        found[name] = float(growth ** (1 / years) - 1)
    found["Since base"] = float(levels[-1] / levels[0] - 1)
    return found
