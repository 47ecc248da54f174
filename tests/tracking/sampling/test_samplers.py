"""What holds for every sampler: limits, order of the assets, scale, and errors that say what to do."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketry.core.errors import BasketryError, DataError, MethodologyError, UnknownRuleError
from basketry.tracking.sampling import SAMPLERS, ProForma
from basketry.tracking.sampling.fitted import FittedSampler

NAMES = ("concave", "elimination", "exact", "largest", "least_squares", "stratified")
FITTED = ("concave", "elimination", "least_squares")


def market(seed: int, rows: int, columns: int) -> ProForma:
    rng = np.random.default_rng(seed)
    returns = rng.normal(0, 0.04, (rows, 1)) * rng.uniform(0.6, 1.4, columns)
    returns = returns + rng.normal(0, 0.03, (rows, columns)) * rng.uniform(0.4, 2, columns)
    weights = rng.pareto(1.2, columns) + 0.05
    sectors = [("layer 1", "defi", None)[place % 3] for place in range(columns)]
    return ProForma(returns, weights / weights.sum(), returns.mean(axis=1), sectors)


def test_the_registry_holds_them_all() -> None:
    assert tuple(SAMPLERS.rules) == NAMES
    for name, rule in SAMPLERS.rules.items():
        assert rule.source
        assert rule.formula
        assert SAMPLERS.build(name, 3).words().endswith(".")
        assert SAMPLERS.build(name, {"assets": 3, "max_weight": 0.4}).words().endswith("at most 40% each.")


@settings(max_examples=60)
@given(
    name=st.sampled_from(NAMES),
    seed=st.integers(0, 10_000),
    columns=st.integers(1, 14),
    rows=st.integers(2, 60),
    data=st.data(),
)
def test_weights_keep_every_limit(name: str, seed: int, columns: int, rows: int, data: Any) -> None:
    target = market(seed, rows, columns)
    assets = data.draw(st.integers(1, columns))
    high = data.draw(st.sampled_from([1.0, min(1.0, 1.3 / assets), 1 / assets]))
    low = data.draw(st.sampled_from([0.0, 0.5 / assets, 0.9 / assets]))
    rule: dict[str, Any] = {"assets": assets, "max_weight": high, "min_weight": low}
    if name != "largest" and name != "stratified":
        rule["fit"] = data.draw(st.sampled_from(["pro_forma", "realised"]))
        rule["shrinkage"] = data.draw(st.sampled_from(["none", "ledoit_wolf"]))
        if name != "exact":
            rule["loss"] = data.draw(st.sampled_from(["squared", "downside", "huber"]))
    sample = SAMPLERS.build(name, rule).sample(target)
    held = sample.weights[sample.weights != 0]
    assert sample.weights.sum() == pytest.approx(1, abs=1e-12)
    assert 1 <= len(held) <= assets
    assert held.min() >= low - 1e-10
    assert held.max() <= high + 1e-10
    assert sample.turnover == 1


@settings(max_examples=40)
@given(name=st.sampled_from(FITTED), seed=st.integers(0, 10_000), limit=st.floats(0, 1), data=st.data())
def test_turnover_keeps_its_limit_or_the_error_says_which_does(name: str, seed: int, limit: float, data: Any) -> None:
    target = market(seed, 50, 10)
    rng = np.random.default_rng(seed)
    previous = np.zeros(10)
    count = data.draw(st.integers(1, 6))
    previous[rng.permutation(10)[:count]] = rng.dirichlet(np.ones(count)) * data.draw(st.sampled_from([1.0, 0.7]))
    try:
        sample = SAMPLERS.build(name, {"assets": 4, "turnover": limit}).sample(target, previous)
    except MethodologyError as error:
        assert "raise it to" in str(error)  # noqa: PT017
        return
    left = 1 - previous.sum()
    assert sample.turnover == pytest.approx(0.5 * (np.abs(sample.weights - previous).sum() + left), abs=1e-12)
    assert sample.turnover <= limit + 1e-9
    assert np.count_nonzero(sample.weights) <= 4
    assert sample.weights.sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("name", FITTED)
def test_the_price_of_turnover_is_paid_with_error(name: str, target: ProForma) -> None:
    previous = np.roll(SAMPLERS.build(name, 8).sample(target).weights, 3)
    samples = [
        SAMPLERS.build(name, {"assets": 8, "turnover_penalty": price}).sample(target, previous)
        for price in (0.0, 0.03, 10.0)
    ]
    traded = [sample.turnover for sample in samples]
    assert traded[0] > traded[1] > traded[2] == pytest.approx(0, abs=1e-12)
    assert samples[0].value < samples[1].value < samples[2].value


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_the_assets_does_not_matter(name: str, target: ProForma) -> None:
    order = np.random.default_rng(3).permutation(24)
    assert target.sectors is not None
    turned = ProForma(
        target.returns[:, order],
        target.weights[order],
        target.index_returns,
        [target.sectors[place] for place in order.tolist()],
    )
    rule = SAMPLERS.build(name, {"assets": 6, "max_weight": 0.3})
    np.testing.assert_allclose(rule.sample(turned).weights, rule.sample(target).weights[order], atol=1e-9)


@pytest.mark.parametrize("name", FITTED)
def test_the_scale_of_the_returns_does_not_matter(name: str, target: ProForma) -> None:
    previous = np.roll(target.weights, 2)
    rule = SAMPLERS.build(name, {"assets": 6, "turnover_penalty": 0.01})
    small = replace(target, returns=target.returns / 16)
    found, scaled = rule.sample(target, previous), rule.sample(small, previous)
    np.testing.assert_allclose(scaled.weights, found.weights, atol=1e-9)
    assert scaled.value == pytest.approx(found.value / 256, rel=1e-9)


@pytest.mark.parametrize("name", [*NAMES[:2], *NAMES[3:]])
@pytest.mark.parametrize("shrinkage", ["none", "ledoit_wolf"])
def test_all_assets_give_the_index_itself(name: str, shrinkage: str, target: ProForma) -> None:
    rule: dict[str, Any] = {"assets": 24}
    if issubclass(SAMPLERS.get(name), FittedSampler):
        rule["shrinkage"] = shrinkage
    sample = SAMPLERS.build(name, rule).sample(target)
    np.testing.assert_allclose(sample.weights, target.weights, atol=1e-9)


def test_more_assets_are_never_worse_for_the_exact_sampler() -> None:
    small = market(4, 80, 11)
    values = [SAMPLERS.build("exact", {"assets": count}).sample(small).value for count in range(1, 12)]
    assert all(more <= fewer * (1 + 1e-9) for fewer, more in pairwise(values))
    assert values[-1] == pytest.approx(0, abs=1e-12)


def test_a_search_cut_short_is_no_worse_than_elimination_and_says_how_far_it_came() -> None:
    wide = market(6, 150, 40)
    cut = SAMPLERS.build("exact", {"assets": 12, "nodes": 40, "fit": "realised"}).sample(wide)
    quick = SAMPLERS.build("elimination", {"assets": 12, "fit": "realised"}).sample(wide)
    assert cut.value <= quick.value
    assert 0 < cut.gap < 1
    assert cut.bound < cut.value
    assert np.isnan(quick.gap)


def test_the_downside_counts_only_what_falls_short(target: ProForma) -> None:
    plain = SAMPLERS.build("elimination", {"assets": 5, "shrinkage": "none"}).sample(target)
    down = SAMPLERS.build("elimination", {"assets": 5, "shrinkage": "none", "loss": "downside"}).sample(target)

    def shortfall(weights: Any) -> float:
        return float((np.maximum(target.returns @ (target.weights - weights), 0) ** 2).mean())

    assert shortfall(down.weights) < shortfall(plain.weights)


def test_huber_is_not_led_by_one_day() -> None:
    clean = market(2, 150, 12)
    assert clean.index_returns is not None
    wild = clean.index_returns.copy()
    wild[40] += 0.5
    moved = {}
    for loss in ("squared", "huber"):
        rule = SAMPLERS.build("elimination", {"assets": 5, "loss": loss, "fit": "realised", "shrinkage": "none"})
        before, after = rule.sample(clean).weights, rule.sample(replace(clean, index_returns=wild)).weights
        moved[loss] = float(np.abs(after - before).sum())
    assert moved["huber"] < 0.2 * moved["squared"]


def test_a_late_listing_is_no_perfect_tracker() -> None:
    late = market(9, 100, 10)
    returns = late.returns.copy()
    returns[:90, 7] = np.nan
    sample = SAMPLERS.build("elimination", {"assets": 4}).sample(replace(late, returns=returns))
    # Without its own variance it would take the whole weight, as its unknown returns are those of the index.
    assert sample.weights[7] < 0.5
    strict = SAMPLERS.build("elimination", {"assets": 4, "history": 0.5}).sample(replace(late, returns=returns))
    assert strict.weights[7] == 0


def test_a_late_listing_that_is_large_is_held_for_its_weight() -> None:
    late = market(9, 100, 10)
    weights = np.full(10, 0.05)
    weights[7] = 0.55
    returns = late.returns.copy()
    returns[:60, 7] = np.nan
    sample = SAMPLERS.build("elimination", {"assets": 4}).sample(ProForma(returns, weights))
    assert sample.weights[7] == pytest.approx(0.55, abs=0.15)


def test_fewer_rows_than_assets_are_enough() -> None:
    short = market(3, 15, 60)
    for name in FITTED:
        for shrinkage in ("none", "ledoit_wolf"):
            sample = SAMPLERS.build(name, {"assets": 10, "shrinkage": shrinkage}).sample(short)
            assert np.count_nonzero(sample.weights) <= 10
            assert np.isfinite(sample.value)


def test_prices_that_never_moved_leave_the_index_itself() -> None:
    weights = np.array([0.4, 0.3, 0.2, 0.1])
    for name in (*FITTED, "exact"):
        for shrinkage in ("none", "ledoit_wolf"):
            still = ProForma(np.zeros((10, 4)), weights)
            assert SAMPLERS.build(name, {"assets": 2, "shrinkage": shrinkage}).sample(still).held.tolist() == [0, 1]


def test_stratified_shares_are_those_of_the_sectors() -> None:
    weights = np.array([0.30, 0.20, 0.10, 0.15, 0.10, 0.05, 0.06, 0.04])
    sectors = ["a", "a", "a", "b", "b", "b", "c", "c"]
    stratified = ProForma(np.zeros((3, 8)), weights, sectors=sectors)
    sample = SAMPLERS.build("stratified", 5).sample(stratified)
    # Quotas 3.0, 1.5 and 0.5: of the equal remainders the heavier sector's is served, and all inherit what c weighs.
    np.testing.assert_allclose(sample.weights, np.array([0.3, 0.2, 0.1, 0.18, 0.12, 0, 0, 0]) / 0.9, atol=1e-12)
    # Quotas 3.6, 1.8 and 0.6: the last place goes to the remainder of b, the one before it stays with a.
    more = SAMPLERS.build("stratified", 6).sample(stratified)
    np.testing.assert_allclose(more.weights, [0.3, 0.2, 0.1, 0.18, 0.12, 0, 0.1, 0], atol=1e-12)
    for name, total in {"a": 0.6, "b": 0.3, "c": 0.1}.items():
        members = [place for place, sector in enumerate(sectors) if sector == name]
        assert more.weights[members].sum() == pytest.approx(total, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "rule", "message"),
    [
        ("elimination", {"assets": 30}, "assets: 30 are more than the 24 of the index; ask for at most 24"),
        ("largest", {"assets": 30}, "assets: 30 are more than the 24"),
        ("elimination", {"assets": 4, "max_weight": 0.2}, "4 assets x max_weight 0.2 = 0.8 < 1: raise max_weight"),
        ("stratified", {"assets": 4, "max_weight": 0.2}, "raise max_weight to at least 0.25"),
        ("elimination", {"assets": 4, "min_weight": 0.6, "max_weight": 0.5}, "min_weight 0.6 is above max_weight"),
        ("elimination", {"asets": 4}, "did you mean 'assets'"),
        ("elimination", {"assets": 0}, "assets"),
        ("exact", {"assets": 3, "loss": "huber"}, "loss"),
    ],
)
def test_what_cannot_be_kept_is_refused(name: str, rule: dict[str, Any], message: str, target: ProForma) -> None:
    with pytest.raises(MethodologyError, match=message):
        SAMPLERS.build(name, rule).sample(target)


def test_a_misspelt_sampler_names_the_nearest() -> None:
    with pytest.raises(UnknownRuleError, match="did you mean 'elimination'"):
        SAMPLERS.get("eliminaton")


def test_a_target_without_what_a_sampler_needs_is_refused(target: ProForma) -> None:
    bare = ProForma(target.returns, target.weights)
    with pytest.raises(DataError, match="fit: realised needs index_returns"):
        SAMPLERS.build("elimination", {"assets": 3, "fit": "realised"}).sample(bare)
    with pytest.raises(DataError, match="no sectors; give them, or set by_sector: false"):
        SAMPLERS.build("stratified", 3).sample(bare)
    for previous in (np.ones(3) / 3, np.full(24, 0.2), np.full(24, np.nan), -np.full(24, 0.01)):
        with pytest.raises(BasketryError, match="previous: expected 24 weights"):
            SAMPLERS.build("elimination", 3).sample(target, previous)


def test_too_few_candidates_are_told(target: ProForma) -> None:
    returns = target.returns.copy()
    returns[:150, 2:] = np.nan
    rule = SAMPLERS.build("elimination", {"assets": 5, "max_weight": 0.3, "history": 0.9})
    with pytest.raises(MethodologyError, match="2 of 24 assets may be chosen"):
        rule.sample(replace(target, returns=returns))
