"""The folder of a published index: what is in it, how it is read, and what its record says."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from basketry.core.errors import MethodologyError, RecordError
from basketry.core.time import format_instant
from basketry.index.result import IndexResult
from basketry.ledger.atomic import recover
from basketry.ledger.record import Entry, chain, dump_record, parse_record
from basketry.methodology.methodology import Methodology

FORMAT = 1
TABLES = ("levels", "compositions", "rebalances", "events")
TIME_FORMAT = "%Y-%m-%dT%H:%M:%S%.fZ"


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

    @property
    def published_through(self) -> str | None:
        """The last instant that was published, None for a draft."""
        through = [entry.body["through"] for entry in self.record if entry.kind == "published"]
        return through[-1] if through else None


def read_folder(path: Path) -> PublishedFolder:
    """Return the published index in a folder.

    Raises:
        RecordError: A file is missing or unreadable, or the record's chain is broken; the message names it.
    """
    recover(path)
    if not path.is_dir():
        raise RecordError(f"{path}: there is no such folder; make one with: basketry index run")
    try:
        manifest = json.loads(_text(path / "manifest.json"))
        if manifest["format"] != FORMAT:
            raise RecordError(f"{path / 'manifest.json'}: format {manifest['format']!r} is not {FORMAT}")
    except (ValueError, KeyError, TypeError) as error:
        raise RecordError(f"{path / 'manifest.json'}: not the manifest of an index: {error}") from error
    record = parse_record(_text(path / "record.jsonl"), str(path / "record.jsonl"))
    try:
        methodology = Methodology.parse(_text(path / "methodology.yaml"), str(path / "methodology.yaml"))
    except MethodologyError as error:
        raise RecordError(str(error)) from error
    return PublishedFolder(path, methodology, manifest, record, {name: _table(path, name) for name in TABLES})


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{path}: cannot be read: {error}") from error


def _table(path: Path, name: str) -> pl.DataFrame:
    file = path / f"{name}.parquet"
    try:
        return pl.read_parquet(file)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise RecordError(f"{file}: cannot be read as Parquet: {str(error).splitlines()[0]}") from error


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
    """Return what the record of a result says, in the order of time: (kind, body) pairs.

    First the rules and the inputs, then compositions, events and levels as they happened. A day with one level
    is one line with its values; a day with many is one line with its last values and the digest of all.
    """
    head: list[tuple[str, dict[str, Any]]] = [
        (
            "methodology",
            {
                "symbol": result.methodology.symbol,
                "name": result.methodology.name,
                "digest": result.methodology.digest,
                "simulated": result.panel.simulated,
            },
        )
    ]
    timed = [*_composition_bodies(result), *_event_bodies(result), *_level_bodies(result)]
    timed.sort(key=lambda entry: (entry[0], entry[1]))
    return head + [(kind, body) for _, _, kind, body in timed]


def _composition_bodies(result: IndexResult) -> list[tuple[str, int, str, dict[str, Any]]]:
    table = result.compositions.with_columns(
        pl.col("effective_at").dt.strftime(TIME_FORMAT),
        # Two changes at one instant are two compositions.
        part=pl.struct("effective_at", "divisor").rle_id(),
    )
    bodies = []
    for _, rows in table.group_by("part", maintain_order=True):
        first = rows.row(0, named=True)
        bodies.append(
            (
                first["effective_at"],
                2,
                "composition",
                {
                    "effective_at": first["effective_at"],
                    "divisor": first["divisor"],
                    "version": first["version"],
                    "holdings": [list(row) for row in rows.select("asset", "units", "weight", "price").iter_rows()],
                },
            )
        )
    return bodies


def _event_bodies(result: IndexResult) -> list[tuple[str, int, str, dict[str, Any]]]:
    table = result.events.with_columns(pl.col("time").dt.strftime(TIME_FORMAT))
    return [(row["time"], 1, "event", row) for row in table.iter_rows(named=True)]


def _level_bodies(result: IndexResult) -> list[tuple[str, int, str, dict[str, Any]]]:
    columns = ["time", *result.return_columns, "status", "version"]
    table = result.published_levels.select(columns).with_columns(
        pl.col("time").dt.strftime(TIME_FORMAT),
        pl.col("status").cast(pl.String),
        day=pl.col("time").dt.date().cast(pl.String),
    )
    counts = table.group_by("day", maintain_order=True).len()
    if counts["len"].max() == 1:
        return [(row["time"], 3, "level", row) for row in table.drop("day").iter_rows(named=True)]
    bodies = []
    for (day,), rows in table.group_by("day", maintain_order=True):
        last = rows.drop("day").row(-1, named=True)
        digest = sha256(rows.drop("day").write_csv().encode()).hexdigest()
        bodies.append((last["time"], 3, "levels", {"day": day, "count": rows.height, "last": last, "sha256": digest}))
    return bodies


def folder_files(
    result: IndexResult, record: list[Entry], documents: Mapping[str, str], manifest: Mapping[str, Any]
) -> dict[str, bytes]:
    """Return the files of a published folder by name."""
    files = {f"{name}.parquet": parquet_bytes(table) for name, table in result_tables(result).items()}
    files["methodology.yaml"] = result.methodology.to_yaml().encode()
    files["record.jsonl"] = dump_record(record).encode()
    files |= {name: text.encode() for name, text in documents.items()}
    digests = {name: sha256(content).hexdigest() for name, content in sorted(files.items())}
    whole = {"format": FORMAT, **manifest, "files": digests}
    files["manifest.json"] = (json.dumps(whole, indent=2, sort_keys=True, allow_nan=False) + "\n").encode()
    return files


def stamped(
    entries: Iterable[tuple[str, Mapping[str, Any]]], known_by: np.datetime64 | None
) -> list[tuple[str, dict[str, Any]]]:
    """Return lines of a record, each with the instant up to which the data were known when it was written."""
    stamp = {} if known_by is None else {"known_by": format_instant(known_by)}
    return [(kind, {**body, **stamp}) for kind, body in entries]


def said(entry: Entry) -> dict[str, Any]:
    """Return what a line of a record says of the index, without the instant of knowledge."""
    return {name: value for name, value in entry.body.items() if name != "known_by"}


def compositions_of_record(published: PublishedFolder) -> dict[str, list[dict[str, Any]]]:
    """Return what the record says of compositions by effective instant, restatements counted."""
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in published.record:
        if entry.kind == "composition":
            found.setdefault(entry.body["effective_at"], []).append(said(entry))
        elif entry.kind == "composition_restated":
            found[entry.body["effective_at"]] = entry.body["compositions"]
    return {when: bodies for when, bodies in found.items() if bodies}


def draft_record(result: IndexResult) -> list[Entry]:
    """Return the record of a result that was not published yet."""
    return chain(stamped(record_bodies(result), result.panel.known_by))
