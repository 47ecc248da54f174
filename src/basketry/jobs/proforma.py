"""The next composition of an index in a folder: computed again from its rulebook and the data."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from basketry.core.errors import DataError
from basketry.core.time import format_instant, to_datetime
from basketry.index.calculate import Instant
from basketry.index.outlook import announced_changes, next_composition
from basketry.index.plan import next_dates
from basketry.index.proforma import NextHolding, ProForma
from basketry.index.result import IndexResult
from basketry.jobs.market import Market
from basketry.jobs.recompute import recomputed
from basketry.ledger.amendments import named_at
from basketry.ledger.bodies import moment
from basketry.ledger.folder import PublishedFolder, read_folder


@dataclass(frozen=True)
class NextChanges:
    """What comes next of an index.

    Attributes:
        symbol: The index.
        next: The next composition: announced, determined, or a projection.
        further: Announced changes that take effect after it, in order.
        ends: Its last level, where an end was announced.
    """

    symbol: str
    next: ProForma
    further: tuple[ProForma, ...]
    ends: np.datetime64 | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "symbol": self.symbol,
            "ends": None if self.ends is None else format_instant(self.ends),
            "next": self.next.to_dict(),
            "further": [entry.to_dict() for entry in self.further],
        }

    def table(self) -> pl.DataFrame:
        """Return the next composition as a table, a row an asset, with stage and dates in each row."""
        found = self.next
        head = {
            "stage": found.stage.value,
            "announced_at": to_datetime(found.announced_at),
            "determined_at": to_datetime(found.determined_at),
            "effective_at": to_datetime(found.effective_at),
            "instant": to_datetime(found.instant),
        }
        rows = pl.DataFrame(
            [{name: getattr(entry, name) for name in NextHolding.__dataclass_fields__} for entry in found.holdings],
            infer_schema_length=None,
        )
        stated = {name: pl.lit(value) for name, value in head.items()}
        return rows.with_columns(**stated, units_are=pl.lit(found.units.value)).select(
            *head, "units_are", *rows.columns
        )


def next_of_folder(folder: Path, market: Market, *, table: str = "daily", as_of: Instant | None = None) -> NextChanges:
    """Return what comes next of the index in a folder, after its last instant.

    Raises:
        DataError: The calendar of its schedule ends, or the index does before its next change.
        RecordError: The folder cannot be read.
    """
    published = read_folder(folder)
    result = recomputed(published, market, table, as_of)
    require_coming(published, result)
    found = next_composition(result)
    if found is None:
        raise DataError(f"{folder}: no change comes: the calendar of the schedule does not reach further")
    ends = end_of(published)
    further = (
        entry
        for entry in announced_changes(result)
        if entry.effective_at > found.effective_at and (ends is None or entry.effective_at <= ends)
    )
    _, symbol = named_at(published.told, result.methodology, result.times[-1])
    return NextChanges(symbol, found, tuple(further), ends)


def end_of(published: PublishedFolder) -> np.datetime64 | None:
    """Return the last level of an index, where its end was announced."""
    ended = published.told.ended
    return None if ended is None else moment(ended.last)


def require_coming(published: PublishedFolder, result: IndexResult) -> None:
    """Raise DataError where an index ends before its next change."""
    ends = end_of(published)
    if ends is None:
        return
    due = result.state.pending[0].effective_at if result.state.pending else None
    if due is None:
        dates = next_dates(result.methodology, result.times[-1], 1, result.times[0])
        due = dates[0].effective_at if dates else None
    if due is None or due > ends:
        raise DataError(f"{published.path}: the index ends on {format_instant(ends)}; no change takes effect before")
