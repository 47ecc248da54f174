"""Vet the venues of a lake by what they report, and keep the volume that is left as a metric of the lake."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import numpy as np
import polars as pl

from basketry.core.errors import DataError
from basketry.core.time import to_datetime, to_instant
from basketry.jobs.prices import traded_span
from basketry.lake.lake import Instant, Lake
from basketry.lake.tapes import LakeTapes
from basketry.market.tape import Market
from basketry.reference.vetting.liquidity import vetted_volumes
from basketry.reference.vetting.rules import VettingRules
from basketry.reference.vetting.vet import Vetting, vet

Progress = Callable[[str], None]
_DAY = timedelta(days=1)
_BESIDE = ("quotes", "depth")


def vet_venues(
    lake: Lake,
    assets: Sequence[str] = (),
    start: Instant | None = None,
    end: Instant | None = None,
    rules: VettingRules | None = None,
    progress: Progress = lambda _: None,
) -> Vetting:
    """Return what the tests find about the markets of some assets.

    Args:
        lake: Its trades, quotes and depth are looked at; bars where it has no trades.
        assets: Ids; all that are traded unless given.
        start: First instant; a day before the end unless given.
        end: Instant after the last; the end of the trades unless given.
        rules: Limits and weights; None for the defaults.
        progress: Told what is being done.

    Raises:
        DataError: The lake has no trades in the interval.
    """
    tapes = LakeTapes(lake)
    chosen = list(assets) or tapes.assets
    for asset in chosen:
        tapes.require(asset)
    if end is None:
        end = traded_span(lake, chosen)[1]
    last = to_instant(end)
    first = last - np.timedelta64(_DAY) if start is None else to_instant(start)
    if first >= last:
        raise DataError(f"the interval from {first} to {last} is empty")
    markets = [market for market in tapes.markets() if market.base in chosen]
    decimals = max(lake.ticks.size_decimals(market) for market in markets)
    frames = {table: _read(lake, table, markets, first, last, decimals, progress) for table in (tapes.table, *_BESIDE)}
    trades = frames[tapes.table]
    if not trades:
        raise DataError(f"{lake.address}: no trades of {', '.join(chosen)} from {first} to {last}")
    progress("Testing")
    quotes, depth = ({market: rows for market, rows in frames[name].items() if market in trades} for name in _BESIDE)
    return vet(trades, quotes=quotes, depth=depth, rules=rules, size_decimals=decimals)


def write_vetted_volumes(
    lake: Lake,
    assets: Sequence[str] = (),
    start: Instant | None = None,
    end: Instant | None = None,
    rules: VettingRules | None = None,
    *,
    currency: str = "usd",
    progress: Progress = lambda _: None,
) -> int:
    """Vet each UTC day by itself, write the vetted volumes into the table `metrics`, and return how many there are.

    A day's figure uses nothing later than the day; days without trades have none. The metric is `vetted_volume`, in
    units of `currency`.

    Args:
        lake: See `vet_venues`.
        assets: Ids; all that are traded unless given.
        start: The first day is that of this instant; the day of the first trade unless given.
        end: Days that end by this instant; that of the last trade unless given.
        rules: Limits and weights.
        currency: Quote currency that volumes are valued in.
        progress: Told what is being done.

    Raises:
        DataError: The lake has no trades, or no whole day of them.
    """
    span = traded_span(lake, assets)
    first = to_datetime(to_instant(start if start is not None else span[0]))
    last = to_datetime(to_instant(end if end is not None else span[1]))
    day = first.replace(hour=0, minute=0, second=0, microsecond=0)
    tapes = LakeTapes(lake)
    traded = lake.ticks.rows_by_day(tapes.table, assets or tapes.assets)
    found = []
    while day + _DAY <= last:
        if day.date() in traded:
            progress(f"Vetting {day:%Y-%m-%d}")
            found.append(vetted_volumes(vet_venues(lake, assets, day, day + _DAY, rules), currency))
        day += _DAY
    if not found:
        raise DataError(f"{lake.address}: no whole UTC day of trades from {first} to {last}")
    rows = pl.concat(found)
    lake.write("metrics", rows)
    return rows.height


def _read(
    lake: Lake,
    table: str,
    markets: Sequence[Market],
    first: np.datetime64,
    last: np.datetime64,
    decimals: int,
    progress: Progress,
) -> dict[Market, pl.DataFrame]:
    """Return the rows of each market, sizes in one number of decimals; without the markets that have none."""
    ticks = lake.ticks
    held = ticks.held(table)
    frames = {}
    for market in markets:
        if market not in held:
            continue
        progress(f"Reading {table} of {market}")
        rows = ticks.read(table, market, first, last)
        scale = 10 ** (decimals - ticks.size_decimals(market))
        if rows.height:
            sizes = [name for name in rows.columns if name in ("size", "volume", "bid_size", "ask_size")]
            frames[market] = rows if scale == 1 else rows.with_columns(pl.col(sizes) * scale)
    return frames
