"""Two rulebooks differ where what is in force differs, whatever either of them writes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.methodology.differences import differences

BOOK: dict[str, Any] = {
    "basketry": 1,
    "name": "Two",
    "symbol": "TWO",
    "base": {"date": "2020-01-01"},
    "select": {"by": "price", "top": 2},
    "weight": "equal",
    "rebalance": {"every": "month"},
}


def between(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    found = list(differences({**BOOK, **before}, {**BOOK, **after}))
    paths = [path for path, *_ in found]
    assert len(set(paths)) == len(paths)
    return {path: (old, new) for path, old, new in found}


def version(changes: dict[str, Any]) -> dict[str, Any]:
    return {"from": "2021-01-01", "note": "one", "changes": changes}


CAP = {"by": "market_cap"}
RATE = {"weight": 0.2, "rate": 0.03}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        # A section that is not written has its defaults: 20 and 5 of the guard, 0.1% within a day of restate.
        ({}, {"guard": {"price_jump": 10, "level_jump": 2}}, {"guard.price_jump": (20.0, 10)}),
        (
            {},
            {"restate": {"threshold": 0.002, "window": "3d"}},
            {"restate.threshold": (0.001, 0.002), "restate.window": ("1d", "3d")},
        ),
        ({"restate": {"window": "3d"}}, {}, {"restate.window": ("3d", "1d")}),
        # What is switched off is another thing than what is not said.
        ({}, {"guard": {"price_jump": None}}, {"guard.price_jump": (20.0, "null")}),
        ({"guard": {"price_jump": None}}, {"guard": {"price_jump": 10}}, {"guard.price_jump": ("null", 10)}),
        # What is said is the default, or the same in other words: 48 hours are 2 days, 4 is 4.0.
        ({}, {"events": {"hard_fork": "ignore"}, "publish": {"decimals": 4}, "currency": "USD"}, {}),
        ({"missing": {"carry_forward": "48h"}}, {"missing": {"carry_forward": "2d", "live": None}}, {}),
        ({}, {"base": {"date": "2020-01-01", "level": 1000}, "calculate": {"every": "observation"}}, {}),
        ({}, {"rebalance": {"every": "month", "at": "00:00", "zone": "UTC", "determine": "1d"}}, {}),
        ({"rebalance": {"every": "month", "at": "16:00"}}, {}, {"rebalance.at": ("16:00", "00:00")}),
        # Months of a quarter that are not said are January, April, July, October.
        ({"rebalance": {"every": "quarter", "months": [1, 4, 7, 10]}}, {"rebalance": {"every": "quarter"}}, {}),
        (
            {"rebalance": {"every": "quarter", "months": [2, 5, 8, 11]}},
            {"rebalance": {"every": "quarter"}},
            {"rebalance.months": ([2, 5, 8, 11], [1, 4, 7, 10])},
        ),
        # A review without an announcement is announced as the rebalance is.
        (
            {"review": {"every": "quarter", "months": [1, 4, 7, 10], "announce": "14d", "determine": "30d"}},
            {"review": {"every": "quarter", "determine": "30d"}},
            {"review.announce": ("14d", "0d")},
        ),
        # A section that is absent altogether has no defaults.
        ({}, {"review": {"every": "quarter"}}, {"review.every": (None, "quarter")}),
        ({}, {"review": None, "universe": [], "guard": None}, {}),
        # So has a rule; of one that stays the default is told.
        (
            {"weight": {**CAP, "cash": RATE}},
            {"weight": CAP},
            {"weight.cash.weight": (0.2, None), "weight.cash.rate": (0.03, None)},
        ),
        (
            {"weight": {**CAP, "cash": {**RATE, "day_count": "act/365"}}},
            {"weight": {**CAP, "cash": RATE}},
            {"weight.cash.day_count": ("act/365", "act/360")},
        ),
        ({"weight": {**CAP, "cash": 0.2}}, {"weight": {**CAP, "cash": {"weight": 0.2, "rate": None}}}, {}),
        ({"weight": CAP}, {"weight": "equal"}, {"weight.by": ("market_cap", "equal")}),
        ({"weight": "market_cap"}, {"weight": "equal"}, {"weight": ("market_cap", "equal")}),
        ({"weight": {**CAP, "power": 1, "shortage": "equal"}}, {"weight": "market_cap"}, {}),
        ({"weight": {**CAP, "power": 0.5}}, {"weight": CAP}, {"weight.power": (0.5, 1.0)}),
        ({"weight": {**CAP, "cap": 0.3}}, {"weight": {**CAP, "cap": {"limit": 0.3}}}, {}),
        ({"weight": {**CAP, "fixed": {"a": 0.3}}}, {"weight": {**CAP, "fixed": {"assets": {"a": 0.3}}}}, {}),
        ({"select": {"top": 2}}, {"select": {"by": "market_cap", "top": 2, "order": "descending"}}, {}),
        (
            {"select": {"by": "price", "top": 2, "order": "ascending"}},
            {},
            {"select.order": ("ascending", "descending")},
        ),
        (
            {"select": {"by": {"metric": "volume", "window": "30d"}, "top": 2}},
            {"select": {"by": {"metric": "volume", "window": "30d", "statistic": "median"}, "top": 2}},
            {},
        ),
        (
            {"select": {"first": {"by": "price", "top": 9}, "by": "price", "top": 2}},
            {"select": {"first": [{"by": {"metric": "price"}, "top": {"number": 9}}], "by": "price", "top": 2}},
            {},
        ),
        # Two rules of one name: their order says nothing, and each is compared with its own.
        (
            {"universe": [{"price": {"min": 1}}, {"price": {"max": 5}}]},
            {"universe": [{"price": {"max": 5.0}}, {"price": {"min": 1}}]},
            {},
        ),
        (
            {"universe": [{"price": {"min": 1}}, {"price": {"max": 5}}]},
            {"universe": [{"price": {"max": 5}}, {"price": {"min": 2}}]},
            {"universe.price.min": (1, 2)},
        ),
        (
            {"universe": [{"price": {"min": 1}}]},
            {"universe": [{"price": {"max": 5}}, {"price": {"min": 1}}]},
            {"universe.price.max": (None, 5)},
        ),
        (
            {"returns": ["price", {"leverage": {"factor": 2}}, {"leverage": {"factor": 3}}]},
            {"returns": [{"leverage": {"factor": 3, "financing": 0.1}}, {"leverage": {"factor": 2}}]},
            {"returns[2].leverage.financing": (None, 0.1)},
        ),
        (
            {"returns": [{"decrement": {"points": 5, "name": "a"}}, {"decrement": {"points": 7, "name": "b"}}]},
            {"returns": [{"decrement": {"points": 8, "name": "b"}}, {"decrement": {"points": 6, "name": "a"}}]},
            {"returns.decrement.points": (5, 6), "returns[1].decrement.points": (7, 8)},
        ),
        (
            {"universe": [{"price": {"min": 1}}, {"price": {"min": 2}}]},
            {"universe": [{"price": {"min": 3}}, {"price": {"min": 4}}, {"price": {"min": 1}}]},
            {"universe[1].price.min": (2, 4), "universe.price.min": (None, 3)},
        ),
        # The price return need not be written, nor the name that a series has anyway.
        ({}, {"returns": ["price"]}, {}),
        ({"returns": ["total"]}, {"returns": ["price", "total"]}, {}),
        (
            {"returns": [{"excess": {"rate": 0.02}}]},
            {"returns": [{"excess": {"rate": 0.02, "name": "excess_return"}}]},
            {},
        ),
        # An id with a dot is one key.
        (
            {"weight": {**CAP, "limits": {"x.max": {"max": 0.2}}}},
            {"weight": {**CAP, "limits": {"x.max": {"max": 0.3}}}},
            {"weight.limits.x.max.max": (0.2, 0.3)},
        ),
        # Reference prices: `capped_median` is the rate unless another is named.
        ({"prices": {"min_venues": 2}}, {"prices": {"rate": "capped_median"}}, {"prices.min_venues": (2, 3)}),
        ({"prices": {"min_venues": 3}}, {"prices": {"rate": "vwap"}}, {"prices.rate": ("capped_median", "vwap")}),
        # A version replaces a section, so defaults hold in one that it writes; one that it does not write it leaves.
        (
            {"versions": [version({"guard": {"price_jump": 10}})]},
            {"versions": [version({"guard": {"level_jump": 4}})]},
            {"versions[0].changes.guard.price_jump": (10, 20.0), "versions[0].changes.guard.level_jump": (2.0, 4)},
        ),
        (
            {"versions": [version({"publish": {"decimals": 2}})]},
            {"versions": [version({"publish": {"decimals": 2}, "guard": {"price_jump": 10}})]},
            {"versions[0].changes.guard.price_jump": (None, 10)},
        ),
        (
            {"parents": [BOOK]},
            {"parents": [{**BOOK, "guard": {"price_jump": 10}}]},
            {"parents[0].guard.price_jump": (20.0, 10)},
        ),
    ],
)  # fmt: skip
def test_what_is_in_force_is_compared(
    before: dict[str, Any], after: dict[str, Any], expected: dict[str, tuple[Any, Any]]
) -> None:
    assert between(before, after) == expected


def test_an_id_with_a_dot_is_told_apart_from_nesting() -> None:
    before, after = {"notes": {"a.b": 1, "a": {"b": 2}}}, {"notes": {"a.b": 1, "a": {"b": 3}}}
    assert list(differences(before, after)) == [("notes.a.b", 2, 3)]


SECTIONS: dict[str, list[Any]] = {
    "guard": [{"price_jump": 10}, {"price_jump": None}, {"supply_window": "7d"}],
    "weight": ["equal", {"by": "market_cap", "cap": 0.5}, {"by": "market_cap", "cash": {"weight": 0.1, "rate": "R"}}],
    "rebalance": [{"every": "quarter"}, {"every": "week", "triggers": [{"drift": {"max": 0.1}}]}],
    "universe": [[], [{"history": 30}], [{"price": {"min": 1}}, {"price": {"max": 3}}]],
    "review": [{"every": "quarter"}, None],
}


@given(
    *(st.fixed_dictionaries({}, optional={key: st.sampled_from(each) for key, each in SECTIONS.items()}) for _ in "ab")
)
def test_the_other_way_round_both_values_change_their_places(before: dict[str, Any], after: dict[str, Any]) -> None:
    one, other = ({**BOOK, **each} for each in (before, after))
    assert not list(differences(one, one))
    there = {(path, str(old), str(new)) for path, old, new in differences(one, other)}
    assert there == {(path, str(new), str(old)) for path, old, new in differences(other, one)}
