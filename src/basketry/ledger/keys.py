"""Keys that sign the record of an index (Ed25519, RFC 8032), as values and as texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from basketry.core.digest import canonical_json
from basketry.core.ed25519 import SMALL_ORDER, is_signed
from basketry.core.errors import RecordError

SEED_LENGTH = 32
_PUBLIC = re.compile(r"ed25519:([0-9a-f]{64})", re.ASCII)


class PrivateKey:
    """A private key; what it shows of itself is its public key alone.

    Args:
        seed: The 32 secret bytes.

    >>> key = PrivateKey(bytes(32))
    >>> key
    PrivateKey(ed25519:3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29)
    >>> is_signed_by(key.public, b"message", key.sign(b"message"))
    True
    """

    __slots__ = ("_key", "public")

    public: str
    """The public key as a text."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_LENGTH:
            raise RecordError(f"a private key has {SEED_LENGTH} bytes, not {len(seed)}")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = f"ed25519:{self._key.public_key().public_bytes_raw().hex()}"

    def __repr__(self) -> str:
        return f"PrivateKey({self.public})"

    def sign(self, message: bytes) -> str:
        """Return the signature of a message, 64 bytes as hex digits."""
        return self._key.sign(message).hex()


def parse_public(text: str) -> bytes:
    """Return the 32 bytes of a public key that is written as `ed25519:` and 64 hex digits.

    Raises:
        RecordError: It is written otherwise, or is a key under which one signature fits many messages.

    >>> parse_public("ed25519:3B6A")
    Traceback (most recent call last):
    basketry.core.errors.RecordError: 'ed25519:3B6A' is no public key; it is ed25519: and 64 lower-case hex digits...
    """
    match = _PUBLIC.fullmatch(text)
    if match is None:
        shown = repr(text) if len(text) <= 80 else f"{text[:80]!r}..."
        raise RecordError(
            f"{shown} is no public key; it is ed25519: and 64 lower-case hex digits, "
            "as written by: basketry keys show FILE"
        )
    found = bytes.fromhex(match[1])
    if found[:31] + bytes([found[31] & 0x7F]) in SMALL_ORDER:
        raise RecordError(f"{text!r} is no public key of anybody: it is a point of small order")
    return found


def is_signed_by(public: str, message: bytes, signature: str) -> bool:
    """Return whether a signature, given as hex digits, of a message was made with the private key of a public key.

    Raises:
        RecordError: The public key is not written as one.
    """
    key = parse_public(public)
    return re.fullmatch(r"[0-9a-f]{128}", signature, re.ASCII) is not None and is_signed(
        key, message, bytes.fromhex(signature)
    )


def signed_message(purpose: str, content: Mapping[str, Any]) -> bytes:
    """Return the bytes that are signed: the purpose, a line end, and the content as canonical JSON.

    The purpose comes first, so that a signature made for one purpose never fits another.

    Raises:
        RecordError: A text in it is not one of Unicode characters.

    >>> signed_message("basketry head 1", {"symbol": "LC20", "entries": 3})
    b'basketry head 1\\n{"entries":3,"symbol":"LC20"}'
    """
    try:
        return f"{purpose}\n{canonical_json(content)}".encode()
    except UnicodeEncodeError as error:
        raise RecordError("a text to be signed holds what is no Unicode character; write it anew") from error
