"""One reporter's signed statement of a price in a round."""

from __future__ import annotations

import hashlib
from typing import Annotated

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import BaseModel, ConfigDict, Field

from basketry.core.ed25519 import is_signed
from basketry.core.errors import DataError

TAG = b"basketry/oracle-report/1"
"""First bytes of every signed message: a signature made for another purpose or layout never fits a report."""
SIGNED_LENGTH = 202
"""Length in bytes of the message that is signed."""
MAX_DECIMALS = 38

Word = Annotated[int, Field(ge=-(2**255), lt=2**255)]


class Report(BaseModel):
    """What one reporter says of one feed in one round.

    Attributes:
        feed: Id of the feed, such as `btc-usd`.
        reporter: Id of the reporter.
        round: Number of the round.
        observed_at: When the price was observed, microseconds since 1970 UTC.
        decimals: The price is in units of 10^-decimals.
        price: Whole number of these units, 256 bits with sign. A price that is not positive can be said, and is then
            left out with a reason.
        confidence: Half width of the reporter's own interval, same units; none where the reporter states none.
        signature: 64 bytes of Ed25519 over `message(domain)`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, ser_json_bytes="hex", val_json_bytes="hex")

    feed: str = Field(min_length=1)
    reporter: str = Field(min_length=1)
    round: int = Field(ge=0, lt=2**64)
    observed_at: int = Field(ge=-(2**63), lt=2**63)
    decimals: int = Field(ge=0, le=MAX_DECIMALS)
    price: Word
    confidence: Word | None = None
    signature: bytes = b""

    def message(self, domain: str) -> bytes:
        """Return the bytes that are signed: 202, big endian, fixed places.

        | bytes | what |
        |-|-|
        | 0-23 | the ASCII text `basketry/oracle-report/1` |
        | 24-55 | SHA-256 of the domain |
        | 56-87 | SHA-256 of the feed |
        | 88-119 | SHA-256 of the reporter |
        | 120-127 | round, unsigned |
        | 128-135 | observed_at, two's complement |
        | 136 | decimals |
        | 137-168 | price, two's complement |
        | 169 | 1 where a confidence is stated, else 0 |
        | 170-201 | confidence, two's complement; zeros where none |

        Args:
            domain: Where the value will be used: network, contract and configuration, as one text. A report signed
                for one domain does not verify in another, so it cannot be replayed on a fork or another contract.

        >>> report = Report(feed="btc-usd", reporter="a", round=7, observed_at=0, decimals=8, price=-1)
        >>> message = report.message("mainnet:1")
        >>> len(message), message[:24], message[120:128].hex(), message[137:169] == b"\\xff" * 32
        (202, b'basketry/oracle-report/1', '0000000000000007', True)
        """
        return b"".join(
            [
                TAG,
                *(hashlib.sha256(text.encode()).digest() for text in (domain, self.feed, self.reporter)),
                self.round.to_bytes(8, "big"),
                self.observed_at.to_bytes(8, "big", signed=True),
                self.decimals.to_bytes(1, "big"),
                self.price.to_bytes(32, "big", signed=True),
                b"\0" if self.confidence is None else b"\1",
                (self.confidence or 0).to_bytes(32, "big", signed=True),
            ]
        )

    def signed(self, domain: str, private_key: bytes) -> Report:
        """Return the report with its Ed25519 signature (RFC 8032).

        Args:
            domain: As in `message`.
            private_key: The 32 bytes of the private key.

        Raises:
            DataError: The key does not have 32 bytes.
        """
        key = _private_key(private_key)
        return self.model_copy(update={"signature": key.sign(self.message(domain))})


def verify_ed25519(report: Report, domain: str, public_key: bytes) -> bool:
    """Return whether the report bears the signature of the holder of the key, for the domain.

    False also for a signature that is not 64 bytes long or not in its one canonical form, and for a key that is not a
    point of the curve or is one of small order.
    """
    return is_signed(public_key, report.message(domain), report.signature)


def public_key_of(private_key: bytes) -> bytes:
    """Return the 32 bytes of the public key that belongs to a private key of 32 bytes.

    Raises:
        DataError: The key does not have 32 bytes.
    """
    return _private_key(private_key).public_key().public_bytes_raw()


def _private_key(private_key: bytes) -> Ed25519PrivateKey:
    if len(private_key) != 32:
        raise DataError(f"the private key has {len(private_key)} bytes; Ed25519 has 32")
    return Ed25519PrivateKey.from_private_bytes(private_key)
