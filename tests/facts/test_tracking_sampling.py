"""Sampling against published figures, other implementations, a search of every choice, and the real market."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from scipy.optimize import LinearConstraint, minimize, nnls

from basketry.core.numbers import Floats
from basketry.methodology.cap_weights import cap_weights
from basketry.tracking.sampling import SAMPLERS, ProForma, Sample, ledoit_wolf, walk_forward
from basketry.tracking.sampling.objective import Objective
from basketry.tracking.sampling.samplers.concave import slope, surrogate


def market(seed: int, rows: int, columns: int) -> tuple[Floats, Floats]:
    """Returns with one common factor, and weights of a few large and many small assets."""
    rng = np.random.default_rng(seed)
    common = rng.normal(0, 0.04, (rows, 1)) * rng.uniform(0.6, 1.4, columns)
    returns = common + rng.normal(0, 0.03, (rows, columns)) * rng.uniform(0.4, 2, columns)
    weights = rng.pareto(1.2, columns) + 0.05
    return returns, weights / weights.sum()


def test_ledoit_wolf_of_the_example_in_scikit_learn() -> None:
    # The example of sklearn.covariance.ledoit_wolf: covariance [[0.44, 0.16], [0.16, 0.80]], shrinkage 0.23.
    rng = np.random.RandomState(0)
    sample = rng.multivariate_normal(mean=[0, 0], cov=[[0.4, 0.2], [0.2, 0.8]], size=50)
    covariance, shrinkage = ledoit_wolf(sample)
    np.testing.assert_allclose(covariance, [[0.44, 0.16], [0.16, 0.80]], atol=0.005)
    assert shrinkage == pytest.approx(0.23, abs=0.01)


def test_the_concave_surrogate_of_benidis_feng_and_palomar() -> None:
    # Their function is 0 at 0 and 1 at the upper bound, and its tangent lies above it: the step of majorisation.
    weights = np.linspace(0, 0.5, 101)
    for p in (1e-1, 1e-3):
        values = surrogate(weights, p, 0.5)
        assert values[0] == 0
        assert values[-1] == pytest.approx(1, abs=1e-14)
        for at in (0.0, 0.02, 0.3):
            touched = surrogate(np.array([at]), p, 0.5) + slope(np.array([at]), p, 0.5) * (weights - at)
            assert (touched >= values - 1e-12).all()


@pytest.mark.parametrize("seed", range(3))
def test_least_squares_over_all_assets_is_scipys(seed: int) -> None:
    returns, weights = market(seed, 300, 60)
    followed = returns @ weights + np.random.default_rng(seed).normal(0, 0.01, 300)
    plain = {"assets": 60, "fit": "realised", "shrinkage": "none"}
    ours = SAMPLERS.build("least_squares", plain).sample(ProForma(returns, weights, followed))
    # SciPy's knows no sum: a row of large weight holds it to 1.
    heavy = 1e4
    theirs, _ = nnls(np.vstack([returns, np.full(60, heavy)]), np.append(followed, heavy))
    np.testing.assert_allclose(ours.weights, theirs, atol=2e-6)


def test_turnover_and_bounds_against_a_general_solver() -> None:
    returns, weights = market(5, 200, 6)
    previous = np.array([0.3, 0.3, 0.2, 0.1, 0.1, 0.0])
    rule = {"assets": 6, "max_weight": 0.35, "shrinkage": "none"}
    target = ProForma(returns, weights)
    free = SAMPLERS.build("least_squares", rule).sample(target, previous)
    limit = 0.5 * free.turnover
    held = SAMPLERS.build("least_squares", {**rule, "turnover": limit}).sample(target, previous)
    assert held.turnover == pytest.approx(limit, abs=1e-8)

    # w = p + up - down makes the turnover linear.
    def error(x: Floats) -> float:
        w = previous + x[:6] - x[6:]
        return 1e4 * float(((returns @ (w - weights)) ** 2).mean())

    both = np.hstack([np.eye(6), -np.eye(6)])
    constraints = [
        LinearConstraint(both, -previous, 0.35 - previous),
        LinearConstraint(np.append(np.ones(6), -np.ones(6))[None, :], 0, 0),
        LinearConstraint(np.full((1, 12), 0.5), 0, limit),
    ]
    start = np.concatenate([np.maximum(held.weights - previous, 0), np.maximum(previous - held.weights, 0)]) * 0.5
    solved = minimize(error, start, bounds=[(0, 1)] * 12, constraints=constraints, method="SLSQP", tol=1e-12)
    assert solved.success
    ours = 1e4 * float(((returns @ (held.weights - weights)) ** 2).mean())
    assert ours == pytest.approx(solved.fun, rel=1e-4)


def best_of_all(returns: Floats, weights: Floats, size: int, high: float) -> float:
    """The least error over every choice of `size` assets, each solved by SciPy's SLSQP or in closed form."""
    best = np.inf
    for chosen in combinations(range(len(weights)), size):
        picked = returns[:, chosen]
        gram = picked.T @ picked
        # Without bounds the optimum solves a linear system; with one that binds it is left to the general solver.
        system = np.block([[gram, np.ones((size, 1))], [np.ones((1, size)), np.zeros((1, 1))]])
        w = np.linalg.solve(system, np.append(picked.T @ (returns @ weights), 1.0))[:size]
        value = float(((picked @ w - returns @ weights) ** 2).mean())
        if value >= best:
            continue
        if w.min() < 0 or w.max() > high:

            def error(x: Floats, picked: Floats = picked) -> float:
                return 1e4 * float(((picked @ x - returns @ weights) ** 2).mean())

            total = LinearConstraint(np.ones((1, size)), 1, 1)
            start = np.full(size, 1 / size)
            solved = minimize(error, start, bounds=[(0, high)] * size, constraints=[total], method="SLSQP", tol=1e-13)
            value = solved.fun / 1e4
        best = min(best, value)
    return best


def sampled(name: str, returns: Floats, weights: Floats, size: int, high: float) -> Sample:
    rule = {"assets": size, "max_weight": high, "shrinkage": "none"}
    return SAMPLERS.build(name, rule).sample(ProForma(returns, weights))


@pytest.mark.parametrize(("seed", "size", "high"), [(0, 4, 1.0), (1, 5, 0.3), (2, 3, 0.5), (3, 6, 0.2)])
def test_branch_and_bound_finds_the_best_of_every_choice(seed: int, size: int, high: float) -> None:
    returns, weights = market(seed, 120, 11)
    exact = sampled("exact", returns, weights, size, high)
    assert exact.gap == pytest.approx(0, abs=1e-8)
    assert exact.value == pytest.approx(best_of_all(returns, weights, size, high), rel=1e-4)


def test_the_gap_of_the_quick_methods_to_the_optimum() -> None:
    # Over 30 markets of 16 assets, 5 held. None is ever below what was proved.
    gaps: dict[str, list[float]] = {name: [] for name in ("elimination", "concave", "least_squares")}
    for seed in range(30):
        returns, weights = market(seed, 150, 16)
        exact = sampled("exact", returns, weights, 5, 1.0)
        assert exact.gap < 1e-8
        for name, found in gaps.items():
            found.append(sampled(name, returns, weights, 5, 1.0).value / exact.value - 1)
    assert min(min(found) for found in gaps.values()) > -1e-9
    median = {name: float(np.median(found)) for name, found in gaps.items()}
    mean = {name: float(np.mean(found)) for name, found in gaps.items()}
    # Measured means: elimination 0.15%, concave 1.3%, least squares 13%; optimal in 28, 24 and 14 of 30.
    assert median["elimination"] < 1e-9
    assert median["concave"] < 1e-9
    assert mean["elimination"] < 0.01
    assert mean["concave"] < 0.05
    assert mean["elimination"] < 0.5 * mean["least_squares"]


def test_huber_and_downside_are_at_their_minimum() -> None:
    returns, weights = market(8, 250, 8)
    returns[100, 2] = 1.5
    for loss in ("huber", "downside"):
        rule = {"assets": 4, "loss": loss, "shrinkage": "none", "huber_threshold": 0.02}
        found = SAMPLERS.build("elimination", rule).sample(ProForma(returns, weights))
        held = found.held
        goal = Objective(returns, returns @ weights, np.zeros(8), weights, 1.0, loss, 0.02)

        def value(x: Floats, held: NDArray[np.int64] = held, goal: Objective = goal) -> float:
            full = np.zeros(8)
            full[held] = x
            return 1e4 * goal.value(full)

        total = LinearConstraint(np.ones((1, len(held))), 1, 1)
        start = np.full(len(held), 1 / len(held))
        bounds = [(0, 1)] * len(held)
        solved = minimize(value, start, bounds=bounds, constraints=[total], method="SLSQP", tol=1e-12)
        assert goal.value(found.weights) == pytest.approx(solved.fun / 1e4, rel=1e-5)


STABLE = ["USDT", "USDC", "DAI", "TUSD", "PAX", "BUSD", "GUSD", "HUSD", "SUSD", "BITUSD", "BITCNY", "USDK", "SAI"]


def hundred_largest(shared: Path) -> tuple[Floats, Floats]:
    """Daily returns from July 2017 to June 2020 and the weights of the 100 largest, capped at 10%, renewed monthly."""
    table = pl.read_parquet(shared / "data" / "cmc_daily_2013_2020h1.parquet").filter(
        (pl.col("date") >= pl.date(2017, 5, 1)) & ~pl.col("symbol").is_in(STABLE)
    )
    frames = [
        table.pivot(on="symbol", index="date", values=figure, aggregate_function="first").sort("date").drop("date")
        for figure in ("price_usd", "market_cap_usd", "volume_usd_24h")
    ]
    names = frames[0].columns
    price, size, volume = (frame.select(names).cast(pl.Float64).to_numpy() for frame in frames)
    price = np.where(price > 0, price, np.nan)
    returns = np.full(price.shape, np.nan)
    returns[1:] = price[1:] / price[:-1] - 1
    returns[(returns > 5) | (returns < -0.9)] = np.nan
    weights, first, month = np.zeros(returns.shape), 61, 30
    for row in range(first, len(returns)):
        if (row - first) % month:
            drifted = weights[row - 1] * (1 + np.nan_to_num(returns[row - 1]))
            weights[row] = drifted / drifted.sum()
            continue
        past = slice(row - month, row)
        usual = np.median(np.nan_to_num(size[row - 15 : row]), axis=0)
        sound = np.isfinite(returns[past]).all(axis=0) & (np.median(np.nan_to_num(volume[past]), axis=0) > 1e4)
        known = np.where(sound & (size[row - 1] < 2 * usual), np.nan_to_num(size[row - 1]), 0.0)
        largest = np.argsort(-known)[:100]
        weights[row, largest] = cap_weights(known[largest], cap=0.1)
    return returns[first:], weights[first:]


def test_the_pro_forma_fit_cuts_the_error_on_the_real_market(shared: Path) -> None:
    # Measured: 4.6% (elimination) and 4.6% (least squares) pro forma, 7.6% and 7.5% realised, 5.4% the largest.
    returns, weights = hundred_largest(shared)
    errors = {}
    for name, rule in {
        "elimination": ("elimination", {}),
        "least squares": ("least_squares", {}),
        "elimination, realised": ("elimination", {"fit": "realised"}),
        "least squares, realised": ("least_squares", {"fit": "realised"}),
        "largest": ("largest", {}),
    }.items():
        sampler = SAMPLERS.build(rule[0], {"assets": 20, **rule[1]})
        errors[name] = walk_forward(returns, weights, sampler, refit_every=30, window=180).error
    assert errors["elimination"] < errors["largest"] < errors["elimination, realised"]
    assert errors["elimination"] < 0.65 * errors["elimination, realised"]
    assert errors["least squares"] < 0.65 * errors["least squares, realised"]
