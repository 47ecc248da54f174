"""The keys that a record names: lines of kind `key`, each signed by the key before it.

The first key signs itself. A later one is signed twice: by the key that it replaces, which passes on what it may do
(`signature`), and by itself, which proves that somebody holds it (`proof`). Signed are the symbol, the hash of the
line before, both keys, and who approved the change and why: a line fits one place of one record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from basketry.core.errors import RecordError
from basketry.ledger.keys import PrivateKey, is_signed_by, parse_public, signed_message
from basketry.ledger.record import GENESIS, Entry

KIND = "key"
PURPOSE = "basketry key 1"
_REQUIRED = ("key", "replaces", "signature")
_SIGNED = ("key", "replaces", "approver", "reason")
# `known_by` is the stamp that each line of a record may have; the head signs it with the whole line.
_FIELDS = frozenset({*_REQUIRED, *_SIGNED, "proof", "known_by"})


def key_body(
    record: Sequence[Entry],
    symbol: str,
    new: PrivateKey,
    old: PrivateKey | None = None,
    *,
    approver: str | None = None,
    reason: str | None = None,
) -> dict[str, Any]:
    """Return the body of the line of kind `key` that follows a record.

    Args:
        record: All lines so far; the new line must be the next one.
        symbol: The symbol of the index.
        new: The key from here on.
        old: The key that is in force now; None for the first.
        approver: Who answers for the change; signed.
        reason: Why the key is changed; signed.

    Raises:
        RecordError: `old` is not the key in force, or `new` was a key of this record before.

    >>> from basketry.ledger.record import chain
    >>> first, second = PrivateKey(b"1" * 32), PrivateKey(b"2" * 32)
    >>> record = chain([("key", key_body([], "LC20", first))])
    >>> record = chain([("key", key_body(record, "LC20", second, first))], after=record)
    >>> keys_of(record, "LC20") == [(0, first.public), (1, second.public)]
    True
    """
    known = [key for _, key in keys_of(record, symbol)]
    due, given = known[-1] if known else None, old.public if old else None
    if given != due:
        raise RecordError(
            f"the record of {symbol} is signed with {due or 'no key so far'}, not with {given or 'none'}; "
            "give the key that is in force"
        )
    if new.public in known:
        raise RecordError(f"{new.public} was a key of this record before; make a new one with: basketry keys new FILE")
    said = {"approver": approver, "reason": reason}
    body = {"key": new.public, "replaces": due, **{name: text for name, text in said.items() if text is not None}}
    message = _message(symbol, record[-1].hash if record else GENESIS, body)
    if old is None:
        return {**body, "signature": new.sign(message)}
    return {**body, "signature": old.sign(message), "proof": new.sign(message)}


def keys_of(record: Sequence[Entry], symbol: str) -> list[tuple[int, str]]:
    """Return the keys of a record, each with the number of its line, after checking every one.

    Args:
        record: Its lines, the chain of hashes intact, as `parse_record` gives them.
        symbol: The symbol of the index.

    Raises:
        RecordError: A key does not follow from the one before it; the message names the line.
    """
    found: list[tuple[int, str]] = []
    for entry in record:
        if entry.kind == KIND:
            try:
                found.append((entry.seq, _checked(entry, symbol, [key for _, key in found])))
            except RecordError as error:
                raise RecordError(f"entry {entry.seq} (key): {error}") from error
    return found


def key_in_force(keys: Sequence[tuple[int, str]], entries: int) -> str | None:
    """Return the key that signs a record of so many lines, of the keys that `keys_of` gives; None before the first.

    >>> key_in_force([(1, "a"), (5, "b")], 5), key_in_force([(1, "a"), (5, "b")], 6), key_in_force([(1, "a")], 1)
    ('a', 'b', None)
    """
    return next((key for seq, key in reversed(keys) if seq < entries), None)


def _checked(entry: Entry, symbol: str, known: Sequence[str]) -> str:
    body: Any = entry.body
    if not isinstance(body, Mapping) or not set(_REQUIRED) <= set(body) <= _FIELDS:
        raise RecordError(f"it must have {', '.join(_REQUIRED)}, and may have proof, approver, reason and known_by")
    if not all(isinstance(value, str) for name, value in body.items() if name != "replaces"):
        raise RecordError("a field of it is not a text")
    key, due = body["key"], known[-1] if known else None
    parse_public(key)
    if body["replaces"] != due:
        raise RecordError(f"it says that it replaces {body['replaces']!r}, but the key before it is {due!r}")
    if key in known:
        raise RecordError("its key was one of the record before")
    if ("proof" in body) is (due is None):
        raise RecordError("the first key has no proof, and every other has one")
    message = _message(symbol, entry.previous, body)
    if not is_signed_by(due or key, message, body["signature"]):
        raise RecordError(f"it is not signed by {due or 'itself'}")
    if due is not None and not is_signed_by(key, message, body["proof"]):
        raise RecordError("nobody proves to hold the new key")
    return str(key)


def _message(symbol: str, previous: str, body: Mapping[str, Any]) -> bytes:
    said = {name: body[name] for name in _SIGNED if name in body}
    return signed_message(PURPOSE, {"symbol": symbol, "previous": previous, **said})
