"""A rulebook with its versions: what is read, which version holds when, and what is refused with its place."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from basketry.core.errors import MethodologyError
from basketry.methodology.methodology import Methodology

PLAIN: dict[str, Any] = {
    "basketry": 1,
    "name": "Two",
    "symbol": "TWO",
    "base": {"date": "2020-01-01", "level": 1000},
    "select": {"by": "market_cap", "top": 2},
    "weight": "equal",
    "rebalance": {"every": "month", "at": "16:00", "zone": "America/New_York"},
}
TOP_3 = {"from": "2021-01-01", "note": "three members", "changes": {"select": {"by": "market_cap", "top": 3}}}
CAPPED = {
    "from": "2022-01-01", "note": "a cap", "approver": "committee",
    "changes": {"weight": {"by": "equal", "cap": 0.5}},
}  # fmt: skip


def load(**sections: Any) -> Methodology:
    return Methodology.load({**PLAIN, **sections})


def number(methodology: Methodology, instant: str) -> Any:
    method: Any = methodology.at(instant).rules.select.method
    return method.number


def test_a_version_holds_from_its_day_on_and_keeps_what_it_does_not_change() -> None:
    methodology = load(versions=[TOP_3, CAPPED])
    assert [number(methodology, day) for day in ("1999-01-01", "2020-12-31T23:59:59", "2021-01-01")] == [2, 2, 3]
    assert number(methodology, "2023-01-01") == 3
    assert [len(methodology.at(day).rules.weight.caps) for day in ("2021-12-31", "2022-01-01")] == [0, 1]
    assert [version.number for version in methodology.versions] == [1, 2, 3]
    assert [version.note for version in methodology.versions] == ["First version.", "three members", "a cap"]
    assert [version.approver for version in methodology.versions] == [None, None, "committee"]
    assert methodology.versions[1].changes == TOP_3["changes"]
    assert methodology.versions[1].valid_from == np.datetime64("2021-01-01", "us")
    assert methodology.first is methodology.versions[0].rules
    assert methodology.latest is methodology.versions[2].rules


def test_names_and_defaults() -> None:
    methodology = load()
    assert (methodology.name, methodology.symbol, methodology.currency) == ("Two", "TWO", "USD")
    assert load(currency="EUR").currency == "EUR"
    assert repr(methodology) == "Methodology('TWO', 'Two', 1 version(s))"
    assert Methodology.load(methodology) is methodology
    # 16:00 in New York is 21:00 UTC in winter.
    assert methodology.base_instant == np.datetime64("2020-01-01T21:00", "us")


def test_dates_are_texts_and_tuples_lists_so_that_the_digest_is_that_of_the_file() -> None:
    written = load(base={"date": date(2020, 1, 1), "level": 1000}, returns=("price",))
    assert written.document["base"]["date"] == "2020-01-01"
    assert written.document["returns"] == ["price"]
    assert written.digest == load(returns=["price"]).digest
    assert written.digest != load(returns=["price", {"excess": {"rate": 0.02}}]).digest
    assert Methodology.parse(written.to_yaml()).digest == written.digest
    assert load(base={"date": datetime(2020, 1, 1, 5, tzinfo=UTC)}).first.base.date == date(2020, 1, 1)
    with pytest.raises(MethodologyError, match="not a date; write for example 2015-01-31"):
        load(base={"date": "2020-13-01"})
    with pytest.raises(MethodologyError, match="texts, numbers, lists and mappings, not set"):
        load(returns={"price"})


@pytest.mark.parametrize("size", [1, 120])
def test_a_name_of_1_to_120_characters(size: int) -> None:
    assert load(name="x" * size).name == "x" * size


@pytest.mark.parametrize("symbol", ["A", "a.b-c_d", "1INCH", "x" * 32])
def test_symbols_that_name_a_file(symbol: str) -> None:
    assert load(symbol=symbol).symbol == symbol


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"basketry": 2}, "basketry: the format version must be 1, was 2"),
        ({"name": ""}, "name: expected a text of at most 120 characters"),
        ({"name": "x" * 121}, "name: expected a text of at most 120 characters"),
        ({"name": 5}, "name: expected a text of at most 120 characters"),
        ({"symbol": "x" * 33}, "symbol: .* must be 1 to 32 letters"),
        ({"symbol": "-a"}, "symbol: '-a' must be"),
        ({"symbol": "a..b"}, "symbol: 'a..b' must be"),
        ({"symbol": "a/b"}, "symbol: 'a/b' must be"),
        ({"symbol": 5}, "symbol: 5 must be"),
        ({"select": None}, "^select: has no value, and the rulebook needs one$"),
        ({"wieght": "equal"}, r"wieght: unknown key \(did you mean 'weight'\?\)"),
        ({"versions": {"from": "2021-01-01"}}, "versions: expected a list"),
        ({"versions": [{"note": "no date", "changes": {}}]}, r"versions\[0\].from: this key is required"),
        ({"versions": [{**TOP_3, "changes": {}}]}, r"versions\[0\].changes: .*at least 1 item"),
        ({"versions": [{**TOP_3, "note": "xx"}]}, r"versions\[0\].note: .*at least 3 characters"),
        (
            {"versions": [{**TOP_3, "aprover": "me"}]},
            r"versions\[0\].aprover: unknown key \(did you mean .approver.\?\)",
        ),
        ({"versions": [CAPPED, TOP_3]}, r"versions\[1\].from: versions must be in the order of their dates"),
        ({"versions": [TOP_3, TOP_3]}, r"versions\[1\].from: versions must be in the order of their dates"),
        (
            {"versions": [{**TOP_3, "changes": {"base": {}}}]},
            r"versions\[0\].changes.base: a version may not change it: all levels are counted from the base",
        ),
        (
            {"versions": [TOP_3, {**CAPPED, "changes": {"weight": "eqal"}}]},
            r"versions\[1\].changes.weight: .*did you mean 'equal'",
        ),
    ],
)
def test_what_is_refused(sections: dict[str, Any], message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        load(**sections)


def test_the_message_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "two.yaml"
    text = load().to_yaml()
    path.write_text(text + "universe:\n- market_cap: {min: 1}\n- price: {mim: 1}\n", encoding="utf-8")
    line = text.count("\n") + 3
    with pytest.raises(MethodologyError, match=rf"two\.yaml, line {line}: universe\[1\]: price.mim"):
        Methodology.load(path)
    with pytest.raises(MethodologyError, match=r"^here, line 1: the rulebook must be a mapping"):
        Methodology.parse("- a\n", where="here")
    with pytest.raises(MethodologyError, match=r"^methodology: the file is empty"):
        Methodology.parse("")
    with pytest.raises(MethodologyError, match=r"none\.yaml: there is no such file; write one with: .* new none\.yaml"):
        Methodology.load(tmp_path / "none.yaml")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MethodologyError, match="cannot be read as a text file"):
        Methodology.load(path)


def test_a_note_of_three_letters_says_enough() -> None:
    document = load().document
    found = Methodology.load({**document, "versions": [{**TOP_3, "note": "cap"}]})
    assert found.versions[1].note == "cap"


WRONG = """basketry: 1
name: Two
symbol: -two
wieght: equal
description: [1]
base: {date: 2020-01-01, level: 0}
select: {by: market_cap, tpo: 2}
rebalance: {every: month, triggers: [{drift: 0}, {driift: 1}]}
universe:
- market_cap: {mim: 1}
- price: {min: 1}
- prize
"""


def faults(text: str) -> list[str]:
    with pytest.raises(MethodologyError) as caught:
        Methodology.parse(text, where="two.yaml")
    return [str(fault) for fault in caught.value.each]


def test_all_faults_are_told_at_once_in_the_order_of_the_file() -> None:
    with pytest.raises(MethodologyError) as caught:
        Methodology.parse(WRONG, where="two.yaml")
    told = [str(fault) for fault in caught.value.each]
    assert [words.split(": ")[:2] for words in told] == [
        ["two.yaml, line 3", "symbol"],
        ["two.yaml, line 4", "wieght"],
        ["two.yaml, line 5", "description"],
        ["two.yaml, line 6", "base.level"],
        ["two.yaml, line 7", "select"],
        ["two.yaml, line 8", "rebalance.triggers[0]"],
        ["two.yaml, line 8", "rebalance.triggers[1]"],
        ["two.yaml, line 10", "universe[0]"],
        ["two.yaml, line 12", "universe[2]"],
    ]
    assert str(caught.value) == "\n  ".join(["9 faults:", *told])


def test_each_fault_among_several_has_the_message_that_it_has_alone() -> None:
    parts = {
        "base": {"date": "2020-01-01", "level": 0}, "select": {"by": "market_cap", "tpo": 2},
        "guard": {"price_jump": 0.5}, "returns": ["prise"], "overrides": [5], "universe": {"price": 1},
        "prices": {"rate": "nothing"}, "publish": {"decimals": 13}, "administrator": 5, "nmae": "x",
        "parents": "up.yaml", "versions": [{**TOP_3, "changes": {"base": {}}}],
    }  # fmt: skip
    alone = {fault for key, value in parts.items() for fault in faults_of({key: value})}
    together = faults_of(parts)
    assert len(together) == len(parts) == len(alone)
    assert set(together) == alone


def faults_of(sections: dict[str, Any]) -> list[str]:
    with pytest.raises(MethodologyError) as caught:
        load(**sections)
    return [str(fault) for fault in caught.value.each]


def test_a_missing_section_is_told_once_and_the_others_are_tried() -> None:
    text = "basketry: 1\nname: Two\nsymbol: TWO\nbase: {date: 2020-01-01}\nrebalance: {evry: month}\n"
    missing, rebalance = faults(text)
    assert missing == "two.yaml, line 1: the rulebook needs select, weight"
    assert rebalance.startswith("two.yaml, line 5: rebalance.evry: unknown key (did you mean 'every'?)")


def test_sections_are_held_against_each_other_where_they_are_right() -> None:
    # 2 x 0.4 = 0.8 < 1: the cap is judged by the selection though the base is wrong, and not with a wrong selection.
    capped = {"weight": {"by": "equal", "cap": 0.4}}
    wrong_base = faults_of({**capped, "base": {"date": "2020-01-01", "level": 0}})
    assert [words.split(":")[0] for words in wrong_base] == ["base.level", "weight.cap"]
    assert [words.split(":")[0] for words in faults_of({**capped, "select": {"by": "market_cap"}})] == ["select"]
    supply = {"rebalance": {"every": "month", "fix": "supply"}, "guard": {"price_jump": 1}}
    assert [words.split(":")[0] for words in faults_of(supply)] == ["guard.price_jump", "rebalance.fix"]


def test_versions_tell_their_own_faults_and_none_that_they_inherit() -> None:
    first = {**CAPPED, "from": "2021-01-01", "changes": {"weight": "eqal", "publish": {"decimals": 13}}}
    second = {**TOP_3, "from": "2022-01-01"}
    third = {**CAPPED, "from": "2023-01-01", "changes": {"base": {}, "name": "x", "selct": {}}}
    fourth = {**CAPPED, "from": "2022-06-01", "changes": {"guard": {"price_jump": 1}}}
    told = faults_of({"guard": {"level_jump": 1}, "versions": [first, second, third, fourth]})
    assert [words.split(": ")[0] for words in told] == [
        "guard.level_jump",
        "versions[0].changes.weight",
        "versions[0].changes.publish.decimals",
        "versions[2].changes.base",
        "versions[2].changes.name",
        "versions[2].changes.selct",
        "versions[3].changes.guard.price_jump",
    ]


def test_the_faults_of_a_parent_are_told_with_its_place() -> None:
    parent = {**PLAIN, "symbol": "UP", "weight": "eqal", "guard": {"price_jump": 1}}
    told = faults_of({"parents": [parent, 5], "publish": {"decimals": 13}})
    assert [words.split(": ")[:2] for words in told] == [
        ["publish.decimals", "must be at most 12, was 13"],
        ["parents[0]", "weight"],
        ["parents[0]", "guard.price_jump"],
        ["parents[1]", "expected the name of a file or a rulebook, was 5"],
    ]


def test_the_faults_of_the_file_of_a_parent_have_its_lines(tmp_path: Path) -> None:
    up = load(symbol="UP").to_yaml()
    (tmp_path / "up.yaml").write_text(f"{up}guard: {{price_jump: 1}}\npublish: {{decimals: 13}}\n")
    line = up.count("\n") + 1
    path = tmp_path / "two.yaml"
    path.write_text(load().to_yaml() + "parents: [up.yaml]\n")
    with pytest.raises(MethodologyError) as caught:
        Methodology.load(path)
    assert [f"up.yaml, line {line + n}: {key}" in str(fault) for n, (key, fault) in enumerate(
        zip(("guard.price_jump", "publish.decimals"), caught.value.each, strict=True)
    )] == [True, True]  # fmt: skip
    assert all(str(fault).startswith(f"{path}, line ") for fault in caught.value.each)
