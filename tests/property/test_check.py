"""A run refuses a rulebook if and only if a check against the same market says an error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.property.markets import random_panel, random_rules

from basketry.core.errors import BasketryError
from basketry.index.calculate import calculate_index
from basketry.jobs.check import check
from basketry.jobs.new import examples
from basketry.market.panel import Panel
from basketry.market.simulate import simulate_market
from basketry.methodology.methodology import Methodology
from basketry.methodology.parse import parse_yaml

Rules = dict[str, Any]
NAMED = ("tvl", "votes", "revenue", "staking_yield", "USD_OVERNIGHT", "defi", "stablecoin")
NOTE = {"note": "changed", "from": "2020-03-03"}


@pytest.fixture(scope="module")
def market() -> Panel:
    """The simulated market from 2018 to June 2021, in which the number of venues that list an asset is not known."""
    tables = dict(simulate_market(7, years=3.5, intraday_days=0).tables)
    daily = tables.pop("daily")
    beside = ("assets", "classifications", "supply", "yields", "events", "metrics", "rates")
    held: dict[str, Any] = {name: tables[name] for name in beside}
    return Panel.from_frames(daily, **held, simulated=True)


def example(name: str) -> Rules:
    """A shipped example, from 2019 on where it begins earlier."""
    rules = dict(parse_yaml(examples()[name]))
    first = max(str(rules["base"]["date"]), "2019-01-01")
    return {**rules, "base": {**rules["base"], "date": first}}


def renamed(value: Any, old: str) -> Any:
    if isinstance(value, dict):
        return {key: renamed(entry, old) for key, entry in value.items()}
    if isinstance(value, list):
        return [renamed(entry, old) for entry in value]
    return f"{old}x" if value == old else value


def mutants(rules: Rules) -> Iterator[tuple[str, Rules]]:
    """Give a rulebook with one thing changed, and what it is."""
    yield "nothing", rules
    yield "ranked by an unknown figure", {**rules, "select": {**rules["select"], "by": "market_capp"}}
    for name in NAMED:
        if renamed(rules, name) != rules:
            yield f"{name} renamed", renamed(rules, name)
    for day in ("2015-01-01", "2018-01-02", "2018-01-15", "2018-06-01", "2021-06-30", "2021-07-01", "2030-01-01"):
        yield f"base of {day}", {**rules, "base": {**rules["base"], "date": day}}
    weight = rules["weight"] if isinstance(rules["weight"], dict) else {"by": rules["weight"]}
    for cap in (0.04, 0.15):
        yield f"cap of {cap}", {**rules, "weight": {**weight, "cap": cap, "shortage": "refuse"}}
    for stated in ({"fixed": {"sim-aurum": 0.3}}, {"limits": {"sim-aurum": {"max": 0.05}}, "shortage": "refuse"}):
        yield f"weights {stated}", {**rules, "weight": {**weight, **stated}}
    for entry in (
        {"market_cap": {"min": 1e15}},
        {"history": 700},
        {"include_assets": ["sim-aurumm"]},
        {"exclude_assets": ["sim-aurumm"]},
        {"listings": {"min": 2}},
        {"price_sources": {"min": 2}},
        {"market_cap": {"min": 1e7, "window": "review", "days": 0.9}},
        {"metric": {"name": "value_traded", "min": 1e3, "window": "30d"}},
        {"venues": {"any_of": ["coinbase"], "quotes": ["usd"], "min": 1}},
    ):
        yield f"{entry} added", {**rules, "universe": [*rules.get("universe", []), entry]}
    for other in (
        {"by": "metric", "metric": "tvl"},
        {"by": "metric", "metric": "listings"},
        {"by": "inverse_volatility", "window": "400d"},
        {"by": "fixed", "weights": {"sim-aurum": 1}},
    ):
        yield f"weighted {other}", {**rules, "weight": other}
    for series in (
        {"currency": {"currency": "EUR", "rate": "EURUSD"}},
        {"currency": {"currency": "EUR", "rate": "EURUSX"}},
        {"total": {"yield_field": "income"}},
    ):
        yield f"{series} returned", {**rules, "returns": ["price", series]}
    for review in ({"determine": "21d"}, {"every": "quarter", "determine": "10d"}):
        yield f"members reviewed {review}", {**rules, "review": review}
        listed = {**rules, "review": review, "weight": {"by": "metric", "metric": "tvl"}}
        yield f"members reviewed {review} by value locked", listed
    for side in ("in_index", "outside_index"):
        child = {**rules, "symbol": "CHILD", "parents": [rules], "universe": [{side: rules["symbol"]}]}
        yield f"the child {side}", child
        unknown = {**rules, "universe": [*rules.get("universe", []), {"listings": {"min": 2}}]}
        yield (
            f"the child {side} of a wrong one",
            {**child, "universe": [{side: rules["symbol"]}], "parents": [unknown]},
        )
    wrong = {"select": {"by": "marketcap", "top": 5}}
    yield "a wrong version", {**rules, "versions": [{**NOTE, "changes": wrong}]}
    yield "a wrong version later", {**rules, "versions": [{**NOTE, "from": "2024-01-01", "changes": wrong}]}


def outcomes(rules: Methodology, panel: Panel) -> tuple[str, list[str]]:
    """Why a run refuses, '' where it does not, and the errors of a check."""
    try:
        calculate_index(rules, panel)
        refused = ""
    except BasketryError as error:
        refused = str(error)
    return refused, [str(problem) for problem in check(rules, panel) if problem.severity == "error"]


@pytest.mark.parametrize("name", sorted(examples()))
def test_of_a_mutated_example(name: str, market: Panel) -> None:
    told = {"refused": 0, "given": 0}
    for what, document in mutants(example(name)):
        try:
            rules = Methodology.load(document)
        except BasketryError:
            continue  # refused by both before the market is looked at
        refused, errors = outcomes(rules, market)
        assert bool(refused) == bool(errors), (what, refused, errors)
        told["refused" if refused else "given"] += 1
    assert min(told.values()) > 5, told


@settings(max_examples=25)
@given(st.integers(0, 2**20))
def test_of_a_market_with_figures_missing_here_and_there(market: Panel, seed: int) -> None:
    rng = np.random.default_rng(seed)
    names = sorted(examples())
    document = example(names[int(rng.integers(len(names)))])
    month = f"{rng.integers(2018, 2021)}-{rng.integers(1, 13):02d}"
    document["base"] = {**document["base"], "date": f"{month}-{rng.integers(1, 28):02d}"}
    weights = [{"by": "metric", "metric": "tvl"}, {"by": "votes"}, {"by": "inverse_volatility", "window": "60d"}]
    document["weight"] = [document["weight"], *weights][int(rng.integers(4))]
    if rng.random() < 0.3:
        document["review"] = {"determine": f"{rng.integers(1, 40)}d"}
    document["universe"] = [entry for entry in document.get("universe", []) if rng.random() < 0.6]
    figures = {name: values.copy() for name, values in market.fields.items()}
    for name in ("tvl", "votes", "price", "volume"):
        for _ in range(int(rng.integers(0, 6))):
            start, length = int(rng.integers(len(market.times))), int(rng.integers(5, 200))
            figures[name][start : start + length, int(rng.integers(len(market.assets)))] = np.nan
    panel = replace(market, fields=figures, revisions=None, _memory={})
    try:
        rules = Methodology.load(document)
    except BasketryError:
        return  # a review that is later than the weights
    refused, errors = outcomes(rules, panel)
    assert bool(refused) == bool(errors), (refused, errors)


@settings(max_examples=25)
@given(st.integers(0, 2**20))
def test_of_a_market_with_events_and_a_rulebook_with_triggers(seed: int) -> None:
    refused, errors = outcomes(random_rules(seed), random_panel(seed))
    assert bool(refused) == bool(errors), (refused, errors)
