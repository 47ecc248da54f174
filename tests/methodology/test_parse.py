"""A rulebook file is read as YAML 1.2, strictly."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.core.errors import MethodologyError
from basketry.methodology.parse import DEPTH_MAX, dump_yaml, parse_document, parse_yaml

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
