"""Pictures of an index: levels, drawdown, weights, turnover. The same result gives the same picture."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
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
from basketry.reports.rebalances import turnovers
from basketry.reports.statistics import drawdowns
from basketry.reports.weights import current_weights, largest_and_others, weights_at

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
LOG_FROM = 10
"""Levels are drawn on a log scale where the largest is more than so many times the smallest."""
POINTS = 1_400
"""Points of a line; more would not be seen."""

Draw = Callable[["Figure", IndexResult], None]
"""What draws a picture of an index on an empty figure."""


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


def picture_of_levels(figure: Figure, result: IndexResult) -> None:
    """Draw the levels, and the drawdown under them on the same time axis."""
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(5, 2))
    draw_levels(top, result)
    draw_drawdown(bottom, result)


def picture_of_weights(figure: Figure, result: IndexResult) -> None:
    """Draw the weights through time."""
    draw_weights(figure.subplots(), result)


def picture_of_current_weights(figure: Figure, result: IndexResult) -> None:
    """Draw the weights at the last level."""
    draw_current_weights(figure.subplots(), result)


def picture_of_turnover(figure: Figure, result: IndexResult) -> None:
    """Draw the turnover of each change."""
    draw_turnover(figure.subplots(), result)


def plot_index(result: IndexResult) -> Figure:
    """Return a picture of the levels (log scale), the drawdown and the weights through time.

    Raises:
        MissingExtraError: Matplotlib is not installed.
    """
    with drawing():
        figure = new_figure(11, 9.5)
        top, middle, bottom = figure.subplots(3, 1, sharex=True, height_ratios=(3, 1.1, 2.2))
        draw_levels(top, result, log=True)
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


def draw_levels(axes: Axes, result: IndexResult, *, log: bool | None = None) -> None:
    """Draw all return columns; instants whose level is not live are shaded.

    The scale is logarithmic where `log` says so, or where the levels range over more than a factor of ten. A
    level of zero, which a leveraged index can reach, ends its line.
    """
    drawn = {}
    for column, colour in zip(result.return_columns, _cycle(LINES), strict=False):
        level = np.where(result.level(column) > 0, result.level(column), np.nan)
        rows = thinned(level, POINTS)
        drawn[column] = level[rows]
        axes.plot(result.times[rows], level[rows], color=colour, linewidth=1.3, label=column.replace("_", " "))
    _shade_statuses(axes, result)
    low, high = (pick([pick(level) for level in drawn.values()]) for pick in (np.nanmin, np.nanmax))
    if log is None:
        log = bool(high > LOG_FROM * low)
    if log:
        from matplotlib.ticker import LogLocator, NullFormatter

        axes.set_yscale("log")
        # Over few decades 2 and 5 are labelled too; over one, all digits.
        decades = np.log10(high / low)
        axes.yaxis.set_major_locator(
            LogLocator(subs=range(1, 10) if decades < 0.7 else (1, 2, 5) if decades < 2.5 else (1,))
        )
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(lambda value, _: _number(value))
    axes.set_ylabel(f"level{', log scale' if log else ''}")
    _whole_time(axes, result)
    axes.legend(loc="upper left", fontsize=9)


def draw_drawdown(axes: Axes, result: IndexResult) -> None:
    """Draw the fall of the price return from its highest level so far."""
    falls = drawdowns(result.level())
    rows = thinned(falls, POINTS)
    axes.fill_between(result.times[rows], falls[rows], 0, color="#d55e00", alpha=0.25, linewidth=0)
    axes.plot(result.times[rows], falls[rows], color="#a84300", linewidth=0.8)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}".replace("-", "−"))
    axes.set_ylabel("drawdown")
    _whole_time(axes, result)
    axes.set_ylim(top=0)


def draw_weights(axes: Axes, result: IndexResult) -> None:
    """Draw the weights through time as stacked areas: the ten largest on average, and all others."""
    rows = np.unique(np.linspace(0, len(result.times) - 1, min(len(result.times), 450)).astype(np.int64))
    names, weights = largest_and_others(*weights_at(result, rows))
    grey = {"others": OTHERS, CASH: "#7f8a94"}
    colours = [grey.get(name, colour) for name, colour in zip(names, [*AREAS, OTHERS], strict=False)]
    areas = axes.stackplot(result.times[rows], weights.T, colors=colours, linewidth=0)
    axes.set_ylim(0, 1)
    _whole_time(axes, result)
    axes.grid(visible=False)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_ylabel("weights")
    # Listed from the top of the picture to its bottom.
    axes.legend(areas[::-1], names[::-1], loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8.5, handlelength=1)


def draw_current_weights(axes: Axes, result: IndexResult) -> None:
    """Draw the weights at the last level as bars, the largest on top: the 25 largest, and all others."""
    ranked = list(current_weights(result).items())
    shown = ranked[:25] if len(ranked) > 26 else ranked
    rest = sum(weight for _, weight in ranked[len(shown) :])
    bars = [*shown, (f"{len(ranked) - len(shown)} others", rest)] if rest else shown
    places = np.arange(len(bars))[::-1]
    colours = [OTHERS if rest and place == 0 else LINES[0] for place in places]
    axes.barh(places, [weight for _, weight in bars], color=colours, height=0.7)
    for place, (_, weight) in zip(places, bars, strict=True):
        axes.text(weight, place, f" {weight:.2%}", va="center", fontsize=9)
    axes.set_yticks(places, [name for name, _ in bars])
    axes.set_ylim(-0.6, len(bars) - 0.4)
    axes.set_xlim(right=max(weight for _, weight in bars) * 1.18)
    axes.tick_params(axis="y", labelcolor=INK, labelsize=9, length=0)
    axes.xaxis.set_visible(False)
    axes.spines[["bottom", "left"]].set_visible(False)
    axes.grid(visible=False)


def draw_turnover(axes: Axes, result: IndexResult) -> None:
    """Draw the one-way turnover of each change of the basket after the base."""
    table = turnovers(result)
    times = table["effective_at"].dt.replace_time_zone(None).to_numpy()
    off = (table["trigger"] != "schedule").to_numpy()
    span = max((result.times[-1] - result.times[0]) / np.timedelta64(1, "D"), 1)
    for chosen, colour, label in ((~off, LINES[0], "scheduled"), (off, LINES[1], "between schedules")):
        if chosen.any():
            axes.bar(times[chosen], table["turnover"].to_numpy()[chosen], width=span / 250, color=colour, label=label)
    _whole_time(axes, result)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_ylabel("one-way turnover")
    if len(table):
        axes.legend(loc="upper left", fontsize=9, ncols=2)


def thinned(values: Floats, count: int) -> NDArray[np.int64]:
    """Return rows that draw the same line with at most `count` points: the low and the high of each stretch.

    >>> thinned(np.array([1.0, 5.0, 2.0, 3.0, 0.0, 4.0]), 4).tolist()
    [0, 1, 4, 5]
    """
    if len(values) <= count:
        return np.arange(len(values))
    edges = np.linspace(0, len(values), count // 2 + 1).astype(np.int64)
    low, high = np.where(np.isnan(values), np.inf, values), np.where(np.isnan(values), -np.inf, values)
    stretches = list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
    rows = [start + int(np.argmin(low[start:end])) for start, end in stretches]
    rows += [start + int(np.argmax(high[start:end])) for start, end in stretches]
    return np.unique(rows)


def _shade_statuses(axes: Axes, result: IndexResult) -> None:
    status = result.levels["status"].cast(str)
    times = result.times.astype("datetime64[us]")
    thinnest = (times[-1] - times[0]) / 700
    for name, colour in SHADES.items():
        spans = [
            (times[start], max(times[min(end, len(times) - 1)] - times[start], thinnest))
            for start, end in runs((status == name).to_numpy())
        ]
        if spans:
            axes.broken_barh(
                spans,
                (0, 1),
                transform=axes.get_xaxis_transform(),
                facecolors=colour,
                zorder=0,
                label=f"level {name}",
            )


def _whole_time(axes: Axes, result: IndexResult) -> None:
    if len(result.times) > 1:
        axes.set_xlim(result.times[0], result.times[-1])


def _cycle(colours: tuple[str, ...]) -> Iterator[str]:
    while True:
        yield from colours


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:,.6g}"
