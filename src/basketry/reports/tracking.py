"""Pages on following an index: a portfolio beside its index, and the frontier of policies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from basketry.core.numbers import Floats
from basketry.reports.pages import render
from basketry.reports.plots import AREAS, LINES, SOFT, drawing, new_figure
from basketry.reports.svg import inline_svg
from basketry.tracking.frontier import Frontier
from basketry.tracking.run import TrackingResult

if TYPE_CHECKING:
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

ORDERS_SHOWN = 15
_BP = 1e4
WORDS = {
    "tracking_error": ("Tracking error", "standard deviation of differences of simple returns × √steps a year"),
    "tracking_difference": ("Tracking difference", "growth a year of the portfolio less that of the index"),
    "cost": ("Trading cost", "spread, fees of venues, impact and gas a year, over the mean value"),
    "turnover": ("Turnover", "half of what is bought and sold a year, over the mean value"),
    "max_deviation": ("Largest deviation", "largest distance of the level from the index"),
    "trades": ("Trades", "a year"),
}
CAUSES = {
    "fees": "management fee",
    "trading_cost": "spread, venue fees, impact and gas",
    "cash_drag": "cash that earned nothing",
    "sampling": "members not held",
    "timing": "weights away from those aimed at, between trades",
    "yield": "earned in kind, less what the index earned so",
    "rounding": "whole lots, interaction of steps and floating point",
    "whole": "portfolio less index",
}


def tracking_page(
    result: TrackingResult, *, name: str, simulated: bool, terms: Sequence[str], figures: pl.DataFrame
) -> str:
    """Return the page of a portfolio that followed an index, as HTML that needs no network."""
    attribution = result.attribution()
    return render(
        "tracking.html",
        name=name,
        simulated=simulated,
        policy=result.policy,
        terms=list(terms),
        first=result.target.times[0],
        last=result.target.times[-1],
        figures=[_figure(row) for row in figures.iter_rows(named=True)],
        picture=inline_svg(
            draw_tracking,
            result,
            name="tracking",
            label=f"{name} and the portfolio, and how far apart",
            size=(9.5, 6.2),
        ),
        causes=[{**row, "what": CAUSES[row["part"]]} for row in attribution.table.iter_rows(named=True)],
        waterfall=inline_svg(
            draw_causes, attribution.table, name="causes", label="What the difference is made of", size=(9.5, 2.6)
        ),
        orders=_largest(result.orders),
        orders_count=result.orders.height,
        cost=float(result.orders["cost"].sum()) if result.orders.height else 0.0,
    )


def frontier_page(found: Frontier, *, name: str, simulated: bool, terms: Sequence[str]) -> str:
    """Return the page of a frontier, as HTML that needs no network."""
    saving = found.saving()
    return render(
        "frontier.html",
        name=name,
        simulated=simulated,
        terms=list(terms),
        reason=found.reason,
        words=found.recommended.words(),
        saving=None if not np.isfinite(saving) else saving,
        picture=inline_svg(
            draw_frontier, found, name="frontier", label="Tracking error against cost of each policy", size=(9.5, 5.2)
        ),
        rows=found.table.iter_rows(named=True),
    )


def _figure(row: dict[str, Any]) -> dict[str, Any]:
    label, convention = WORDS[row["figure"]]
    share = row["figure"] != "trades"

    def shown(value: float | None) -> str:
        if value is None or not np.isfinite(value):
            return ""
        return f"{value:.2%}".replace("-", "−") if share else f"{value:,.0f}"

    low, high = shown(row["low"]), shown(row["high"])
    interval = f"{low} to {high}" if low and high else ""
    return {"name": label, "value": shown(row["value"]), "interval": interval, "convention": convention}


def _largest(orders: pl.DataFrame) -> list[dict[str, Any]]:
    return orders.sort(pl.col("amount").abs(), descending=True).head(ORDERS_SHOWN).to_dicts()


def draw_tracking(figure: Figure, result: TrackingResult) -> None:
    """Draw portfolio and index on a log scale, their distance, and the cost so far."""
    top, middle, bottom = figure.subplots(3, 1, sharex=True, height_ratios=(3, 2, 1.6))
    times = result.target.times
    top.plot(times, result.index, color=SOFT, linewidth=1.6, label="index")
    top.plot(times, result.level, color=LINES[0], linewidth=0.9, label="portfolio")
    top.set_yscale("log")
    _plain_log(top.yaxis)
    top.set_ylabel("growth of 1, log")
    top.legend(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0, ncols=2, fontsize=8)
    middle.plot(times, (result.level / result.index - 1) * _BP, color=LINES[1], linewidth=0.9)
    middle.axhline(0, color=SOFT, linewidth=0.6)
    middle.set_ylabel("from index, bp")
    bottom.fill_between(times, _cost_so_far(result), color=AREAS[0], alpha=0.5, linewidth=0)
    bottom.set_ylabel("cost so far, bp")


def _cost_so_far(result: TrackingResult) -> Floats:
    return np.asarray(np.cumsum(result.log[:, 3:6].sum(axis=1) / result.log[:, 1]) * _BP)


def draw_causes(figure: Figure, table: pl.DataFrame) -> None:
    """Draw the parts of the tracking difference as bars."""
    axes = figure.subplots()
    rows = table.filter(pl.col("part") != "whole")
    values = rows["yearly"].to_numpy() * _BP
    axes.barh(
        rows["part"].str.replace("_", " ").to_list(), values, color=[LINES[0] if v >= 0 else LINES[1] for v in values]
    )
    axes.axvline(0, color=SOFT, linewidth=0.8)
    axes.invert_yaxis()
    axes.set_xlabel("bp a year")


def draw_frontier(figure: Figure, found: Frontier) -> None:
    """Draw tracking error against cost: every policy, the efficient ones joined, the recommended one marked."""
    axes = figure.subplots()
    for place, (family, rows) in enumerate(found.table.group_by("policy", maintain_order=True)):
        axes.scatter(
            rows["tracking_error"] * 100,
            rows["cost"] * _BP,
            s=22,
            color=LINES[place % len(LINES)],
            label=str(family[0]).replace("_", " "),
            zorder=3,
        )
    efficient = found.efficient.sort("tracking_error")
    axes.plot(efficient["tracking_error"] * 100, efficient["cost"] * _BP, color=SOFT, linewidth=0.9, zorder=2)
    best = found.table.filter("recommended").row(0, named=True)
    axes.scatter(
        [best["tracking_error"] * 100], [best["cost"] * _BP], s=160, facecolors="none", edgecolors="#000000", zorder=4
    )
    axes.set_xlabel("tracking error, % a year")
    axes.set_ylabel("trading cost, bp a year")
    if (found.table["tracking_error"] > 0).any():
        axes.set_xscale("log")
        _plain_log(axes.xaxis)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8.5)


def _plain_log(axis: Axis) -> None:
    """Label a log axis with plain numbers: 1, 2, 5 of each decade."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def plot_frontier(found: Frontier) -> Figure:
    """Return a picture of a frontier."""
    with drawing():
        figure = new_figure(10, 5.5)
        draw_frontier(figure, found)
    return figure


def plot_tracking(result: TrackingResult) -> Figure:
    """Return a picture of a portfolio beside its index."""
    with drawing():
        figure = new_figure(10, 6.5)
        draw_tracking(figure, result)
    return figure
