"""The bounds of every parameter that has some: at a bound it is taken, beyond it is refused."""

from typing import Any

import pytest
from pydantic import ValidationError
from tests.methodology.test_rulebook import OVERRIDE, parse

from basketry.core.errors import BasketryError
from basketry.methodology.capping import CAPPING
from basketry.methodology.returns import RETURNS
from basketry.methodology.rulebook import Rulebook
from basketry.methodology.selection import SELECTION
from basketry.methodology.triggers import TRIGGERS
from basketry.methodology.universe import UNIVERSE
from basketry.methodology.weighting import WEIGHTING

REGISTRIES: dict[str, Any] = {
    "capping": CAPPING, "returns": RETURNS, "selection": SELECTION, "triggers": TRIGGERS, "universe": UNIVERSE,
    "weighting": WEIGHTING,
}  # fmt: skip
# Of each parameter: values at its bounds, and values beyond them.
RULES: dict[tuple[str, str], dict[str, tuple[list[Any], list[Any]]]] = {
    ("capping", "cap"): {"limit": ([1, 0.01], [0, 1.01]), "largest": ([1, 0.5], [0, 1.01])},
    ("capping", "concentration"): {"single": ([1], [0, 1.01]), "over": ([0.01], [0]), "total": ([1], [0, 1.01])},
    ("capping", "floor"): {"limit": ([0.99], [0, 1])},
    ("capping", "group_cap"): {"limit": ([1], [0, 1.01])},
    ("returns", "decrement"): {"points": ([0], [-1]), "percent": ([0, 0.99], [-0.01, 1])},
    ("returns", "leverage"): {
        "factor": ([10, -10], [10.5, -10.5, 0]),
        "spread": ([0, 1], [-0.01, 1.01]),
        "intraday_reset": ([0.49], [0, 0.5, 1]),
        "reset": (["1h"], ["0d"]),
        "financing": ([-1.0, 10.0], [-1.01, 10.01, ""]),
    },
    ("returns", "total"): {"utilisation": ([0, 1], [-0.01, 1.01]), "yield_field": (["a"], [""])},
    ("selection", "coverage"): {"share": ([1], [0, 1.01])},
    ("selection", "ranks"): {"first": ([1], [0]), "last": ([100_000], [0, 100_001])},
    ("selection", "information_criterion"): {"step": ([1], [0]), "max": ([1], [0])},
    ("selection", "top"): {"number": ([1, 100_000], [0, 100_001])},
    ("triggers", "drift"): {"band": ([1e-9], [0])},
    ("triggers", "volatility"): {"above": ([1e-9], [0])},
    ("universe", "exclude_assets"): {"assets": ([["a"]], [[]])},
    ("universe", "exclude_sectors"): {"sectors": ([["a"]], [[]])},
    ("universe", "exclude_tags"): {"tags": ([["a"]], [[]])},
    ("universe", "history"): {"min_days": ([0], [-1])},
    ("universe", "include_assets"): {"assets": ([["a"]], [[]])},
    ("universe", "include_sectors"): {"sectors": ([["a"]], [[]])},
    ("universe", "include_tags"): {"tags": ([["a"]], [[]])},
    ("universe", "market_cap"): {"min": ([0], [-1]), "max": ([0], [-1])},
    ("universe", "metric"): {"name": (["a"], [""])},
    ("universe", "price"): {
        "days": ([0.0001, 1], [0, 1.01]),
        "window": (["1d", "review"], ["0d", "12h"]),
        "min": ([0], [-1]),
    },
    ("universe", "venues"): {"any_of": ([["a"]], [[]]), "quotes": ([["a"]], [[]]), "min": ([1], [2])},
    ("universe", "required"): {"fields": ([["a"]], [[]])},
    ("universe", "value_traded_percentile"): {"min": ([0, 1], [-0.01, 1.01])},
    ("weighting", "equal_risk_contribution"): {"shrinkage": ([0, 1], [-0.01, 1.01])},
    ("weighting", "factor_scores"): {"factors": ([{"a": 1}], [{}])},
    ("weighting", "fixed"): {"weights": ([{"a": 1}], [{}, {"a": 0}])},
    ("weighting", "free_float_market_cap"): {"buffer": ([0, 0.0499], [-0.01, 0.05])},
    ("weighting", "market_cap"): {"power": ([2], [0, 2.01])},
    ("weighting", "metric"): {"power": ([2], [0, 2.01]), "metric": (["a"], [""])},
    ("weighting", "minimum_variance"): {"shrinkage": ([0, 1], [-0.01, 1.01])},
    ("weighting", "smoothed_market_cap"): {"power": ([1], [0, 1.01])},
    ("weighting", "votes"): {"min_share": ([0, 0.99], [-0.01, 1])},
}
# What else such a rule needs to be one.
WITH: dict[tuple[str, str], dict[str, Any]] = {
    ("capping", "cap"): {"limit": 0.25},
    ("capping", "concentration"): {"single": 0.2, "over": 0.1, "total": 0.5},
    ("returns", "leverage"): {"factor": 2},
    ("selection", "ranks"): {"first": 1, "last": 1},
    ("universe", "metric"): {"name": "tvl", "min": 1},
    ("universe", "price"): {"min": 1, "window": "30d", "days": 1},
    ("universe", "venues"): {"any_of": ["a"], "quotes": ["usd"], "min": 1},
    ("weighting", "metric"): {"metric": "tvl"},
}
SECTIONS: dict[str, tuple[list[Any], list[Any]]] = {
    "base.level": ([1e-9, 1e12], [0, 1.1e12]),
    "guard.supply_change": ([1.01, None], [1]),
    "guard.supply_step": ([1.01, None], [1]),
    "guard.price_jump": ([1.01, None], [1]),
    "guard.min_turnover": ([1e-9, 0.99, None], [0, 1]),
    "guard.level_jump": ([1.01, None], [1]),
    "publish.decimals": ([0, 12], [-1, 13]),
    "select.buffer": (
        [{"enter": 1, "leave": 4}, {"enter": 4, "leave": 4}, {"exceed": 1e-9}, {"exceed": 1}],
        [{"enter": 0, "leave": 4}, {"exceed": 0}, {"exceed": 1.1}],
    ),
    "select.by": ([{"metric": "tvl", "window": "1s"}], [{"metric": "tvl", "window": "0d"}]),
    "select.first": ([{"by": "tvl", "top": 1}], [{"by": "tvl", "top": 0}, {"by": "tvl"}]),
    "select.min_count": ([1], [0]),
    "select.max_count": ([4], [0]),
    "rebalance.months": ([[1, 12]], [[0], [13]]),
    "rebalance.transition": ([{"steps": 1}, {"steps": 10_000}], [{"steps": 0}, {"steps": 10_001}]),
    "overrides": (
        [[{**OVERRIDE, "reason": "why", "asset": "a", "approver": "b"}]],
        [[{**OVERRIDE, "reason": "ab"}], [{**OVERRIDE, "asset": ""}], [{**OVERRIDE, "approver": ""}]],
    ),
}  # fmt: skip
CASES = [(rule, field, *values) for rule, fields in RULES.items() for field, values in fields.items()]


@pytest.mark.parametrize(
    ("rule", "field", "taken", "refused"), CASES, ids=[f"{kind}-{name}-{field}" for (kind, name), field, *_ in CASES]
)
def test_a_parameter_of_a_rule(rule: tuple[str, str], field: str, taken: list[Any], refused: list[Any]) -> None:
    kind, name = rule

    def build(value: Any) -> Any:
        return REGISTRIES[kind].build(name, {**WITH.get(rule, {}), field: value})

    for value in taken:
        built = build(value)
        assert built.model_dump(by_alias=True, mode="json")[field] == value
    for value in refused:
        with pytest.raises((ValidationError, BasketryError)):
            build(value)


@pytest.mark.parametrize("place", SECTIONS)
def test_a_figure_of_a_section(place: str) -> None:
    def built(value: Any) -> Rulebook:
        section, _, field = place.partition(".")
        if not field:
            return parse(**{section: value})
        usual: dict[str, dict[str, Any]] = {
            "base": {"date": "2020-01-01"}, "select": {"by": "market_cap", "top": 4}, "rebalance": {"every": "month"},
        }  # fmt: skip
        return parse(**{section: {**usual.get(section, {}), field: value}})

    taken, refused = SECTIONS[place]
    for value in taken:
        assert isinstance(built(value), Rulebook)
    for value in refused:
        with pytest.raises((ValidationError, BasketryError)):
            built(value)
