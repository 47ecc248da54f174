"""What was published from one correction to the next, as the record told it, beside what is computed of it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from basketry.core.errors import RecordError
from basketry.index.result import IndexResult
from basketry.jobs.contradictions import as_told
from basketry.jobs.recompute import Recomputation
from basketry.ledger.folder import TIME_FORMAT, PublishedFolder
from basketry.ledger.told import Said, Stretch, Told, told


@dataclass(frozen=True, eq=False)
class Epoch:
    """What stood before a correction, or stands at the end of the record.

    Attributes:
        told: What the record said by then.
        stretches: Those of it that hold something.
        fresh: The index, computed again from the data as they were known in each stretch.
        standing: The same with the levels, compositions and events that were told.
    """

    told: Told
    stretches: list[Stretch]
    fresh: IndexResult
    standing: IndexResult


def epochs_of(published: PublishedFolder, again: Recomputation, result: IndexResult) -> list[Epoch]:
    """Return what stood before each correction of a record, and what stands.

    Args:
        published: The folder.
        again: The index on its markets.
        result: What stands, computed again.

    Raises:
        RecordError: What the record said before a correction is no index.
    """
    found = []
    for entry, _ in published.told.restatements:
        before = told(published.record[: entry.seq])
        stretches = [stretch for stretch in before.stretches if stretch.through is not None]
        fresh = again.result(stretches)
        try:
            standing = as_said(fresh, before.lines)
        except (KeyError, ValueError, TypeError, pl.exceptions.PolarsError) as error:
            raise RecordError(f"what entry {entry.seq} (restatement) restates is no index: {error}") from error
        found.append(Epoch(before, stretches, fresh, standing))
    return [*found, Epoch(published.told, published.stretches, result, as_told(result, published))]


def as_said(result: IndexResult, lines: Sequence[Said]) -> IndexResult:
    """Return a result with the levels, compositions and events that lines say; of days with many levels, its own."""
    levels = result.published_levels
    told_levels = [dict(line.body) for line in lines if line.kind == "level"]
    if told_levels:
        said = pl.DataFrame(told_levels, infer_schema_length=None).with_columns(
            pl.col("time").str.to_datetime(TIME_FORMAT, time_unit="us", time_zone="UTC"),
            pl.col("status").cast(levels.schema["status"]),
            pl.col("version").cast(levels.schema["version"]),
        )
        said = said.cast({name: levels.schema[name] for name in said.columns if name in levels.columns})
        levels = levels.update(said, on="time", how="full").sort("time")
    rows = [
        {"effective_at": line.body["effective_at"], "asset": asset, "units": units, "weight": weight, "price": price,
         "divisor": line.body["divisor"], "version": line.body["version"]}
        for line in lines if line.kind == "composition"
        for asset, units, weight, price in line.body["holdings"]
    ]  # fmt: skip
    compositions = pl.DataFrame(rows, infer_schema_length=None).with_columns(
        pl.col("effective_at").str.to_datetime(TIME_FORMAT, time_unit="us", time_zone="UTC")
    )
    told_events = [dict(line.body) for line in lines if line.kind == "event"]
    events = result.events.clear()
    if told_events:
        events = pl.DataFrame(told_events).with_columns(
            pl.col("time").str.to_datetime(TIME_FORMAT, time_unit="us", time_zone="UTC")
        )
    return replace(result, levels=levels, compositions=compositions, events=events.select(result.events.columns))
