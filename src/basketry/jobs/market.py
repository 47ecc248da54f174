"""The panel that a methodology works on: the lake's table, or reference prices where the methodology makes them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from basketry.core.errors import DataError
from basketry.jobs.prices import fixings_of
from basketry.lake.lake import Lake
from basketry.lake.tapes import LakeTapes
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology
from basketry.reference.price_rules import PriceRules

Progress = Callable[[str], None]
USED = ("live", "stale")
"""Statuses of fixings that are prices; the methodology's rule for missing prices has the others."""


def market_panel(lake: Lake, methodology: Methodology, table: str = "daily", progress: Progress | None = None) -> Panel:
    """Return the panel for a methodology.

    Without the key `prices` it is the panel of the lake's table. With it the rows are the calculation instants, each
    price is the reference price made from the lake's trades, and an asset that no venue trades has none; volumes and
    supplies are what the table knew by each instant.

    Args:
        lake: Where the data are.
        methodology: The rulebook.
        table: Observations: daily or intraday.
        progress: Told what is being done.

    Raises:
        DataError: The lake holds no observations, or reference prices are asked for and it holds no trades.
    """
    panel = lake.panel(table)
    rules = methodology.first.prices
    if rules is None:
        return panel
    return _with_reference_prices(lake, methodology, rules, panel, progress)


def _with_reference_prices(
    lake: Lake, methodology: Methodology, rules: PriceRules, panel: Panel, progress: Progress | None
) -> Panel:
    tapes = LakeTapes(lake)
    instants = methodology.first.calculate.instants(panel.times[0], panel.times[-1])
    times = panel.times if instants is None else np.asarray(instants)
    assets = [asset for asset in panel.assets if asset in set(tapes.assets)]
    if not assets:
        raise DataError(
            f"{lake.address}: no asset of its observations is traded on a venue; the trades are of "
            f"{', '.join(tapes.assets[:5])}"
        )
    rows = np.searchsorted(panel.times, times, side="right") - 1
    stamps = pl.Series("time", times).dt.replace_time_zone("UTC")
    frames = []
    for place, asset in enumerate(assets):
        if progress is not None:
            progress(f"Reference prices of {asset} ({place + 1} of {len(assets)})")
        fixings = fixings_of(tapes, asset, times.astype(np.int64), rules).table
        usable = fixings.with_columns(pl.when(pl.col("status").is_in(USED)).then("price").alias("price"))
        column = panel.assets.index(asset)
        volume = panel.field("volume")[rows, column] if "volume" in panel.fields else np.full(len(times), np.nan)
        frames.append(
            usable.select("time", "asset", "price", sources="venues").with_columns(
                volume=pl.Series(volume).fill_nan(None), known_at=pl.lit(None, dtype=stamps.dtype)
            )
        )
    return Panel.from_frames(
        pl.concat(frames).sort("time", "asset"),
        supply=_supply(panel, assets),
        assets=lake.read("assets"),
        classifications=lake.read("classifications"),
        yields=_of(lake.read("yields"), assets),
        events=_of(panel.event_table, assets),
        metrics=_of(lake.read("metrics"), assets),
        rates=lake.read("rates"),
        simulated=lake.simulated,
    )


def _supply(panel: Panel, assets: list[str]) -> pl.DataFrame | None:
    """Return the supplies of a panel as a table, as known at each of its rows."""
    if "supply" not in panel.fields:
        return None
    frames = []
    for asset in assets:
        column = panel.assets.index(asset)
        frame = pl.DataFrame({"time": panel.times, "asset": asset, "supply": panel.field("supply")[:, column]})
        if "free_float" in panel.fields:
            frame = frame.with_columns(free_float=pl.Series(panel.field("free_float")[:, column]).fill_nan(None))
        frames.append(frame.filter(pl.col("supply").is_finite()))
    return pl.concat(frames)


def _of(rows: pl.DataFrame, assets: list[str]) -> pl.DataFrame | None:
    kept = rows.filter(pl.col("asset").is_in(assets))
    return None if kept.is_empty() else kept
