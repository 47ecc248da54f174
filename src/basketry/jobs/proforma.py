"""The next composition of an index in a folder: computed again from its rulebook and the data."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from basketry.core.errors import DataError
from basketry.core.time import to_datetime
from basketry.index.calculate import Instant
from basketry.index.outlook import announced_changes, next_composition
from basketry.index.proforma import NextHolding, ProForma
from basketry.jobs.market import Market
from basketry.jobs.recompute import recomputed
from basketry.ledger.folder import read_folder


@dataclass(frozen=True)
class NextChanges:
    """What comes next of an index.

    Attributes:
        symbol: The index.
        next: The next composition: announced, determined, or a projection.
        further: Announced changes that take effect after it, in order.
    """

    symbol: str
    next: ProForma
    further: tuple[ProForma, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "symbol": self.symbol,
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
        DataError: The calendar of its schedule ends.
        RecordError: The folder cannot be read.
    """
    result = recomputed(read_folder(folder), market, table, as_of)
    found = next_composition(result)
    if found is None:
        raise DataError(f"{folder}: no change comes: the calendar of the schedule does not reach further")
    further = (entry for entry in announced_changes(result) if entry.effective_at > found.effective_at)
    return NextChanges(result.methodology.symbol, found, tuple(further))
