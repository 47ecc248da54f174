"""Published vectors of what keys and their files are made of."""

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from basketry.core.ed25519 import is_signed
from basketry.ledger.keys import PrivateKey, is_signed_by

# RFC 8032, 7.1: secret key, public key, message, signature of TEST 1 to 3.
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("secret", "public", "message", "signature"), RFC_8032)
def test_signatures_are_those_of_rfc_8032(secret: str, public: str, message: str, signature: str) -> None:
    key, text = PrivateKey(bytes.fromhex(secret)), bytes.fromhex(message)
    assert key.public == f"ed25519:{public}"
    assert key.sign(text) == signature
    assert is_signed_by(key.public, text, signature)
    assert not is_signed_by(key.public, text + b"\0", signature)
    assert is_signed(bytes.fromhex(public), text, bytes.fromhex(signature))


def test_keys_are_derived_as_in_rfc_7914() -> None:
    """RFC 7914, 12: the third vector, with N = 16384, r = 8, p = 1."""
    derived = Scrypt(b"SodiumChloride", 64, 16384, 8, 1).derive(b"pleaseletmein")
    assert derived.hex() == (
        "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
        "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
    )


def test_encryption_is_that_of_nist() -> None:
    """McGrew and Viega, The Galois/Counter Mode of Operation, appendix B: test case 14, AES-256 of one zero block."""
    assert AESGCM(bytes(32)).encrypt(bytes(12), bytes(16), None).hex() == (
        "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"
    )
