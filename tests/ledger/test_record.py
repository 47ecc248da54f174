"""The record: every altered, removed or inserted line is found and named."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.core.errors import RecordError
from basketry.ledger.record import chain, dump_record, parse_record

RECORD = chain(("level", {"time": f"2020-01-{day:02d}", "price_return": 1000.0 + day / 3}) for day in range(1, 31))
TEXT = dump_record(RECORD)


def test_round_trip() -> None:
    assert parse_record(TEXT) == RECORD
    assert chain([("a", {"x": 1})], after=RECORD)[: len(RECORD)] == RECORD


@given(st.integers(0, len(TEXT.encode()) * 8 - 1))
def test_any_flipped_bit_is_found(bit: int) -> None:
    content = bytearray(TEXT.encode())
    content[bit // 8] ^= 1 << (bit % 8)
    with pytest.raises(RecordError):
        parse_record(content.decode("utf-8", errors="replace"))


@given(st.integers(0, len(RECORD) - 2))
def test_a_removed_line_is_found_at_its_place(number: int) -> None:
    lines = TEXT.splitlines(keepends=True)
    del lines[number]
    with pytest.raises(RecordError, match=f"line {number + 1}: "):
        parse_record("".join(lines))


@given(st.integers(1, len(TEXT) - 1))
def test_a_torn_tail_is_told_from_an_altered_middle(size: int) -> None:
    cut = TEXT[:size]
    if cut.endswith("\n"):
        assert len(parse_record(cut)) == cut.count("\n")
    else:
        with pytest.raises(RecordError, match="torn"):
            parse_record(cut)


def test_a_level_changed_with_its_own_hash_breaks_the_next_line() -> None:
    lines = TEXT.splitlines(keepends=True)
    forged = json.loads(lines[4])
    forged["body"]["price_return"] = 1.0
    forged = chain([(forged["kind"], forged["body"])], after=RECORD[:4])[-1]
    lines[4] = forged.line() + "\n"
    with pytest.raises(RecordError, match="line 6: does not follow"):
        parse_record("".join(lines))


def test_an_empty_record_is_refused() -> None:
    with pytest.raises(RecordError, match="empty"):
        parse_record("")
