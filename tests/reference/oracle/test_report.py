"""Signed reports: the layout of what is signed, and everything that must not verify."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from basketry.core.ed25519 import SMALL_ORDER
from basketry.core.errors import DataError
from basketry.reference.oracle.report import (
    MAX_DECIMALS,
    SIGNED_LENGTH,
    Report,
    public_key_of,
    verify_ed25519,
)

FIELDS: dict[str, Any] = {
    "feed": "btc-usd",
    "reporter": "anna",
    "round": 7,
    "observed_at": 1_700_000_000_000_000,
    "decimals": 8,
    "price": 6_500_000_000_000,
    "confidence": 900_000_000,
}
OTHER: dict[str, Any] = {
    "feed": "eth-usd",
    "reporter": "bert",
    "round": 8,
    "observed_at": 1_700_000_000_000_001,
    "decimals": 7,
    "price": 6_500_000_000_001,
    "confidence": None,
}
KEY = bytes(range(32))


def test_every_field_and_the_domain_is_signed() -> None:
    report = Report(**FIELDS)
    messages = {report.message("mainnet:1"), report.message("fork:1")}
    messages |= {Report(**{**FIELDS, name: value}).message("mainnet:1") for name, value in OTHER.items()}
    assert len(messages) == 2 + len(OTHER)
    assert {len(message) for message in messages} == {SIGNED_LENGTH}


def test_no_confidence_is_not_a_confidence_of_zero() -> None:
    none, zero = (Report(**{**FIELDS, "confidence": value}).message("d") for value in (None, 0))
    assert none != zero


def test_texts_do_not_run_into_each_other() -> None:
    first = Report(**{**FIELDS, "feed": "ab", "reporter": "c"}).message("d")
    assert first != Report(**{**FIELDS, "feed": "a", "reporter": "bc"}).message("d")


@pytest.mark.parametrize(
    ("name", "value"),
    [("price", 2**255), ("price", 1.5), ("price", "1"), ("round", -1), ("round", 2**64), ("decimals", MAX_DECIMALS + 1),
     ("observed_at", 2**63), ("feed", ""), ("reporter", ""), ("confidence", 0.5), ("price", True)],
)  # fmt: skip
def test_what_does_not_fit_the_layout_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ValidationError, match=name):
        Report(**{**FIELDS, name: value})


def test_the_ends_of_the_layout_fit() -> None:
    for price in (-(2**255), 2**255 - 1):
        assert len(Report(**{**FIELDS, "price": price, "round": 2**64 - 1}).message("d")) == SIGNED_LENGTH


def test_json_and_back() -> None:
    report = Report(**FIELDS, signature=b"\x00\xff" * 32)
    assert Report.model_validate_json(report.model_dump_json()) == report


def test_keys_of_small_order_are_those_of_the_curve() -> None:
    """Each blocked encoding is a point that eight times itself is the neutral element (independent arithmetic)."""
    prime = 2**255 - 19
    d = -121665 * pow(121666, -1, prime) % prime

    def add(p: tuple[int, int], q: tuple[int, int]) -> tuple[int, int]:
        product = d * p[0] * q[0] * p[1] * q[1] % prime
        x = (p[0] * q[1] + q[0] * p[1]) * pow(1 + product, -1, prime) % prime
        return x, (p[1] * q[1] + p[0] * q[0]) * pow(1 - product, -1, prime) % prime

    heights = set()
    for encoded in SMALL_ORDER:
        y = int.from_bytes(encoded, "little") % prime
        square = (y * y - 1) * pow(d * y * y + 1, -1, prime) % prime
        x = pow(square, (prime + 3) // 8, prime)
        x = x if x * x % prime == square else x * pow(2, (prime - 1) // 4, prime) % prime
        assert x * x % prime == square
        point = (x, y)
        for _ in range(3):
            point = add(point, point)
        assert point == (0, 1)
        heights.add(y)
    assert len(heights) == 5  # orders 1, 2, 4, and twice two of order 8; two encodings are not reduced


def test_a_signature_verifies_for_its_domain_and_key_only() -> None:
    report = Report(**FIELDS).signed("mainnet:1", KEY)
    assert verify_ed25519(report, "mainnet:1", public_key_of(KEY))
    assert not verify_ed25519(report, "fork:1", public_key_of(KEY))
    assert not verify_ed25519(report, "mainnet:1", public_key_of(bytes(32)))


@pytest.mark.parametrize("name", sorted(OTHER))
def test_an_altered_field_does_not_verify(name: str) -> None:
    report = Report(**FIELDS).signed("mainnet:1", KEY).model_copy(update={name: OTHER[name]})
    assert not verify_ed25519(report, "mainnet:1", public_key_of(KEY))


def test_no_other_form_of_a_signature_verifies() -> None:
    report, key = Report(**FIELDS).signed("d", KEY), public_key_of(KEY)
    order = 2**252 + 27742317777372353535851937790883648493
    twin = (int.from_bytes(report.signature[32:], "little") + order).to_bytes(32, "little")
    forms = [b"", bytes(64), report.signature[:63], report.signature + b"\0", report.signature[:32] + twin]
    assert not any(verify_ed25519(report.model_copy(update={"signature": form}), "d", key) for form in forms)


def test_a_key_under_which_anything_verifies_is_no_key() -> None:
    """With the neutral element as key, R = s B with s = 0 verifies for every message in a bare implementation."""
    neutral = (1).to_bytes(32, "little")
    report = Report(**FIELDS, signature=neutral + bytes(32))
    assert not any(verify_ed25519(report, "d", key) for key in (neutral, bytes(32), b"\xff" * 32, b"\1" * 31))


def test_a_key_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(DataError, match="31 bytes; Ed25519 has 32"):
        Report(**FIELDS).signed("d", bytes(31))
    with pytest.raises(DataError, match="33 bytes; Ed25519 has 32"):
        public_key_of(bytes(33))
