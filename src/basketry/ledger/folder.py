"""The folder of a published index: what is in it, how it is read, and what its record says."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict

from basketry.core.errors import MethodologyError, RecordError
from basketry.core.frames import COMPOSITIONS, INDEX_EVENTS, INSTANT, REBALANCES, STATUS
from basketry.core.time import format_instant, to_datetime, to_instant
from basketry.index.proforma import announcements
from basketry.index.result import IndexResult
from basketry.ledger.atomic import recover
from basketry.ledger.head import FILE as HEAD
from basketry.ledger.manifest import (
    Facts,
    Form,
    InstantText,
    fault_of_files,
    read_file,
    read_manifest,
    require_files,
    with_manifest,
)
from basketry.ledger.record import Entry, chain, dump_record, parse_record
from basketry.ledger.told import TIMED, Stretch, Told, instant_of, told
from basketry.methodology.methodology import Methodology

TABLES = ("levels", "compositions", "rebalances", "events")
FILES = (
    *(f"{name}.parquet" for name in TABLES), "methodology.yaml", "record.jsonl", "methodology.html", "factsheet.html",
    "next.json",
)  # fmt: skip
"""What a folder holds beside its manifest, and a signed one its head. One of format 1 has no next.json."""
TIME_FORMAT = "%Y-%m-%dT%H:%M:%S%.fZ"


class _Inputs(BaseModel):
    model_config = ConfigDict(defer_build=True, extra="allow", strict=True)

    digest: str


class _Parameters(BaseModel):
    model_config = ConfigDict(defer_build=True, extra="allow", strict=True)

    start: InstantText
    end: InstantText
    known_by: InstantText | None = None


class _Pages(BaseModel):
    """How the pages were made; pictures of an earlier version were drawn by a version of Matplotlib."""

    model_config = ConfigDict(defer_build=True, extra="forbid", strict=True)

    matplotlib: str | None = None
    manipulation: bool = False


class _IndexFacts(Facts):
    basketry: str
    inputs: _Inputs
    parameters: _Parameters
    pages: _Pages | None = None


FORM = Form(
    "an index",
    (1, 2),
    lambda number: tuple(name for name in FILES if number != 1 or name != "next.json"),
    _IndexFacts,
    named=False,
)
"""A record of format 1 says nothing of when its lines were written."""


@dataclass(frozen=True, eq=False)
class PublishedFolder:
    """A published index as read from its folder, every file checked to be readable, the record's chain intact."""

    path: Path
    methodology: Methodology
    manifest: Mapping[str, Any]
    record: list[Entry]
    tables: Mapping[str, pl.DataFrame]

    @property
    def levels(self) -> pl.DataFrame:
        """Published levels, rounded."""
        return self.tables["levels"]

    @property
    def known_by(self) -> str | None:
        """The instant up to which the data were known from which the index was made; None in folders of old."""
        known: str | None = self.manifest["parameters"].get("known_by")
        return known

    @cached_property
    def told(self) -> Told:
        """What the record says."""
        return told(self.record, str(self.path / "record.jsonl"))

    @property
    def published_through(self) -> str | None:
        """The last instant that was published, None for a draft."""
        return self.told.through

    @property
    def start(self) -> np.datetime64:
        """The first instant."""
        return to_instant(self.manifest["parameters"]["start"])

    @property
    def stretches(self) -> list[Stretch]:
        """What was made from the data as they were known at one instant, in the order of time."""
        if self.told.stretches:
            return self.told.stretches
        return [Stretch(None, self.manifest["parameters"]["end"], self.known_by, self.manifest["basketry"])]


def read_folder(path: Path, *, compared: bool = True) -> PublishedFolder:
    """Return the published index in a folder.

    Args:
        path: The folder.
        compared: Whether each file must have the digest of the manifest; who verifies tells that apart.

    Raises:
        RecordError: A file is missing, altered or unreadable, the manifest does not have its form, or the record's
            chain is broken; the message names it.
    """
    recover(path)
    if not path.is_dir():
        raise RecordError(f"{path}: there is no such folder; make one with: basketry index run")
    manifest = read_manifest(path, FORM)
    record = parse_record(_text(path, "record.jsonl"), str(path / "record.jsonl"))
    try:
        methodology = Methodology.parse(_text(path, "methodology.yaml"), str(path / "methodology.yaml"))
    except MethodologyError as error:
        raise RecordError(str(error)) from error
    returns = [rule.column() for rule in methodology.first.returns]
    tables = {name: _table(path, name, _dtypes(name, returns)) for name in TABLES}
    if compared:
        require_files(path, FORM, manifest)
    return PublishedFolder(path, methodology, manifest, record, tables)


def faults_of_files(path: Path, manifest: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the files of the folder of an index; see `fault_of_files`."""
    fault = fault_of_files(path, FORM, manifest)
    if fault is not None:
        return fault
    foreign = sorted(manifest["files"].keys() - {*FILES, HEAD})
    if foreign:
        return f"manifest.json names {foreign[0]!r}, which is not a file of the folder"
    if HEAD not in manifest["files"] and (path / HEAD).exists():
        return f"manifest.json does not name {HEAD}"
    return None


def _text(path: Path, name: str) -> str:
    try:
        return read_file(path, name).decode()
    except UnicodeDecodeError as error:
        raise RecordError(f"{path / name}: cannot be read: {error}") from error


def _table(path: Path, name: str, due: Mapping[str, pl.DataType]) -> pl.DataFrame:
    table = read_table(path, name, read_file(path, f"{name}.parquet"))
    # Tables that differ in nothing but their types compare as equal.
    if list(table.schema.items()) != list(due.items()):
        found = ", ".join(f"{column} {dtype}" for column, dtype in table.schema.items())
        raise RecordError(f"{path / name}.parquet: has the columns {found}, not those of {name} of this index")
    return table


def _dtypes(name: str, returns: Sequence[str]) -> dict[str, pl.DataType]:
    """Return the columns of a table with their types, of the levels those of an index with some return series."""
    if name != "levels":
        return {"compositions": COMPOSITIONS, "rebalances": REBALANCES, "events": INDEX_EVENTS}[name].dtypes
    series = dict.fromkeys(returns, pl.Float64())
    rest = {"status": STATUS, "reason": pl.String(), "age_days": pl.Float64(), "sources": pl.UInt32()}
    return {"time": INSTANT, **series, **rest, "version": pl.UInt32()}


def read_table(path: Path, name: str, content: bytes) -> pl.DataFrame:
    """Return a table of a folder from the content of its file, or raise RecordError that names it."""
    try:
        return pl.read_parquet(content)
    except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        first = (str(error).splitlines() or [""])[0]
        raise RecordError(f"{path / name}.parquet: cannot be read as Parquet: {first}") from error


def parquet_bytes(frame: pl.DataFrame) -> bytes:
    """Return a frame as Parquet; the same frame gives the same bytes."""
    stream = io.BytesIO()
    frame.write_parquet(stream, compression="zstd", statistics=True)
    return stream.getvalue()


def result_tables(result: IndexResult) -> dict[str, pl.DataFrame]:
    """Return the tables of a result as they are published: levels rounded, the rest as calculated."""
    return {
        "levels": result.published_levels,
        "compositions": result.compositions,
        "rebalances": result.rebalances,
        "events": result.events,
    }


def record_bodies(result: IndexResult) -> list[tuple[str, dict[str, Any]]]:
    """Return what the record of a result says: (kind, body) pairs, the rules first, then `result_lines`."""
    head: dict[str, Any] = {
        "symbol": result.methodology.symbol,
        "name": result.methodology.name,
        "digest": result.methodology.digest,
        "simulated": result.panel.simulated,
    }
    return [("methodology", head), *result_lines(result)]


def result_lines(result: IndexResult, through: np.datetime64 | None = None) -> list[tuple[str, dict[str, Any]]]:
    """Return what a record says of a result as it happened: announcements, and the lines of its tables.

    Args:
        result: The index.
        through: Tell only levels up to this instant; see `timed_bodies`.
    """
    announced = [("announced", change.body()) for change in announcements(result)]
    return _in_time([*timed_bodies(result_tables(result), result.return_columns, through), *announced])


def timed_bodies(
    tables: Mapping[str, pl.DataFrame], columns: Sequence[str], through: np.datetime64 | None = None
) -> list[tuple[str, dict[str, Any]]]:
    """Return what a record says of tables, compositions, events and levels as they happened: (kind, body) pairs.

    A day with one level is one line with its values; a day with many is one line with its last values and the digest
    of all.

    Args:
        tables: As they are published.
        columns: The series of levels.
        through: Tell only levels up to this instant, as they are told where so many are published.
    """
    levels = tables["levels"]
    if through is not None:
        levels = levels.filter(pl.col("time") <= to_datetime(through))
    return _in_time([
        *_composition_bodies(tables["compositions"]),
        *_event_bodies(tables["events"]),
        *_level_bodies(levels.select("time", *columns, "status", "version")),
    ])  # fmt: skip


def _in_time(lines: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, dict[str, Any]]]:
    """Return lines in the order of their instants; of one instant, what was told before what was done."""
    return sorted(lines, key=lambda line: (instant_of(*line), TIMED.index(line[0])))


def _composition_bodies(compositions: pl.DataFrame) -> list[tuple[str, dict[str, Any]]]:
    table = compositions.with_columns(pl.col("effective_at").dt.strftime(TIME_FORMAT))
    bodies = []
    for (when,), rows in table.group_by("effective_at", maintain_order=True):
        holdings = [list(row) for row in rows.select("asset", "units", "weight", "price").iter_rows()]
        body = {
            "effective_at": when,
            "divisor": rows["divisor"][0],
            "version": rows["version"][0],
            "holdings": holdings,
        }
        bodies.append(("composition", body))
    return bodies


def _event_bodies(events: pl.DataFrame) -> list[tuple[str, dict[str, Any]]]:
    table = events.with_columns(pl.col("time").dt.strftime(TIME_FORMAT))
    return [("event", row) for row in table.iter_rows(named=True)]


def _level_bodies(levels: pl.DataFrame) -> list[tuple[str, dict[str, Any]]]:
    rows = levels.with_columns(pl.col("time").dt.strftime(TIME_FORMAT), pl.col("status").cast(pl.String))
    days = levels["time"].dt.date().cast(pl.String)
    ends = [*(days.rle_id().diff() == 1).fill_null(value=False).arg_true().to_list(), rows.height]
    bodies = []
    start = 0
    for end in ends:
        last = rows.row(end - 1, named=True)
        if end == start + 1:
            bodies.append(("level", last))
        else:
            digest = sha256(rows.slice(start, end - start).write_csv().encode()).hexdigest()
            body = {"day": days[start], "count": end - start, "last": last, "sha256": digest}
            bodies.append(("levels", body))
        start = end
    return bodies


def folder_files(
    result: IndexResult, record: str, documents: Mapping[str, str], manifest: Mapping[str, Any]
) -> dict[str, bytes]:
    """Return the files of a published folder by name, with a record as the text of its lines."""
    files = {f"{name}.parquet": parquet_bytes(table) for name, table in result_tables(result).items()}
    files["methodology.yaml"] = result.methodology.to_yaml().encode()
    files["record.jsonl"] = record.encode()
    files |= {name: text.encode() for name, text in documents.items()}
    return with_manifest(files, FORM, manifest)


def resealed(published: PublishedFolder, record: list[Entry], head: str) -> dict[str, bytes]:
    """Return the files of a folder as they are, with another record and head."""
    kept = {name: (published.path / name).read_bytes() for name in published.manifest["files"]}
    files = {**kept, "record.jsonl": dump_record(record).encode(), HEAD: head.encode()}
    return with_manifest(files, FORM, {**published.manifest, "format": FORM.formats[-1]})


def stamp(instant: np.datetime64) -> str:
    """Return an instant as records write it."""
    text: str = pl.Series([to_datetime(instant)]).dt.strftime(TIME_FORMAT)[0]
    return text


def draft_record(result: IndexResult) -> list[Entry]:
    """Return the record of a result that was not published yet."""
    return chain(known(record_bodies(result), result))


def known(lines: Iterable[tuple[str, Mapping[str, Any]]], result: IndexResult) -> list[tuple[str, dict[str, Any]]]:
    """Return lines of a record, each with the instant up to which the data were known when it was written."""
    by = known_by(result)
    return [(kind, {**body, "known_by": by}) for kind, body in lines]


def known_by(result: IndexResult) -> str:
    """Return the instant up to which the data of a result were known."""
    # The panel holds prices, so that it has an instant.
    return format_instant(result.panel.known_by or result.times[-1])
