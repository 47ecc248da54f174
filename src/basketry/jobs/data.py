"""Look at a lake: what it holds, what looks wrong in it; and fill one with the simulated market."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from basketry.core.errors import DataError
from basketry.core.frames import TICK_TABLES
from basketry.core.time import to_datetime, to_instant
from basketry.core.version import VERSION
from basketry.lake.lake import Lake
from basketry.market.event_quality import check_events
from basketry.market.quality import Finding, Thresholds, check_observations, to_quarantine


@dataclass(frozen=True)
class TableSummary:
    """What a table of a lake holds."""

    table: str
    rows: int
    assets: int | None
    first: datetime | None
    last: datetime | None
    parts: int
    bytes: int


def list_tables(lake: Lake) -> list[TableSummary]:
    """Return a summary of each table that holds something."""
    found = []
    for name in lake.tables():
        rows = lake.read(name)
        timed = "time" in rows.columns
        found.append(
            TableSummary(
                table=name,
                rows=rows.height,
                assets=rows["asset"].n_unique() if "asset" in rows.columns else None,
                first=rows.select(pl.col("time").min()).item() if timed else None,
                last=rows.select(pl.col("time").max()).item() if timed else None,
                parts=len(lake.parts(name)),
                bytes=lake.size(name),
            )
        )
    return [*found, *_list_ticks(lake)]


def _list_ticks(lake: Lake) -> list[TableSummary]:
    found = []
    ticks = lake.ticks
    for name in TICK_TABLES:
        held = ticks.held(name)
        days = [day for dates in held.values() for day in dates]
        if not days:
            continue
        rows, parts, size = ticks.summary(name)
        first, last = to_datetime(to_instant(min(days))), to_datetime(to_instant(max(days)))
        found.append(TableSummary(name, rows, len({market.base for market in held}), first, last, parts, size))
    return found


def check_lake(
    lake: Lake, table: str = "daily", thresholds: Thresholds | None = None, *, quarantine: bool = False
) -> tuple[list[Finding], int]:
    """Return what each check finds, and how many values were set aside.

    The events are held against the observations. Values that are wrong beyond doubt are set aside only when asked
    for: they stay in their table, and panels leave them out.

    Args:
        lake: Where the data are.
        table: Observations, daily or intraday; or events, for the checks of events alone.
        thresholds: What counts as suspicious.
        quarantine: Set aside.

    Raises:
        DataError: There are no checks for the table.
    """
    if table not in ("daily", "intraday", "events"):
        raise DataError(f"--table: there are checks of daily, intraday and events, not of {table!r}")
    observed = "intraday" if table == "intraday" or not lake.parts("daily") else "daily"
    rows = lake.read(observed if table == "events" else table)
    rows = rows.unique(["time", "asset"], keep="last", maintain_order=True)
    findings = [] if table == "events" else check_observations(rows, lake.read("aliases"), thresholds or Thresholds())
    other = lake.read("daily" if observed == "intraday" else "intraday")["asset"].unique()
    of_events = check_events(lake.read("events"), rows, [*lake.read("assets")["asset"], *other])
    aside = pl.concat([to_quarantine(findings, table), to_quarantine(of_events, "events")])
    if quarantine and not aside.is_empty():
        lake.write("quarantine", aside)
    return findings + of_events, aside.height if quarantine else 0


@dataclass(frozen=True)
class Compacted:
    """What compacting did to a table."""

    table: str
    rows: int
    parts: int
    bytes_before: int
    bytes_after: int


def compact_lake(lake: Lake, progress: Callable[[str], None] = lambda _: None) -> list[Compacted]:
    """Make one part of the many parts of each table of a lake; return what was done to those that had several.

    Ticks are kept by venue, pair and day, and stay as they are.

    Raises:
        DataError: The lake holds nothing, or a part cannot be read.
    """
    tables = lake.tables()
    if not tables:
        raise DataError(f"{lake.address}: holds nothing; import data with: basketry data import FILE --lake LAKE")
    done = []
    for name in tables:
        progress(f"Compacting {name}")
        parts, size = len(lake.parts(name)), lake.size(name)
        if lake.compact(name) is not None:
            done.append(Compacted(name, lake.read(name).height, parts, size, lake.size(name)))
    return done


def simulate_lake(lake: Lake, seed: int) -> dict[str, int]:
    """Fill an empty lake with the simulated market; return the rows by table."""
    from basketry.market.simulate import simulate_market

    lake.create(simulated=True, note=f"simulated market, seed {seed}, basketry {VERSION}")
    tables = simulate_market(seed).tables
    with lake.together():
        for name, frame in tables.items():
            lake.write(name, frame)
    return {name: frame.height for name, frame in tables.items()}


def simulate_lake_venues(
    lake: Lake,
    seed: int,
    assets: Sequence[str] = ("sim-aurum",),
    *,
    start: str = "2024-12-01",
    hours: float = 24.0,
    levels: int = 0,
    scenario: str | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, int]:
    """Add simulated venues to a lake: their trades, quotes and, with `levels`, their books; return the rows by table.

    An asset of the lake's daily table begins at its last price there, any other at 250 USD.

    Args:
        lake: Empty, or with the simulated market.
        seed: Seed of the venues.
        assets: Ids of the assets that they trade.
        start: First instant.
        hours: Length.
        levels: Prices on each side of the books; 0 for no books.
        scenario: An incident that is played; see `simulate_venues`.
        progress: Told what is being done.

    Raises:
        DataError: The lake holds real data, or venues already.
        UnknownRuleError: No scenario has the name.
    """
    from basketry.market.venues.simulate import simulate_venues

    if lake.parts("venues"):
        raise DataError(f"{lake.address}: holds venues already; choose another --lake")
    lake.create(simulated=True, note=f"simulated venues, seed {seed}, basketry {VERSION}")
    daily = lake.read("daily", end=start)
    last = dict(daily.drop_nulls("price").group_by("asset").agg(pl.col("price").last()).iter_rows())
    rows: dict[str, int] = {}
    feeds = []
    for asset in assets:
        progress(f"Simulating venues that trade {asset}")
        price = last.get(asset, 250.0)
        feeds.append(
            simulate_venues(seed, asset=asset, price=price, start=start, hours=hours, levels=levels, scenario=scenario)
        )
    for name in ("venues", "markets"):
        frame = pl.concat([feed.tables[name] for feed in feeds]).unique(maintain_order=True)
        lake.write(name, frame)
        rows[name] = frame.height
    ticks = lake.ticks
    written = set()
    for feed in feeds:
        progress(f"Writing trades of {feed.asset}")
        for name, held in feed.frames.items():
            for market, frame in held.items():
                # Markets of quote currencies come with each asset, the same each time.
                if (name, market) not in written:
                    written.add((name, market))
                    ticks.write(name, market, frame)
                    rows[name] = rows.get(name, 0) + frame.height
    return rows
