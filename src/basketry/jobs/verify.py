"""Verify a published folder: its files, its record, and every number computed again from the lake."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from basketry.core.errors import BasketryError, RecordError
from basketry.core.time import to_datetime, to_instant
from basketry.core.version import VERSION
from basketry.index.result import IndexResult
from basketry.jobs.contradictions import lost, settled_by
from basketry.jobs.market import Market
from basketry.jobs.read_data import other_data
from basketry.jobs.recompute import Recomputation
from basketry.jobs.sealing import symbol_of
from basketry.jobs.standing import as_published, contradiction
from basketry.jobs.verify_check import Check, irreproducible, other_versions, parts_of
from basketry.jobs.verify_pages import page_checks
from basketry.jobs.verify_record import record_checks
from basketry.lake.lake import Instant
from basketry.ledger.bodies import moment
from basketry.ledger.folder import FORM, PublishedFolder, faults_of_files, read_folder, result_tables
from basketry.ledger.head import FILE as HEAD
from basketry.ledger.head import Head, read_head
from basketry.ledger.keys import parse_public
from basketry.ledger.manifest import read_manifest
from basketry.ledger.trust import trust

_KEYS = {
    "levels": ["time"],
    "compositions": ["effective_at", "asset"],
    "rebalances": ["effective_at", "asset"],
    "events": ["time", "asset"],
}


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
    folder: str | PathLike[str],
    market: Market,
    *,
    table: str = "daily",
    as_of: Instant | None = None,
    key: str | None = None,
    head: str | PathLike[str] | None = None,
) -> Verification:
    """Recompute a published index from its own rulebook and the data, and compare every number.

    Each stretch of the index is computed from the data as they were known when it was published, which the record says,
    or at `as_of` where that is earlier: what was corrected since does not count.

    A folder that contradicts nothing may still be another history, made whole by somebody else: only a `key` of whom
    you trust, and a `head` that was kept elsewhere, tell.

    Args:
        folder: The folder.
        market: A panel, a lake or the path of a lake.
        table: The lake's table of observations.
        as_of: Know nothing later than this.
        key: The public key that must have signed.
        head: File of a head that was kept; history may go on after it, and not be another before it.

    Raises:
        MethodologyError, RecordError: `key` is no public key, `head` no file of a head, or `as_of` no instant.

    Checks in order: the files against the manifest's digests; the record's hash chain, and that record, rulebook,
    tables and manifest say the same; the digest of the inputs; each table cell by cell, exactly; publications,
    restatements and releases of the record against the rules; the figures of the manifest; the pages. Later checks run
    even where earlier ones fail, as far as they can.

    >>> verify("no-such-folder", "no-such-lake").first_failure  # doctest: +ELLIPSIS
    'readable: no-such-folder: there is no such folder...'
    """
    # What is asked for wrongly is no fault of the folder.
    if key is not None:
        parse_public(key)
    kept = None if head is None else read_head(Path(head))
    if as_of is not None and np.isnat(to_instant(as_of)):
        raise RecordError("as_of: NaT is no instant")
    return Verification(str(folder), tuple(_checks(Path(folder), market, table, as_of, key, kept)))


def _trust_checks(published: PublishedFolder, key: str | None, head: Head | None) -> Iterator[Check]:
    """Give the checks of signatures: whether the head covers the record, and keeps what a kept one says."""
    own = published.path / HEAD
    found = trust(
        published.record,
        symbol_of(published),
        read_head(own) if own.exists() else None,
        key,
        head,
    )
    yield from (Check(item.name, item.passed, item.found) for item in found)


def _checks(
    path: Path, market: Market, table: str, as_of: Instant | None, key: str | None, head: Head | None
) -> Iterator[Check]:
    yield from _file_check(path)
    try:
        published = read_folder(path, compared=False)
        fault = contradiction(published)
    except RecordError as error:
        yield Check("readable", False, str(error))
        return
    found = f"{len(published.record)} entries, each linked to the one before"
    yield Check("record chain", True, found)
    yield Check("record", fault is None, fault or "rulebook, tables and manifest say what the record says")
    try:
        yield from _trust_checks(published, key, head)
    except RecordError as error:
        yield Check("signature", False, str(error))
    try:
        again = Recomputation.of(published, market, table, as_of)
        result = again.result(published.stretches)
        yield _inputs(published, result)
        other = other_data(published, again)
        yield from _table_checks(published, again, result, other)
        yield from record_checks(published, again, result, other)
        yield from page_checks(published, as_published(result, published, published.told), market)
    except BasketryError as error:
        yield Check("recomputed", False, str(error))


def _table_checks(
    published: PublishedFolder, again: Recomputation, result: IndexResult, other: list[int]
) -> Iterator[Check]:
    """Check each table; levels and compositions that a restatement left alone may be off by the threshold."""
    kept = lost(published, result)
    fresh = result_tables(result)
    stands = _standing_levels(published, result, other) if kept.bearable(again.rules) else None
    if stands is not None:
        # Of what stands, the figures alone may be others, and by so little.
        fresh["levels"] = stands
    for name, keys in _KEYS.items():
        check = same_table(name, keys, published.tables[name], fresh[name])
        yield check if check.passed else Check(name, False, f"{check.found}{other_version(published)}")
    if kept and stands is not None:
        worst = kept.errors().largest
        known = worst is not None and worst.relative_error is not None
        size = f", the largest error {worst.relative_error:+.4%} at {worst.time}" if known and worst else ""
        yield Check(
            "kept",
            True,
            f"{kept.errors().levels} levels that a restatement let stand are "
            f"not what the data give now, by no more than the threshold of the rule{size}",
        )


def _standing_levels(published: PublishedFolder, result: IndexResult, other: list[int]) -> pl.DataFrame | None:
    """Return the levels computed again, with those as published that a correction let stand and nobody can compute.

    They are those from the first publication on that is irreproducible, through the last instant that the last
    correction left as it was. None where there are none, or where others are published than are computed.
    """
    settled, (told, fresh) = settled_by(published), (published.levels, result.published_levels)
    first = next(iter(irreproducible(parts_of(published.told), other)), None)
    if settled is None or first is None or not told["time"].equals(fresh["time"]):
        return None
    stands = pl.col("time") <= to_datetime(settled)
    if first.after is not None:
        stands &= pl.col("time") > to_datetime(moment(first.after))
    rows = fresh.select(stands).to_series()
    return fresh.with_columns(fresh[name].zip_with(~rows, told[name]) for name in result.return_columns)


def _file_check(path: Path) -> Iterator[Check]:
    try:
        manifest = read_manifest(path, FORM)
    except RecordError:
        return  # Told by who reads the folder.
    fault = faults_of_files(path, manifest)
    count = len(manifest["files"]) if fault is None else 0
    yield Check("files", fault is None, fault or f"{count} files have the SHA-256 that manifest.json names")


def _inputs(published: PublishedFolder, result: IndexResult) -> Check:
    told, found = published.manifest["inputs"]["digest"], result.panel.digest()
    if told == found:
        return Check("inputs", True, f"the data are those of the publication ({found[:12]})")
    return Check(
        "inputs", False, f"the data differ from those of the publication: digest {found[:12]}, not {str(told)[:12]}"
    )


def same_table(name: str, keys: list[str], told: pl.DataFrame, fresh: pl.DataFrame) -> Check:
    """Return whether a table is, cell by cell, the one that was computed again."""
    if list(told.schema.items()) != list(fresh.schema.items()):
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


def other_version(published: PublishedFolder) -> str:
    """Return a word on the program where another version of it made some of a folder, else ''."""
    made = other_versions(published.told)
    if not made:
        return ""
    return f". It was made by basketry {', '.join(made)}, and this is {VERSION}: verify it with that version"


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
