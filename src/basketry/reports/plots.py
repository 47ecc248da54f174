"""Pictures of an index: levels, drawdown, weights. The same result gives the same bytes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from basketry.core.errors import MissingExtraError
from basketry.core.numbers import Floats
from basketry.index.result import IndexResult
from basketry.reports.statistics import drawdowns

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PALETTE = ("#0b5394", "#d1662a", "#2a9d8f", "#7b5ea7", "#c2a12b", "#5f7480", "#a23b57", "#4f8a3c", "#8a6d4d", "#35a0c9")
"""Told apart by colour-blind readers, and in grey by their order."""
OTHERS = "#c9ced3"
SHOWN = 9


def _figure(width: float, height: float) -> Figure:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("pictures need Matplotlib; install it with: pip install 'basketry[report]'") from error
    return Figure(figsize=(width, height), layout="constrained")


def plot_index(result: IndexResult) -> Figure:
    """Return a picture of the levels (log scale), the drawdown and the weights through time."""
    figure = _figure(10, 9)
    top, middle, bottom = figure.subplots(3, 1, sharex=True, height_ratios=(3, 1, 2))
    draw_levels(top, result)
    draw_drawdown(middle, result)
    draw_weights(bottom, result)
    note = " · simulated market" if result.panel.simulated else ""
    top.set_title(f"{result.methodology.name} ({result.methodology.symbol}){note}", loc="left", fontweight="bold")
    return figure


def save_picture(result: IndexResult, path: Path) -> None:
    """Write the picture of an index as PNG."""
    plot_index(result).savefig(path, dpi=110, metadata={"Software": None})


def svg(draw: Any, result: IndexResult, height: float, width: float = 9) -> str:
    """Return one drawing as SVG text without dates or random ids."""
    import matplotlib

    figure = _figure(width, height)
    draw(figure.subplots(), result)
    stream = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "basketry", "svg.fonttype": "none"}):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    return text[text.index("<svg") :]


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e5e8eb", linewidth=0.8)
    axes.set_axisbelow(True)


def draw_levels(axes: Axes, result: IndexResult) -> None:
    """Draw all return columns, on a log scale; instants without a live level are shaded."""
    times = result.times
    for column, colour in zip(result.return_columns, PALETTE, strict=False):
        level = np.where(result.level(column) > 0, result.level(column), np.nan)
        axes.plot(times, level, color=colour, linewidth=1.3, label=column.replace("_", " "))
    held = (result.levels["status"].cast(str) == "suspended").to_numpy()
    if held.any():
        edges = np.flatnonzero(np.diff(held.astype(int), prepend=0, append=0))
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            axes.axvspan(times[start], times[min(end, len(times) - 1)], color="#f3dcdc", zorder=0, linewidth=0)
        axes.plot([], [], color="#f3dcdc", linewidth=6, label="suspended: level held")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}")
    axes.set_ylabel("level, log scale")
    axes.legend(loc="upper left", frameon=False, fontsize=9)
    _plain(axes)


def draw_drawdown(axes: Axes, result: IndexResult) -> None:
    """Draw the fall from the highest price-return level so far."""
    falls = drawdowns(result.level())
    axes.fill_between(result.times, falls, 0, color="#d1662a", alpha=0.35, linewidth=0)
    axes.plot(result.times, falls, color="#a84c1b", linewidth=0.8)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_ylabel("drawdown")
    _plain(axes)


def weight_history(result: IndexResult) -> tuple[list[str], Floats]:
    """Return the nine assets of the largest mean weight, and drifting weights of these and the others, (T, 10)."""
    assets = result.panel.assets
    held = sorted({int(column) for segment in result.segments for column in segment.columns})
    place = {column: number for number, column in enumerate(held)}
    weights = np.zeros((len(result.times), len(held)))
    for segment in result.segments:
        columns = [place[int(column)] for column in segment.columns]
        weights[segment.start : segment.end + 1] = 0
        weights[segment.start : segment.end + 1, columns] = segment.weights
    order = np.argsort(-weights.mean(axis=0), kind="stable")[:SHOWN]
    rest = 1 - weights[:, order].sum(axis=1)
    return [assets[held[number]] for number in order], np.column_stack([weights[:, order], rest])


def draw_weights(axes: Axes, result: IndexResult) -> None:
    """Draw the weights through time as stacked areas: nine assets and all others."""
    names, weights = weight_history(result)
    step = max(1, len(weights) // 1_500)
    axes.stackplot(
        result.times[::step],
        np.clip(weights[::step], 0, 1).T,
        colors=[*PALETTE[: len(names)], OTHERS],
        labels=[*names, "others"],
        linewidth=0,
    )
    axes.set_ylim(0, 1)
    axes.margins(x=0)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_ylabel("weights")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def draw_current_weights(axes: Axes, result: IndexResult) -> None:
    """Draw the weights of the last composition as bars, the largest on top."""
    ranked = list(result.weights().items())[:25]
    names, weights = [name for name, _ in ranked][::-1], [weight for _, weight in ranked][::-1]
    axes.barh(names, weights, color=PALETTE[0], height=0.7)
    for place, weight in enumerate(weights):
        axes.text(weight, place, f" {weight:.2%}", va="center", fontsize=8)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.tick_params(axis="y", labelsize=8, length=0)
    axes.spines[["top", "right"]].set_visible(False)


def draw_turnover(axes: Axes, result: IndexResult) -> None:
    """Draw the one-way turnover of each change after the base."""
    changes = result.rebalances.filter(result.rebalances["trigger"] != "base").unique(
        "effective_at", keep="last", maintain_order=True
    )
    times = changes["effective_at"].dt.replace_time_zone(None).to_numpy()
    axes.bar(times, changes["turnover"].to_numpy(), width=max(4, len(result.times) / 400), color=PALETTE[2])
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_ylabel("one-way turnover")
    _plain(axes)
