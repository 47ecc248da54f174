"""Indices of indices: who is in a parent when a change takes effect, by hand, and where that meets something else.

Day 0 is 2020-01-01. The parent PAR takes the two largest by capitalisation at the beginning of each month (days 0, 31,
60, 91), determined five days before; the child takes from its members the smallest, or from the others the largest.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.index.test_reviews import GAP, held, market

from basketry.core.errors import BasketryError, DataError, MethodologyError
from basketry.index.calculate import calculate_index, index_history
from basketry.index.explain import explain_index
from basketry.index.history import History
from basketry.index.market import IndexMarket
from basketry.index.state import IndexState
from basketry.jobs.calculate import Index, calculate
from basketry.jobs.calculate_many import calculate_many
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

A, B, C, D = {-31: 400.0}, {-31: 300.0}, {-31: 200.0}, {-31: 100.0}
CAPS: dict[str, dict[int, float]] = {"a": A, "b": B, "c": {**C, 50: 350.0}, "d": D}
"""c overtakes b on day 50: the change of day 60, determined on day 55."""


def document(short: str, **sections: Any) -> dict[str, Any]:
    return {
        "basketry": 1,
        "name": short.title(),
        "symbol": short,
        "base": {"date": "2020-01-01", "level": 100},
        "select": {"by": "market_cap", "top": 2},
        "weight": {"by": "equal"},
        "rebalance": {"every": "month", "determine": "5d"},
        "guard": {"supply_change": None, "min_turnover": None},
        **sections,
    }


def child(parent: dict[str, Any] | None = None, **sections: Any) -> Methodology:
    own: dict[str, Any] = {
        "parents": [document("PAR", **(parent or {}))],
        "universe": [{"in_index": "PAR"}],
        "select": {"by": "market_cap", "order": "ascending", "top": 1},
        "rebalance": {"every": "month", "determine": "1d"},
    }
    return Methodology.load(document("CHILD", **(own | sections)))


def test_a_child_is_chosen_from_the_members_of_its_parent() -> None:
    assert held(calculate_index(child(), market(CAPS))) == {0: "b", 31: "b", 60: "c", 91: "c", 121: "c"}
    outside = child(universe=[{"outside_index": "PAR"}], select={"by": "market_cap", "top": 1})
    assert held(calculate_index(outside, market(CAPS))) == {0: "c", 31: "c", 60: "b", 91: "b", 121: "b"}


WEEKLY: dict[str, Any] = {"every": "week", "determine": "1d"}
"""Mondays: days 5, 12, ..., 54, 61."""

MEETINGS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], list[dict[str, Any]], dict[int, str]]] = {
    # the parent's sections, the child's, what of the capitalisations is other, events, who is held
    "a change of the parent that is determined and not in force counts where the child's takes effect with it": (
        {}, {"rebalance": {"every": "month", "determine": "3d"}}, {}, [], {31: "b", 60: "c"},
    ),
    "and not where the child's takes effect before it": (
        {}, {"rebalance": {"every": "month", "on": 28, "determine": "1d"}}, {}, [], {58: "b", 87: "c"},
    ),
    "determined at the same instant": (
        {}, {"rebalance": {"every": "month", "determine": "5d"}}, {}, [], {60: "c"},
    ),
    "the child is determined before its parent: who is in by the change before": (
        {"base": {"date": "2019-12-15", "level": 100}}, {"rebalance": {"every": "month", "determine": "8d"}}, {}, [],
        {60: "b", 91: "c"},
    ),
    "a member of the parent is delisted: the parent holds the other, and so does the child": (
        {}, {"rebalance": WEEKLY}, {}, [{"time": 40.0, "kind": "delisting", "asset": "b"}], {40: "", 47: "a", 61: "c"},
    ),
    "a member of the parent becomes another": (
        {}, {"rebalance": WEEKLY}, {"b": {**B, 40: GAP}, "e": {40: 300.0}},
        [{"time": 40.0, "kind": "migration", "asset": "b", "new_asset": "e", "ratio": 1.0}],
        {40: "e", 47: "e", 61: "c"},
    ),
    "who was determined for the parent becomes another before it is in": (
        {}, {}, {"c": {**C, 50: 350.0, 57: GAP}, "e": {57: 350.0}},
        [{"time": 57.0, "kind": "migration", "asset": "c", "new_asset": "e", "ratio": 1.0}], {31: "b", 60: "e"},
    ),
    "who was determined for the parent departs before it is in": (
        {}, {}, {}, [{"time": 57.0, "kind": "delisting", "asset": "c"}], {31: "b", 60: "a", 91: "b"},
    ),
    "a coin credited to the parent is none of its members": (
        {"events": {"hard_fork": "credit"}}, {"rebalance": WEEKLY}, {"f": {40: 50.0}},
        [{"time": 40.0, "kind": "hard_fork", "asset": "a", "new_asset": "f", "ratio": 1.0}], {47: "b", 54: "b"},
    ),
    "nor is what it holds as cash": (
        {"events": {"delisting": "to_cash"}}, {"rebalance": WEEKLY}, {},
        [{"time": 40.0, "kind": "delisting", "asset": "b"}], {47: "a", 54: "a"},
    ),
    "who leaves in a transition of the parent is out from its first step on": (
        {"rebalance": {"every": "month", "determine": "5d", "transition": {"steps": 2, "every": "10d"}}},
        {"rebalance": WEEKLY}, {}, [], {54: "b", 61: "c", 68: "c", 75: "c"},
    ),
    "the parent leaves out who has no price at its strike": (
        {}, {"rebalance": WEEKLY}, {"c": {**C, 50: 350.0, 56: GAP, 66: 350.0}}, [],
        {54: "b", 61: "a", 68: "a", 96: "c"},
    ),
    "the parent keeps its composition where nobody is eligible": (
        {"universe": [{"price": {"min": 15}}]}, {"rebalance": WEEKLY},
        {"a": {**A, 54: 90.0, 58: 400.0}, "b": {**B, 54: 90.0, 58: 300.0}, "c": {**C, 50: 90.0}}, [],
        {47: "b", 61: "b", 68: "b"},
    ),
    "a trigger changes the parent": (
        {"rebalance": {"every": "month", "determine": "1d", "triggers": ["asset_qualifies"]}}, {"rebalance": WEEKLY},
        {"c": {**C, 36: 350.0}}, [], {33: "b", 40: "c"},
    ),
    "the parent reviews its members twice a year": (
        {"review": {"months": [1, 7]}}, {}, {}, [], {31: "b", 60: "b", 91: "b", 121: "b"},
    ),
    "the parent's version takes three from a day on": (
        {"versions": [{"from": "2020-02-10", "note": "three", "changes": {"select": {"by": "market_cap", "top": 3}}}]},
        {}, {"c": C}, [], {31: "b", 60: "c"},
    ),
    "a halt of a member of the parent does not put it out": (
        {}, {"rebalance": WEEKLY, "missing": {"carry_forward": "20d"}}, {},
        [{"time": 40.0, "kind": "halt", "asset": "a"}], {47: "b", 54: "b"},
    ),
    "the child's version looks outside from a day on": (
        {},
        {"versions": [{"from": "2020-02-10", "note": "outside", "changes": {"universe": [{"outside_index": "PAR"}]}}]},
        {}, [], {31: "b", 60: "d"},
    ),
    "the child reviews its members once a quarter": (
        {}, {"review": {"every": "quarter"}}, {}, [], {31: "b", 60: "b", 91: "c"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("meeting", MEETINGS)
def test_a_parent_meets(meeting: str) -> None:
    parent, own, caps, events, expected = MEETINGS[meeting]
    result = calculate_index(child(parent, **own), market({**CAPS, **caps}, events))
    found = held(result)
    assert {day: found.get(day, "") for day in expected} == expected


@pytest.mark.parametrize("meeting", MEETINGS)
def test_a_child_goes_on_from_bytes_and_a_shorter_market_gives_its_beginning(meeting: str) -> None:
    parent, own, caps, events, _ = MEETINGS[meeting]
    book, panel = child(parent, **own), market({**CAPS, **caps}, events)
    whole = calculate_index(book, panel)
    for day in (35, 57, 70):
        last = whole.times[day]
        part = calculate_index(book, panel.as_of(last))
        assert part.levels.equals(whole.levels.head(day + 1))
        again = IndexState.from_bytes(part.state.to_bytes(), book, panel.assets)
        *_, end = index_history(book, panel).walk(again)
        assert end.state.to_bytes() == whole.state.to_bytes()


def test_a_chain_of_three_and_two_indices_on_one_market() -> None:
    """Two parents of one symbol and different rules are asked on one panel, in both orders."""
    grand = document("GRAND", select={"by": "market_cap", "top": 3})
    middle = {"parents": [grand], "universe": [{"in_index": "GRAND"}], "select": {"by": "price", "top": 2}}
    first = child(middle)
    second = child({"select": {"by": "market_cap", "order": "ascending", "top": 1}})
    panel, halted = market(CAPS), [{"time": 3.0, "kind": "halt", "asset": "d"}]
    for events in ([], halted):
        one, other = market(CAPS, events), market(CAPS, events)
        found = [calculate_index(book, one).compositions for book in (first, second)]
        turned = [calculate_index(book, other).compositions for book in (second, first)]
        assert found[0].equals(turned[1])
        assert found[1].equals(turned[0])
    assert held(calculate_index(first, panel))[0] == "b"
    assert held(calculate_index(second, panel))[0] == "d"


def test_explain_and_many_and_a_market_without_the_parent() -> None:
    panel, book = market(CAPS), child()
    result = calculate_index(book, panel)
    march = explain_index(result, "2020-03-05")
    steps = {entry.asset: entry.steps[0] for entry in march.assets}
    assert steps["c"].startswith("passes in_index")
    assert steps["b"].startswith("fails in_index")
    (many,) = calculate_many([book], panel)
    assert isinstance(many, Index)
    assert many.compositions.equals(result.compositions)
    driver = History(book, IndexMarket.of(panel, result.times))
    with pytest.raises(DataError, match="not known who is in the index PAR"):
        next(driver.walk(driver.start()))


def test_a_parent_that_begins_with_the_data_begins_with_the_child() -> None:
    panel = market(CAPS)
    book = child({"base": {"date": "2019-06-01", "level": 100}})
    assert held(calculate_index(book, panel, start="2020-01-10"))[60] == "c"
    with pytest.raises(MethodologyError, match="the parent PAR: no asset is selected"):
        calculate_index(child({"universe": [{"price": {"min": 1e9}}]}), panel)


def test_a_child_determined_before_its_parent_is_told() -> None:
    with pytest.raises(BasketryError, match=r"PAR has no members yet that were known on 2019-12-22"):
        calculate_index(child(rebalance={"every": "month", "determine": "10d"}), market(CAPS))


def test_a_folder_holds_its_parents_and_is_verified_with_them(tmp_path: Path) -> None:
    from basketry.jobs.verify import verify

    panel, book = market(CAPS), child()
    index = calculate(book, panel)
    index.save(tmp_path / "CHILD")
    assert Methodology.load(tmp_path / "CHILD" / "methodology.yaml").digest == book.digest
    assert verify(tmp_path / "CHILD", panel).passed
    # The parent's rule is changed in the folder: other members, and the folder is not verified.
    file = tmp_path / "CHILD" / "methodology.yaml"
    text = file.read_text(encoding="utf-8")
    assert text.count("top: 2") == 1
    file.write_text(text.replace("top: 2", "top: 3"), encoding="utf-8")
    assert not verify(tmp_path / "CHILD", panel).passed


def test_the_random_children_of_a_parent_are_its_members_at_every_change() -> None:
    """On a random market, weekly, with the same dates: the child holds exactly the parent's two in the middle."""
    rng = np.random.default_rng(3)
    caps = {name: {day: float(200 * np.exp(0.5 * rng.normal())) for day in range(-31, 150, 3)} for name in "abcdefgh"}
    panel = market(caps)
    weekly = {"every": "week", "determine": "2d"}
    parent = document("PAR", select={"by": "market_cap", "top": 4}, rebalance=weekly)
    of_it = child(select={"by": "market_cap", "all": {}}, rebalance=weekly, parents=[parent])
    outside = child(
        select={"by": "market_cap", "all": {}}, rebalance=weekly, parents=[parent], universe=[{"outside_index": "PAR"}]
    )
    whole = held(calculate_index(Methodology.load(parent), panel))
    assert held(calculate_index(of_it, panel)) == whole
    others = held(calculate_index(outside, panel))
    assert all("".join(sorted(whole[day] + others[day])) == "abcdefgh" for day in whole)
    assert len(set(whole.values())) > 10


# What does not fit


def write(folder: Path, name: str, **sections: Any) -> Path:
    import json

    path = folder / f"{name}.yaml"
    path.write_text(json.dumps(document(name.upper(), **sections), indent=1), encoding="utf-8")
    return path


def test_files_name_their_parents(tmp_path: Path) -> None:
    write(tmp_path, "top")
    write(tmp_path, "mid", parents=["top.yaml"], universe=[{"in_index": "TOP"}])
    (tmp_path / "deep").mkdir()
    path = write(tmp_path / "deep", "low", parents=["../mid.yaml"], universe=[{"in_index": "MID"}])
    book = Methodology.load(path)
    assert [parent.symbol for parent in book.parents] == ["MID"]
    assert [parent.symbol for parent in book.parents[0].parents] == ["TOP"]
    assert Methodology.parse(book.to_yaml()).digest == book.digest


def test_a_currency_that_is_stated_is_the_one_that_is_not() -> None:
    assert child({"currency": "USD"}).parents[0].currency == "USD"
    assert child({"currency": "EUR"}, currency="EUR").currency == "EUR"


def test_parents_that_go_in_a_circle_are_told_with_the_line(tmp_path: Path) -> None:
    write(tmp_path, "one", parents=["two.yaml"], universe=[{"in_index": "TWO"}])
    path = write(tmp_path, "two", parents=["one.yaml"], universe=[{"in_index": "ONE"}])
    with pytest.raises(MethodologyError, match=r"two\.yaml, line \d+: .*two\.yaml -> one\.yaml -> two\.yaml"):
        Methodology.load(path)
    own = write(tmp_path, "own", parents=["own.yaml"], universe=[{"in_index": "OWN"}])
    with pytest.raises(MethodologyError, match=r"parents of each other: own\.yaml -> own\.yaml"):
        Methodology.load(own)


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"parents": ["par.yaml"]}, r"parents\[0\]: 'par\.yaml' names a file, which is found beside"),
        ({"parents": "par.yaml"}, r"parents: expected a list of rulebooks"),
        ({"parents": [3]}, r"parents\[0\]: expected the name of a file or a rulebook, was 3"),
        ({"parents": [{"name": "x"}]}, r"parents\[0\]: the rulebook needs"),
        ({"parents": []}, r"universe\[0\]: PAR is none of the parents; name its rulebook"),
        ({"universe": [{"in_index": "PAT"}]}, r"universe\[0\]: PAT is none of the parents \(did you mean 'PAR'\?\)"),
        ({"universe": []}, r"parents\[0\]: no rule looks at PAR"),
        ({"symbol": "PAR"}, r"parents\[0\]: the symbol PAR stands twice"),
        ({"currency": "EUR"}, r"parents\[0\]\.currency: PAR has another `currency` than CHILD"),
        ({"base": {"date": "2019-12-01"}}, r"parents\[0\]: PAR begins on 2020-01-01, after the base of 2019-12-01"),
        (
            {"versions": [{"from": "2021-01-01", "note": "other", "changes": {"universe": [{"in_index": "X"}]}}]},
            r"versions\[0\]\.changes\.universe\[0\]: X is none of the parents",
        ),
    ],
)
def test_what_does_not_fit_is_told(sections: dict[str, Any], words: str) -> None:
    with pytest.raises(MethodologyError, match=words):
        child(**sections)


def test_the_place_in_a_wrong_parent_is_told(tmp_path: Path) -> None:
    write(tmp_path, "par", select={"by": "market_cap", "tpo": 3})
    path = write(tmp_path, "kid", parents=["par.yaml"], universe=[{"in_index": "PAR"}])
    with pytest.raises(MethodologyError, match=r"kid\.yaml, line \d+: parents\[0\]: .*par\.yaml, line \d+: select"):
        Methodology.load(path)
    missing = write(tmp_path, "lost", parents=["nowhere.yaml"], universe=[{"in_index": "PAR"}])
    with pytest.raises(MethodologyError, match=r"lost\.yaml, line \d+: .*nowhere\.yaml: there is no such file"):
        Methodology.load(missing)


def test_the_market_of_a_child_is_digested_as_any_other() -> None:
    panel: Panel = market(CAPS)
    assert calculate_index(child(), panel).panel.digest() == panel.digest()
    assert isinstance(calculate_index(child(), panel).levels, pl.DataFrame)


def test_a_parent_with_levels_less_often_than_its_child_is_known_as_soon_as_it_is_determined() -> None:
    """Hourly rows, a parent with a level a day: what it determined at 17:00 the child sees at 18:00."""
    start = datetime(2020, 1, 1)
    times = [start + timedelta(hours=n) for n in range(24 * 14)]
    turn = times.index(datetime(2020, 1, 10, 15))
    prices = {"a": [10.0] * len(times), "b": [9.0] * len(times), "c": [5.0] * turn + [20.0] * (len(times) - turn)}
    panel = Panel.from_frames(price=pl.DataFrame({"time": times, **prices}))
    weekly = {"every": "week", "on": "saturday"}
    parent = document(
        "PAR", base={"date": "2020-01-05", "level": 100}, select={"by": "price", "top": 2},
        rebalance={**weekly, "determine": "7h"}, calculate={"every": "day", "at": "16:00"},
    )  # fmt: skip
    book = Methodology.load(
        document(
            "CHILD", base={"date": "2020-01-06", "level": 100}, parents=[parent], universe=[{"in_index": "PAR"}],
            select={"by": "price", "top": 2}, rebalance={**weekly, "determine": "6h"},
        )
    )  # fmt: skip
    whole = calculate_index(book, panel)
    saturday = whole.compositions.filter(pl.col("effective_at").dt.replace_time_zone(None) == datetime(2020, 1, 11))
    # Determined on Friday at 17:00 with c at 20 already: a and c.
    assert saturday["asset"].to_list() == ["a", "c"]
    for hour in (3, 15, 16, 17):
        last = np.datetime64(datetime(2020, 1, 11, hour), "us")
        part = calculate_index(book, panel.as_of(last))
        assert part.levels.equals(whole.levels.head(part.levels.height)), hour
        again = IndexState.from_bytes(part.state.to_bytes(), book, panel.assets)
        *_, end = index_history(book, panel).walk(again)
        assert end.state.to_bytes() == whole.state.to_bytes()


@pytest.mark.parametrize("name", ["a\0b.yaml", "\ud800.yaml", "/etc/passwd", "/srv/x.yaml", "..", "x.txt"])
def test_a_parent_is_named_by_a_yaml_file_beside_the_rulebook(tmp_path: Path, name: str) -> None:
    write(tmp_path, "kid", parents=[name], universe=[{"in_index": "PAR"}])
    with pytest.raises(MethodologyError, match=r"parents\[0\]: "):
        Methodology.load(tmp_path / "kid.yaml")


def test_a_parent_that_is_no_plain_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    (tmp_path / "large.yaml").write_text("a: 1\n" * 60_000)
    for name, words in (("folder", "is no file"), ("loop", "parents"), ("large", "is larger than 256 KiB")):
        write(tmp_path, "kid", parents=[f"{name}.yaml"], universe=[{"in_index": "PAR"}])
        with pytest.raises(MethodologyError, match=words):
            Methodology.load(tmp_path / "kid.yaml")


def test_families_that_are_too_deep_or_too_large_to_be_read_again_are_refused() -> None:
    def chain(depth: int) -> dict[str, Any]:
        whole = document("L0")
        for level in range(1, depth + 1):
            whole = document(f"L{level}", parents=[whole], universe=[{"in_index": f"L{level - 1}"}])
        return whole

    deepest = Methodology.load(chain(6))
    assert Methodology.parse(deepest.to_yaml()).digest == deepest.digest
    for depth, words in ((7, "parents: more than 6 parents of parents"), (400, "nested too deep")):
        with pytest.raises(MethodologyError, match=words):
            Methodology.load(chain(depth))
    two = [document(f"P{n}", parents=[document("ROOT")], universe=[{"in_index": "ROOT"}]) for n in range(13)]
    with pytest.raises(MethodologyError, match="or 24 in all"):
        Methodology.load(document("KID", parents=two, universe=[{"in_index": f"P{n}"} for n in range(13)]))
