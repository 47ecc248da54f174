"""One version of the rules: sections, their defaults and edges, and caps that cannot be kept."""

from datetime import date, timedelta
from typing import Any

import pytest

from basketry.core.errors import CapInfeasibleError, MethodologyError
from basketry.methodology.rulebook import Rulebook

PLAIN: dict[str, Any] = {
    "base": {"date": "2020-01-01"},
    "select": {"by": "market_cap", "top": 4},
    "weight": "equal",
    "rebalance": {"every": "month"},
}
OVERRIDE = {
    "asset": "x", "action": "exclude", "from": "2021-01-01", "reason": "why", "approver": "c", "date": "2020-12-01",
}  # fmt: skip


def parse(**sections: Any) -> Rulebook:
    return Rulebook.parse({**PLAIN, **sections})


def test_the_defaults_of_the_sections() -> None:
    rules = parse()
    assert rules.base.level == 1000
    assert (rules.missing.carry_forward, rules.missing.then) == (timedelta(days=3), "remove_at_last_price")
    guard = rules.guard
    assert (guard.supply_change, guard.price_jump, guard.min_turnover, guard.level_jump) == (2, 20, 1e-6, 2)
    assert (guard.member_jump, guard.member_share) == (2.5, 0.5)
    assert (guard.supply_window, guard.price_window) == (timedelta(days=30), timedelta(days=7))
    assert (rules.events.delisting, rules.events.hard_fork, rules.events.airdrop) == (
        "remove_at_last_price", "ignore", "ignore",
    )  # fmt: skip
    assert rules.publish.decimals == 4
    assert (rules.universe, rules.triggers, rules.overrides, rules.prices) == ((), (), (), None)
    assert [rule.column() for rule in rules.returns] == ["price_return"]


def test_the_price_return_is_always_there_and_first_unless_it_is_listed() -> None:
    excess = {"excess": {"rate": 0.02}}
    assert [rule.column() for rule in parse(returns=[excess]).returns] == ["price_return", "excess_return"]
    assert [rule.column() for rule in parse(returns=[excess, "price"]).returns] == ["excess_return", "price_return"]
    with pytest.raises(MethodologyError, match="two entries give the column 'excess_return'; set `name`"):
        parse(returns=[excess, excess])


def test_triggers_are_a_list_or_one() -> None:
    one = parse(rebalance={"triggers": {"drift": 0.1}}).triggers
    assert one == parse(rebalance={"triggers": [{"drift": 0.1}]}).triggers
    assert len(parse(rebalance={"triggers": ["eligibility_lost", {"drift": 0.1}]}).triggers) == 2


def test_an_override() -> None:
    (override,) = parse(overrides=[OVERRIDE]).overrides
    assert (override.valid_from, override.until, override.date) == (date(2021, 1, 1), None, date(2020, 12, 1))
    (ended,) = parse(overrides=[{**OVERRIDE, "until": date(2021, 2, 1)}]).overrides
    assert ended.until == date(2021, 2, 1)


@pytest.mark.parametrize(
    ("weight", "select", "message"),
    [
        ({"cap": 0.24}, {"top": 4}, r"4 members x 0\.24 = 0\.96 < 1: raise the cap to at least 0\.25"),
        ({"cap": 0.24}, {"all": None, "max_count": 4}, r"4 members x 0\.24 = 0\.96 < 1"),
        ({"cap": {"limit": 0.2, "largest": 0.3}}, {"top": 4}, r"x 0\.2, the largest 0\.3, = 0\.9 < 1"),
        ({"cap": 0.24}, {"ranks": {"first": 11, "last": 14}}, r"4 members x 0\.24 = 0\.96 < 1"),
        ({"cap": 0.24}, {"first": {"by": "price", "top": 4}, "top": 20}, r"4 members x 0\.24 = 0\.96 < 1"),
        ({"cap": 0.24}, {"first": {"by": "price", "top": 4}, "coverage": 0.9}, r"4 members x 0\.24 = 0\.96 < 1"),
        ({"cap": 0.9}, {"top": 1}, r"1 members x 0\.9 = 0\.9 < 1: raise the cap to at least 1"),
        ({"cap": 0.24}, {"top": {"enter": 2, "leave": 4}}, r"4 members x 0\.24 = 0\.96 < 1"),
        (
            {"cap": 0.24},
            {"first": {"by": "price", "top": {"enter": 2, "leave": 4}}, "top": 20},
            r"4 members x 0\.24 = 0\.96 < 1",
        ),
    ],
)
def test_caps_that_the_members_cannot_keep_are_refused(
    weight: dict[str, Any], select: dict[str, Any], message: str
) -> None:
    with pytest.raises(CapInfeasibleError, match=message):
        parse(weight={"by": "equal", **weight}, select={"by": "market_cap", **select})


@pytest.mark.parametrize(
    ("weight", "select"),
    [
        ({"cap": 0.25}, {"top": 4}),
        ({"cap": {"limit": 0.2, "largest": 0.4}}, {"top": 4}),
        ({"cap": 0.25}, {"ranks": {"first": 11, "last": 14}}),
        ({"cap": 0.25}, {"top": {"enter": 2, "leave": 4}}),
        ({"cap": 0.2}, {"top": {"enter": 2, "leave": 4}, "min_count": 5}),
        ({"cap": 0.25, "floor": 0.25}, {"top": {"enter": 2, "leave": 6}}),
        ({"cap": 0.25}, {"first": [{"by": "price", "coverage": 0.5}, {"by": "price", "top": 4}], "top": 20}),
        ({"cap": 0.1}, {"coverage": {"enter": 0.5, "leave": 0.6}}),
        ({"cap": 0.1}, {"all": None}),
        ({"floor": 0.01}, {"top": 4}),
        ({"cap": 1 / 3}, {"top": 3}),
        ({"floor": 0.01, "cap": 0.25}, {"top": 4}),
    ],
)
def test_caps_that_just_hold_are_allowed(weight: dict[str, Any], select: dict[str, Any]) -> None:
    assert parse(weight={"by": "equal", **weight}, select={"by": "market_cap", **select}).weight.caps


EDGES = [
    ("base", {"date": "2020-01-01", "level": 1e12}, {"date": "2020-01-01", "level": 1.001e12}),
    ("base", {"date": "2020-01-01", "level": 0.5}, {"date": "2020-01-01", "level": 0}),
    ("guard", {"supply_change": 1.1}, {"supply_change": 1}),
    ("guard", {"price_jump": 1.1}, {"price_jump": 1}),
    ("guard", {"level_jump": 1.1}, {"level_jump": 1}),
    ("guard", {"member_jump": 1.1, "member_share": 1}, {"member_share": 0}),
    ("guard", {"min_turnover": 0.99}, {"min_turnover": 1}),
    ("guard", {"min_turnover": 0.5}, {"min_turnover": 0}),
    ("guard", {"supply_change": None, "price_jump": None, "min_turnover": None, "level_jump": None}, {"x": None}),
    ("publish", {"decimals": 0}, {"decimals": -1}),
    ("publish", {"decimals": 12}, {"decimals": 13}),
    ("restate", {"threshold": 0}, {"threshold": -0.1}),
    ("overrides", [OVERRIDE], [{**OVERRIDE, "asset": ""}]),
    ("overrides", [OVERRIDE], [{**OVERRIDE, "approver": ""}]),
    ("overrides", [OVERRIDE], [{**OVERRIDE, "reason": "wh"}]),
    ("overrides", [OVERRIDE], [{**OVERRIDE, "action": "keep"}]),
    ("rebalance", {"transition": {"steps": 1}}, {"transition": {"steps": 0}}),
    ("rebalance", {"transition": {"steps": 10_000}}, {"transition": {"steps": 10_001}}),
    ("rebalance", {"transition": {"steps": 2, "every": "1s"}}, {"transition": {"steps": 2, "every": "0s"}}),
    ("rebalance", {"months": [1, 12]}, {"months": [0, 12]}),
    ("rebalance", {"months": [12]}, {"months": [13]}),
    ("weight", {"by": "market_cap", "floor": 0.1}, {"by": "market_cap", "floor": 0}),
    ("weight", {"by": "market_cap", "cap": 1}, {"by": "market_cap", "cap": 1.1}),
    ("weight", {"by": "equal", "cap": {"limit": 0.5, "largest": 1}}, {"by": "equal", "cap": {"largest": 1}}),
    ("weight", {"by": "metric", "metric": "x", "power": 2}, {"by": "metric", "metric": "x", "power": 2.1}),
    ("weight", {"by": "metric", "metric": "x", "power": 0.1}, {"by": "metric", "metric": "x", "power": 0}),
    ("weight", {"by": "metric", "metric": "x"}, {"by": "metric", "metric": ""}),
    ("weight", {"by": "smoothed_market_cap", "power": 1}, {"by": "smoothed_market_cap", "power": 1.1}),
    ("weight", {"by": "smoothed_market_cap", "power": 0.1}, {"by": "smoothed_market_cap", "power": 0}),
    ("weight", {"by": "votes", "min_share": 0}, {"by": "votes", "min_share": -0.1}),
    ("weight", {"by": "votes", "min_share": 0.9}, {"by": "votes", "min_share": 1}),
    ("weight", {"by": "free_float_market_cap", "buffer": 0}, {"by": "free_float_market_cap", "buffer": -0.1}),
    ("weight", {"by": "free_float_market_cap", "buffer": 0.04}, {"by": "free_float_market_cap", "buffer": 0.05}),
    ("weight", {"by": "equal_risk_contribution", "shrinkage": 0}, {"by": "equal_risk_contribution", "shrinkage": -1}),
    ("weight", {"by": "equal_risk_contribution", "shrinkage": 1}, {"by": "equal_risk_contribution", "shrinkage": 1.1}),
    ("weight", {"by": "minimum_variance", "shrinkage": 0}, {"by": "minimum_variance", "shrinkage": -1}),
    ("weight", {"by": "minimum_variance", "shrinkage": 1}, {"by": "minimum_variance", "shrinkage": 1.1}),
    ("weight", {"by": "fixed", "weights": {"x": 0.5}}, {"by": "fixed", "weights": {"x": 0}}),
    ("weight", {"by": "fixed", "weights": {"x": 1}}, {"by": "fixed", "weights": {}}),
    ("weight", {"by": "factor_scores", "factors": {"x": 1}}, {"by": "factor_scores", "factors": {}}),
]  # fmt: skip


@pytest.mark.parametrize(("section", "allowed", "refused"), EDGES)
def test_a_parameter_is_allowed_at_its_edge_and_refused_beyond(section: str, allowed: Any, refused: Any) -> None:
    parse(**{section: allowed})
    with pytest.raises(MethodologyError, match=rf"^{section}"):
        parse(**{section: refused})


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"guard": 5}, "guard: expected keys in braces, as in guard: {...}, was 5"),
        ({"universe": {"price": {}}}, "universe: expected a list, each entry on a line"),
        ({"universe": [["price"]]}, r"universe\[0\]: expected one rule"),
        ({"universe": [{"price": {"min": 1}, "market_cap": {"min": 1}}]}, r"universe\[0\]: expected one rule"),
        ({"universe": [{"price": {"min": 1}}, "prize"]}, r"universe\[1\]: .*did you mean 'price'"),
        ({"overrides": [5]}, r"overrides\[0\]: expected keys in braces, was 5"),
        ({"overrides": [{"asset": "x"}]}, r"overrides\[0\]\.action: this key is required"),
        ({"missing": {"cary_forward": "1d"}}, r"missing\.cary_forward: unknown key \(did you mean 'carry_forward'\?\)"),
        ({"returns": []}, r"returns: expected a list such as \[price, total\]"),
        ({"returns": "price"}, r"returns: expected a list such as \[price, total\]"),
        ({"rebalance": {"triggers": [{"drift": 0}]}}, r"rebalance\.triggers\[0\]: drift"),
        ({"guard": {"price_jump": 0.5}}, r"guard\.price_jump: must be above 1, was 0\.5"),
        ({"select": {"top": 0}}, r"^select\.top"),
        ({"weight": {"by": "equal", "capp": 0.3}}, r"^weight: unknown key 'capp' \(did you mean 'cap'\?\)"),
        ({"weight": {"by": "equal", "shortage": "other"}}, "shortage: 'other' is neither equal nor refuse"),
        ({"weight": 5}, "weight: needs `by`"),
        ({"weight": {"by": 5}}, "weight: needs `by`"),
        ({"weight": {"cap": 0.5}}, "weight: needs `by`"),
    ],
)
def test_a_wrong_section_is_refused_with_its_path(sections: dict[str, Any], message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        parse(**sections)


def test_the_section_of_weights() -> None:
    weight = parse(weight={"by": "votes", "min_share": 0.1, "floor": 0.01, "cap": 0.5, "shortage": "refuse"}).weight
    assert (weight.rule.name, weight.rule.parameters(), weight.shortage) == ("votes", {"min_share": 0.1}, "refuse")
    assert [cap.name for cap in weight.caps] == ["cap", "floor"]
    equal = "On a date when too few assets are eligible for the caps, weights are equal."
    assert equal not in weight.words()
    assert equal not in parse(weight="equal").weight.words()
    assert parse(weight={"by": "equal", "cap": 0.5}).weight.words().endswith(equal)
    assert parse(weight="equal").weight.shortage == "equal"
