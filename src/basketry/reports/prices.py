"""The page of reference prices: pictures, figures, what was left out and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from markupsafe import Markup

from basketry.reference.compare import Comparison
from basketry.reference.fixing import Fixings
from basketry.reference.price_rules import PriceRules
from basketry.reports.pages import render
from basketry.reports.plots import AREAS, LINES, SHADES, SOFT, drawing, new_figure
from basketry.reports.svg import inline_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ASSETS_DRAWN = 12
EVENTS_SHOWN = 40
_BP = 1e4


def price_page(rules: PriceRules, fixings: Fixings, simulated: bool) -> str:
    """Return the page of reference prices as HTML that needs no network; the same prices give the same text."""
    table = fixings.table
    assets = table["asset"].unique().sort().to_list()
    return render(
        "prices.html",
        simulated=simulated,
        rules=rules,
        words=rules.words(),
        first=None if table.is_empty() else table["time"].min(),
        last=None if table.is_empty() else table["time"].max(),
        count=table.height,
        assets=[_asset(fixings, asset) for asset in assets[:ASSETS_DRAWN]],
        more=assets[ASSETS_DRAWN:],
        events=fixings.events.tail(EVENTS_SHOWN).reverse().to_dicts(),
        events_count=fixings.events.height,
        conversions=_conversions(fixings.conversions),
    )


def _asset(fixings: Fixings, asset: str) -> dict[str, Any]:
    table = fixings.table.filter(pl.col("asset") == asset)
    priced = table.filter(pl.col("price").is_not_null())
    relative = (priced["confidence"] / priced["price"] * _BP).drop_nulls()
    return {
        "asset": asset,
        "last": priced.row(-1, named=True) if priced.height else None,
        "picture": _picture(table, asset),
        "statuses": dict(table["status"].value_counts().sort("count", descending=True).iter_rows()),
        "confidence_bp": relative.median() if len(relative) else None,
        "venues": _venues(fixings.sources.filter(pl.col("asset") == asset)),
    }


def _venues(sources: pl.DataFrame) -> list[dict[str, Any]]:
    return (
        sources.group_by("venue", "pair", "group")
        .agg(
            trades=pl.col("trades").sum(),
            volume=pl.col("volume").sum(),
            weight=pl.col("venue_weight").mean(),
            deviation=pl.col("deviation").max(),
            counts=(pl.col("reason") == "counts").mean(),
            out=pl.col("reason").filter(~pl.col("reason").is_in(["counts", "no trades"])).unique().sort(),
        )
        .sort("weight", "venue", "pair", descending=[True, False, False])
        .to_dicts()
    )


def _conversions(table: pl.DataFrame) -> list[dict[str, Any]]:
    return (
        table.group_by("quote", "path")
        .agg(
            low=pl.col("rate").min(),
            median=pl.col("rate").median(),
            high=pl.col("rate").max(),
            without=pl.col("rate").null_count(),
        )
        .sort("quote", "path")
        .to_dicts()
    )


def _picture(table: pl.DataFrame, asset: str) -> Markup:
    label = f"Reference price of {asset} with its confidence, and the number of venues under it"
    return inline_svg(draw_fixings, table, name=f"price-{asset}", label=label, size=(9.5, 4.2))


def draw_fixings(figure: Figure, table: pl.DataFrame) -> None:
    """Draw the prices of one asset with their confidence and status, and the venues that count under them."""
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    times = table["time"].dt.replace_time_zone(None).to_numpy()
    price = table["price"].to_numpy()
    spread = table["confidence"].fill_null(0.0).to_numpy()
    top.fill_between(
        times, price - spread, price + spread, color=AREAS[0], alpha=0.25, linewidth=0, label="± confidence"
    )
    top.plot(times, price, color=LINES[0], linewidth=1.2, label="price", marker="." if len(times) == 1 else None)
    shown = set()
    step = np.median(np.diff(times)) if len(times) > 1 else np.timedelta64(1, "h")
    for status, time in zip(table["status"].to_list(), times, strict=True):
        if status in SHADES:
            top.axvspan(
                time - step / 2,
                time + step / 2,
                color=SHADES[status],
                linewidth=0,
                label=None if status in shown else status,
            )
            shown.add(status)
    top.legend(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0, fontsize=8, ncols=5)
    top.set_ylabel("price")
    _tidy_time(bottom)
    bottom.step(times, table["venues"].to_numpy(), where="mid", color=LINES[2], linewidth=1.2)
    bottom.set_ylim(0, max(1, *table["venues"].to_list()) + 0.5)
    bottom.set_ylabel("venues")


def draw_comparison(figure: Figure, comparison: Comparison) -> None:
    """Draw the prices of several rates, and under them their distance from the benchmark in basis points."""
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    times = comparison.times.view("datetime64[us]")
    own = comparison.prices[comparison.benchmark]
    for place, (name, price) in enumerate(sorted(comparison.prices.items())):
        benchmark = name == comparison.benchmark
        style = {
            "color": "#000000" if benchmark else LINES[place % (len(LINES) - 1)],
            "linestyle": "-" if benchmark else ("-", "--", ":")[place // (len(LINES) - 1) % 3],
            "linewidth": 2.0 if benchmark else 1.0,
            "zorder": 3 if benchmark else 2,
            "label": name,
        }
        top.plot(times, price, **style)
        with np.errstate(invalid="ignore"):
            bottom.plot(times, (price / own - 1) * _BP, **style)
    top.set_ylabel(f"{comparison.asset} in {comparison.currency}")
    bottom.set_yscale("symlog", linthresh=10)
    bottom.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    bottom.set_ylabel(f"from {comparison.benchmark}, bp")
    bottom.axhline(0, color=SOFT, linewidth=0.6)
    _tidy_time(bottom)
    figure.legend(*top.get_legend_handles_labels(), loc="outside right upper", fontsize=8)


def plot_comparison(comparison: Comparison) -> Figure:
    """Return a picture of several rates over the same trades."""
    with drawing():
        figure = new_figure(11, 6.5)
        draw_comparison(figure, comparison)
    return figure


def _tidy_time(axes: Axes) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator()  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
