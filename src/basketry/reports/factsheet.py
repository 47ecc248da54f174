"""The factsheet of an index: one self-contained page with pictures and figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from markupsafe import Markup

from basketry.core.time import format_instant
from basketry.index.result import IndexResult
from basketry.reports import plots
from basketry.reports.pages import render
from basketry.reports.statistics import RiskFigures, calendar_returns, effective_number, risk_figures


def factsheet(result: IndexResult) -> str:
    """Return the factsheet as HTML that needs no network.

    The same result gives the same text. Needs the extra `report`.
    """
    levels, times = result.level(), result.times
    weights = np.array(list(result.weights().values()))
    return render(
        "factsheet.html",
        result=result,
        methodology=result.methodology,
        first=format_instant(times[0]),
        last=format_instant(times[-1]),
        columns=[(name.replace("_", " "), float(result.published_levels[name][-1])) for name in result.return_columns],
        decimals=result.methodology.first.publish.decimals,
        pictures={
            "levels": _picture(plots.draw_levels, result, 3.8),
            "drawdown": _picture(plots.draw_drawdown, result, 1.8),
            "weights": _picture(plots.draw_weights, result, 3.2),
            "current": _picture(plots.draw_current_weights, result, 0.24 * min(25, len(weights)) + 0.7, 5),
            "turnover": _picture(plots.draw_turnover, result, 1.8),
        },
        periods=[
            (name.replace("_", " "), calendar_returns(result.level(name), times)) for name in result.return_columns
        ],
        figures=[
            (name.replace("_", " "), _rows(risk_figures(result.level(name), times), times))
            for name in result.return_columns
        ],
        concentration=_concentration(weights),
        rebalance=_last_rebalance(result),
        next_dates=_next_dates(result),
        statuses=_statuses(result),
        events=result.events.tail(12).reverse().to_dicts(),
        events_count=result.events.height,
        digests={"methodology": result.methodology.digest, "inputs": result.panel.digest()},
        worst=float(levels.min()),
    )


def _picture(draw: Any, result: IndexResult, height: float, width: float = 9) -> Markup:
    # The drawing is ours: Matplotlib escapes the texts in it.
    return Markup(plots.svg(draw, result, height, width))  # noqa: S704


def _rows(figures: RiskFigures, times: Any) -> dict[str, str]:
    fall = figures.drawdown
    return {
        "Return a year": _percent(figures.annual_return),
        "Volatility a year": _percent(figures.volatility),
        "Sharpe ratio": f"{figures.sharpe:.2f}",
        "Sortino ratio": f"{figures.sortino:.2f}",
        "Largest drawdown": f"{_percent(fall.size)} ({_day(times[fall.high])} to {_day(times[fall.low])})",
        "Calmar ratio": f"{figures.calmar:.2f}",
        "Value at risk, 95%": _percent(figures.value_at_risk),
        "Expected shortfall, 95%": _percent(figures.expected_shortfall),
        "Best / worst step": f"{_percent(figures.best)} / {_percent(figures.worst)}",
        "Skewness / kurtosis": f"{figures.skewness:.2f} / {figures.kurtosis:.1f}",
    }


def _day(time: np.datetime64) -> str:
    return format_instant(time)[:10]


def _percent(value: float) -> str:
    return "-" if not np.isfinite(value) else f"{value:+.2%}" if abs(value) < 10 else f"{value:+,.0%}"


def _concentration(weights: Any) -> dict[str, str]:
    ordered = np.sort(weights)[::-1]
    return {
        "Members": str(len(weights)),
        "Effective number (1 / Σ w²)": f"{effective_number(weights):.1f}",
        "Largest weight": f"{ordered[0]:.2%}",
        "Five largest": f"{ordered[:5].sum():.2%}",
        "Ten largest": f"{ordered[:10].sum():.2%}",
    }


def _last_rebalance(result: IndexResult) -> dict[str, Any]:
    table = result.rebalances
    scheduled = table.filter(pl.col("trigger") != "base")
    rows = (scheduled if not scheduled.is_empty() else table).filter(
        pl.col("effective_at") == pl.col("effective_at").max()
    )
    first = rows.row(0, named=True)
    return {
        "effective": f"{first['effective_at']:%Y-%m-%d %H:%M} UTC",
        "determined": f"{first['determined_at']:%Y-%m-%d %H:%M} UTC",
        "trigger": first["trigger"],
        "turnover": first["turnover"],
        "added": rows.filter(pl.col("change") == "add")["asset"].to_list() if first["trigger"] != "base" else [],
        "deleted": rows.filter(pl.col("change") == "delete")["asset"].to_list(),
        "rows": rows.sort("weight_after", descending=True).head(30).to_dicts(),
        "count": table["effective_at"].n_unique(),
        "mean_turnover": scheduled.unique("effective_at")["turnover"].mean() if not scheduled.is_empty() else None,
    }


def _next_dates(result: IndexResult) -> list[dict[str, str]]:
    base = result.methodology.base_instant
    return [
        {
            "determined": format_instant(date.determined_at),
            "announced": format_instant(date.announced_at),
            "effective": format_instant(date.effective_at),
        }
        for date in result.methodology.latest.schedule.next_dates(result.times[-1], 4, base)
    ]


def _statuses(result: IndexResult) -> list[tuple[str, int]]:
    counts = result.levels["status"].value_counts().sort("status")
    return [(str(name), int(count)) for name, count in counts.iter_rows()]
