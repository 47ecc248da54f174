"""The picture of an index by Matplotlib: levels, drawdown, weights; and what any picture of an index shows."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from basketry.core.errors import MissingExtraError
from basketry.core.numbers import Floats
from basketry.core.time import format_instant
from basketry.disk.whole import write_whole
from basketry.index.result import IndexResult
from basketry.market.cash import CASH
from basketry.reports.quality import runs
from basketry.reports.statistics import drawdowns
from basketry.reports.weights import largest_and_others, weights_at

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LINES = ("#0b5394", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9", "#000000")
"""After Okabe and Ito (2008): told apart by colour-blind readers."""
AREAS = ("#0b5394", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#7a5ea8", "#b8a200", "#6b8f71", "#8c564b")
OTHERS, INK, SOFT, GRID = "#c9ced3", "#1c2733", "#5b6875", "#e3e7ea"
SHADES = {"carried": "#f5e3b3", "stale": "#f4c7a1", "suspended": "#e7b3b3"}
STYLE = {
    "axes.axisbelow": True,
    "axes.edgecolor": "#b9c1c8",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.labelcolor": SOFT,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 10,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "basketry",
    "text.color": INK,
    "text.parse_math": False,  # a name with a dollar sign is a name, not a formula
    "xtick.color": SOFT,
    "ytick.color": SOFT,
}
FALL = "#f4d5bf", "#a84300"
"""A drawdown: its area and its line."""
POINTS, POINTS_OF_AREAS = 1_400, 450
"""Points of a line, and of an area; more would not be seen."""


@contextmanager
def drawing() -> Iterator[None]:
    """Draw with the style of these pictures, whatever the reader's Matplotlib settings are.

    Raises:
        MissingExtraError: Matplotlib is not installed.
    """
    try:
        import matplotlib.style
    except ImportError as error:
        raise MissingExtraError("pictures need Matplotlib; install it with: pip install 'basketry[report]'") from error
    with matplotlib.style.context(["default", STYLE], after_reset=True), warnings.catch_warnings():
        # Names in any script are kept as text; that the measuring font lacks their letters does no harm.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size in inches; to be called while `drawing`."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def plot_index(result: IndexResult) -> Figure:
    """Return a picture of the levels (log scale), the drawdown and the weights through time.

    Raises:
        MissingExtraError: Matplotlib is not installed.
    """
    with drawing():
        figure = new_figure(11, 9.5)
        top, middle, bottom = figure.subplots(3, 1, sharex=True, height_ratios=(3, 1.1, 2.2))
        draw_levels(top, result)
        draw_drawdown(middle, result)
        draw_weights(bottom, result)
        first, last = (format_instant(result.times[row])[:10] for row in (0, -1))
        methodology = result.methodology
        top.set_title(
            f"{methodology.symbol} in {methodology.currency}, {first} to {last} (UTC)",
            loc="left",
            fontsize=10,
            color=SOFT,
        )
        figure.suptitle(methodology.name, x=0.012, ha="left", fontsize=16, fontweight="bold")
        if result.panel.simulated:
            note = "simulated market: no real asset"
            top.set_title(note, loc="right", fontsize=10, color="#a33b00", fontweight="bold")
    return figure


def save_picture(result: IndexResult, path: Path) -> None:
    """Write the picture of an index as PNG; the same result gives the same bytes.

    Raises:
        MissingExtraError: Matplotlib is not installed.
        OSError: The file cannot be written.
    """
    figure = plot_index(result)
    with drawing():
        picture = BytesIO()
        figure.savefig(picture, format="png", dpi=130, metadata={"Software": None})
    write_whole(path, picture.getvalue())


def draw_levels(axes: Axes, result: IndexResult) -> None:
    """Draw all return columns on a log scale; instants whose level is not live are shaded.

    A level of zero, which a leveraged index can reach, ends its line.
    """
    from matplotlib.ticker import LogLocator, NullFormatter

    drawn = {}
    for column, colour in zip(result.return_columns, cycle(LINES), strict=False):
        level = np.where(result.level(column) > 0, result.level(column), np.nan)
        rows = thinned(level, POINTS)
        drawn[column] = level[rows]
        axes.plot(result.times[rows], level[rows], color=colour, linewidth=1.3, label=column.replace("_", " "))
    _shade_statuses(axes, result)
    low, high = (pick([pick(level) for level in drawn.values()]) for pick in (np.nanmin, np.nanmax))
    axes.set_yscale("log")
    # Over few decades 2 and 5 are labelled too; over one, all digits.
    decades = np.log10(high / low)
    axes.yaxis.set_major_locator(
        LogLocator(subs=range(1, 10) if decades < 0.7 else (1, 2, 5) if decades < 2.5 else (1,))
    )
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(lambda value, _: _number(value))
    axes.set_ylabel("level, log scale")
    _whole_time(axes, result)
    axes.legend(loc="upper left", fontsize=9)


def draw_drawdown(axes: Axes, result: IndexResult) -> None:
    """Draw the fall of the price return from its highest level so far."""
    falls = drawdowns(result.level())
    rows = thinned(falls, POINTS)
    axes.fill_between(result.times[rows], falls[rows], 0, color=FALL[0], linewidth=0)
    axes.plot(result.times[rows], falls[rows], color=FALL[1], linewidth=0.8)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}".replace("-", "−"))
    axes.set_ylabel("drawdown")
    _whole_time(axes, result)
    axes.set_ylim(top=0)


def draw_weights(axes: Axes, result: IndexResult) -> None:
    """Draw the weights through time as stacked areas: the ten largest on average, and all others."""
    rows, names, weights, colours = weight_areas(result)
    areas = axes.stackplot(result.times[rows], weights.T, colors=colours, linewidth=0)
    axes.set_ylim(0, 1)
    _whole_time(axes, result)
    axes.grid(visible=False)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_ylabel("weights")
    # Listed from the top of the picture to its bottom.
    axes.legend(areas[::-1], names[::-1], loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8.5, handlelength=1)


def weight_areas(result: IndexResult) -> tuple[NDArray[np.int64], list[str], Floats, list[str]]:
    """Return what a picture of weights through time shows: the ten largest on average, and all others.

    Returns:
        Rows of the levels, length k; names, the largest first, length n; their weights, shape (k, n); their colours.
    """
    count = len(result.times)
    rows = np.unique(np.linspace(0, count - 1, min(count, POINTS_OF_AREAS)).astype(np.int64))
    names, weights = largest_and_others(*weights_at(result, rows))
    grey = {"others": OTHERS, CASH: "#7f8a94"}
    return rows, names, weights, [grey.get(name, colour) for name, colour in zip(names, [*AREAS, OTHERS], strict=False)]


def status_rows(result: IndexResult) -> dict[str, list[tuple[int, int]]]:
    """Return the half-open row ranges of levels of each status that is shaded, for those that there are."""
    status = result.levels["status"].cast(str)
    found = {name: runs((status == name).to_numpy()) for name in SHADES}
    return {name: rows for name, rows in found.items() if rows}


def thinned(values: Floats, count: int) -> NDArray[np.int64]:
    """Return rows that draw the same line with at most `count` points: the low and the high of each stretch.

    >>> thinned(np.array([1.0, 5.0, 2.0, 3.0, 0.0, 4.0]), 4).tolist()
    [0, 1, 4, 5]
    """
    if len(values) <= count:
        return np.arange(len(values))
    edges = np.linspace(0, len(values), count // 2 + 1).astype(np.int64)
    low, high = np.where(np.isnan(values), np.inf, values), np.where(np.isnan(values), -np.inf, values)
    # Sorted within their stretches, the first of a stretch is where the stretch begins.
    stretch = np.repeat(np.arange(len(edges) - 1), np.diff(edges))
    return np.unique([np.lexsort((key, stretch))[edges[:-1]] for key in (low, -high)])


def _shade_statuses(axes: Axes, result: IndexResult) -> None:
    times = result.times
    thinnest = (times[-1] - times[0]) / 700
    for name, rows in status_rows(result).items():
        spans = [(times[start], max(times[min(end, len(times) - 1)] - times[start], thinnest)) for start, end in rows]
        axes.broken_barh(
            spans,
            (0, 1),
            transform=axes.get_xaxis_transform(),
            facecolors=SHADES[name],
            zorder=0,
            label=f"level {name}",
        )


def _whole_time(axes: Axes, result: IndexResult) -> None:
    if len(result.times) > 1:
        axes.set_xlim(result.times[0], result.times[-1])


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:,.6g}"
