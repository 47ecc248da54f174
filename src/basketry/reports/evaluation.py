"""The evaluation of an index as words, tables and pictures, in the order of five questions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from markupsafe import Markup

from basketry.core.numbers import Floats
from basketry.core.time import format_instant
from basketry.evaluation.evaluate import Evaluated, Evaluation
from basketry.evaluation.levels import together
from basketry.evaluation.metrics import Sample
from basketry.evaluation.metrics.rolling import rolling_correlation, rolling_volatility
from basketry.evaluation.regimes import RegimeRule
from basketry.evaluation.sensitivity import CHANGES
from basketry.reports.pages import NOTHING, render
from basketry.reports.plots import AREAS, LINES, SOFT
from basketry.reports.svg import inline_svg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

TOP = 15
_STATES = {"warning": "Warning", "not_examined": "Not examined", "clear": "Clear"}


def evaluation_page(found: Evaluation, against: Sequence[Evaluated] = (), *, interactive: bool = True) -> str:
    """Return the report as HTML that needs no network.

    Args:
        found: The evaluation.
        against: The indices that it was compared with.
        interactive: Draw the levels with Plotly, to zoom; the page is then some 5 MB.

    Raises:
        MissingExtraError: Plotly is not installed, for an interactive page.
    """
    return render("evaluation.html", **report_values(found, against, interactive=interactive))


def report_values(found: Evaluation, against: Sequence[Evaluated], *, interactive: bool) -> dict[str, Any]:
    """Return what the template shows; the PDF shows the same."""
    index = found.index
    levels = index.levels
    bounds = {row["metric"]: row for row in found.bounds.iter_rows(named=True)}
    series = [(index.name, levels.times, levels.level), *((o.name, o.levels.times, o.levels.level) for o in against)]
    return {
        "index": index,
        "simulated": index.simulated,
        "first": levels.times[0],
        "last": levels.times[-1],
        "count": len(levels.times),
        "outcomes": [
            {
                "state": _STATES[outcome.state],
                "kind": outcome.state,
                "check": outcome.check.replace("_", " "),
                "statement": outcome.statement,
                "evidence": outcome.evidence,
                "action": outcome.action,
            }
            for outcome in found.outcomes
        ],
        "warnings": sum(outcome.state == "warning" for outcome in found.outcomes),
        "tiles": _tiles(found),
        "figure": _interactive(series) if interactive else Markup(""),
        "picture": inline_svg(draw_levels, series, name="levels", label="Levels and drawdowns", size=(9.5, 5.2)),
        "rolling": inline_svg(
            draw_rolling, (index, *against), name="rolling", label="Rolling volatility and correlation", size=(9.5, 3.6)
        ),
        "metrics": [_metric(row, bounds.get(row["metric"])) for row in found.metrics.iter_rows(named=True)],
        "relative_to": against[0].name if against else "",
        "bounds": found.bounds["convention"][0] if found.bounds.height else "",
        "periods": [
            {**row, "total": shown(row["total"], "fraction"), "annual": shown(row["annual"], "fraction")}
            for row in found.periods.iter_rows(named=True)
        ],
        "months": _months(found.months),
        "drawdowns": [
            {
                **{
                    key: NOTHING if row[key] is None else f"{row[key]:%Y-%m-%d}" for key in ("high", "low", "recovered")
                },
                "depth": shown(row["depth"], "fraction"),
                "days_down": shown(row["days_down"], "days"),
                "days_back": shown(row["days_back"], "days"),
            }
            for row in found.drawdowns.iter_rows(named=True)
        ],
        "crises": [
            {**row, "change": shown(row["change"], "fraction"), "drawdown": shown(row["drawdown"], "fraction")}
            for row in found.crises.iter_rows(named=True)
        ],
        "regimes": [
            {
                **row,
                "days": shown(row["days"], "days"),
                **{key: shown(row[key], "fraction") for key in ("annual_return", "volatility", "worst")},
            }
            for row in found.regimes.iter_rows(named=True)
        ],
        "regime_rule": RegimeRule().words(),
        "choices": found.choices,
        "concentration": _concentration(found),
        "weights": _weights(found),
        "review": found.review,
        "iosco": [] if found.review is None else found.review.iosco.to_dicts(),
        "replicability": _replicability(found),
        "comparison": _comparison(found),
        "sensitivity": _sensitivity(found),
    }


def shown(value: float | None, unit: str) -> str:
    """Return a figure in its unit, a dash where there is none.

    >>> shown(0.25, "fraction"), shown(-1.5, "ratio"), shown(float("nan"), "ratio") == NOTHING
    ('25.00%', '−1.50', True)
    """
    if value is None or not math.isfinite(value):
        return NOTHING
    text = {"days": f"{value:,.0f}", "number": f"{value:,.6g}", "ratio": f"{value:,.2f}"}.get(unit, f"{value:,.2%}")
    return text.replace("-", "−")


def _tiles(found: Evaluation) -> list[tuple[str, str]]:
    wanted = ("total_return", "annual_return", "volatility", "max_drawdown", "sharpe")
    rows = {row["metric"]: row for row in found.metrics.iter_rows(named=True)}
    return [(rows[name]["title"], shown(rows[name]["value"], rows[name]["unit"])) for name in wanted if name in rows]


def _metric(row: dict[str, Any], bound: dict[str, Any] | None) -> dict[str, str]:
    interval = ""
    if bound is not None and math.isfinite(bound["low"]) and math.isfinite(bound["high"]):
        interval = f"{shown(bound['low'], row['unit'])} to {shown(bound['high'], row['unit'])}"
    texts = {key: row[key] for key in ("title", "convention", "formula", "source")}
    return {**texts, "value": shown(row["value"], row["unit"]), "interval": interval}


def _months(table: pl.DataFrame) -> dict[str, Any]:
    columns = table.columns
    rows = []
    for row in table.iter_rows():
        cells = [{"text": shown(value, "fraction"), "tint": _tint(value)} for value in row[1:]]
        rows.append({"year": row[0], "cells": cells})
    return {"columns": columns[1:], "rows": rows}


def _tint(value: float | None) -> str:
    if value is None or not math.isfinite(value):
        return ""
    return "up" if value > 0 else "down" if value < 0 else ""


def _concentration(found: Evaluation) -> list[tuple[str, str, str]]:
    held = found.concentration
    if held is None:
        return []
    rows = [(f"Largest {count}", shown(share, "fraction"), "sum of weights") for count, share in held.top.items()]
    rows.append(("Herfindahl", f"{held.herfindahl:.4f}", "sum of squared weights"))
    rows.append(("Effective number", shown(held.effective_number, "ratio"), "one over Herfindahl"))
    rows.append(
        (
            "Effective number of risks",
            shown(held.effective_risks, "ratio"),
            "one over the sum of squared shares of variance",
        )
    )
    rows.append(
        (
            "Market coverage",
            shown(held.coverage, "fraction"),
            "capitalisation of the members over that of all assets known",
        )
    )
    return rows


def _weights(found: Evaluation) -> list[dict[str, str]]:
    held = found.concentration
    if held is None:
        return []
    risks = held.risk_shares if held.risk_shares is not None else [float("nan")] * len(held.assets)
    return [
        {"asset": asset, "weight": shown(float(weight), "fraction"), "risk": shown(float(risk), "fraction")}
        for asset, weight, risk in list(zip(held.assets, held.weights, risks, strict=True))[:TOP]
    ]


def _replicability(found: Evaluation) -> dict[str, Any] | None:
    held = found.replicability
    if held is None:
        return None
    costs = [
        {
            "size": f"{row['size']:,.0f}",
            "replicate": shown(row["replicate"], "fraction"),
            "year": shown(row["rebalance_year"], "fraction"),
            "days": NOTHING if not math.isfinite(row["largest_days"]) else f"{row['largest_days']:,.2f}",
            "slowest": row["slowest"],
        }
        for row in held.costs.iter_rows(named=True)
    ]
    rows = [
        {
            "asset": row["asset"],
            "weight": shown(row["weight"], "fraction"),
            "venues": NOTHING if row["venues"] is None else f"{row['venues']:.0f}",
            "traded": NOTHING if row["value_traded"] is None else f"{row['value_traded']:,.0f}",
            "verdict": row["verdict"],
            "reason": row["reason"],
        }
        for row in held.constituents.head(TOP).iter_rows(named=True)
    ]
    capacity = "no bound" if math.isinf(held.capacity) else f"{held.capacity:,.0f}"
    return {
        "held": held,
        "costs": costs,
        "rows": rows,
        "capacity": capacity,
        "turnover": shown(held.turnover, "fraction"),
    }


def _comparison(found: Evaluation) -> dict[str, Any] | None:
    held = found.comparison
    if held is None:
        return None
    names = held.aligned.names
    rows = []
    for row in held.figures.iter_rows(named=True):
        unit = "ratio" if row["figure"] == "sharpe" else "fraction"
        cells = [shown(row[name], unit) for name in names]
        rows.append({"figure": row["figure"].replace("_", " "), "cells": cells, "convention": row["convention"]})
    first = held.aligned.times[0], held.aligned.times[-1]
    return {
        "names": names,
        "rows": rows,
        "span": f"{format_instant(first[0])} to {format_instant(first[1])}",
        "correlation": [[f"{value:.2f}" for value in line] for line in held.correlation],
        "tracking": [[shown(value, "fraction") for value in line] for line in held.tracking_error],
        "differences": {
            name: [(effect, shown(value, "fraction")) for effect, value in effects.items()]
            for name, effects in found.differences.items()
            if effects
        },
        "overlaps": {
            name: {
                "overlap": shown(one.overlap, "fraction"),
                "active": shown(one.active_share, "fraction"),
                "common": len(one.common),
            }
            for name, one in found.overlaps.items()
        },
    }


def _sensitivity(found: Evaluation) -> dict[str, Any] | None:
    held = found.sensitivity
    if held is None:
        return None
    rows = [
        {
            "name": f"{row['parameter']}: {row['value']}",
            "cells": [shown(row[name], "fraction") for name in CHANGES],
            "problem": row["problem"],
        }
        for row in held.table.iter_rows(named=True)
    ]
    picture = inline_svg(draw_tornado, found, name="tornado", label="Change of the yearly return", size=(9.5, 3.4))
    return {"columns": [name.replace("_", " ") for name in CHANGES], "rows": rows, "picture": picture}


Series = tuple[str, np.ndarray[Any, np.dtype[np.datetime64]], Floats]


def _rebased(series: Sequence[Series]) -> list[Series]:
    """Return series from 100 at the first instant that all have, cut to the common span."""
    start, end = max(times[0] for _, times, _ in series), min(times[-1] for _, times, _ in series)
    cut = []
    for name, times, level in series:
        inside = (times >= start) & (times <= end)
        kept = level[inside] if inside.any() else level
        cut.append((name, times[inside] if inside.any() else times, kept / kept[0] * 100))
    return cut


def draw_levels(figure: Figure, series: Sequence[Series]) -> None:
    """Draw series from 100 on a log scale, and their drawdowns."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.4))
    for place, (name, times, level) in enumerate(_rebased(series)):
        colour = LINES[place % len(LINES)]
        top.plot(times, level, color=colour, linewidth=1.3, label=name)
        bottom.plot(times, level / np.maximum.accumulate(level) - 1, color=colour, linewidth=0.9)
    top.set_yscale("log")
    top.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    top.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
    top.yaxis.set_minor_formatter(NullFormatter())
    top.set_ylabel("100 at the start, log")
    top.legend(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0, ncols=4, fontsize=8)
    bottom.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}".replace("-", "−")))
    bottom.set_ylabel("drawdown")


def draw_rolling(figure: Figure, indices: Sequence[Evaluated]) -> None:
    """Draw the volatility over 30 days of each index and, beside another, the correlation over 90 days."""
    from matplotlib.ticker import FuncFormatter

    index, others = indices[0], indices[1:]
    rows = figure.subplots(2 if others else 1, 1, sharex=True, squeeze=False)[:, 0]
    for place, entry in enumerate(indices):
        sample = Sample.of(entry.levels)
        rows[0].plot(
            entry.levels.times, rolling_volatility(sample)[:, 0], color=LINES[place % len(LINES)], linewidth=0.9
        )
    rows[0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}"))
    rows[0].set_ylabel("volatility, 30 d", fontsize=8)
    rows[0].set_ylim(bottom=0)
    for place, entry in enumerate(others, 1):
        joined = together([index.levels, entry.levels], common=True)
        sample = Sample(joined.level[:, :1], joined.per_year, joined.level[:, 1:])
        line = rolling_correlation(sample)[:, 0]
        rows[1].plot(joined.times, line, color=LINES[place % len(LINES)], linewidth=0.9, label=f"with {entry.name}")
    if others:
        rows[1].set_ylabel("correlation, 90 d", fontsize=8)
        rows[1].axhline(0, color=SOFT, linewidth=0.6)
        rows[1].legend(loc="lower left", fontsize=8, ncols=3)


def draw_tornado(figure: Figure, found: Evaluation) -> None:
    """Draw how much each rule moves the yearly return, widest first."""
    axes = figure.subplots()
    if found.sensitivity is None:
        return
    figure_name = next(iter(CHANGES))
    rows = found.sensitivity.tornado(figure_name)
    names = rows["parameter"].to_list()
    low, high = rows["low"].to_numpy() * 100, rows["high"].to_numpy() * 100
    axes.barh(names, low, color=LINES[1])
    axes.barh(names, high, color=AREAS[0])
    axes.axvline(0, color=SOFT, linewidth=0.8)
    axes.invert_yaxis()
    axes.set_xlabel(f"change of {figure_name.replace('_', ' ')}, percentage points")


def _interactive(series: Sequence[Series]) -> Markup:
    from basketry.reports.interactive import interactive_levels

    return interactive_levels(_rebased(series))
