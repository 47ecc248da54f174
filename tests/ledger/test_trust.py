"""Who vouches for a record: what attacks come to, with and without a key and a head kept elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.core.errors import RecordError
from basketry.ledger.head import Head, sign_head
from basketry.ledger.key_chain import key_body
from basketry.ledger.keys import PrivateKey, signed_message
from basketry.ledger.record import Entry, chain
from basketry.ledger.trust import Finding, trust

FIRST, SECOND, THIRD, THIEF = (PrivateKey(bytes([number]) * 32) for number in range(1, 5))
AT, LATER = "2026-01-31T16:00:00Z", "2026-02-28T16:00:00Z"


def level(day: int, value: float = 1000.0) -> tuple[str, dict[str, Any]]:
    return "level", {"time": f"2026-01-{day:02d}", "price_return": value}


def with_key(record: list[Entry], new: PrivateKey, old: PrivateKey | None = None) -> list[Entry]:
    return chain([("key", key_body(record, "LC20", new, old))], after=record)


def history(value: float = 1000.0, keys: tuple[PrivateKey, ...] = (FIRST, SECOND, THIRD)) -> list[Entry]:
    """A level, a key, a level, and a key and a level for each change: 3 to 7 entries."""
    record = chain([level(1, value)])
    for number, key in enumerate(keys):
        record = with_key(record, key, keys[number - 1] if number else None)
        record = chain([level(number + 2)], after=record)
    return record


RECORD = history()
HEAD = sign_head(RECORD, "LC20", LATER, THIRD)
EARLIER = sign_head(RECORD[:3], "LC20", AT, FIRST)


def forged(record: list[Entry], key: PrivateKey, **fields: Any) -> Head:
    """Sign a head with any key, whether it may or not."""
    said = {"symbol": "LC20", "entries": len(record), "hash": record[-1].hash, "at": LATER, "key": key.public, **fields}
    return Head(**said, signature=key.sign(signed_message("basketry head 1", said)))


def told(findings: list[Finding]) -> dict[str, tuple[bool, str]]:
    return {finding.name: (finding.passed, finding.found) for finding in findings}


def failure(findings: list[Finding], name: str) -> str:
    passed, found = told(findings)[name]
    assert not passed
    return found


def test_an_unsigned_record_passes_and_says_that_nobody_vouches() -> None:
    record = chain([level(1)])
    (finding,) = trust(record, "LC20", None)
    assert finding.passed
    assert finding.found.startswith("unsigned: nobody vouches")
    asked = told(trust(record, "LC20", None, key=FIRST.public, kept=EARLIER))
    assert {name: passed for name, (passed, _) in asked.items()} == {
        "signature": False,
        "key": False,
        "kept head": False,
    }
    assert asked["signature"][1].endswith("a signed one was asked for")
    assert asked["key"][1].endswith("it names none")


def test_a_signed_record_passes_every_way() -> None:
    found = told(trust(RECORD, "LC20", HEAD, key=THIRD.public, kept=HEAD))
    assert found == {
        "signature": (True, f"all 7 entries are signed with {THIRD.public} at {LATER}"),
        "key": (True, f"{THIRD.public} is the key in force"),
        "kept head": (True, f"the 7 entries signed at {LATER} are unchanged; 0 were added since"),
    }
    assert told(trust(RECORD, "LC20", HEAD)) == {"signature": found["signature"]}


def test_an_older_key_and_an_older_head_still_show_it() -> None:
    found = told(trust(RECORD, "LC20", HEAD, key=FIRST.public, kept=EARLIER))
    assert found["key"] == (True, f"{FIRST.public} was passed on in 2 change(s), each signed by the key before it")
    assert found["kept head"] == (True, f"the 3 entries signed at {AT} are unchanged; 4 were added since")
    assert told(trust(RECORD, "LC20", HEAD, key=SECOND.public))["key"][1].count("in 1 change(s)") == 1


def test_a_history_that_was_rewritten_and_signed_anew_passes_without_a_key_or_head_from_elsewhere() -> None:
    """What signatures cannot show: only who kept a key or a head sees that this is not the history that was."""
    mine = history(value=2000.0, keys=(THIEF,))
    head = sign_head(mine, "LC20", LATER, THIEF)
    assert all(finding.passed for finding in trust(mine, "LC20", head))
    assert failure(trust(mine, "LC20", head, key=FIRST.public), "key").startswith(f"{FIRST.public} is no key of this")
    assert "history was rewritten" in failure(trust(mine, "LC20", head, kept=EARLIER), "kept head")
    assert "the tail was cut: 7 entries" in failure(trust(mine, "LC20", head, kept=HEAD), "kept head")


def test_a_record_stripped_of_its_signatures_is_unsigned() -> None:
    bare = chain([(entry.kind, entry.body) for entry in RECORD if entry.kind != "key"])
    assert told(trust(bare, "LC20", None))["signature"][0]
    assert not any(finding.passed for finding in trust(bare, "LC20", None, key=FIRST.public, kept=EARLIER))
    assert "but there is no head.json" in failure(trust(RECORD, "LC20", None), "signature")
    assert "but the record names no key" in failure(trust(bare, "LC20", HEAD), "signature")


def test_lines_appended_without_a_signature_are_found() -> None:
    longer = chain([level(20), level(21)], after=RECORD)
    assert failure(trust(longer, "LC20", HEAD), "signature").startswith("2 entries after the signed 7")


def test_a_tail_that_was_cut_is_found() -> None:
    assert "7 entries were signed, 6 are left" in failure(trust(RECORD[:6], "LC20", HEAD), "signature")
    # Served with an older head of its own, it is in order but for a head that was kept.
    older = trust(RECORD[:3], "LC20", EARLIER, key=FIRST.public, kept=HEAD)
    assert {finding.name: finding.passed for finding in older} == {"signature": True, "key": True, "kept head": False}
    assert failure(older, "kept head") == f"the tail was cut: 7 entries were signed at {LATER}, 3 are here now"


def test_a_rewritten_tail_is_found() -> None:
    other = chain([level(30)], after=RECORD[:6])
    found = trust(other, "LC20", HEAD, kept=HEAD)
    assert "entry 6 is not the one that was signed" in failure(found, "signature")
    assert "history was rewritten: entry 6 is not" in failure(found, "kept head")


def test_a_key_that_was_replaced_signs_nothing_later() -> None:
    """A thief of the first key, after it was replaced."""
    head = forged(RECORD, FIRST)
    assert head.is_signed
    found = failure(trust(RECORD, "LC20", head), "signature")
    assert found == f"the head is signed with {FIRST.public}, but in force is {THIRD.public}"
    assert f"in force at its place was {THIRD.public}" in failure(trust(RECORD, "LC20", HEAD, kept=head), "kept head")
    # At its own place it is still good.
    assert told(trust(RECORD[:3], "LC20", forged(RECORD[:3], FIRST)))["signature"][0]


def test_a_key_that_was_stolen_before_it_was_replaced_shows_only_against_a_later_head() -> None:
    """The thief forks history where the key was good, and passes it on to another."""
    fork = chain([level(9)], after=with_key(RECORD[:3], THIEF, FIRST))
    head = sign_head(fork, "LC20", LATER, THIEF)
    assert all(finding.passed for finding in trust(fork, "LC20", head, key=FIRST.public, kept=EARLIER))
    kept = sign_head(RECORD[:5], "LC20", AT, SECOND)
    assert "history was rewritten" in failure(trust(fork, "LC20", head, kept=kept), "kept head")
    assert not told(trust(fork, "LC20", head, key=SECOND.public))["key"][0]


def test_nobody_puts_the_key_of_another_into_a_record_of_their_own() -> None:
    """Their own history, then a change to the publisher's key, whose proof they cannot make."""
    mine = chain([level(9, 2000.0)], after=with_key([], THIEF))
    body = {"key": FIRST.public, "replaces": THIEF.public}
    said = signed_message("basketry key 1", {"symbol": "LC20", "previous": mine[-1].hash, **body})
    signed = {**body, "signature": THIEF.sign(said), "proof": THIEF.sign(said)}
    claimed = chain([("key", signed)], after=mine)
    for finding in trust(claimed, "LC20", forged(claimed, THIEF), key=FIRST.public, kept=EARLIER):
        assert not finding.passed
        assert "entry 2 (key): nobody proves to hold the new key" in finding.found


def test_the_head_of_another_index_is_none_of_this() -> None:
    other = forged(RECORD, THIRD, symbol="LC10")
    assert "that of LC10, not of LC20" in failure(trust(RECORD, "LC20", other), "signature")
    assert "that of LC10, not of LC20" in failure(trust(RECORD, "LC20", HEAD, kept=other), "kept head")
    assert not any(finding.passed for finding in trust(RECORD, "LC10", HEAD, key=FIRST.public, kept=HEAD))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("symbol", "LC10"),
        ("entries", 6),
        ("hash", "0" * 64),
        ("at", AT),
        ("key", FIRST.public),
        ("signature", "0" * 128),
    ],
)
def test_an_altered_field_of_either_head_is_found(name: str, value: Any) -> None:
    altered = replace(HEAD, **{name: value})
    assert "altered" in failure(trust(RECORD, "LC20", HEAD, kept=altered), "kept head")
    assert told(trust(RECORD, "LC20", HEAD, kept=altered))["signature"][0]
    assert not told(trust(RECORD, "LC20", altered))["signature"][0]


def test_a_key_that_is_written_wrong_is_told() -> None:
    with pytest.raises(RecordError, match="is no public key"):
        trust(RECORD, "LC20", HEAD, key=FIRST.public.upper())


@given(st.integers(0, len(RECORD) - 1), st.integers(0, 2**31), st.sampled_from([EARLIER, HEAD]))
def test_any_altered_line_shows_against_a_head_that_covers_it(seq: int, value: int, kept: Head) -> None:
    """Every hash after it made again, as somebody would who rewrites history."""
    altered = chain(
        [(entry.kind, {**entry.body, "known_by": str(value)} if entry.seq == seq else entry.body) for entry in RECORD]
    )
    passed = told(trust(altered, "LC20", HEAD, kept=kept))
    assert not passed["signature"][0]
    # A key before which something changed is not signed any more; the stamp of the last key and what follows may pass.
    assert passed["kept head"][0] is (seq >= 5 and kept is EARLIER)
