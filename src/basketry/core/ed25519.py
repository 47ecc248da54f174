"""Whether a message was signed with an Ed25519 key (RFC 8032), without what a bare verification lets pass."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

# The encodings of the eight points of small order, sign bit cleared: under such a key one signature fits many messages.
SMALL_ORDER = frozenset(
    bytes.fromhex(text)
    for text in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
)


def is_signed(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether a signature of a message was made by the holder of a key.

    False also for a signature that is not 64 bytes long or not in its one canonical form, and for a key that does not
    have 32 bytes, is not a point of the curve, or is one of small order.

    >>> is_signed(bytes(32), b"any message", bytes(64))
    False
    """
    if len(signature) != 64 or len(public_key) != 32:
        return False
    if public_key[:31] + bytes([public_key[31] & 0x7F]) in SMALL_ORDER:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
