"""What a publication leaves beside the folder, so that a day more costs what a day costs: a cache, never a source.

A file of the user's cache holds what the index goes on from, and the end of what the record says. It is used where the
program is the one that wrote it, every file of the folder is as that publication left it, and the data up to there have
the digest that they had then. Otherwise, also where it is gone or torn, everything is calculated. `verify` never reads
it.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import basketry
from basketry.core.digest import digest_bytes, digest_strings
from basketry.core.errors import BasketryError, DataError, RecordError
from basketry.core.time import to_instant
from basketry.disk.whole import write_whole
from basketry.index.calculate import Instant
from basketry.index.continued import Continued, continued
from basketry.index.kept import Holdings, Kept
from basketry.index.result import IndexResult
from basketry.index.state import NEVER
from basketry.jobs.recompute import Recomputation
from basketry.ledger.bodies import AmendedBody, ReleasedBody, body_of, moment
from basketry.ledger.folder import FORM, TABLES, faults_of_files, read_table
from basketry.ledger.manifest import FILE as MANIFEST
from basketry.ledger.manifest import read_file, read_manifest
from basketry.ledger.record import Entry, parse_end, parse_line
from basketry.ledger.told import Stretch, Told
from basketry.market.events import EventRow
from basketry.market.panel import Panel
from basketry.market.panel_digest import digest_events
from basketry.methodology.methodology import Methodology

LARGEST = 64_000_000
"""Bytes; an index that would keep more, such as one of many minutes, is calculated as a whole each time."""
_DIGEST = 64
_HOLDINGS = ("rows", "sizes", "columns", "units", "frozen", "prices")


@dataclass(frozen=True, eq=False)
class Left:
    """A folder as its last publication left it.

    Attributes:
        path: Where it is.
        index: What the index goes on from.
        rules: Its rulebook.
        tables: As they are published.
        record: The text of its record. last: The last line.
        said: What the next publication needs of what the record says: its stretches, releases and amendments, its last
            level and publication.
        symbol: The symbol with which the record begins.
        key: The public key in force.
        start: The first instant.
        events: Digest of the corporate events that the last publication knew.
        late: Rows of those that count from their time, for they were told late.
    """

    path: Path
    index: Kept
    rules: Methodology
    tables: Mapping[str, pl.DataFrame]
    record: str
    last: Entry
    said: Told
    symbol: str
    key: str | None
    start: np.datetime64
    events: str
    late: frozenset[EventRow] = frozenset()

    def gone_on(self, again: Recomputation, end: Instant | None) -> Continued | None:
        """Return the index gone on to an end; None where it must be calculated as a whole."""
        # Reference prices of earlier stretches are made of the trades as they were known, perhaps of other assets.
        if len(self.said.stretches) > 1 and self.rules.first.prices is not None:
            return None
        since = self.said.stretches[-1].after
        try:
            # The digest of the data is of what was known at their last row; a publication may know of later.
            if _events_known(again.panel(), self.said) != self.events or _told_late(again.panel(), self.said):
                return None
            return continued(
                self.index, self.rules, again.panel(), self.start, end, self.tables,
                NEVER if since is None else moment(since), self.late,
            )  # fmt: skip
        except BasketryError:
            # Told by the whole calculation, if it is one there, too.
            return None


def keep(caches: Path, folder: Path, result: IndexResult, said: Told, symbol: str, key: str | None) -> None:
    """Keep what the next publication goes on from; where that cannot be done, nothing is kept.

    Args:
        caches: The folder of the caches.
        folder: The index, as it was just published.
        result: What was published.
        said: What its record says.
        symbol: The symbol with which that begins.
        key: The public key in force.
    """
    target = _file(caches, folder)
    kept = Kept.of(result)
    if kept.size > LARGEST or said.ended is not None:
        target.unlink(missing_ok=True)
        return
    words = {
        "symbol": symbol,
        "key": key,
        "stretches": [asdict(stretch) for stretch in said.stretches],
        "releases": [release.model_dump() for release in said.releases],
        "amendments": [entry.line() for entry, _ in said.amendments],
        "events": _events_known(result.panel, said),
        "late": sorted([str(time), *names, str(known)] for time, *names, known in result.late),
    }
    plain = json.dumps(words).encode()
    with contextlib.suppress(OSError):
        body = _key(folder).encode() + len(plain).to_bytes(8, "little") + plain + _packed(kept)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for unfinished in target.parent.glob(f".{target.name}.*.unfinished"):
            unfinished.unlink(missing_ok=True)  # Of a run that was killed: who keeps holds the lock of the folder.
        write_whole(target, sha256(body).hexdigest().encode() + body)


def left_by_last(caches: Path, folder: Path) -> Left | None:
    """Return a folder as its last publication left it; None where what was kept is gone, torn, or of other files."""
    try:
        content = _file(caches, folder).read_bytes()
        own, key, body = content[:_DIGEST], content[_DIGEST : 2 * _DIGEST], content[_DIGEST:]
        if own != sha256(body).hexdigest().encode() or key != _key(folder).encode():
            return None
        body = body[_DIGEST:]
        split = 8 + int.from_bytes(body[:8], "little")
        return _left(folder, json.loads(body[8:split]), _unpacked(body[split:]))
    except (OSError, ValueError, BasketryError):
        return None


def _left(folder: Path, words: Mapping[str, Any], kept: Kept) -> Left:
    manifest = read_manifest(folder, FORM)
    fault = faults_of_files(folder, manifest)
    if fault is not None:
        raise RecordError(fault)
    text = read_file(folder, "record.jsonl").decode()
    tail = parse_end(text, "level")
    stretches = [Stretch(**stretch) for stretch in words["stretches"]]
    if tail[-1].kind != "published":
        raise DataError("the record does not end with a publication")
    # The level and the publication are told once more on top of the stretches before them.
    said = Told(
        stretches=[*stretches[:-1], replace(stretches[-1], through=None, known_by=None, software=None)],
        releases=[ReleasedBody(**release) for release in words["releases"]],
        amendments=[(entry, body_of(AmendedBody, entry, "amended")) for entry in map(parse_line, words["amendments"])],
    )
    return Left(
        path=folder,
        index=kept,
        rules=Methodology.parse(read_file(folder, "methodology.yaml").decode(), "methodology.yaml"),
        tables={name: read_table(folder, name, read_file(folder, f"{name}.parquet")) for name in TABLES},
        record=text,
        last=tail[-1],
        said=said.then([tail[0], tail[-1]]),
        symbol=str(words["symbol"]),
        key=words["key"],
        start=to_instant(manifest["parameters"]["start"]),
        events=str(words["events"]),
        late=frozenset(
            (np.datetime64(time, "us"), kind, asset, new, np.datetime64(known, "us"))
            for time, kind, asset, new, known in words["late"]
        ),
    )


def _events_known(panel: Panel, said: Told) -> str:
    """Return the digest of the corporate events that the last publication knew."""
    known = said.publications[-1][1].known_by
    return digest_events(panel, panel.now if known is None else to_instant(known))


def _told_late(panel: Panel, said: Told) -> bool:
    """Return whether an event became known after the last publication, of a time through which that went."""
    body = said.publications[-1][1]
    known, through = panel.now if body.known_by is None else moment(body.known_by), moment(body.through)
    return any(event.time <= through and event.known_at > known for event in panel.corporate)


def _file(caches: Path, folder: Path) -> Path:
    return caches / f"{digest_strings([str(folder.resolve())])[:32]}.kept"


def _key(folder: Path) -> str:
    """Return the digest of the program, and of the folder, whose manifest has the digests of its files."""
    return digest_bytes(_program().encode(), read_file(folder, MANIFEST))


@cache
def _program() -> str:
    """Return the SHA-256 of the program: its own files, and the versions of what calculates for it."""
    root = str(Path(basketry.__file__).parent)
    said = [sys.version, np.__version__, pl.__version__]
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            if name.endswith(".py"):
                path = f"{folder}/{name}"
                said += [path.removeprefix(root), sha256(Path(path).read_bytes()).hexdigest()]
    return digest_strings(said)


def _packed(kept: Kept) -> bytes:
    levels, stream = io.BytesIO(), io.BytesIO()
    kept.levels.write_ipc(levels)
    own = {name: getattr(kept.holdings, name) for name in _HOLDINGS}
    words = json.dumps({"data": kept.data, "assets": kept.holdings.assets}).encode()
    texts = {"state": kept.state, "levels": levels.getvalue(), "words": words}
    arrays: dict[str, Any] = own | {name: np.frombuffer(text, dtype=np.uint8) for name, text in texts.items()}
    np.savez(stream, **arrays)
    return stream.getvalue()


def _unpacked(content: bytes) -> Kept:
    """Return what was kept.

    Raises:
        DataError: It is not what `_packed` gave.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as found:
            holdings = {name: found[name] for name in _HOLDINGS}
            state, levels, words = (found[name].tobytes() for name in ("state", "levels", "words"))
        said = json.loads(words)
        return Kept(
            state, pl.read_ipc(io.BytesIO(levels)), Holdings(tuple(said["assets"]), **holdings), str(said["data"])
        )
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile, pl.exceptions.PolarsError) as error:
        raise DataError(f"what was kept of an index cannot be read: {error}") from error
