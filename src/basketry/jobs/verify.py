"""Verify a published folder: its files, its record, and every number computed again from the lake."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from hashlib import sha256
from os import PathLike
from pathlib import Path
from typing import Any

import polars as pl

from basketry.core.errors import BasketryError, RecordError
from basketry.index.calculate import calculate_index
from basketry.index.result import IndexResult
from basketry.jobs.market import Market, panel_of
from basketry.jobs.publish import Correction, with_kept
from basketry.lake.lake import Instant
from basketry.ledger.folder import (
    PublishedFolder,
    compositions_of_record,
    read_folder,
    record_bodies,
    result_tables,
    said,
)
from basketry.market.panel import Panel

_KEYS = {
    "levels": ["time"],
    "compositions": ["effective_at", "asset"],
    "rebalances": ["effective_at", "asset"],
    "events": ["time", "asset"],
}


@dataclass(frozen=True)
class Check:
    """One thing that was verified: whether it holds, and in words what was found."""

    name: str
    passed: bool
    found: str


@dataclass(frozen=True)
class Verification:
    """The outcome of verifying a folder; `passed` when every check passed."""

    folder: str
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)

    @property
    def first_failure(self) -> str | None:
        """What the first failed check found, None when all passed."""
        return next((f"{check.name}: {check.found}" for check in self.checks if not check.passed), None)

    def __bool__(self) -> bool:
        return self.passed

    def to_dict(self) -> dict[str, Any]:
        """Return the verification as plain values for JSON."""
        return {"folder": self.folder, "passed": self.passed, "checks": [asdict(check) for check in self.checks]}


def verify(
    folder: str | PathLike[str], market: Market, *, table: str = "daily", as_of: Instant | None = None
) -> Verification:
    """Recompute a published index from its own rulebook and the data, and compare every number.

    The data are taken as they were known when the index was made, which the manifest says, or at `as_of`: what was
    corrected since does not count.

    Checks in order: the files against the manifest's digests; the record's hash chain; the digest of the inputs;
    each table cell by cell, exactly; each line of the record. Later checks run even where earlier ones fail,
    as far as they can.

    >>> verify("no-such-folder", "no-such-lake").first_failure  # doctest: +ELLIPSIS
    'readable: no-such-folder: there is no such folder...'
    """
    path = Path(folder)
    checks: list[Check] = []
    try:
        published = read_folder(path)
    except RecordError as error:
        return Verification(str(folder), (*_file_checks(path), Check("readable", False, str(error))))
    checks += _file_checks(path)
    checks.append(Check("record chain", True, f"{len(published.record)} entries, each linked to the one before"))
    try:
        known_by = published.known_by if as_of is None else as_of
        panel = panel_of(market, published.methodology, table, known_by)
        result = recalculate(published, panel)
    except BasketryError as error:
        return Verification(str(folder), (*checks, Check("recomputed", False, str(error))))
    checks.append(_inputs(published, result))
    result = with_kept(result, _kept(published))
    fresh = result_tables(result)
    for name, keys in _KEYS.items():
        checks.append(_same_table(name, keys, published.tables[name], fresh[name]))
    checks.append(_same_record(published, result))
    return Verification(str(folder), tuple(checks))


def _kept(published: PublishedFolder) -> list[Correction]:
    """Return the published levels that a restatement left as they were, by its materiality rule."""
    bodies = [entry.body for entry in published.record if entry.kind == "kept"]
    return [Correction(body["time"], body["column"], body["published"], body["recomputed"]) for body in bodies]


def recalculate(published: PublishedFolder, panel: Panel) -> IndexResult:
    """Return the index that a published folder's rulebook and span give on a market."""
    span = published.manifest["parameters"]
    return calculate_index(published.methodology, panel, span["start"], span["end"])


def _file_checks(path: Path) -> list[Check]:
    try:
        digests = json.loads((path / "manifest.json").read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    for name, digest in sorted(digests.items()):
        if Path(name).name != name:
            return [Check("files", False, f"manifest.json names {name!r}, which is not a file of the folder")]
        try:
            content = (path / name).read_bytes()
        except OSError as error:
            return [Check("files", False, f"{name}: {error.strerror}")]
        if sha256(content).hexdigest() != digest:
            return [Check("files", False, f"{name} is not the file that manifest.json names: its SHA-256 differs")]
    return [Check("files", True, f"{len(digests)} files have the SHA-256 that manifest.json names")]


def _inputs(published: PublishedFolder, result: IndexResult) -> Check:
    told, found = published.manifest["inputs"]["digest"], result.panel.digest()
    if told == found:
        return Check("inputs", True, f"the data are those of the publication ({found[:12]})")
    return Check(
        "inputs", False, f"the data differ from those of the publication: digest {found[:12]}, not {told[:12]}"
    )


def _same_table(name: str, keys: list[str], told: pl.DataFrame, fresh: pl.DataFrame) -> Check:
    if told.columns != fresh.columns:
        return Check(name, False, f"columns {', '.join(told.columns)}, expected {', '.join(fresh.columns)}")
    if told.equals(fresh):
        return Check(name, True, f"{told.height:,} rows recomputed, every number equal")
    place = first_difference(told, fresh)
    if place is None:
        return Check(name, False, f"{told.height} rows, recomputed {fresh.height}")
    row, column = place
    where = ", ".join(f"{key} {_shown(told[key][row])}" for key in keys)
    return Check(
        name, False, f"{name}.{column} at {where}: published {told[column][row]!r}, recomputed {fresh[column][row]!r}"
    )


def first_difference(told: pl.DataFrame, fresh: pl.DataFrame) -> tuple[int, str] | None:
    """Return the row and column of the first cell that differs, row by row; None where the common rows agree."""
    height = min(told.height, fresh.height)
    first: tuple[int, int] | None = None
    for number, column in enumerate(told.columns):
        left, right = told[column].head(height), fresh[column].head(height)
        if left.dtype != right.dtype:
            left, right = left.cast(pl.String), right.cast(pl.String)
        differs = left.ne_missing(right)
        if differs.any():
            row = differs.arg_max() or 0
            first = (row, number) if first is None else min(first, (row, number))
    return None if first is None else (first[0], told.columns[first[1]])


def _shown(value: Any) -> str:
    isoformat: Callable[[], str] | None = getattr(value, "isoformat", None)
    return isoformat() if isoformat else str(value)


def _same_record(published: PublishedFolder, result: IndexResult) -> Check:
    """Check that each line of the record says what was recomputed, corrections counted."""
    fresh: dict[tuple[str, str], dict[str, Any]] = {}
    compositions: dict[str, list[dict[str, Any]]] = {}
    for kind, body in record_bodies(result):
        if kind == "composition":
            compositions.setdefault(body["effective_at"], []).append(body)
        else:
            fresh[kind, _key(kind, body)] = body
    told = compositions_of_record(published)
    for when in sorted({*told, *compositions}):
        if told.get(when) != compositions.get(when):
            return Check(
                "record", False, f"the composition of {when} is {told.get(when)}, recomputed {compositions.get(when)}"
            )
    restated = {
        (entry.body["time"], entry.body["column"]): entry.body["corrected"]
        for entry in published.record
        if entry.kind == "restatement"
    }
    for entry in published.record:
        if entry.kind not in ("methodology", "level", "levels"):
            continue
        body = said(entry)
        if entry.kind == "level":
            body |= {column: restated[body["time"], column] for column in body if (body["time"], column) in restated}
        expected = fresh.get((entry.kind, _key(entry.kind, body)))
        if expected != body:
            return Check("record", False, f"entry {entry.seq} ({entry.kind}) says {body}, recomputed {expected}")
    count = sum(1 for entry in published.record if entry.kind.startswith("level"))
    due = sum(1 for kind, _ in fresh if kind.startswith("level"))
    if count != due:
        return Check("record", False, f"the record holds {count} levels, recomputed {due}")
    return Check("record", True, f"{len(published.record)} entries say what was recomputed")


def _key(kind: str, body: dict[str, Any]) -> str:
    return str(body.get("time" if kind == "level" else "day", ""))
