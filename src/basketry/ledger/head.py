"""The head of a record: how long it is and how it ends, signed. Who keeps it sees later whether history changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from basketry.core.errors import MethodologyError, RecordError
from basketry.core.time import format_instant, to_instant
from basketry.ledger.key_chain import key_in_force, keys_of
from basketry.ledger.keys import PrivateKey, is_signed_by, parse_public, signed_message
from basketry.ledger.record import Entry
from basketry.ledger.strict_json import is_hex, read_small, strict_object

FILE = "head.json"
PURPOSE = "basketry head 1"
WHAT = "the signed head of a record"
_FIELDS = {"symbol": str, "entries": int, "hash": str, "at": str, "key": str, "signature": str}


@dataclass(frozen=True)
class Head:
    """A signed statement of where a record ends.

    Attributes:
        symbol: Symbol of the index.
        entries: Number of lines of the record.
        hash: Hash of the last of them.
        at: When it was signed, by the clock of who signed: an instant in UTC, such as 2026-01-31T16:00:00Z.
        key: The public key.
        signature: 64 bytes of Ed25519 over all else, as hex digits.

    Raises:
        RecordError: A field does not have its form. Whether the signature is good is not asked here.
    """

    symbol: str
    entries: int
    hash: str
    at: str
    key: str
    signature: str

    def __post_init__(self) -> None:
        if self.entries < 1:
            raise RecordError(f"'entries' is {self.entries}; a record has at least one")
        if not self.symbol or not self.symbol.isprintable():
            raise RecordError("'symbol' is not the symbol of an index")
        if not is_hex(self.hash, 32) or not is_hex(self.signature, 64):
            raise RecordError("'hash' must be 64 and 'signature' 128 lower-case hex digits")
        if _instant(self.at) != self.at:
            raise RecordError(f"'at' is {self.at!r}; write the instant in UTC as {_instant(self.at)}")
        parse_public(self.key)

    def message(self) -> bytes:
        """Return the bytes that are signed."""
        return signed_message(PURPOSE, {name: value for name, value in asdict(self).items() if name != "signature"})

    @property
    def is_signed(self) -> bool:
        """Whether the signature is that of the key that the head names."""
        return is_signed_by(self.key, self.message(), self.signature)

    def to_text(self) -> str:
        """Return the head as the text of its file, which `parse_head` reads."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


def sign_head(record: Sequence[Entry], symbol: str, at: str | datetime | np.datetime64, key: PrivateKey) -> Head:
    """Return the signed head of a record.

    Args:
        record: All its lines.
        symbol: Symbol of the index.
        at: Now.
        key: The private key in force, which the record names.

    Raises:
        RecordError: The key is not the one in force.

    >>> from basketry.ledger.key_chain import key_body
    >>> from basketry.ledger.record import chain
    >>> key = PrivateKey(b"1" * 32)
    >>> record = chain([("key", key_body([], "LC20", key))])
    >>> head = sign_head(record, "LC20", "2026-01-31T16:00:00Z", key)
    >>> head.entries, head.hash == record[-1].hash, head.is_signed
    (1, True, True)
    >>> parse_head(head.to_text(), "head.json") == head
    True
    """
    due = key_in_force(keys_of(record, symbol), len(record))
    if due != key.public:
        raise RecordError(
            f"the record of {symbol} names {due or 'no key'}, not {key.public}; sign with the key in force"
        )
    return signed_head(record[-1], symbol, at, key)


def signed_head(last: Entry, symbol: str, at: str | datetime | np.datetime64, key: PrivateKey) -> Head:
    """Return the head of a record that ends with an entry, signed with its key in force; see `sign_head`."""
    fields: dict[str, Any] = {
        "symbol": symbol,
        "entries": last.seq + 1,
        "hash": last.hash,
        "at": _instant(at),
        "key": key.public,
    }
    return Head(**fields, signature=key.sign(signed_message(PURPOSE, fields)))


def read_head(path: Path) -> Head:
    """Return the head in a file.

    Raises:
        RecordError: The file cannot be read, or is not one of a head.
    """
    return parse_head(read_small(path, WHAT), str(path))


def parse_head(text: str, where: str = FILE) -> Head:
    """Return the head in a text; whether its signature is good, `trust` says.

    Raises:
        RecordError: The text is not a head; the message says what is wrong with it.
    """
    raw = strict_object(text, _FIELDS, where, WHAT)
    try:
        return Head(**raw)
    except RecordError as error:
        raise RecordError(f"{where}: not {WHAT}: {error}; take it from a copy") from error


def _instant(at: str | datetime | np.datetime64) -> str:
    try:
        return format_instant(to_instant(at))
    except (MethodologyError, OverflowError) as error:
        raise RecordError(f"'at' is no instant: {error}") from error
