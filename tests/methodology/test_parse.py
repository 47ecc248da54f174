"""A rulebook file is read as YAML 1.2, strictly."""

import time
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.core.errors import MethodologyError
from basketry.methodology import parse
from basketry.methodology.parse import DEPTH_MAX, NODES_MAX, SIZE_MAX, dump_yaml, parse_document, parse_yaml

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12),
)
trees = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abcxyzONoyes", min_size=1, max_size=5), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text("abcxyz", min_size=1, max_size=5), trees, min_size=1, max_size=4))
def test_what_is_dumped_is_read_back(value: dict[str, object]) -> None:
    assert parse_yaml(dump_yaml(value)) == value


def test_yaml_1_2_reads_on_and_no_as_texts() -> None:
    assert parse_yaml("on: [NO, yes, off, y]") == {"on": ["NO", "yes", "off", "y"]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x 1\nb: *x", "line 1: anchors"),
        ("a: !!python/object/apply:os.system [ls]", "line 1: tags"),
        ("a: !custom 1", "line 1: tags"),
        ("a: 1\nb: 2\na: 3", "line 3: the key 'a' stands twice"),
        ("a: [1, 2", "line"),
        ("? [1, 2]\n: 3", "line 1: a key must be a text"),
        ("", "empty"),
        ("x: " + "a" * 300_000, "larger than 256 KiB"),
        ("a: " + "[" * (DEPTH_MAX + 2) + "]" * (DEPTH_MAX + 2), "nested"),
        ("- " * 5000, "not valid YAML"),
    ],
)
def test_what_a_rulebook_does_not_need_is_refused(text: str, message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        parse_yaml(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{min: 1,000,000}", "line 1: min: 1,000,000 is no number: write 1_000_000 or 1000000; a comma separates"),
        (
            "x:\n- p: {a: b, min: 1,500, max: 2,000}",
            r"line 2: x\[0\]\.p\.min: 1,500 is no number: write 1_500 or 1500;",
        ),
        ("x:\n  - p: {min: 1, max: 2,000}", r"line 2: x\[0\]\.p\.max: 2,000 is no number"),
        ("x: {weights: {a: 0,5, b: 0,5}}", r"line 1: x\.weights\.a: 0,5 is no number: write 0\.5;"),
        ("x: {min: -1_000,000}", "write -1_000_000 or -1000000;"),
        ("x: [1,000]", r"line 1: x\[0\]: 1,000 is no number: write 1_000 or 1000;"),
        ("x: [a, 20,000,050]", r"x\[1\]: 20,000,050 is no number: write 20_000_050 or 20000050;"),
        ("x:\n  min: 1,000,000", r"line 2: x\.min: 1,000,000 is no number: write 1_000_000 or 1000000;"),
        ("min: 1,000.5", r"min: 1,000\.5 is no number: write 1_000\.5 or 1000\.5;"),
    ],
)
def test_a_number_written_with_commas_is_told_as_that(text: str, message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        parse_yaml(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[3,6,9,12]", [3, 6, 9, 12]),
        ("[1,500]", [1, 500]),
        ("{a: 1, b}", {"a": 1, "b": None}),
        ("{a: x, 100}", {"a": "x", "100": None}),
        ("{a: 1, 100: 2}", {"a": 1, "100": 2}),
        ("{a: '1', 100}", {"a": "1", "100": None}),
        ("note: 1,000 of them", {"note": "1,000 of them"}),
        ("note: '1,000'", {"note": "1,000"}),
        ("note: 1,00", {"note": "1,00"}),
        ("- 1\n- 000", [1, 0]),
    ],
)
def test_other_commas_are_left_alone(text: str, value: Any) -> None:
    assert parse_yaml(text) == value


def test_an_alias_bomb_is_refused_at_once() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
    begun = time.perf_counter()
    with pytest.raises(MethodologyError, match="anchors"):
        parse_yaml(bomb)
    assert time.perf_counter() - begun < 2


def test_lines_are_those_of_the_file() -> None:
    document = parse_document("name: x\n\nbase:\n  date: 2020-01-01\n  level: 3\n")
    assert document.line(("base", "level")) == 5
    assert document.line(("base", "nothing")) == 3


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("-1_000", -1000),
        ("+12", 12),
        ("1__000", 1000),
        ("0", 0),
        ("0x1F", 31),
        ("0o17", 15),
        ("1_0.5", 10.5),
        ("-2e3", -2000.0),
        (".inf", float("inf")),
        ("-.inf", float("-inf")),
        ("null", None),
        ("~", None),
        ("2015-01-31", date(2015, 1, 31)),
        ("2015-01-31T10:20:30", datetime(2015, 1, 31, 10, 20, 30)),
        ("'5'", "5"),
        ("x", "x"),
    ],
)
def test_scalars(text: str, value: object) -> None:
    read = parse_yaml(f"a: {text}")["a"]
    assert read == value
    assert type(read) is type(value)


def test_a_key_that_looks_like_a_number_or_a_date_is_its_text() -> None:
    assert parse_yaml("1: a\n2015-01-01: b\n1.50: c") == {"1": "a", "2015-01-01": "b", "1.50": "c"}
    for key in ("true", "null"):
        with pytest.raises(MethodologyError, match="line 1: a key must be a text"):
            parse_yaml(f"{key}: a")


def test_the_limits_themselves_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (SIZE_MAX, DEPTH_MAX, NODES_MAX) == (256 * 1024, 24, 50_000)
    nested = DEPTH_MAX - 1
    assert parse_yaml("a: " + "[" * nested + "1" + "]" * nested)
    with pytest.raises(MethodologyError, match="over 50000 parts or is nested over 24 deep"):
        parse_yaml("a: " + "[" * (nested + 1) + "1" + "]" * (nested + 1))
    monkeypatch.setattr(parse, "NODES_MAX", 5)
    assert parse_yaml("[1, 2, 3, 4]") == [1, 2, 3, 4]
    with pytest.raises(MethodologyError, match="over 5 parts"):
        parse_yaml("[1, 2, 3, 4, 5]")
    monkeypatch.setattr(parse, "SIZE_MAX", 2048)
    assert len(parse_yaml("é" * 1024)) == 1024
    with pytest.raises(MethodologyError, match="larger than 2 KiB"):
        parse_yaml("é" * 1024 + "a")


@pytest.mark.parametrize("text", ["a: 2015-02-30", "a: 2015-01-31T25:00:00"])
def test_a_date_that_is_none_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(MethodologyError, match=r"line 2: .* is no date: there is no such day"):
        parse_yaml("b: 1\n" + text)


def test_lines_of_lists_and_of_a_broken_file() -> None:
    document = parse_document("a:\n  - x: 1\n\n  - y: 2\n")
    assert [document.line(path) for path in (("a", 0), ("a", 1, "y"), ("a", 7, "z"), ("b",))] == [2, 4, 1, 1]
    with pytest.raises(MethodologyError, match=r"^line 2: not valid YAML"):
        parse_yaml("a: 1\n b: {")
