"""The append-only record: one JSON line an entry, each with the hash of the one before.

hash_n = SHA-256(canonical JSON of {seq, previous, kind, at, body}) with previous = hash_(n-1); the first line's
previous is 64 zeros. A changed, removed or inserted line breaks every hash after it. `at` is the instant at which the
line was written; the lines of a draft, which nobody has published, have none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from typing import Any

from basketry.core.digest import canonical_json
from basketry.core.errors import RecordError

GENESIS = "0" * 64
_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)


@dataclass(frozen=True)
class Entry:
    """One line of a record.

    Attributes:
        seq: Its number, from 0. previous: Hash of the line before.
        kind, body: What it says.
        hash: Of all of this.
        at: The instant at which it was written; None in a draft.
    """

    seq: int
    previous: str
    kind: str
    body: Mapping[str, Any]
    hash: str
    at: str | None = None

    def line(self) -> str:
        """Return the entry as its JSON line, without the line end."""
        # As canonical JSON has its keys sorted, the hash stands between the body and the rest.
        before, after = self._content
        return f'{before},"hash":{canonical_json(self.hash)}{after}'

    def digest(self) -> str:
        """Return the hash that the content of the entry has."""
        return sha256("".join(self._content).encode()).hexdigest()

    @cached_property
    def _content(self) -> tuple[str, str]:
        """The canonical JSON of all but the hash, in two parts: up to the body, and from there on."""
        stamp = "" if self.at is None else f'"at":{canonical_json(self.at)},'
        after = f',"kind":{canonical_json(self.kind)},"previous":{canonical_json(self.previous)},"seq":{self.seq}}}'
        return f'{{{stamp}"body":{canonical_json(self.body)}', after


def append(entries: Sequence[Entry], kind: str, body: Mapping[str, Any], at: str | None = None) -> Entry:
    """Return the entry that follows some entries.

    Raises:
        RecordError: A text of it is none of Unicode characters.

    >>> first = append([], "methodology", {"symbol": "LC20"})
    >>> append([first], "note", {}).previous == first.hash
    True
    """
    previous = entries[-1].hash if entries else GENESIS
    seq = entries[-1].seq + 1 if entries else 0
    unsealed = Entry(seq, previous, kind, body, "", at)
    try:
        return replace(unsealed, hash=unsealed.digest())
    except UnicodeEncodeError as error:
        raise RecordError(f"what the record shall say ({kind}) is not a text of Unicode characters") from error


def chain(
    entries: Iterable[tuple[str, Mapping[str, Any]]], after: Sequence[Entry] = (), at: str | None = None
) -> list[Entry]:
    """Return a record of (kind, body) pairs written at one instant, continuing `after` where given."""
    record = list(after)
    for kind, body in entries:
        record.append(append(record[-1:], kind, body, at))
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
            entry = parse_line(line)
            canonical = entry.line()
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise RecordError(f"{place}: not an entry of a record: {error}") from error
        if line != canonical:
            raise RecordError(f"{place}: the line is not in canonical form; it was altered")
        previous = entries[-1].hash if entries else GENESIS
        if entry.seq != len(entries) or entry.previous != previous:
            raise RecordError(f"{place}: does not follow the line before it; a line was removed, inserted or altered")
        if entry.hash != entry.digest():
            raise RecordError(f"{place}: its hash does not match its content; the line was altered")
        if entries and (entries[-1].at or "") > (entry.at or ""):
            raise RecordError(f"{place}: was written at {entry.at}, before the line before it, {entries[-1].at}")
        entries.append(entry)
    if not entries:
        raise RecordError(f"{where}: the record is empty")
    return entries


def parse_end(text: str, kind: str) -> list[Entry]:
    """Return the entries from the last of a kind, or of its plural, on, of the text of a record whose chain is intact.

    Raises:
        RecordError: There is none.
    """
    found: list[Entry] = []
    for line in reversed(text.rstrip("\n").split("\n")):
        found.append(parse_line(line))
        if found[-1].kind in (kind, f"{kind}s"):
            return found[::-1]
    raise RecordError(f"the record has no line of the kind {kind}")


def parse_line(line: str) -> Entry:
    """Return the entry of a line, its hash not checked; raise ValueError or TypeError where it has another form."""
    raw = json.loads(line)
    if not isinstance(raw, dict):
        raise TypeError("expected an object with seq, previous, kind, body and hash")
    seq, body = raw.get("seq"), raw.get("body")
    previous, kind, own = (raw.get(name) for name in ("previous", "kind", "hash"))
    at = raw.get("at")
    if type(seq) is not int or not isinstance(body, dict):
        raise TypeError("expected a whole number seq and an object body")
    if not (isinstance(previous, str) and isinstance(kind, str) and isinstance(own, str)):
        raise TypeError("expected texts previous, kind and hash")
    if "at" in raw and (not isinstance(at, str) or _AT.fullmatch(at) is None):
        raise ValueError(f"at: {at!r} is not an instant such as 2020-01-31T16:00:00Z")
    return Entry(seq, previous, kind, body, own, at)
