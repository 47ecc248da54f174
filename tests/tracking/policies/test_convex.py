"""The solver of the cost-aware policy against its optimality conditions and against Clarabel."""

from importlib import import_module
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketry.tracking.policies._convex import pair_descent
from basketry.tracking.policies._periods import plan_periods

Case = tuple[Any, ...]


def problem(seed: int, size: int) -> Case:
    """Aversion times covariance, target, weights before, costs c and k, bounds: with zeros, ties and tight bounds."""
    rng = np.random.default_rng(seed)
    returns = rng.normal(0, 0.03, (120, 1)) * rng.uniform(0.6, 1.4, size) + rng.normal(0, 0.03, (120, size))
    risk = returns.T @ returns / 120 * rng.choice([20.0, 100.0, 1000.0])
    goal = rng.dirichlet(np.full(size, rng.choice([0.3, 1.0, 5.0])))
    before = goal * np.exp(rng.normal(0, 0.3, size))
    if seed % 2:
        goal[rng.random(size) < 0.2] = 0
        goal = goal / goal.sum() if goal.sum() else np.full(size, 1 / size)
    before /= before.sum()
    linear = rng.uniform(0.0005, 0.003, size) * (seed % 5 > 0)
    impact = rng.uniform(0, 0.05, size) * (seed % 3 > 0)
    reach = 0.02 if seed % 7 == 0 else 1.0
    return risk, goal, before, linear, impact, np.maximum(0, before - reach), np.minimum(1, before + reach)


def objective(weights: Any, case: Case) -> float:
    risk, goal, before, linear, impact = case[:5]
    trade = np.abs(weights - before)
    return float(0.5 * (weights - goal) @ risk @ (weights - goal) + linear @ trade + impact @ trade**1.5)


def planned(weights: Any, case: Case) -> float:
    total, earlier = 0.0, case[2]
    for now in weights:
        total += objective(now, (*case[:2], earlier, *case[3:5]))
        earlier = now
    return total


def solve(case: Case) -> Any:
    weights = case[2].copy()
    risk, goal, before, linear, impact, low, high = case
    pair_descent(risk, goal, before, linear, impact, low, high, weights, 1e-10)
    return weights


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.integers(2, 40))
def test_one_price_of_weight_fits_all_assets(seed: int, size: int) -> None:
    """At the minimum a number lies between the left and right slopes of every asset that its bounds do not hold."""
    case = problem(seed, size)
    risk, goal, before, linear, impact, low, high = case
    weights = solve(case)
    assert abs(weights.sum() - before.sum()) < 1e-12
    assert (weights >= low).all()
    assert (weights <= high).all()
    gradient = risk @ (weights - goal)
    trade = weights - before
    bend = linear + 1.5 * impact * np.sqrt(np.abs(trade))
    right = np.where(weights < high, gradient + np.where(trade >= 0, bend, -bend), np.inf)
    left = np.where(weights > low, gradient + np.where(trade > 0, bend, -bend), -np.inf)
    assert left.max() <= right.min() + 2e-10


def test_nobody_trades_where_it_does_not_pay() -> None:
    risk = np.eye(3) * 0.1
    goal = np.array([0.30, 0.35, 0.35])
    before = np.array([0.31, 0.35, 0.34])
    costs = np.full(3, 0.01)
    weights = solve((risk, goal, before, costs, np.zeros(3), np.zeros(3), np.ones(3)))
    np.testing.assert_array_equal(weights, before)


def test_two_assets_by_hand() -> None:
    """½q·2d² + 2c|d - d0|: from a deviation of 0.1 to that where 2qd = 2c."""
    risk = np.eye(2) * 0.1
    goal, before = np.array([0.5, 0.5]), np.array([0.6, 0.4])
    weights = solve((risk, goal, before, np.full(2, 0.004), np.zeros(2), np.zeros(2), np.ones(2)))
    np.testing.assert_allclose(weights, [0.54, 0.46], atol=1e-12)


# Where Clarabel says that its own solution is less accurate, ours still has to be no worse.
@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
@pytest.mark.parametrize("size", [3, 10, 30, 100])
def test_the_objective_is_that_of_clarabel(size: int) -> None:
    cvxpy: Any = import_module("cvxpy")
    for seed in range(6):
        case = problem(seed, size)
        risk, goal, before, linear, impact, low, high = case
        wanted = cvxpy.Variable(size)
        root = np.linalg.cholesky(risk + 1e-16 * np.eye(size))
        cost = linear @ cvxpy.abs(wanted - before)
        if impact.any():
            cost = cost + impact @ cvxpy.power(cvxpy.abs(wanted - before), 1.5)
        whole = 1e3 * (0.5 * cvxpy.sum_squares(root.T @ (wanted - goal)) + cost)
        rules = [cvxpy.sum(wanted) == 1, wanted >= low, wanted <= high]
        cvxpy.Problem(cvxpy.Minimize(whole), rules).solve(solver="CLARABEL")
        assert objective(solve(case), case) <= objective(wanted.value, case) * (1 + 1e-6) + 1e-12


# Where Clarabel says that its own solution is less accurate, ours still has to be no worse.
@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
@pytest.mark.parametrize("periods", [2, 3, 5])
def test_plans_are_those_of_clarabel(periods: int) -> None:
    cvxpy: Any = import_module("cvxpy")
    for seed in (1, 2, 3, 4, 7):
        case = problem(seed, 10)
        risk, goal, before, linear, impact, low, high = case
        wanted = cvxpy.Variable((periods, 10))
        root = np.linalg.cholesky(risk + 1e-16 * np.eye(10))
        whole, earlier = 0.0, before
        for period in range(periods):
            move = cvxpy.abs(wanted[period] - earlier)
            whole += 0.5 * cvxpy.sum_squares(root.T @ (wanted[period] - goal)) + linear @ move
            if impact.any():
                whole += impact @ cvxpy.power(move, 1.5)
            earlier = wanted[period]
        rules = [cvxpy.sum(wanted, axis=1) == 1, wanted >= 0, wanted[0] >= low, wanted[0] <= high]
        cvxpy.Problem(cvxpy.Minimize(1e3 * whole), rules).solve(solver="CLARABEL")
        ours = plan_periods(risk, np.zeros(10), goal, before, linear, impact, low, high, 1.0, periods)
        assert planned(ours, case) <= planned(wanted.value, case) * (1 + 1e-6) + 1e-10


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 8, 11])
def test_without_impact_a_plan_is_one_period_with_more_aversion(seed: int) -> None:
    risk, goal, before, linear, _, low, high = problem(seed * 3, 12)
    linear = linear + 0.0005
    none = np.zeros(12)
    plan = plan_periods(risk, none, goal, before, linear, none, np.zeros(12), np.ones(12), 1.0, 3)
    once = solve((risk * 3, goal, before, linear, none, np.zeros(12), np.ones(12)))
    np.testing.assert_allclose(plan[0], once, atol=2e-5)
    del low, high


def test_impact_spreads_a_trade_over_the_periods() -> None:
    risk = np.eye(4) * 0.5
    goal, before = np.full(4, 0.25), np.array([0.45, 0.25, 0.25, 0.05])
    none = np.zeros(4)
    plan = plan_periods(risk, none, goal, before, none, np.full(4, 0.05), none, np.ones(4), 1.0, 4)
    moves = -np.diff(np.concatenate([before[None, :1], plan[:, :1]]), axis=0)[:, 0]
    assert (moves > 0).all()
    assert (np.diff(moves) < 0).all()
    np.testing.assert_allclose(plan.sum(axis=1), 1, atol=1e-9)
