"""A lake: a folder of Parquet tables with declared schemas, local or at any fsspec address."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from os import PathLike
from typing import Any

import numpy as np
import polars as pl

from basketry.core.digest import digest_array, digest_bytes, digest_strings
from basketry.core.errors import DataError, nearest_hint
from basketry.core.frames import EVENTS, LAKE_TABLES, Schema
from basketry.core.time import to_datetime, to_instant
from basketry.lake.files import Files
from basketry.lake.ticks import Ticks
from basketry.lake.versions import latest, without
from basketry.market.event_checks import judge_events, without_refused
from basketry.market.panel import Panel

FORMAT = 1

_BESIDE = ("assets", "classifications", "supply", "yields", "events", "metrics", "rates")
"""Tables that a panel takes beside its observations."""
_TRIES = 5

Instant = str | date | datetime | np.datetime64


class Lake:
    """A folder of tables; each table is a folder of Parquet parts, later parts superseding earlier rows.

    Args:
        address: A local path, or an fsspec address such as s3://bucket/lake or memory://lake.

    >>> import tempfile
    >>> lake = Lake(tempfile.mkdtemp())
    >>> lake.tables()
    []
    """

    def __init__(self, address: str | PathLike[str]) -> None:
        self.address = str(address)
        self._files = Files(address)

    def __repr__(self) -> str:
        return f"Lake({self.address!r})"

    @property
    def ticks(self) -> Ticks:
        """The trades, quotes, books and bars of venues, as they stand now."""
        return Ticks(self._files, self.read("markets"), self.read("venues"))

    @property
    def simulated(self) -> bool:
        """Whether the lake holds the simulated market."""
        return bool(self._about().get("simulated", False))

    def _about(self) -> dict[str, Any]:
        if not self._files.exists("lake.json"):
            return {}
        try:
            about = json.loads(self._files.read("lake.json"))
        except ValueError as error:
            raise DataError(f"{self.address}/lake.json: not JSON: {error}") from error
        if not isinstance(about, dict) or about.get("format") != FORMAT:
            raise DataError(f"{self.address}/lake.json: not the description of a lake of format {FORMAT}")
        return about

    def create(self, *, simulated: bool = False, note: str = "") -> None:
        """Write what the lake is; called before the first table is written.

        Raises:
            DataError: The lake exists and is of the other kind: a simulated market and a real one do not mix.
        """
        about = self._about()
        if about and bool(about.get("simulated")) != simulated:
            kind = "the simulated market" if about.get("simulated") else "real data"
            raise DataError(f"{self.address}: holds {kind}; the two do not mix, choose another --lake")
        if not about:
            content = {"format": FORMAT, "simulated": simulated, "note": note}
            self._files.write("lake.json", (json.dumps(content, indent=2) + "\n").encode())

    def tables(self) -> list[str]:
        """Return the names of the tables that hold something."""
        return [name for name in LAKE_TABLES if self._parts(name)]

    def parts(self, table: str) -> list[str]:
        """Return the paths of a table's parts, oldest first."""
        return [self._files.full(path) for path in self._parts(table)]

    def _parts(self, table: str) -> list[str]:
        return self._files.parts(table_schema(table).name)

    def together(self) -> AbstractContextManager[None]:
        """Return a context in which all that is written comes into the lake at once at its end, or not at all.

        Others see nothing of it before; an error takes it back, and what a kill left is never seen.

        >>> import tempfile
        >>> lake = Lake(tempfile.mkdtemp())
        >>> with lake.together():
        ...     _ = lake.write("assets", pl.DataFrame({"asset": ["btc"]}))
        ...     Lake(lake.address).tables()
        []
        >>> Lake(lake.address).tables()
        ['assets']
        """
        return self._files.together()

    def write(self, table: str, frame: pl.DataFrame) -> str | None:
        """Add a part with the rows of a frame and return its path; None where the same part is already there.

        The part is whole or absent: it is written beside and renamed. Of rows with one key, the last is written; an
        empty `known_at` and one equal to `time` are the same there.

        Raises:
            SchemaError: The frame does not conform to the table.
            DataError: A row of events is no event.
        """
        schema = table_schema(table)
        rows = latest(schema, _sound(schema, frame))
        if rows.is_empty():
            return None
        stream = io.BytesIO()
        rows.write_parquet(stream, compression="zstd")
        self.create(simulated=self.simulated)
        path = self._files.add_part(schema.name, stream.getvalue())
        return None if path is None else self._files.full(path)

    def read(
        self, table: str, start: Instant | None = None, end: Instant | None = None, known_by: Instant | None = None
    ) -> pl.DataFrame:
        """Return the rows of a table, sorted by its key; of rows with one key, that of the latest part.

        Args:
            table: Name of the table.
            start: First instant. end: Last instant, inclusive. Both of the column `time`.
            known_by: Leave out what was not known by then.

        Raises:
            DataError: A part cannot be read; the message names it.
        """
        schema = table_schema(table)
        _, rows = self._rows(schema)
        if start is not None:
            rows = rows.filter(pl.col("time") >= to_datetime(to_instant(start)))
        if end is not None:
            rows = rows.filter(pl.col("time") <= to_datetime(to_instant(end)))
        if known_by is not None and "known_at" in schema.columns:
            rows = rows.filter(pl.coalesce("known_at", "time") <= to_datetime(to_instant(known_by)))
        return rows

    def _rows(self, schema: Schema) -> tuple[list[str], pl.DataFrame]:
        """Return the parts of a table and their rows in the order of its key; of one key, that of the latest part."""
        for _ in range(_TRIES):
            paths = self._parts(schema.name)
            try:
                return paths, self._rows_of(schema, paths)
            except DataError:
                # Parts that go while they are read were made one; the table is then read again.
                if self._parts(schema.name) == paths:
                    raise
        raise DataError(f"{self.address}: the parts of {schema.name} change all the time; try again later")

    def _rows_of(self, schema: Schema, paths: Sequence[str]) -> pl.DataFrame:
        found = self._files.read_parts(paths)
        if not found:
            return schema.empty()
        names = paths if len(found) > 1 else [schema.name]
        frames = [schema.conform(frame, self._files.full(name)) for frame, name in zip(found, names, strict=True)]
        return latest(schema, pl.concat(frames) if len(frames) > 1 else frames[0])

    def compact(self, table: str) -> str | None:
        """Make one part of all parts of a table and return its path; None where there are not several.

        The rows that are read stay the same, with all their knowledge times. At any moment the table is whole,
        whoever reads, writes or compacts it meanwhile.

        Raises:
            DataError: A part cannot be read, or an import is being written.
        """
        schema = table_schema(table)
        if len(self._parts(table)) < 2:
            return None
        self._files.require_rest()
        parts, rows = self._rows(schema)
        stream = io.BytesIO()
        rows.write_parquet(stream, compression="zstd")
        return self._files.full(self._files.replace_parts(schema.name, parts, stream.getvalue()))

    def came_late(self, table: str, rows: pl.DataFrame, newest: datetime | None = None) -> bool:
        """Return whether each of some rows came into a table when that held one as new or newer.

        The order of the parts tells it. Those that were made one tell nothing of it, so that the answer is no.

        Args:
            table: A table with versions.
            rows: Rows of it that are known at their time.
            newest: The table counts as having held one of then from the start.
        """
        schema = table_schema(table)
        place = [name for name in schema.key if name != "known_at"]
        waiting = rows.select(place)
        for path in self._parts(table):
            part = schema.conform(self._files.read_part(path), self._files.full(path))
            at_once = part.filter(pl.coalesce("known_at", "time") == pl.col("time"))
            here = waiting.join(at_once, on=place, how="semi", nulls_equal=True)
            if not here.is_empty() and (newest is None or (here["time"] > newest).any()):
                return False
            waiting = waiting.join(here, on=place, how="anti", nulls_equal=True)
            newest = last_time(part) if newest is None else max(newest, last_time(part) or newest)
        return waiting.is_empty()

    def put_right(self, table: str, gone: pl.DataFrame, rows: pl.DataFrame) -> str:
        """Take some rows out of a table and add others, at once, and return the path of its one part.

        Where this is broken off, the rows to be taken out may still be there; doing it again ends it.

        Args:
            table: Name of the table.
            gone: Rows of it, found by their key. rows: Those that are added.

        Raises:
            SchemaError, DataError: As of `write` and of `compact`.
        """
        schema = table_schema(table)
        added = _sound(schema, rows)
        self._files.require_rest()
        parts, held = self._rows(schema)
        stream = io.BytesIO()
        latest(schema, pl.concat([without(schema, held, gone), added])).write_parquet(stream, compression="zstd")
        return self._files.full(self._files.replace_parts(schema.name, parts, stream.getvalue()))

    def digest(self, table: str) -> str:
        """Return the SHA-256 of a table's rows, whatever parts they lie in."""
        contents = []
        for column in self.read(table).get_columns():
            # What lies in memory under a null depends on the parts.
            known = column.drop_nulls()
            if column.dtype in (pl.String, pl.Enum, pl.Categorical):
                content = digest_strings(known.cast(pl.String).to_list())
            else:
                content = digest_array(known.to_physical().to_numpy())
            contents += [column.name.encode(), column.is_null().to_numpy().tobytes(), content.encode()]
        return digest_bytes(*contents)

    def size(self, table: str) -> int:
        """Return the bytes of a table's parts."""
        return sum(self._files.size(path) for path in self._parts(table))

    def panel(
        self,
        table: str = "daily",
        *,
        start: Instant | None = None,
        end: Instant | None = None,
        known_by: Instant | None = None,
        include_quarantined: bool = False,
    ) -> Panel:
        """Return the wide panel of a table of observations, with all that the lake knows of its assets.

        Args:
            table: daily or intraday.
            start: First instant. end: Last instant, inclusive.
            known_by: Use only what was known by then.
            include_quarantined: Keep values that `data check` set aside.

        Raises:
            DataError: The lake holds no such observations.
        """
        if table not in ("daily", "intraday"):
            raise DataError(f"panels are made of daily or intraday observations, not {table!r}")
        observations = self.read(table, start, end, known_by)
        if observations.is_empty():
            names = ", ".join(self.tables()) or "nothing"
            raise DataError(
                f"{self.address}: holds no {table} observations (it holds {names}); import some with: "
                "basketry data import FILE --lake LAKE, or make a simulated market with: basketry data simulate"
            )
        aside = self.read("quarantine")
        if not include_quarantined:
            observations = _without_quarantined(observations, table, aside)
        beside = self.beside(known_by, aside)
        return Panel.from_frames(observations, known_by=known_by, simulated=self.simulated, **beside)

    def beside(self, known_by: Instant | None = None, aside: pl.DataFrame | None = None) -> dict[str, pl.DataFrame]:
        """Return the tables that stand beside observations in a panel, by name; those that hold something.

        Args:
            known_by: Leave out what was not known by then.
            aside: The table quarantine, where it was read already.
        """
        rows = {name: self.read(name, known_by=known_by) for name in _BESIDE}
        if not rows["events"].is_empty():
            rows["events"] = without_refused(rows["events"], self.read("quarantine") if aside is None else aside)
        return {name: frame for name, frame in rows.items() if not frame.is_empty()}


def _sound(schema: Schema, frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame as rows of a table, of events those that are some."""
    rows = schema.conform(frame, schema.name)
    return judge_events(rows) if schema is EVENTS else rows


def last_time(rows: pl.DataFrame) -> datetime | None:
    """Return the latest time of some rows; None where there are none."""
    found: datetime | None = rows.select(pl.col("time").max()).item()
    return found


def table_schema(name: str) -> Schema:
    """Return the schema of a table, or raise DataError with the nearest name.

    >>> table_schema("daly")
    Traceback (most recent call last):
    ...
    basketry.core.errors.DataError: unknown table 'daly' (did you mean 'daily'?); tables: daily, intraday, ...
    """
    try:
        return LAKE_TABLES[name]
    except KeyError:
        raise DataError(
            f"unknown table {name!r}{nearest_hint(name, LAKE_TABLES)}; tables: {', '.join(LAKE_TABLES)}"
        ) from None


def _without_quarantined(rows: pl.DataFrame, table: str, quarantine: pl.DataFrame) -> pl.DataFrame:
    """Return observations with quarantined values made unknown; a whole row set aside is left out."""
    aside = quarantine.filter(pl.col("table") == table)
    if aside.is_empty():
        return rows
    for name in ("*", "price", "market_cap", "volume"):
        marked = aside.filter(pl.col("field") == name).select("time", "asset", "value", hidden=pl.lit(value=True))
        if marked.is_empty():
            continue
        joined = rows.join(marked, on=["time", "asset"], how="left", maintain_order="left")
        # The value is set aside, not the place: a version with another value counts.
        same = pl.col("value").is_null() | (pl.col("value") == pl.col("price" if name == "*" else name))
        hidden = (pl.col("hidden") & same).fill_null(value=False)
        if name == "*":
            rows = joined.filter(~hidden).drop("value", "hidden")
        else:
            emptied = pl.when(hidden).then(None).otherwise(pl.col(name)).alias(name)
            rows = joined.with_columns(emptied).drop("value", "hidden")
    return rows
