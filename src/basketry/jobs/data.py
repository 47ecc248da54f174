"""Look at a lake: what it holds, what looks wrong in it; and fill one with the simulated market."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from basketry.core.version import VERSION
from basketry.lake.lake import Lake
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
    return found


def check_lake(
    lake: Lake, table: str = "daily", thresholds: Thresholds | None = None, *, quarantine: bool = False
) -> tuple[list[Finding], int]:
    """Return what each check finds, and how many values were set aside.

    Values that are wrong beyond doubt are set aside only when asked for: they stay in their table, and panels
    leave them out.
    """
    rows = lake.read(table).unique(["time", "asset"], keep="last", maintain_order=True)
    findings = check_observations(rows, lake.read("aliases"), thresholds or Thresholds())
    aside = to_quarantine(findings, table)
    if quarantine and not aside.is_empty():
        lake.write("quarantine", aside)
    return findings, aside.height if quarantine else 0


def simulate_lake(lake: Lake, seed: int) -> dict[str, int]:
    """Fill an empty lake with the simulated market; return the rows by table."""
    from basketry.market.simulate import simulate_market

    lake.create(simulated=True, note=f"simulated market, seed {seed}, basketry {VERSION}")
    tables = simulate_market(seed).tables
    for name, frame in tables.items():
        lake.write(name, frame)
    return {name: frame.height for name, frame in tables.items()}
