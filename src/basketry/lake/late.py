"""Rows that came late: what a table held by then was made use of without them, and so they are known from then on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from basketry.core.frames import Schema
from basketry.lake.import_report import ImportReport
from basketry.lake.lake import Lake, last_time
from basketry.lake.versions import Versions, as_versions, is_versioned, known_from

_OBSERVED = ("daily", "intraday")


@dataclass(frozen=True, eq=False)
class Placed:
    """Rows as they are to be written, and rows of the table that are to go."""

    rows: pl.DataFrame
    gone: pl.DataFrame

    @property
    def moves(self) -> bool:
        """Whether rows of the table are to go."""
        return not self.gone.is_empty()


def place_rows(
    lake: Lake, schema: Schema, rows: pl.DataFrame, now: datetime, report: ImportReport, *, late: bool
) -> Placed:
    """Return sound rows as they are to be written to their table, each known from when it was; count and warn.

    Rows without a time of knowledge count as known at their time where the table holds none of their time and names, so
    that a history can be brought in in pieces. One that came late was not known then. With `late`:

    - such a row is known from `now` on;
    - rows that the table all holds as known at their time were brought in so by mistake, and are known from `now` on,
      where the order of its parts says that they came late (`Lake.came_late`);
    - a row that says when it was known takes the place of the version that the table holds with the same figures as
      the last one known before.

    Args:
        lake: Where to.
        schema: Of the table.
        rows: Conform to it.
        now: The instant of the import.
        report: Of the import; gets the counts and a warning.
        late: Whether the rows came late.
    """
    held = lake.read(schema.name)
    found = as_versions(schema, rows, held, now, late=late)
    report.corrected, report.unchanged = found.corrected, found.unchanged
    if not is_versioned(schema):
        return Placed(found.rows, found.moved)
    newest = _newest(lake, schema, held)
    if late:
        found = _put_later(lake, schema, found, now, report)
    elif newest is not None:
        older = found.fresh.filter(pl.col("time") < newest)
        report.older = older.height
        report.warnings += [] if older.is_empty() else [_words(schema, older, newest)]
    if (found.rows["known_at"] == now).any():
        report.known_from = now
    return Placed(found.rows, found.moved)


def _put_later(lake: Lake, schema: Schema, found: Versions, now: datetime, report: ImportReport) -> Versions:
    """Return the versions of rows that came late, with those that the table held before by mistake."""
    again = found.again
    if not again.is_empty():
        # Beside rows that are news, those that are none may be the rest of a file that holds all.
        alone = found.rows.is_empty()
        if alone and lake.came_late(schema.name, again, None if schema.name in _OBSERVED else _newest(lake, schema)):
            found = replace(found, rows=known_from(again, now), moved=again)
            report.unchanged -= again.height
        else:
            are = "row is" if again.height == 1 else "rows are"
            report.warnings.append(
                f"{again.height:,} {are} in the lake as known at their time, and stay so, the first "
                f"{_first(schema, again)}: nothing shows that they came late. If they did, import them alone with "
                "--late and the known_at from which they were known"
            )
    report.late, report.moved = found.fresh.height, found.moved.height
    return found


def _newest(lake: Lake, schema: Schema, held: pl.DataFrame | None = None) -> datetime | None:
    """Return the latest time of what a table holds, and of the observations, which the other tables stand beside."""
    beside = () if schema.name in _OBSERVED else _OBSERVED
    tables = [*([] if held is None else [held]), *(lake.read(name) for name in beside)]
    return max((last for rows in tables if (last := last_time(rows)) is not None), default=None)


def _words(schema: Schema, older: pl.DataFrame, newest: datetime) -> str:
    """Return the warning of rows that are older than what a lake holds."""
    count = "1 row is" if older.height == 1 else f"{older.height:,} rows are"
    return (
        f"{count} new to the lake and older than what it holds, to {newest:%Y-%m-%d %H:%M}, the first "
        f"{_first(schema, older)}: taken as known at their own time. Where an index was published from this lake, "
        "import the same rows again with --late: then they are known from that import on"
    )


def _first(schema: Schema, rows: pl.DataFrame) -> str:
    """Return the names and the time of the first of some rows."""
    row = rows.sort("time").row(0, named=True)
    names = " ".join(str(row[name]) for name in schema.key if name not in ("time", "known_at") and row[name])
    return f"{names} of {row['time']:%Y-%m-%d %H:%M}"
