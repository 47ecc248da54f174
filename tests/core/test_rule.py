"""Rules by name: each from the module of its name, alone, and all of them where all are asked for."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from basketry.core.errors import UnknownRuleError
from basketry.core.rule import Registry
from basketry.methodology.capping import CAPPING
from basketry.methodology.selection import SELECTION
from basketry.methodology.triggers import TRIGGERS
from basketry.methodology.universe import UNIVERSE
from basketry.methodology.weighting import WEIGHTING

LOADED = """
import json, sys
from basketry.methodology.methodology import Methodology
from basketry.jobs import publish
from basketry.lake.lake import Lake

Methodology.load(json.loads(sys.argv[1]))
Lake(sys.argv[2])
print(json.dumps(sorted(sys.modules)))
"""
RULES = {
    "basketry": 1, "name": "Two", "symbol": "TWO", "base": {"date": "2020-01-01", "level": 100},
    "universe": [{"exclude_tags": ["stablecoin"]}], "select": {"by": "market_cap", "top": 2},
    "weight": {"by": "market_cap", "cap": 0.6}, "rebalance": {"every": "month"},
}  # fmt: skip


def loaded(rules: dict[str, Any], lake: str) -> set[str]:
    command = [sys.executable, "-c", LOADED, json.dumps(rules), lake]
    return set(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def test_publishing_loads_the_rules_that_are_named_and_nothing_for_prices_and_lakes_elsewhere() -> None:
    found = loaded(RULES, "lake")
    rules = {name for name in found if name.startswith("basketry.methodology.") and name.count(".") == 3}
    named = {"universe.exclude_tags", "selection.top", "weighting.market_cap", "capping.cap"}
    assert {f"basketry.methodology.{name}" for name in named} <= rules
    others = {"universe.venues", "selection.coverage", "weighting.votes", "triggers.drift"}
    assert not {f"basketry.methodology.{name}" for name in others} & rules
    assert not {name for name in found if name.startswith(("basketry.reference.", "fsspec", "basketry.jobs.attack"))}
    # What is asked for is loaded.
    more = loaded({**RULES, "prices": {"rate": "vwap"}}, "memory://lake")
    assert {"basketry.reference.price_rules", "basketry.reference.rates.vwap", "fsspec"} <= more


@pytest.mark.parametrize("registry", [CAPPING, SELECTION, TRIGGERS, UNIVERSE, WEIGHTING])
def test_a_rule_found_by_its_name_is_the_one_among_all(registry: Registry[Any]) -> None:
    assert {name: registry.find(name) for name in registry.rules} == dict(registry.rules)
    assert all(name in registry and registry.get(name).name == name for name in registry.rules)
    for name in ("", "_window", "__init__", "os", "basketry"):
        assert registry.find(name) is None
        assert name not in registry
        with pytest.raises(UnknownRuleError, match="known: "):
            registry.get(name)
    assert 3 not in registry
