"""Keys as texts and as files: what is written, what is read, and all that is not."""

from __future__ import annotations

import copy
import json
import os
import pickle
import stat
from hashlib import scrypt
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from basketry.core.digest import canonical_json
from basketry.core.ed25519 import SMALL_ORDER, is_signed
from basketry.core.errors import RecordError
from basketry.ledger import key_file
from basketry.ledger.key_file import create_key, load_key, public_key_in
from basketry.ledger.keys import PrivateKey, is_signed_by, parse_public, signed_message

WORDS = "correct horse"
KEY = PrivateKey(bytes(range(32)))


def test_a_key_shows_its_public_half_alone() -> None:
    secret = bytes(range(32)).hex()
    assert repr(KEY) == str(KEY) == f"PrivateKey({KEY.public})"
    assert secret not in repr(KEY)
    with pytest.raises(TypeError):
        pickle.dumps(KEY)
    with pytest.raises(RecordError, match="a private key has 32 bytes, not 31"):
        PrivateKey(bytes(31))


@pytest.mark.parametrize(
    "text",
    [
        "",
        KEY.public[8:],
        KEY.public.upper(),
        KEY.public[:-1],
        KEY.public + "0",
        KEY.public + "\n",
        " " + KEY.public,
        KEY.public[:-1] + "\N{FULLWIDTH DIGIT ONE}",
        "rsa:" + KEY.public[8:],
    ],
)
def test_a_public_key_is_written_in_one_way(text: str) -> None:
    with pytest.raises(RecordError, match="is no public key; it is ed25519: and 64 lower-case hex digits"):
        parse_public(text)


@pytest.mark.parametrize("sign", [0, 0x80])
def test_a_point_of_small_order_is_no_key(sign: int) -> None:
    for point in SMALL_ORDER:
        text = f"ed25519:{point[:31].hex()}{point[31] | sign:02x}"
        with pytest.raises(RecordError, match="point of small order"):
            parse_public(text)
        assert not is_signed(bytes.fromhex(text[8:]), b"", point + bytes(32))


def test_a_signature_is_for_one_purpose_and_content() -> None:
    message = signed_message("basketry head 1", {"a": 1})
    signature = KEY.sign(message)
    assert is_signed_by(KEY.public, message, signature)
    assert not is_signed_by(KEY.public, signed_message("basketry key 1", {"a": 1}), signature)
    assert not is_signed_by(PrivateKey(bytes(32)).public, message, signature)
    for other in ("", signature.upper(), signature[:-2], signature + "00", signature + "\n"):
        assert not is_signed_by(KEY.public, message, other)
    with pytest.raises(RecordError, match="no Unicode character"):
        signed_message("basketry key 1", {"reason": "\ud800"})


@given(st.integers(0, 511))
def test_any_flipped_bit_of_a_signature_is_found(bit: int) -> None:
    signature = bytearray(bytes.fromhex(KEY.sign(b"message")))
    signature[bit // 8] ^= 1 << (bit % 8)
    assert not is_signed_by(KEY.public, b"message", signature.hex())


def test_a_file_at_its_real_cost(tmp_path: Path) -> None:
    """The bounds that other tests lower are in force here."""
    made = create_key(tmp_path / "a.key", WORDS)
    content = json.loads((tmp_path / "a.key").read_text())
    assert content["kdf"]["n"] == 2**17
    assert load_key(tmp_path / "a.key", WORDS).public == made.public == content["public"]


@pytest.mark.usefixtures("quick_keys")
def test_a_file_can_be_opened_without_basketry(tmp_path: Path) -> None:
    made = create_key(tmp_path / "a.key", "caf\N{LATIN SMALL LETTER E WITH ACUTE} au lait")
    content = json.loads((tmp_path / "a.key").read_text())
    encrypted, kdf = content.pop("ciphertext"), content["kdf"]
    secret = "caf\u00e9 au lait".encode()
    derived = scrypt(secret, salt=bytes.fromhex(kdf["salt"]), n=kdf["n"], r=kdf["r"], p=kdf["p"], dklen=32)
    nonce = bytes.fromhex(content["cipher"]["nonce"])
    seed = AESGCM(derived).decrypt(nonce, bytes.fromhex(encrypted), canonical_json(content).encode())
    assert PrivateKey(seed).public == made.public
    assert seed.hex() not in (tmp_path / "a.key").read_text()


@pytest.mark.usefixtures("quick_keys")
def test_a_password_is_the_same_however_it_was_typed(tmp_path: Path) -> None:
    made = create_key(tmp_path / "a.key", "caf\u00e9 au lait")
    assert load_key(tmp_path / "a.key", "cafe\u0301 au lait").public == made.public
    for other in ("cafe au lait", "caf\u00e9 au lait ", "", "\ud800" * 8):
        with pytest.raises(RecordError, match=r"a\.key: the password is"):
            load_key(tmp_path / "a.key", other)


@pytest.mark.usefixtures("quick_keys")
def test_every_file_has_its_own_key_salt_and_nonce(tmp_path: Path) -> None:
    for name in "ab":
        create_key(tmp_path / name, WORDS)
    first, second = (json.loads((tmp_path / name).read_text()) for name in "ab")
    assert first["public"] != second["public"]
    assert first["kdf"]["salt"] != second["kdf"]["salt"]
    assert first["cipher"]["nonce"] != second["cipher"]["nonce"]


@pytest.mark.usefixtures("quick_keys")
def test_only_its_owner_reads_a_file_and_nothing_is_left_beside(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        create_key(tmp_path / "keys" / "a.key", WORDS)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "keys" / "a.key").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["a.key"]


@pytest.mark.usefixtures("quick_keys")
@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
def test_no_file_is_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    if not links:
        monkeypatch.setattr(Path, "hardlink_to", refuse)
    path = tmp_path / "a.key"
    made = create_key(path, WORDS)
    assert load_key(path, WORDS).public == made.public
    with pytest.raises(RecordError, match="exists and is not overwritten"):
        create_key(path, WORDS)
    # Another makes the file between the look and the writing.
    monkeypatch.setattr(key_file, "refuse_place", lambda _: None)
    with pytest.raises(RecordError, match="exists and is not overwritten"):
        create_key(path, WORDS)
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(RecordError, match="exists and is not overwritten"):
        create_key(tmp_path / "link", WORDS)
    assert load_key(path, WORDS).public == made.public
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.key", "link"]


@pytest.mark.usefixtures("quick_keys")
@pytest.mark.parametrize("mark", ["manifest.json", "lake.json"])
def test_no_key_lies_in_what_is_shown_to_others(tmp_path: Path, mark: str) -> None:
    shown = tmp_path / "shown"
    shown.mkdir()
    (shown / mark).write_text("{}")
    (tmp_path / "link").symlink_to(shown)
    for place in (shown / "a.key", shown / "deep" / "down" / "a.key", tmp_path / "link" / "a.key"):
        with pytest.raises(RecordError, match=rf"would lie in .*shown to others \({mark}\)"):
            create_key(place, WORDS)
    assert [path.name for path in shown.iterdir()] == [mark]


@pytest.mark.usefixtures("quick_keys")
def test_a_nul_is_no_part_of_a_password(tmp_path: Path) -> None:
    """HMAC fills short keys up with zeros: to scrypt a password with some at its end is the one without."""
    create_key(tmp_path / "a.key", WORDS)
    for end in ("\0", "\0\0\0"):
        with pytest.raises(RecordError, match="the password is wrong"):
            load_key(tmp_path / "a.key", WORDS + end)
    with pytest.raises(RecordError, match="holds a NUL character"):
        create_key(tmp_path / "b.key", f"{WORDS}\0{WORDS}")
    assert [path.name for path in tmp_path.iterdir()] == ["a.key"]


@pytest.mark.usefixtures("quick_keys")
def test_a_short_password_and_a_place_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="fewer than 8 characters") as caught:
        create_key(tmp_path / "a.key", "hunter2")
    assert "hunter2" not in str(caught.value)
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError, match=r"file/a\.key: cannot be written"):
        create_key(tmp_path / "file" / "a.key", WORDS)
    with pytest.raises(RecordError, match="cannot be written: File name too long"):
        create_key(tmp_path / ("a" * 300), WORDS)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def _with(content: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(content)
    place = changed
    for name in path[:-1]:
        place = place[name]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return changed


WRONG = [
    (("format",), "basketry key 2"),
    (("format",), 1),
    (("more",), 1),
    (("public",), "ed25519:00"),
    (("public",), "ed25519:" + "0" * 64),
    (("public",), None),
    (("kdf",), "scrypt"),
    (("kdf", "name"), "pbkdf2"),
    (("kdf", "n"), 2**16),
    (("kdf", "n"), 2**17 + 1),
    (("kdf", "n"), 2**21),
    (("kdf", "n"), 10**30),
    (("kdf", "n"), -(2**17)),
    (("kdf", "n"), True),
    (("kdf", "n"), 131072.0),
    (("kdf", "r"), 2**20),
    (("kdf", "p"), 2**20),
    (("kdf", "salt"), ""),
    (("kdf", "salt"), "zz" * 16),
    (("kdf", "more"), 1),
    (("cipher", "name"), "none"),
    (("cipher", "nonce"), "00"),
    (("cipher", "nonce"), None),
    (("ciphertext",), "00" * 1000),
    (("ciphertext",), "00" * 47),
]


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a file says that was made cheaply, but for its cost."""
    path = tmp_path_factory.mktemp("keys") / "a.key"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(key_file, "SCRYPT_N", 2**4)
        create_key(path, WORDS)
    return _with(json.loads(path.read_text()), ("kdf", "n"), 2**17)


@pytest.mark.parametrize(("path", "value"), WRONG, ids=str)
def test_a_file_of_another_form_is_refused_before_anything_is_derived(
    tmp_path: Path, content: dict[str, Any], monkeypatch: pytest.MonkeyPatch, path: tuple[str, ...], value: Any
) -> None:
    def derive(*_: Any) -> None:
        raise AssertionError("a file of another form reached the derivation")

    monkeypatch.setattr(key_file, "Scrypt", derive)
    file = tmp_path / "a.key"
    file.write_text(json.dumps(content))
    assert public_key_in(file) == content["public"]
    file.write_text(json.dumps(_with(content, path, value)))
    for read in (lambda: load_key(file, WORDS), lambda: public_key_in(file)):
        with pytest.raises(RecordError, match=r"a\.key: .*(not a key file|no public key)"):
            read()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b"\xff",
        b"{" * 4000,
        b"[" * 4096,
        b" " * 4097,
        b'{"format": NaN}',
        b'{"format": "basketry key 1", "format": "basketry key 1"}',
    ],
)
def test_what_is_no_json_object_is_refused(tmp_path: Path, raw: bytes) -> None:
    file = tmp_path / "a.key"
    file.write_bytes(raw)
    with pytest.raises(RecordError, match=r"a\.key: not a key file"):
        public_key_in(file)


def test_a_cheap_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_file, "SCRYPT_N", 2**4)
    create_key(tmp_path / "a.key", WORDS)
    with pytest.raises(RecordError, match="the cost of scrypt must be n from 131072 to 1048576"):
        load_key(tmp_path / "a.key", WORDS)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    for place in (tmp_path / "none", tmp_path):
        with pytest.raises(RecordError, match="cannot be read"):
            load_key(place, WORDS)


@pytest.mark.usefixtures("quick_keys")
@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_altered_file_gives_a_key(tmp_path: Path, data: st.DataObject) -> None:
    """A flip in the spaces between fields changes nothing that is read; any other is found."""
    file, whole = tmp_path / "altered", tmp_path / "whole"
    if not whole.exists():
        create_key(whole, WORDS)
    raw = bytearray(whole.read_bytes())
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[bit // 8] ^= 1 << (bit % 8)
    file.write_bytes(raw)
    try:
        same = json.loads(raw) == json.loads(whole.read_text())
    except ValueError:
        same = False
    if same:
        assert load_key(file, WORDS).public == public_key_in(whole)
    else:
        with pytest.raises(RecordError, match="altered"):
            load_key(file, WORDS)


@pytest.mark.usefixtures("quick_keys")
def test_a_file_that_names_the_public_key_of_another_is_refused(tmp_path: Path) -> None:
    """Who knows the password can write such a file; it does not sign under a wrong name."""
    create_key(tmp_path / "a.key", WORDS)
    content = {**json.loads((tmp_path / "a.key").read_text()), "public": KEY.public}
    del content["ciphertext"]
    kdf, nonce = content["kdf"], bytes.fromhex(content["cipher"]["nonce"])
    derived = scrypt(WORDS.encode(), salt=bytes.fromhex(kdf["salt"]), n=kdf["n"], r=kdf["r"], p=kdf["p"], dklen=32)
    content["ciphertext"] = AESGCM(derived).encrypt(nonce, bytes(32), canonical_json(content).encode()).hex()
    (tmp_path / "b.key").write_text(json.dumps(content))
    with pytest.raises(RecordError, match="not that of its private key"):
        load_key(tmp_path / "b.key", WORDS)
