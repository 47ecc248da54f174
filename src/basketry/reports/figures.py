"""The figures of a factsheet as rows of text, each with the convention by which it was calculated."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from basketry.core.numbers import Bools, Floats
from basketry.index.result import IndexResult
from basketry.market.cash import CASH
from basketry.reports.pages import NOTHING, change, instant, percent
from basketry.reports.statistics import (
    Drawdown,
    Move,
    RiskFigures,
    Times,
    calendar_returns,
    effective_number,
    risk_figures,
)


@dataclass(frozen=True)
class Row:
    """One figure: its name, its value for each return series, and the convention."""

    name: str
    values: tuple[str, ...]
    convention: str


def count_of_members(result: IndexResult, weights: Mapping[str, float]) -> str:
    """Return how many assets have weights, and whether cash has one beside them."""
    return _count(len(weights), cash=cash_among(result, weights))


def cash_among(result: IndexResult, weights: Mapping[str, float]) -> bool:
    """Return whether cash is one of those with a weight, and no asset of that id."""
    return CASH in weights and (result.methodology.holds_cash or CASH not in result.panel.assets)


def _count(weights: int, *, cash: bool) -> str:
    return f"{weights - 1} and cash" if cash else f"{weights}"


def headline(result: IndexResult, weights: Mapping[str, float]) -> list[tuple[str, str]]:
    """Return the figures on top of the page: every level, the last return and the year's, the members."""
    decimals = result.decimals(-1)
    published = result.published_levels
    tiles = [(name.replace("_", " "), f"{published[name][-1]:,.{decimals}f}") for name in result.return_columns[:4]]
    levels = result.level()
    if len(levels) > 1 and levels[-2] > 0:
        tiles.append(("last step, price return", change(levels[-1] / levels[-2] - 1)))
    tiles.append(("year to date, price return", change(_calendar(result, "price_return")["Year to date"])))
    return [*tiles, ("members", count_of_members(result, weights))]


def periods(result: IndexResult) -> list[Row]:
    """Return the returns of each series to date, and over years."""
    found = [_calendar(result, name) for name in result.return_columns]
    return [Row(name, tuple(change(own[name]) for own in found), _PERIODS[name]) for name in found[0]]


def risk_table(result: IndexResult) -> list[Row]:
    """Return risk and return figures of each series since the base; suspended levels do not count."""
    priced = _priced(result)
    times = result.times[priced]
    found = [risk_figures(result.level(name)[priced], times) for name in result.return_columns]
    since = [_calendar(result, name)["Since base"] for name in result.return_columns]
    rows = [Row("Total return", tuple(map(change, since)), "last level over first, less one")]
    table = [_texts(figures, times) for figures in found]
    return [*rows, *(Row(name, tuple(own[name] for own in table), _CONVENTIONS[name]) for name in table[0])]


def concentration(weights: Floats, *, cash: bool = False) -> list[Row]:
    """Return how concentrated the weights are, of which one may be that of cash."""
    ordered = np.sort(weights)[::-1]
    counted = "; cash counts as one of the weights, here and below" if cash else ""
    return [
        Row(
            "Members",
            (_count(len(weights), cash=cash),),
            "held at the last level" if cash else "assets held at the last level",
        ),
        Row(
            "Effective number",
            (f"{effective_number(weights):.1f}",),
            "1 / Σ w²: as many equal weights would be as concentrated" + counted,
        ),
        Row("Largest weight", (percent(float(ordered[0])),), ""),
        Row("Five largest", (percent(float(ordered[:5].sum())),), ""),
        Row("Ten largest", (percent(float(ordered[:10].sum())),), ""),
    ]


_PERIODS = {
    "Month to date": "from 00:00 UTC on the first day of the month",
    "Year to date": "from 00:00 UTC on 1 January",
    "1 year": "from the same day a year before",
    "3 years": "compound return a year",
    "5 years": "compound return a year",
    "Since base": "last level over first, less one",
}

_CONVENTIONS = {
    "Return a year": "compound: (last / first)^(365 / days) − 1; not given under a year",
    "Volatility a year": "standard deviation (n − 1) of daily simple returns × √365",
    "Downside deviation a year": "√ of the mean of min(r, 0)² × √365, daily simple returns",
    "Sharpe ratio": "mean over standard deviation of daily simple returns × √365; risk-free rate 0",
    "Sortino ratio": "mean over downside deviation of daily simple returns × √365; target 0",
    "Largest drawdown": "low over the highest level before, less one; all levels",
    "from high to low": "days of that high and that low",
    "recovered": "first day at or above that high again",
    "Calmar ratio": "return a year over the largest drawdown, since the base",
    "Value at risk, 95%, a day": "5% quantile of daily simple returns, historic",
    "Expected shortfall, 95%, a day": "mean of the daily returns at or below that quantile",
    "Skewness": "third standardised moment of daily simple returns",
    "Kurtosis": "fourth standardised moment; 3 for a normal law",
    "Best day": "largest daily simple return, and the close at which it ended",
    "Worst day": "smallest daily simple return, and the close at which it ended",
    "Best month": "largest return of a whole calendar month",
    "Worst month": "smallest return of a whole calendar month",
}


def _texts(figures: RiskFigures, times: Times) -> dict[str, str]:
    return {
        "Return a year": change(figures.annual_return),
        "Volatility a year": percent(figures.volatility),
        "Downside deviation a year": percent(figures.downside_deviation),
        "Sharpe ratio": _ratio(figures.sharpe),
        "Sortino ratio": _ratio(figures.sortino),
        "Largest drawdown": change(figures.drawdown.size),
        "from high to low": _span(figures.drawdown, times),
        "recovered": _recovery(figures.drawdown, times),
        "Calmar ratio": _ratio(figures.calmar),
        "Value at risk, 95%, a day": change(figures.value_at_risk),
        "Expected shortfall, 95%, a day": change(figures.expected_shortfall),
        "Skewness": _ratio(figures.skewness),
        "Kurtosis": _ratio(figures.kurtosis),
        "Best day": _move(figures.best_day),
        "Worst day": _move(figures.worst_day),
        "Best month": _move(figures.best_month, month=True),
        "Worst month": _move(figures.worst_month, month=True),
    }


def _priced(result: IndexResult) -> Bools:
    """Return which levels are not suspended, shape (T,)."""
    return (result.levels["status"].cast(str) != "suspended").to_numpy()


def _calendar(result: IndexResult, column: str) -> dict[str, float]:
    # A level that is held for want of prices is no start of a period; the last level is the end of all.
    kept = _priced(result)
    kept[-1] = True
    return calendar_returns(result.level(column)[kept], result.times[kept])


def _ratio(value: float) -> str:
    return f"{value:.2f}".replace("-", "−") if math.isfinite(value) else NOTHING


def _span(fall: Drawdown, times: Times) -> str:
    return NOTHING if fall.size == 0 else f"{instant(times[fall.high])[:10]} to {instant(times[fall.low])[:10]}"


def _recovery(fall: Drawdown, times: Times) -> str:
    if fall.size == 0:
        return NOTHING
    return "not yet" if fall.recovered is None else instant(times[fall.recovered])[:10]


def _move(move: Move | None, *, month: bool = False) -> str:
    """Return a move with its close; a month is named, as its close is 00:00 of the first day of the next.

    >>> _move(Move(-0.25, np.datetime64("2020-04-01", "us")), month=True)
    '−25.00% (2020-03)'
    """
    if move is None:
        return NOTHING
    when = str((move.ends - np.timedelta64(1, "D")).astype("datetime64[M]")) if month else instant(move.ends)
    return f"{change(move.size)} ({when})"
