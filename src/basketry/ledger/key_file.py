"""Files of private keys: JSON, encrypted under a password with scrypt (RFC 7914) and AES-256-GCM (NIST SP 800-38D)."""

from __future__ import annotations

import json
import os
import secrets
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from basketry.core.digest import canonical_json
from basketry.core.errors import RecordError
from basketry.ledger.atomic import write_new_private_file
from basketry.ledger.keys import SEED_LENGTH, PrivateKey, parse_public
from basketry.ledger.strict_json import checked_fields, is_hex, read_small, strict_object

FORMAT = "basketry key 1"
KDF, CIPHER = "scrypt", "aes-256-gcm"
PASSWORD_MIN = 8
SCRYPT_N = 2**17
"""Cost of a new file: 128 MiB and some tenths of a second for each password that somebody tries."""
SCRYPT_N_MIN, SCRYPT_N_MAX = 2**17, 2**20
"""Costs that are read: below, a stolen file is cheap to guess; above, a hostile one would eat the memory."""
SCRYPT_R, SCRYPT_P = 8, 1
SALT_LENGTH, NONCE_LENGTH, TAG_LENGTH = 16, 12, 16

_FIELDS = {"format": str, "public": str, "kdf": dict, "cipher": dict, "ciphertext": str}
_KDF_FIELDS = {"name": str, "n": int, "r": int, "p": int, "salt": str}
_CIPHER_FIELDS = {"name": str, "nonce": str}
_PUBLISHED = ("manifest.json", "lake.json")
"""What makes a folder one that is shown to others: of an index, prices or tracking, or a lake."""


def create_key(path: Path, password: str) -> PrivateKey:
    """Make a key and write its file, readable by its owner alone.

    The file holds the private key encrypted; everything else in it is authenticated too. A forgotten password cannot
    be recovered.

    Raises:
        RecordError: The password is shorter than 8 characters or holds a NUL, something of that name exists, or the
            file would lie in a folder that is published or in a lake.
    """
    refuse_place(path)
    if "\0" in password:
        raise RecordError(f"{path}: the password holds a NUL character; take one without")
    if len(password) < PASSWORD_MIN:
        raise RecordError(f"{path}: the password has fewer than {PASSWORD_MIN} characters; take a longer one")
    seed = secrets.token_bytes(SEED_LENGTH)
    key = PrivateKey(seed)
    header = {
        "format": FORMAT,
        "public": key.public,
        "kdf": {
            "name": KDF,
            "n": SCRYPT_N,
            "r": SCRYPT_R,
            "p": SCRYPT_P,
            "salt": secrets.token_hex(SALT_LENGTH),
        },
        "cipher": {"name": CIPHER, "nonce": secrets.token_hex(NONCE_LENGTH)},
    }
    cipher, nonce, beside = _cipher(header, password, path)
    whole = {**header, "ciphertext": cipher.encrypt(nonce, seed, beside).hex()}
    write_new_private_file(path.absolute(), (json.dumps(whole, indent=2) + "\n").encode())
    return key


def load_key(path: Path, password: str) -> PrivateKey:
    """Return the private key in a file.

    Raises:
        RecordError: The file cannot be read or is not one of a key, or the password is wrong.
    """
    content = _read(path)
    header = {name: value for name, value in content.items() if name != "ciphertext"}
    cipher, nonce, beside = _cipher(header, password, path)
    if password.endswith("\0"):
        # To scrypt, whose HMAC fills up with zeros, it would be the password without them.
        raise RecordError(f"{path}: the password is wrong, or the file was altered")
    try:
        key = PrivateKey(cipher.decrypt(nonce, bytes.fromhex(content["ciphertext"]), beside))
    except InvalidTag as error:
        raise RecordError(f"{path}: the password is wrong, or the file was altered") from error
    if key.public != content["public"]:
        raise RecordError(f"{path}: the file names a public key that is not that of its private key; make a new key")
    return key


def public_key_in(path: Path) -> str:
    """Return the public key that a file of a key names, for which no password is needed.

    Who can write the file can name another one; `load_key` finds that out.

    Raises:
        RecordError: The file cannot be read or is not one of a key.
    """
    public: str = _read(path)["public"]
    return public


def _cipher(header: Mapping[str, Any], password: str, path: Path) -> tuple[AESGCM, bytes, bytes]:
    """Return the cipher under a password, the nonce, and what is authenticated beside the key."""
    kdf = header["kdf"]
    try:
        # As NIST SP 800-63B asks: the same password typed on another keyboard is the same.
        secret = unicodedata.normalize("NFKC", password).encode()
        derived = Scrypt(bytes.fromhex(kdf["salt"]), 32, kdf["n"], kdf["r"], kdf["p"]).derive(secret)
    except UnicodeEncodeError:
        raise RecordError(f"{path}: the password is not a text of Unicode characters") from None
    except MemoryError as error:
        raise RecordError(f"{path}: its key needs {kdf['n'] // 1024} MiB of memory, which are not there") from error
    return AESGCM(derived), bytes.fromhex(header["cipher"]["nonce"]), canonical_json(header).encode()


def _read(path: Path) -> dict[str, Any]:
    content = strict_object(read_small(path, "a key file"), _FIELDS, str(path), "a key file")
    try:
        _check(content)
    except ValueError as error:
        raise RecordError(f"{path}: not a key file: {error}") from error
    try:
        parse_public(content["public"])
    except RecordError as error:
        raise RecordError(f"{path}: {error}") from error
    return content


def _check(content: Mapping[str, Any]) -> None:
    kdf, cipher = content["kdf"], content["cipher"]
    if content["format"] != FORMAT:
        raise ValueError(f"its format is {content['format']!r}, not {FORMAT!r}")
    checked_fields(kdf, _KDF_FIELDS)
    checked_fields(cipher, _CIPHER_FIELDS)
    if (kdf["name"], cipher["name"]) != (KDF, CIPHER):
        raise ValueError(f"it is encrypted with {kdf['name']!r} and {cipher['name']!r}, not {KDF!r} and {CIPHER!r}")
    cost = kdf["n"]
    if (
        not SCRYPT_N_MIN <= cost <= SCRYPT_N_MAX
        or cost.bit_count() != 1
        or (kdf["r"], kdf["p"]) != (SCRYPT_R, SCRYPT_P)
    ):
        raise ValueError(
            f"the cost of scrypt must be n from {SCRYPT_N_MIN} to {SCRYPT_N_MAX}, a power of two, "
            f"with r {SCRYPT_R} and p {SCRYPT_P}"
        )
    lengths = (
        (kdf["salt"], SALT_LENGTH),
        (cipher["nonce"], NONCE_LENGTH),
        (content["ciphertext"], SEED_LENGTH + TAG_LENGTH),
    )
    if not all(is_hex(text, length) for text, length in lengths):
        raise ValueError("salt, nonce or ciphertext are not hex digits of their lengths")


def refuse_place(path: Path) -> None:
    """Refuse to write a key where something is, or into a folder that is shown to others: an index, prices or a lake.

    Raises:
        RecordError: It is such a place.
    """
    path = path.absolute()
    if os.path.lexists(path):
        raise RecordError(f"{path}: exists and is not overwritten; choose another name")
    for folder in (*path.parents, *Path(os.path.realpath(path)).parents):
        for name in _PUBLISHED:
            if os.path.lexists(folder / name):
                raise RecordError(
                    f"{path}: would lie in {folder}, a folder that is shown to others ({name}); "
                    "keep a key apart from what it signs"
                )
