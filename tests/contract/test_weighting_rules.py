"""What every weighting rule must keep, whichever it is; a new rule is tested on the day it is registered."""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from basketry.core.errors import BasketryError, MethodologyError
from basketry.core.frames import EVENTS
from basketry.core.numbers import Floats, exact_sum
from basketry.core.time import to_datetime
from basketry.market.panel import Panel
from basketry.methodology.weight import Weight
from basketry.methodology.weighting import WEIGHTING, WeightingRule

DAYS = 120
RULES = pytest.mark.parametrize("name", WEIGHTING.rules)
quick = settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])


def fields(seed: int, count: int) -> dict[str, Floats]:
    """A market of `count` assets over 120 days with every field and metric that a rule may ask for."""
    rng = np.random.default_rng(seed)
    common = rng.normal(0, 0.03, (DAYS, 1))
    moves = common + rng.normal(0, 1, (DAYS, count)) * rng.uniform(0.01, 0.08, count)
    price = np.exp(rng.normal(0, 3, count) + np.cumsum(moves, axis=0))
    supply = np.exp(rng.normal(15, 2, count)) * np.ones((DAYS, 1))
    floats = np.clip(rng.uniform(0.16, 1, count) + np.cumsum(rng.normal(0, 0.01, (DAYS, count)), axis=0), 0.16, 1)
    cap = price * supply
    volume = cap * rng.uniform(0.001, 0.1, (DAYS, count))
    gaps = rng.random((DAYS, count)) < 0.01
    gaps[-1] = False
    volume[gaps] = np.nan
    metrics = {name: cap * rng.uniform(0.1, 1, count) for name in ("tvl", "votes")}
    return {
        "price": price,
        "supply": supply,
        "market_cap": cap,
        "volume": volume,
        "free_float": floats,
        **metrics,
    }


def panel(values: dict[str, Floats], assets: list[str], days: int = DAYS) -> Panel:
    times = np.datetime64("2020-01-01", "us") + np.arange(days) * np.timedelta64(1, "D")
    order = np.argsort(np.array(assets))
    ordered = {name: np.ascontiguousarray(table[:days, order]) for name, table in values.items()}
    return Panel(times.astype("datetime64[us]"), tuple(sorted(assets)), ordered)


def names(count: int) -> list[str]:
    return [f"asset-{place:02d}" for place in range(count)]


def example(name: str, assets: list[str]) -> dict[str, Any]:
    """The required parameters of a rule, from the examples of its fields; weights by asset for all assets."""
    found: dict[str, Any] = {}
    for key, field in WEIGHTING.get(name).model_fields.items():
        if key == "assets":
            found[key] = {asset: place + 1.0 for place, asset in enumerate(assets)}
        elif field.is_required():
            assert field.examples, f"{name}.{key} is required; give its Field examples"
            found[key] = field.examples[0]
    return found


def rule_for(name: str, assets: list[str]) -> WeightingRule:
    return WEIGHTING.build(name, example(name, assets))


markets = {"seed": st.integers(0, 10_000), "count": st.integers(2, 9)}


@RULES
@given(**markets)
@quick
def test_weights_are_shares_of_one(name: str, seed: int, count: int) -> None:
    assets = names(count)
    weights = rule_for(name, assets).weights(panel(fields(seed, count), assets), np.arange(count))
    assert weights.shape == (count,)
    assert weights.dtype == np.float64
    assert (weights >= 0).all()
    assert exact_sum(weights) == pytest.approx(1, abs=1e-12)


@RULES
@given(**markets, order=st.randoms(use_true_random=False))
@quick
def test_names_do_not_matter_to_the_last_bit(name: str, seed: int, count: int, order: Any) -> None:
    values, assets = fields(seed, count), names(count)
    renamed = list(assets)
    order.shuffle(renamed)
    first = rule_for(name, assets).weights(panel(values, assets), np.arange(count))
    parameters = example(name, assets)
    if "assets" in parameters:
        parameters["assets"] = {new: parameters["assets"][old] for old, new in zip(assets, renamed, strict=True)}
    second = WEIGHTING.build(name, parameters).weights(panel(values, renamed), np.arange(count))
    assert second[np.argsort(np.argsort(np.array(renamed)))].tolist() == first.tolist()


@RULES
@pytest.mark.parametrize("row", [DAYS - 1, DAYS - 8, DAYS - 60])
def test_a_recorded_split_in_every_window_changes_no_weight(name: str, row: int) -> None:
    """Four new units for one old of some assets: before it prices were four times as high and supplies a quarter."""
    for seed in range(4):
        values, assets = fields(seed, 5), names(5)
        whole = panel(values, assets)
        earlier = {field: table.copy() for field, table in values.items()}
        for column in (1, 3):
            earlier["price"][:row, column] *= 4
            earlier["supply"][:row, column] /= 4
        events = pl.DataFrame(
            {"time": [to_datetime(whole.times[row])] * 2, "asset": [assets[1], assets[3]], "ratio": [4.0, 4.0]}
        ).with_columns(kind=pl.lit("redenomination"))
        split = replace(panel(earlier, assets), event_table=EVENTS.conform(events), _memory={})
        rules = [rule_for(name, assets)]
        if name == "market_cap":
            rules.append(WEIGHTING.build(name, {"supply_window": "90d"}))
        for rule in rules:
            chosen = np.arange(5)
            assert rule.weights(split, chosen).tolist() == rule.weights(whole, chosen).tolist()
            one, other = rule.shares(split, chosen), rule.shares(whole, chosen)
            assert (one is None) == (other is None)
            assert one is None or other is None or one.tolist() == other.tolist()


@RULES
@given(**markets)
@quick
def test_assets_that_are_not_selected_do_not_matter(name: str, seed: int, count: int) -> None:
    values, assets = fields(seed, count + 3), names(count + 3)
    selected = np.arange(1, count + 1)
    chosen = [assets[column] for column in selected.tolist()]
    rule = rule_for(name, chosen)
    full = rule.weights(panel(values, assets), selected)
    alone = rule.weights(panel({key: table[:, selected] for key, table in values.items()}, chosen), np.arange(count))
    assert full.tolist() == alone.tolist()


@RULES
@given(**markets, days=st.integers(95, DAYS - 1))
@quick
def test_the_future_does_not_matter(name: str, seed: int, count: int, days: int) -> None:
    values, assets = fields(seed, count), names(count)
    other = {key: np.concatenate([table[:days], table[days:] * 3.7]) for key, table in values.items()}
    rule, selected = rule_for(name, assets), np.arange(count)
    known = rule.weights(panel(values, assets, days), selected)
    cut = panel(other, assets).as_of(panel(values, assets, days).now)
    assert rule.weights(cut, selected).tolist() == known.tolist()


@RULES
@given(**markets, exponent=st.integers(-20, 20))
@quick
def test_the_currency_does_not_matter(name: str, seed: int, count: int, exponent: int) -> None:
    values, assets = fields(seed, count), names(count)
    scale = 2.0**exponent
    other = {
        key: table * scale if key in ("price", "market_cap", "volume", "tvl") else table
        for key, table in values.items()
    }
    rule, selected = rule_for(name, assets), np.arange(count)
    first = rule.weights(panel(values, assets), selected)
    assert rule.weights(panel(other, assets), selected) == pytest.approx(first, abs=1e-9)


@RULES
@given(**markets)
@quick
def test_units_that_a_rule_states_give_its_weights(name: str, seed: int, count: int) -> None:
    market, selected = panel(fields(seed, count), names(count)), np.arange(count)
    rule = rule_for(name, names(count))
    shares = rule.shares(market, selected)
    assert rule.counts_units == (shares is not None)
    if shares is not None:
        value = shares * market.latest("price")
        assert value / value.sum() == pytest.approx(rule.weights(market, selected), rel=1e-12)


@RULES
def test_data_without_the_field_are_refused_by_name_of_the_asset_or_field(name: str) -> None:
    assets = names(3)
    market = panel({"price": np.ones((DAYS, 3))}, assets)
    try:
        weights = rule_for(name, assets).weights(market, np.arange(3))
    except BasketryError as error:
        lacking = str(error)
    else:
        assert exact_sum(weights) == pytest.approx(1)
        return
    assert any(word in lacking for word in ("'asset-0", "no field", "no figure")), lacking


@RULES
def test_a_single_asset_weighs_one(name: str) -> None:
    weights = rule_for(name, names(1)).weights(panel(fields(7, 1), names(1)), np.arange(1))
    assert weights.tolist() == [1.0]


@RULES
def test_a_rule_says_what_it_is(name: str) -> None:
    rule = rule_for(name, names(3))
    assert rule.name == name
    assert rule.words().endswith(".")
    assert len(rule.words()) > 20
    assert rule.source
    assert rule.formula
    assert type(rule).__doc__
    written = {field.alias or key for key, field in type(rule).model_fields.items()}
    assert type(rule).model_json_schema()["properties"].keys() == written


@RULES
def test_a_rule_is_read_back_from_its_entry(name: str) -> None:
    rule = rule_for(name, names(3))
    assert WEIGHTING.build(name, rule.entry()) == rule
    assert Weight.parse({"by": name, **rule.parameters(), "cap": 0.5}).rule == rule


def test_an_unknown_parameter_gets_the_nearest_name() -> None:
    with pytest.raises(MethodologyError, match="did you mean 'window'"):
        Weight.parse({"by": "inverse_volatility", "windw": "30d"})
