"""Following an index under costs: a year of daily cost-aware decisions, frontiers, and many bands."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from timing import report

COST, AVERSION, WINDOW, VALUE = 0.001, 100.0, 90, 1e6


def market(assets: int, days: int, past: int = 100, seed: int = 0) -> tuple[Any, Any, Any]:
    """Return seeded times, prices and weights of an index of inverse volatilities set every day."""
    rng = np.random.default_rng(seed)
    common = rng.normal(0, 0.03, (days + past, 1)) * rng.uniform(0.6, 1.4, assets)
    returns = common + rng.normal(0, 0.03, (days + past, assets))
    prices = np.exp(np.cumsum(returns, axis=0))
    volatility = np.stack([returns[max(0, row - 60) : row + 1].std(axis=0) + 0.01 for row in range(days + past)])
    weights = 1 / volatility / (1 / volatility).sum(axis=1, keepdims=True)
    return np.datetime64("2023-01-01") + np.arange(-past, days), prices, weights


def target(assets: int, days: int, past: int = 100) -> Any:
    """Return the index as basketry takes it."""
    from basketry.tracking.target import Target

    times, prices, weights = market(assets, days, past)
    names = [f"a{number:03d}" for number in range(assets)]
    return Target.from_arrays(times[past:], names, prices[past:], weights[past:], past=prices[:past])


def basketry_year(assets: int) -> Callable[[], Any]:
    """Return a year of cost-aware decisions by basketry; the result is tracking error and cost, above one."""
    from basketry.tracking.costs import TradingCosts
    from basketry.tracking.policies import POLICIES
    from basketry.tracking.run import follow

    index = target(assets, 366)
    policy = POLICIES.build("cost_aware", {"aversion": AVERSION, "window": WINDOW, "shrinkage": 0.1})
    costs = TradingCosts(linear=COST)

    def calculate() -> Any:
        found = follow(index, policy, costs, value=VALUE).figures(draws=0)
        return [1, 1 + found.tracking_error, 1 + found.cost]

    return calculate


def problems(assets: int) -> list[tuple[Any, Any, Any]]:
    """Return the problem of each day that basketry met: covariance, target, weights before."""
    from basketry.tracking.costs import TradingCosts
    from basketry.tracking.policies import POLICIES
    from basketry.tracking.run import follow

    index = target(assets, 366)
    policy = POLICIES.build("cost_aware", {"aversion": AVERSION, "window": WINDOW, "shrinkage": 0.1})
    result = follow(index, policy, TradingCosts(linear=COST), value=VALUE)
    history = np.concatenate([index.past, index.marks])
    returns = np.diff(history, axis=0) / history[:-1]
    found = []
    for row in range(1, 366):
        seen = returns[: len(index.past) + row][-WINDOW:]
        covariance = seen.T @ seen / WINDOW
        covariance = 0.9 * covariance + 0.1 * np.diag(np.diag(covariance))
        held = result.holdings[row - 1] * index.marks[row] / index.marks[row - 1]
        found.append((covariance, index.weights[row], held / held.sum()))
    return found


def objective(weights: Any, covariance: Any, goal: Any, before: Any) -> float:
    """Return half the aversion times variance, plus cost, in basis points, beside one for scale."""
    away = weights - goal
    return 1 + 1e4 * float(0.5 * AVERSION * away @ covariance @ away + COST * np.abs(weights - before).sum())


def solved_by_basketry(assets: int) -> Callable[[], Any]:
    """Return the objective of each day's problem by basketry's solver alone."""
    from basketry.tracking.policies._convex import pair_descent

    days = problems(assets)
    cost, none, zero, one = np.full(assets, COST), np.zeros(assets), np.zeros(assets), np.ones(assets)

    def calculate() -> Any:
        found = []
        for covariance, goal, before in days:
            weights = before.copy()
            pair_descent(AVERSION * covariance, goal, before, cost, none, zero, one, weights, 1e-10)
            found.append(objective(weights, covariance, goal, before))
        return found

    return calculate


def solved_by_cvxpy(assets: int) -> Callable[[], Any]:
    """Return the same by a parametrised cvxpy problem with Clarabel, compiled once."""
    import cvxpy

    days = problems(assets)
    weights = cvxpy.Variable(assets)
    root, pull, before = (cvxpy.Parameter(shape) for shape in ((assets, assets), assets, assets))
    risk = 0.5 * AVERSION * cvxpy.sum_squares(root @ weights - pull)
    whole = risk + COST * cvxpy.norm1(weights - before)
    problem = cvxpy.Problem(cvxpy.Minimize(1e3 * whole), [cvxpy.sum(weights) == 1, weights >= 0])

    def calculate() -> Any:
        found = []
        for covariance, goal, held in days:
            root.value = np.linalg.cholesky(covariance).T
            pull.value = root.value @ goal
            before.value = held
            problem.solve(solver="CLARABEL")
            found.append(objective(weights.value, covariance, goal, held))
        return found

    return calculate


def year_by_cvxportfolio(assets: int) -> Callable[[], Any]:
    """Return the year by cvxportfolio's single-period optimisation; its covariance is of all past days."""
    import cvxportfolio
    import pandas as pd

    times, prices, weights = market(assets, 366)
    names = [f"a{number:03d}" for number in range(assets)]
    days = pd.DatetimeIndex(times).tz_localize("UTC")
    frame = pd.DataFrame(prices, index=days, columns=names)
    returns = frame.pct_change().shift(-1)
    returns["cash"] = 0.0
    goals = pd.DataFrame(weights, index=days, columns=names)
    goals["cash"] = 0.0
    wanted = -0.5 * AVERSION * cvxportfolio.FullCovariance() - cvxportfolio.TransactionCost(a=COST)
    policy = cvxportfolio.SinglePeriodOptimization(
        wanted, [cvxportfolio.LongOnly(), cvxportfolio.NoCash()], benchmark=cvxportfolio.FixedWeights(goals)
    )
    simulator = cvxportfolio.MarketSimulator(
        returns=returns.iloc[:-1],
        costs=[cvxportfolio.TransactionCost(a=COST)],
        cash_key="cash",
        min_history=pd.Timedelta("1d"),
    )
    start, end = days[100], days[-2]

    def calculate() -> Any:
        result = simulator.backtest(policy, start_time=start, end_time=end)
        value = result.v.to_numpy()
        spent = sum(float(cost.sum()) for cost in result.costs.values()) / value.mean()
        index = (weights[100:-2] * (prices[101:-1] / prices[100:-2] - 1)).sum(axis=1)
        away = np.diff(value) / value[:-1] - index[: len(value) - 1]
        return [1, 1 + float(away.std(ddof=1)) * np.sqrt(365), 1 + spent]

    return calculate


def basketry_frontier() -> Callable[[], Any]:
    """Return a frontier of 20 cost-aware policies over a year of 30 assets."""
    from basketry.tracking.costs import TradingCosts
    from basketry.tracking.frontier import frontier
    from basketry.tracking.policies import POLICIES

    index, costs = target(30, 366), TradingCosts(linear=COST)
    policies = [POLICIES.build("cost_aware", float(aversion)) for aversion in np.geomspace(10, 2000, 20)]
    return lambda: 1 + frontier(index, costs, policies, value=VALUE).table["cost"].to_numpy()


def basketry_bands() -> Callable[[], Any]:
    """Return tracking error and cost of 1,000 bands over five years of 30 assets."""
    from basketry.tracking.costs import TradingCosts
    from basketry.tracking.frontier import frontier
    from basketry.tracking.policies import POLICIES

    index, costs = target(30, 1826), TradingCosts(linear=COST)
    grid = [(relative, to) for relative in np.geomspace(0.02, 1, 500) for to in ("edge", "target")]
    policies = [POLICIES.build("bands", {"relative": float(relative), "to": to}) for relative, to in grid]
    return lambda: 1 + frontier(index, costs, policies, value=VALUE).table["cost"].to_numpy()


PEERS: dict[str, Callable[[], Callable[[], Any]]] = {
    "basketry, 30 assets, a year": lambda: basketry_year(30),
    "cvxportfolio, 30 assets, a year": lambda: year_by_cvxportfolio(30),
    "basketry, 30 assets, 365 problems": lambda: solved_by_basketry(30),
    "cvxpy, 30 assets, 365 problems": lambda: solved_by_cvxpy(30),
    "basketry, 100 assets, a year": lambda: basketry_year(100),
    "cvxportfolio, 100 assets, a year": lambda: year_by_cvxportfolio(100),
    "basketry, 100 assets, 365 problems": lambda: solved_by_basketry(100),
    "cvxpy, 100 assets, 365 problems": lambda: solved_by_cvxpy(100),
    "basketry, frontier of 20, a year": basketry_frontier,
    "basketry, 1,000 bands, five years": basketry_bands,
}


def main() -> None:
    """Measure one peer."""
    peer, levels = sys.argv[1], Path(sys.argv[2])
    warnings.simplefilter("ignore")
    kept = levels.with_name(f"{levels.stem}-{peer.partition(', ')[2].replace(' ', '-')}.npy")
    slow = not peer.startswith("basketry")
    report(PEERS[peer](), kept, repeats=1 if slow else 5, ours=not slow)


if __name__ == "__main__":
    main()
