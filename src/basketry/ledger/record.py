"""The append-only record: one JSON line an entry, each with the hash of the one before.

hash_n = SHA-256(canonical JSON of {seq, previous, kind, body}) with previous = hash_(n-1); the first line's
previous is 64 zeros. A changed, removed or inserted line breaks every hash after it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from basketry.core.digest import canonical_json
from basketry.core.errors import RecordError

GENESIS = "0" * 64


@dataclass(frozen=True)
class Entry:
    """One line of a record."""

    seq: int
    previous: str
    kind: str
    body: Mapping[str, Any]
    hash: str

    def line(self) -> str:
        """Return the entry as its JSON line, without the line end."""
        return canonical_json(
            {"seq": self.seq, "previous": self.previous, "kind": self.kind, "body": self.body, "hash": self.hash}
        )


def append(entries: Sequence[Entry], kind: str, body: Mapping[str, Any]) -> Entry:
    """Return the entry that follows some entries.

    >>> first = append([], "methodology", {"symbol": "LC20"})
    >>> append([first], "note", {}).previous == first.hash
    True
    """
    previous = entries[-1].hash if entries else GENESIS
    seq = entries[-1].seq + 1 if entries else 0
    return Entry(seq, previous, kind, body, _hash(seq, previous, kind, body))


def chain(entries: Iterable[tuple[str, Mapping[str, Any]]], after: Sequence[Entry] = ()) -> list[Entry]:
    """Return a record of (kind, body) pairs, continuing `after` where given."""
    record = list(after)
    for kind, body in entries:
        record.append(append(record[-1:], kind, body))
    return record


def dump_record(entries: Iterable[Entry]) -> str:
    """Return a record as text, one JSON line an entry."""
    return "".join(entry.line() + "\n" for entry in entries)


def parse_record(text: str, where: str = "record.jsonl") -> list[Entry]:
    """Return the entries of a record after checking every line and the whole chain.

    Raises:
        RecordError: A line is not complete JSON of the right form, or its hash, number or link is wrong; the
            message names the first such line.
    """
    entries: list[Entry] = []
    lines = text.split("\n")
    if lines[-1] != "":
        raise RecordError(f"{where}, line {len(lines)}: the last line is torn (it has no line end)")
    for number, line in enumerate(lines[:-1], start=1):
        place = f"{where}, line {number}"
        try:
            raw = json.loads(line)
            entry = Entry(raw["seq"], raw["previous"], raw["kind"], raw["body"], raw["hash"])
        except (ValueError, KeyError, TypeError) as error:
            raise RecordError(f"{place}: not an entry of a record: {error}") from error
        if line != entry.line():
            raise RecordError(f"{place}: the line is not in canonical form; it was altered")
        previous = entries[-1].hash if entries else GENESIS
        if entry.seq != len(entries) or entry.previous != previous:
            raise RecordError(f"{place}: does not follow the line before it; a line was removed, inserted or altered")
        if entry.hash != _hash(entry.seq, entry.previous, entry.kind, entry.body):
            raise RecordError(f"{place}: its hash does not match its content; the line was altered")
        entries.append(entry)
    if not entries:
        raise RecordError(f"{where}: the record is empty")
    return entries


def _hash(seq: int, previous: str, kind: str, body: Mapping[str, Any]) -> str:
    text = canonical_json({"seq": seq, "previous": previous, "kind": kind, "body": body})
    return sha256(text.encode()).hexdigest()
