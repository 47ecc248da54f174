"""The panel of an index that makes its own prices: reference prices from a lake's trades, by its own rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.jobs.prices import fixings_of
from basketry.lake.lake import Lake
from basketry.lake.tapes import LakeTapes
from basketry.market.panel import Panel, Times
from basketry.methodology.methodology import Methodology
from basketry.reference.fixing import Fixings, FixingState

Progress = Callable[[str], None]
USED = ("live", "stale")
"""Statuses of fixings that are prices; the methodology's rule for missing prices has the others."""


def reference_panel(
    lake: Lake,
    methodology: Methodology,
    panel: Panel,
    progress: Progress | None,
    known_by: np.datetime64 | None,
) -> Panel:
    """Return the panel of a methodology that makes reference prices; see `basketry.jobs.market.market_panel`.

    Args:
        lake: Where the trades are.
        methodology: The rulebook.
        panel: That of the lake's table of observations.
        progress: Told what is being done.
        known_by: Use only what was known by then; everything for None.

    Raises:
        DataError: No asset of the panel is traded on a venue.
    """
    tapes = LakeTapes(lake, known_by)
    times = methodology.instants(panel.times[0], panel.times[-1], panel.times)
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
        fixings = fixings_by_version(tapes, asset, times, methodology)
        usable = fixings.with_columns(pl.when(pl.col("status").is_in(USED)).then("price").alias("price"))
        column = panel.assets.index(asset)
        volume = _known_then(panel, "volume", rows, column, times)
        frames.append(
            usable.select("time", "asset", "price", sources="venues").with_columns(
                volume=pl.Series(volume).fill_nan(None), known_at=pl.lit(None, dtype=stamps.dtype)
            )
        )
    beside: dict[str, pl.DataFrame | None] = dict(lake.beside(known_by))
    for name in ("yields", "events", "metrics"):
        rows_of = beside.get(name)
        beside[name] = None if rows_of is None else _of(rows_of, assets)
    beside["supply"] = _supply(panel, assets)
    observations = pl.concat(frames).sort("time", "asset")
    made = Panel.from_frames(observations, known_by=known_by, simulated=lake.simulated, **beside)
    if known_by is not None:
        return made
    corrected = lake.ticks.latest_correction()
    known = [at for at in (made.known_by, panel.known_by, corrected) if at is not None]
    return replace(made, known_by=max(known), _memory={})


def fixings_by_version(tapes: LakeTapes, asset: str, times: Times, methodology: Methodology) -> pl.DataFrame:
    """Return the fixings of an asset, each by the price rules in force at its instant; they hand on one state."""
    state, parts = FixingState(), []
    for span, book in methodology.over("prices", times):
        if book.prices is not None:
            parts.append(fixings_of(tapes, asset, times[span].astype(np.int64), book.prices, state=state))
    return Fixings.together(parts).table


def _known_then(panel: Panel, name: str, rows: NDArray[np.int64], column: int, instants: Times) -> Floats:
    """Return a figure of an asset at some rows, each as it was known at an instant of its own; NaN where unknown."""
    if name not in panel.fields:
        return np.full(len(rows), np.nan)
    values = panel.field(name)[rows, column]
    return values if panel.revisions is None else panel.revisions.known_then(name, values, rows, column, instants)


def _supply(panel: Panel, assets: list[str]) -> pl.DataFrame | None:
    """Return the supplies of a panel as a table, as known at each of its rows."""
    if "supply" not in panel.fields:
        return None
    frames = []
    rows = np.arange(len(panel.times))
    for asset in assets:
        column = panel.assets.index(asset)
        supply = _known_then(panel, "supply", rows, column, panel.times)
        frame = pl.DataFrame({"time": panel.times, "asset": asset, "supply": supply})
        if "free_float" in panel.fields:
            frame = frame.with_columns(free_float=pl.Series(panel.field("free_float")[:, column]).fill_nan(None))
        frames.append(frame.filter(pl.col("supply").is_finite()))
    return pl.concat(frames)


def _of(rows: pl.DataFrame, assets: list[str]) -> pl.DataFrame | None:
    kept = rows.filter(pl.col("asset").is_in(assets))
    return None if kept.is_empty() else kept
