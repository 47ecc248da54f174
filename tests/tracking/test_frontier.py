"""The frontier and its recommendation."""

import numpy as np
import pytest

from basketry.core.errors import DataError
from basketry.tracking.costs import TradingCosts
from basketry.tracking.frontier import RISK_PRICE, default_policies, efficient_points, frontier
from basketry.tracking.policies import POLICIES
from basketry.tracking.run import follow
from basketry.tracking.target import Target


def daily_weights(rows: int = 366, assets: int = 10, seed: int = 2) -> Target:
    rng = np.random.default_rng(seed)
    returns = rng.normal(0, 0.03, (rows, 1)) + rng.normal(0, 0.03, (rows, assets))
    prices = np.exp(np.cumsum(returns, axis=0))
    tilt = np.exp(np.cumsum(rng.normal(0, 0.01, (rows, assets)), axis=0))
    times = np.datetime64("2023-01-01") + np.arange(rows)
    return Target.from_arrays(times, [f"a{n}" for n in range(assets)], prices, tilt / tilt.sum(axis=1, keepdims=True))


TARGET = daily_weights()
COSTS = TradingCosts(linear=0.001)


def test_figures_are_those_of_each_run() -> None:
    policies = default_policies()
    found = frontier(TARGET, COSTS, policies, value=1e6)
    assert len(found.table) == len(policies)
    for row in found.table.sample(4, seed=0).to_dicts():
        alone = follow(TARGET, policies[row["number"]], COSTS, value=1e6).figures(draws=0)
        assert row["tracking_error"] == alone.tracking_error
        assert row["cost"] == alone.cost
    assert found.table.equals(frontier(TARGET, COSTS, policies, value=1e6, threads=1).table)


def test_the_recommended_has_the_smallest_charge() -> None:
    found = frontier(TARGET, COSTS, value=1e6)
    best = found.table.filter("recommended").row(0, named=True)
    assert best["efficient"]
    charge = found.table["cost"] + RISK_PRICE / 2 * found.table["tracking_error"] ** 2
    assert best["charge"] == pytest.approx(charge.min())
    assert found.recommended.label() == best["label"]
    assert best["label"] in found.reason
    assert "than the calendar" in found.reason
    assert 0.3 < found.saving() < 0.7


def test_with_a_budget_the_cheapest_within() -> None:
    found = frontier(TARGET, COSTS, value=1e6, budget=0.01)
    best = found.table.filter("recommended").row(0, named=True)
    within = found.table.filter(found.table["tracking_error"] <= 0.01)
    assert best["cost"] == within["cost"].min()
    assert "within the budget of 1%" in found.reason
    with pytest.raises(DataError, match="no policy keeps the tracking error within"):
        frontier(TARGET, COSTS, [POLICIES.build("in_kind", None)], value=1e6, budget=1e-6)
    with pytest.raises(DataError, match="at least one policy"):
        frontier(TARGET, COSTS, [], value=1e6)


def test_efficient_points_by_comparison() -> None:
    rng = np.random.default_rng(0)
    error, cost = rng.integers(0, 8, (2, 60)).astype(float)
    kept = efficient_points(error, cost)
    for place in range(60):
        better = ((error <= error[place]) & (cost < cost[place])) | ((error < error[place]) & (cost <= cost[place]))
        assert not (kept[place] and better.any())
    points = set(zip(error[kept].tolist(), cost[kept].tolist(), strict=True))
    brute = {(e, c) for e, c in zip(error.tolist(), cost.tolist(), strict=True)
             if not (((error <= e) & (cost < c)) | ((error < e) & (cost <= c))).any()}  # fmt: skip
    assert points == brute
