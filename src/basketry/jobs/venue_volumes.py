"""Keep the value traded on each venue against each currency, a figure a day, as metrics of a lake."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

import numpy as np
import polars as pl

from basketry.core.errors import DataError
from basketry.core.frames import INSTANT, METRICS
from basketry.core.time import DAY, to_datetime, to_instant
from basketry.jobs.prices import traded_span
from basketry.lake.lake import Instant, Lake
from basketry.lake.tapes import LakeTapes
from basketry.market.tape import Market
from basketry.methodology.metrics import venue_volume

Progress = Callable[[str], None]
_DAY = timedelta(days=1)


class _Figure(NamedTuple):
    asset: str
    metric: str
    day: date
    value: float


def write_venue_volumes(
    lake: Lake,
    assets: Sequence[str] = (),
    start: Instant | None = None,
    end: Instant | None = None,
    *,
    progress: Progress = lambda _: None,
) -> int:
    """Write the value traded by asset, venue, quote currency and UTC day into `metrics`; return how many figures.

    The metric `volume@VENUE/QUOTE` is the sum of price times size of the trades of a day on the spot markets of a
    venue, in units of the quote currency; a bar counts at its close. `time` and `known_at` are the end of the day. A
    metric holds until the next one, so that a day without trades after one with some is written as unknown.

    Args:
        lake: Its trades; bars where it has none.
        assets: Ids; all that are traded unless given.
        start: The first day is that of this instant; the day of the first trade unless given.
        end: Days that end by this instant; that of the last trade unless given.
        progress: Told what is being done.

    Raises:
        DataError: The lake has no trades, or no whole day of them.
    """
    tapes = LakeTapes(lake)
    for asset in assets:
        tapes.require(asset)
    first, whole = traded_span(lake, ())
    begin = first if start is None else to_datetime(to_instant(start))
    stop = whole if end is None else min(to_datetime(to_instant(end)), whole)
    spot = {m: d for m, d in lake.ticks.held(tapes.table).items() if m.kind == "spot"}
    found: list[_Figure] = []
    for asset in assets or tapes.assets:
        traded = {m: {day for day in days if _end(day) <= whole} for m, days in spot.items() if m.base == asset}
        for day in sorted(set[date]().union(*traded.values())):
            if begin.date() <= day and _end(day) <= stop:
                progress(f"Adding up {asset} on {day}")
                found += _figures(lake, tapes.table, asset, day, traded)
    if not found:
        raise DataError(f"{lake.address}: no whole UTC day of trades on spot markets from {begin} to {stop}")
    ends = pl.col("day").cast(INSTANT).dt.offset_by("1d")
    rows = pl.DataFrame(found, orient="row", schema=["asset", "metric", "day", "value"])
    lake.write("metrics", METRICS.conform(rows.select("asset", "metric", "value", time=ends, known_at=ends)))
    return int(rows["value"].is_not_nan().sum())


def _end(day: date) -> datetime:
    return to_datetime(to_instant(day + _DAY))


def _figures(lake: Lake, table: str, asset: str, day: date, traded: dict[Market, set[date]]) -> Iterator[_Figure]:
    """Yield the figures of an asset on a day, and that those of the next day are unknown where it has no trades."""
    tape = lake.ticks.tape(asset, to_instant(day), to_instant(day) + DAY, table=table)
    value = tape.price * tape.base_units(tape.size)
    sums: dict[str, float] = {}
    goes_on: set[str] = set()
    for place, market in enumerate(tape.markets):
        name = venue_volume(market.venue, market.quote)
        days = traded.get(market, set())
        if day in days:
            sums[name] = sums.get(name, 0.0) + float(value[tape.market_slice(place)].sum())
        if day + _DAY in days:
            goes_on.add(name)
    for name, total in sums.items():
        yield _Figure(asset, name, day, total)
        if name not in goes_on:
            yield _Figure(asset, name, day + _DAY, np.nan)
