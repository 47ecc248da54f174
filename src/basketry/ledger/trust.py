"""Who vouches for a record: its head against its keys, and both against what somebody kept elsewhere.

Without a key or a head that came another way, nothing here shows that history was not rewritten: whoever can replace
the folder can make a key, sign a history of their own, and it is in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from basketry.core.errors import RecordError
from basketry.ledger.head import FILE, Head
from basketry.ledger.key_chain import key_in_force, keys_of
from basketry.ledger.keys import parse_public
from basketry.ledger.record import Entry

UNSIGNED = "unsigned: nobody vouches for this record, and one that was rewritten from its beginning would verify too"


@dataclass(frozen=True)
class Finding:
    """One thing that was examined: whether it holds, and in words what was found."""

    name: str
    passed: bool
    found: str


def trust(
    record: Sequence[Entry], symbol: str, head: Head | None, key: str | None = None, kept: Head | None = None
) -> list[Finding]:
    """Return who vouches for a record.

    Args:
        record: Its lines, the chain of hashes intact, as `parse_record` gives them.
        symbol: Symbol of the index.
        head: The head in its folder, None where there is none.
        key: A public key that came another way, such as from the publisher's site.
        kept: A head that was kept elsewhere, of this record or an earlier state of it.

    Returns:
        `signature`, of the head in the folder; `key` where one was given; `kept head` where one was given.

    Raises:
        RecordError: `key` is not written as a public key.

    With `key` and `kept` it shows that the record continues the one that the kept head ends, and that the holder of
    the key, or of a key to which it was passed on, signed it to its last line. It does not show when that was done
    (the clock is the signer's), nor that the inputs were true; and with a key that was stolen it shows nothing since.

    >>> from basketry.ledger.record import chain
    >>> [(found.passed, found.found[:8]) for found in trust(chain([("level", {})]), "LC20", None)]
    [(True, 'unsigned')]
    """
    if key is not None:
        parse_public(key)
    try:
        keys = keys_of(record, symbol)
    except RecordError as error:
        asked = ["signature", *(["key"] if key else []), *(["kept head"] if kept else [])]
        return [
            Finding(name, False, f"the keys of the record do not follow from each other: {error}") for name in asked
        ]
    found = [_signature(record, symbol, head, keys, asked=key is not None or kept is not None)]
    if key is not None:
        found.append(_key(keys, key))
    if kept is not None:
        found.append(_kept(record, symbol, keys, kept))
    return found


def _signature(
    record: Sequence[Entry], symbol: str, head: Head | None, keys: Sequence[tuple[int, str]], *, asked: bool
) -> Finding:
    if not keys and head is None:
        return Finding("signature", not asked, f"{UNSIGNED}; a signed one was asked for" if asked else UNSIGNED)
    problem = _problem(record, symbol, head, keys)
    if problem is not None or head is None:
        return Finding("signature", False, str(problem))
    return Finding("signature", True, f"all {len(record)} entries are signed with {head.key} at {head.at}")


def _problem(record: Sequence[Entry], symbol: str, head: Head | None, keys: Sequence[tuple[int, str]]) -> str | None:
    if head is None:
        return f"the record names a key, but there is no {FILE}; it was removed, or never written"
    if not keys:
        return f"there is a {FILE}, but the record names no key; a key must be in it before it is signed"
    if head.symbol != symbol:
        return f"the head is that of {head.symbol}, not of {symbol}"
    if not head.is_signed:
        return f"the signature of the head is not that of {head.key}; it was altered"
    if head.entries > len(record):
        return f"the tail was cut: {head.entries} entries were signed, {len(record)} are left"
    if record[head.entries - 1].hash != head.hash:
        return f"entry {head.entries - 1} is not the one that was signed; the record was rewritten"
    due = key_in_force(keys, head.entries)
    if head.key != due:
        return f"the head is signed with {head.key}, but in force is {due or 'no key'}"
    if head.entries < len(record):
        return f"{len(record) - head.entries} entries after the signed {head.entries} were appended without a signature"
    return None


def _key(keys: Sequence[tuple[int, str]], key: str) -> Finding:
    names = [name for _, name in keys]
    if key not in names:
        told = f"its keys are {', '.join(names)}" if names else "it names none"
        return Finding("key", False, f"{key} is no key of this record; {told}")
    later = len(names) - 1 - names.index(key)
    if not later:
        return Finding("key", True, f"{key} is the key in force")
    return Finding("key", True, f"{key} was passed on in {later} change(s), each signed by the key before it")


def _kept(record: Sequence[Entry], symbol: str, keys: Sequence[tuple[int, str]], kept: Head) -> Finding:
    def failed(why: str) -> Finding:
        return Finding("kept head", False, why)

    if not kept.is_signed:
        return failed(f"its signature is not that of {kept.key}: it was altered where it was kept")
    if kept.symbol != symbol:
        return failed(f"it is that of {kept.symbol}, not of {symbol}")
    if len(record) < kept.entries:
        return failed(f"the tail was cut: {kept.entries} entries were signed at {kept.at}, {len(record)} are here now")
    if record[kept.entries - 1].hash != kept.hash:
        return failed(f"history was rewritten: entry {kept.entries - 1} is not the one that was signed at {kept.at}")
    due = key_in_force(keys, kept.entries)
    if kept.key != due:
        return failed(f"it is signed with {kept.key}, but in force at its place was {due or 'no key'}")
    since = len(record) - kept.entries
    return Finding(
        "kept head", True, f"the {kept.entries} entries signed at {kept.at} are unchanged; {since} were added since"
    )
