"""Keys in a record and signed heads: every altered field is found, and a line fits its place alone."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.core.errors import RecordError
from basketry.ledger.head import Head, parse_head, read_head, sign_head
from basketry.ledger.key_chain import key_body, key_in_force, keys_of
from basketry.ledger.keys import PrivateKey, is_signed_by
from basketry.ledger.record import Entry, chain

FIRST, SECOND, THIRD, OTHER = (PrivateKey(bytes([number]) * 32) for number in range(1, 5))
AT = "2026-01-31T16:00:00Z"


def level(day: int) -> tuple[str, dict[str, Any]]:
    return "level", {"time": f"2026-01-{day:02d}", "price_return": 1000.0 + day}


def with_key(record: list[Entry], new: PrivateKey, old: PrivateKey | None = None, **said: str) -> list[Entry]:
    return chain([("key", key_body(record, "LC20", new, old, **said))], after=record)


def history() -> list[Entry]:
    """Two levels, the first key, a level, the second key, a level, the third key, a level: 8 entries."""
    record = with_key(chain([level(1), level(2)]), FIRST)
    record = with_key(chain([level(3)], after=record), SECOND, FIRST, approver="Committee", reason="yearly")
    record = with_key(chain([level(4)], after=record), THIRD, SECOND)
    return chain([level(5)], after=record)


RECORD = history()
HEAD = sign_head(RECORD, "LC20", AT, THIRD)
PLACES = (2, 4, 6)


def remade(record: list[Entry], seq: int, body: Any) -> list[Entry]:
    """Return a record with another body in one line, and every hash after it made again."""
    return chain([(entry.kind, body if entry.seq == seq else entry.body) for entry in record])


def test_the_keys_of_a_record_are_those_that_were_passed_on() -> None:
    keys = keys_of(RECORD, "LC20")
    assert keys == [(2, FIRST.public), (4, SECOND.public), (6, THIRD.public)]
    assert [key_in_force(keys, entries) for entries in (1, 2, 3, 4, 5, 6, 7, 8)] == [
        *(None, None),
        *(FIRST.public, FIRST.public),
        *(SECOND.public, SECOND.public),
        *(THIRD.public, THIRD.public),
    ]
    assert keys_of(RECORD[:2], "LC20") == []
    assert RECORD[4].body["approver"] == "Committee"


@pytest.mark.parametrize("seq", PLACES)
def test_the_keys_of_another_index_do_not_pass(seq: int) -> None:
    with pytest.raises(RecordError, match=r"entry 2 \(key\): it is not signed by itself"):
        keys_of(RECORD[: seq + 1], "LC10")


@pytest.mark.parametrize(
    ("seq", "name", "value", "why"),
    [
        (2, "key", OTHER.public, "not signed by itself"),
        (2, "replaces", OTHER.public, "replaces .* but the key before it is None"),
        (2, "signature", "00" * 64, "not signed by itself"),
        (2, "signature", "", "not signed by itself"),
        (2, "proof", RECORD[2].body["signature"], "the first key has no proof"),
        (2, "reason", "an afterthought", "not signed by itself"),
        (4, "key", OTHER.public, "not signed by ed25519:8a88"),
        (4, "key", FIRST.public, "was one of the record before"),
        (4, "key", "ed25519:00", "is no public key"),
        (4, "key", 1, "is not a text"),
        (4, "key", None, "is not a text"),
        (4, "replaces", None, "replaces None, but"),
        (4, "replaces", OTHER.public, "replaces 'ed25519"),
        (4, "replaces", [1], "replaces"),
        (4, "signature", RECORD[4].body["proof"], "not signed by ed25519:8a88"),
        (4, "proof", RECORD[4].body["signature"], "nobody proves to hold the new key"),
        (4, "approver", "Somebody", "not signed by ed25519:8a88"),
        (4, "reason", "none", "not signed by ed25519:8a88"),
        (4, "more", "x", "it must have key, replaces, signature"),
        (6, "signature", SECOND.sign(b""), "not signed by"),
    ],
)
def test_an_altered_line_of_a_key_is_found(seq: int, name: str, value: Any, why: str) -> None:
    altered = remade(RECORD, seq, {**RECORD[seq].body, name: value})
    with pytest.raises(RecordError, match=rf"^entry {seq} \(key\): .*{why}"):
        keys_of(altered, "LC20")


@pytest.mark.parametrize("name", ["key", "replaces", "signature", "proof", "approver", "reason"])
def test_a_line_of_a_key_that_lacks_a_field_is_found(name: str) -> None:
    body = {key: value for key, value in RECORD[4].body.items() if key != name}
    with pytest.raises(RecordError, match=r"entry 4 \(key\)"):
        keys_of(remade(RECORD, 4, body), "LC20")


@pytest.mark.parametrize("body", [None, [], "key", 1, [["key", "x"]]])
def test_a_body_that_is_no_object_is_found(body: Any) -> None:
    with pytest.raises(RecordError, match=r"entry 4 \(key\): it must have"):
        keys_of(remade(RECORD, 4, body), "LC20")


def test_the_stamp_of_knowledge_is_no_part_of_what_keys_sign() -> None:
    stamped = chain([(entry.kind, {**entry.body, "known_by": "2026-01-01"}) for entry in RECORD[:2]])
    body = {**key_body(stamped, "LC20", FIRST), "known_by": "2026-01-02"}
    assert keys_of(chain([("key", body)], after=stamped), "LC20") == [(2, FIRST.public)]


def test_a_line_of_a_key_fits_one_place_only() -> None:
    """Neither later in the same record, nor in one whose lines before it differ."""
    moved = chain([level(1), level(2), level(3)])
    moved = chain([("key", RECORD[2].body)], after=moved)
    with pytest.raises(RecordError, match=r"entry 3 \(key\): it is not signed by itself"):
        keys_of(moved, "LC20")
    with pytest.raises(RecordError, match=r"entry 2 \(key\)"):
        keys_of(remade(RECORD, 0, level(9)[1]), "LC20")
    with pytest.raises(RecordError, match=r"entry 4 \(key\): it is not signed by"):
        keys_of(remade(RECORD, 3, level(9)[1]), "LC20")


def test_a_change_that_would_not_verify_is_not_made() -> None:
    for old, told in ((FIRST, FIRST.public), (None, "none")):
        with pytest.raises(RecordError, match=f"signed with {THIRD.public}, not with {told}"):
            key_body(RECORD, "LC20", OTHER, old)
    with pytest.raises(RecordError, match=f"no key so far, not with {FIRST.public}"):
        key_body([], "LC20", OTHER, FIRST)
    for again in (FIRST, THIRD):
        with pytest.raises(RecordError, match="was a key of this record before"):
            key_body(RECORD, "LC20", again, THIRD)


def test_a_head_says_where_a_record_ends() -> None:
    assert HEAD.is_signed
    assert asdict(HEAD) == {
        "symbol": "LC20",
        "entries": 8,
        "hash": RECORD[-1].hash,
        "at": AT,
        "key": THIRD.public,
        "signature": HEAD.signature,
    }
    assert parse_head(HEAD.to_text()) == HEAD
    written = (
        f'basketry head 1\n{{"at":"{AT}","entries":8,"hash":"{RECORD[-1].hash}",'
        f'"key":"{THIRD.public}","symbol":"LC20"}}'
    )
    assert is_signed_by(THIRD.public, written.encode(), HEAD.signature)


def test_only_the_key_in_force_signs_a_head() -> None:
    assert sign_head(RECORD[:3], "LC20", datetime(2026, 1, 3, tzinfo=UTC), FIRST).at == "2026-01-03"
    assert sign_head(RECORD[:5], "LC20", AT, SECOND).entries == 5
    for record, key in ((RECORD, FIRST), (RECORD, SECOND), (RECORD[:3], SECOND), (RECORD[:2], FIRST), ([], FIRST)):
        with pytest.raises(RecordError, match="sign with the key in force"):
            sign_head(record, "LC20", AT, key)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("symbol", "LC10"),
        ("entries", 7),
        ("hash", "0" * 64),
        ("at", "2026-01-31T16:00:01Z"),
        ("key", OTHER.public),
        ("signature", "0" * 128),
    ],
)
def test_an_altered_field_of_a_head_is_found(name: str, value: Any) -> None:
    assert not replace(HEAD, **{name: value}).is_signed


@given(st.integers(0, len(HEAD.to_text().encode()) * 8 - 1))
def test_any_flipped_bit_of_a_head_is_found(bit: int) -> None:
    raw = bytearray(HEAD.to_text().encode())
    raw[bit // 8] ^= 1 << (bit % 8)
    try:
        altered = parse_head(raw.decode("utf-8", errors="replace"))
    except RecordError:
        return
    # One kind of space for another between the fields alters nothing that is read.
    assert altered == HEAD or not altered.is_signed
    assert altered != HEAD or json.loads(raw) == asdict(HEAD)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("symbol", "", "'symbol' is not"),
        ("symbol", "LC\n20", "'symbol' is not"),
        ("symbol", "\ud800", "'symbol' is not"),
        ("symbol", None, "'symbol' has the wrong type"),
        ("entries", 0, "at least one"),
        ("entries", 8.0, "'entries' has the wrong type"),
        ("entries", True, "'entries' has the wrong type"),
        ("entries", "8", "'entries' has the wrong type"),
        ("hash", "f" * 63, "64 and"),
        ("hash", "F" * 64, "64 and"),
        ("signature", "g" * 128, "128 lower-case"),
        ("signature", None, "'signature' has the wrong type"),
        ("at", "yesterday", "'at' is no instant"),
        ("at", "2026-01-31T17:00:00+01:00", "write the instant in UTC as 2026-01-31T16:00:00Z"),
        ("at", "0001-01-01T00:00:00+23:59", "'at' is no instant"),
        ("key", THIRD.public.upper(), "is no public key"),
        ("key", "ed25519:" + "0" * 64, "small order"),
        ("more", 1, "there is no field 'more'"),
    ],
)
def test_a_head_of_another_form_is_refused(name: str, value: Any, why: str) -> None:
    text = json.dumps({**asdict(HEAD), name: value})
    with pytest.raises(RecordError, match=rf"^kept\.json: not the signed head of a record: .*{why}"):
        parse_head(text, "kept.json")


@pytest.mark.parametrize("name", sorted(asdict(HEAD)))
def test_a_head_that_lacks_a_field_or_says_it_twice_is_refused(name: str) -> None:
    content = asdict(HEAD)
    pair = f"{json.dumps(name)}: {json.dumps(content[name])}"
    with pytest.raises(RecordError, match=f"the field '{name}' is there twice"):
        parse_head(json.dumps(content)[:-1] + f", {pair}}}")
    del content[name]
    with pytest.raises(RecordError, match=f"the field '{name}' is missing"):
        parse_head(json.dumps(content))


@pytest.mark.parametrize("text", ["", "[]", "null", '{"entries": NaN}', "[" * 4000, '{"a": 1' + "0" * 4000 + "}"])
def test_what_is_no_head_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "head.json").write_text(text)
    with pytest.raises(RecordError, match=r"head\.json: not the signed head of a record"):
        read_head(tmp_path / "head.json")


def test_a_head_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "head.json").write_text(HEAD.to_text())
    assert read_head(tmp_path / "head.json") == HEAD
    with pytest.raises(RecordError, match="cannot be read"):
        read_head(tmp_path / "none.json")


def test_a_head_that_is_made_by_hand_has_its_form_too() -> None:
    with pytest.raises(RecordError, match="at least one"):
        Head("LC20", -1, "0" * 64, AT, FIRST.public, "0" * 128)
