"""Levels, drawdown and weights as one Plotly figure, to zoom in and to switch the scale."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from basketry.core.errors import MissingExtraError
from basketry.core.numbers import Floats
from basketry.index.result import IndexResult
from basketry.market.panel import Times
from basketry.reports.plots import AREAS, LINES, OTHERS
from basketry.reports.statistics import drawdowns
from basketry.reports.weights import largest_and_others, weights_at

POINTS_OF_WEIGHTS = 450
CONFIG = {"displaylogo": False, "modeBarButtonsToRemove": ["sendChartToCloud"], "plotlyServerURL": ""}
"""The page sends nothing anywhere."""
DIGITS = 7
"""Significant digits of the points drawn; the tables hold all."""


def interactive_figure(result: IndexResult) -> Markup:
    """Return an HTML fragment with Plotly's program inside; it needs no network.

    Raises:
        MissingExtraError: Plotly is not installed.
    """
    try:
        import plotly.graph_objects as graph
        from plotly.subplots import make_subplots
    except ImportError as error:
        raise MissingExtraError("this page needs Plotly; install it with: pip install 'basketry[report]'") from error
    figure = make_subplots(rows=3, cols=1, shared_xaxes=True, row_heights=[0.5, 0.18, 0.32], vertical_spacing=0.03)
    times = np.datetime_as_string(result.times, unit="s").tolist()
    for number, column in enumerate(result.return_columns):
        level = np.where(result.level(column) > 0, result.level(column), np.nan)
        line = {"color": LINES[number % len(LINES)], "width": 1.4}
        figure.add_trace(
            graph.Scatter(x=times, y=_short(level), name=column.replace("_", " "), line=line), row=1, col=1
        )
    fall = graph.Scatter(
        x=times,
        y=_short(drawdowns(result.level())),
        fill="tozeroy",
        fillcolor="rgba(213, 94, 0, 0.25)",
        line={"color": "#a84300", "width": 1},
        showlegend=False,
    )
    figure.add_trace(fall, row=2, col=1)
    rows = np.unique(np.linspace(0, len(times) - 1, min(len(times), POINTS_OF_WEIGHTS)).astype(np.int64))
    names, weights = largest_and_others(*weights_at(result, rows))
    for number, name in enumerate(names):
        colour = OTHERS if name == "others" else AREAS[number % len(AREAS)]
        area = {"stackgroup": "weights", "line": {"width": 0, "color": colour}, "fillcolor": colour}
        shown = graph.Scatter(x=[times[row] for row in rows], y=_short(weights[:, number]), name=_text(name), **area)
        figure.add_trace(shown, row=3, col=1)
    scales = [
        {"label": label, "method": "relayout", "args": [{"yaxis.type": kind}]}
        for label, kind in (("log", "log"), ("linear", "linear"))
    ]
    figure.update_yaxes(type="log", title="level", row=1, col=1)
    figure.update_yaxes(tickformat=".0%", title="drawdown", row=2, col=1)
    figure.update_yaxes(tickformat=".0%", title="weights", range=[0, 1], row=3, col=1)
    figure.update_layout(
        template="plotly_white",
        height=860,
        margin={"l": 60, "r": 10, "t": 46, "b": 30},
        hovermode="x unified",
        updatemenus=[
            {"type": "buttons", "direction": "right", "buttons": scales, "x": 0, "y": 1.06, "xanchor": "left"}
        ],
    )
    text = figure.to_html(full_html=False, include_plotlyjs="inline", div_id="levels", config=CONFIG)
    # Plotly writes its data as JSON in which < and > are escaped; names were escaped above for its own markup.
    return Markup(text)  # noqa: S704


def interactive_levels(series: Sequence[tuple[str, Times, Floats]]) -> Markup:
    """Return an HTML fragment with the levels and drawdowns of several series; it needs no network.

    Raises:
        MissingExtraError: Plotly is not installed.
    """
    try:
        import plotly.graph_objects as graph
        from plotly.subplots import make_subplots
    except ImportError as error:
        raise MissingExtraError("this page needs Plotly; install it with: pip install 'basketry[report]'") from error
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.7, 0.3], vertical_spacing=0.03)
    for number, (name, instants, level) in enumerate(series):
        times = np.datetime_as_string(instants, unit="s").tolist()
        line = {"color": LINES[number % len(LINES)], "width": 1.4}
        figure.add_trace(graph.Scatter(x=times, y=_short(level), name=_text(name), line=line), row=1, col=1)
        fall = {"color": LINES[number % len(LINES)], "width": 1}
        figure.add_trace(graph.Scatter(x=times, y=_short(drawdowns(level)), line=fall, showlegend=False), row=2, col=1)
    scales = [
        {"label": label, "method": "relayout", "args": [{"yaxis.type": kind}]}
        for label, kind in (("log", "log"), ("linear", "linear"))
    ]
    figure.update_yaxes(type="log", title="100 at the start", row=1, col=1)
    figure.update_yaxes(tickformat=".0%", title="drawdown", row=2, col=1)
    figure.update_layout(
        template="plotly_white",
        height=620,
        margin={"l": 60, "r": 10, "t": 46, "b": 30},
        hovermode="x unified",
        updatemenus=[
            {"type": "buttons", "direction": "right", "buttons": scales, "x": 0, "y": 1.08, "xanchor": "left"}
        ],
    )
    text = figure.to_html(full_html=False, include_plotlyjs="inline", div_id="levels", config=CONFIG)
    return Markup(text)  # noqa: S704


def _short(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> list[float | None]:
    return [float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None for value in values]


def _text(name: str) -> str:
    return name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
