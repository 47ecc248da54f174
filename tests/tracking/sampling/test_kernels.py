"""The quadratic program against its conditions of optimality."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketry.core.numbers import Floats
from basketry.tracking.sampling.kernels import minimise, moments, projected_inverse


def is_optimal(
    quadratic: Floats, linear: Floats, low: Floats, high: Floats, kink: Floats, cost: float, weights: Floats
) -> bool:
    """Whether no pair of weights can trade a little and gain: the slope of every rise is above that of every fall."""
    gradient = quadratic @ weights - linear
    near = 1e-9
    rising = gradient + np.where(weights >= kink - near, cost, -cost)
    falling = gradient + np.where(weights > kink + near, cost, -cost)
    rises = rising[weights < high - near]
    falls = falling[weights > low + near]
    if not len(rises) or not len(falls):
        return True
    return bool(falls.max() - rises.min() <= 1e-7 * (np.abs(gradient).max() + cost))


@settings(max_examples=150)
@given(
    seed=st.integers(0, 100_000),
    count=st.integers(1, 12),
    cost=st.sampled_from([0.0, 1e-4, 1e-2, 1.0]),
    tight=st.booleans(),
)
def test_the_minimum_meets_the_conditions(seed: int, count: int, cost: float, tight: bool) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.normal(0, 0.1, (count + 3, count)) + rng.normal(0, 0.2, (count + 3, 1))
    quadratic = rows.T @ rows + 1e-6 * np.eye(count)
    linear = quadratic @ rng.normal(1 / count, 0.5, count)
    low = rng.uniform(0, 0.5 / count, count) if tight else np.zeros(count)
    high = np.minimum(low + rng.uniform(1 / count, 2 / count, count), 1) if tight else np.ones(count)
    kink = rng.dirichlet(np.full(count, 0.4))
    kink[kink < 0.02] = 0
    weights = minimise(quadratic, linear, low, high, kink, cost, rng.dirichlet(np.ones(count)))
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    assert (weights >= low - 1e-12).all()
    assert (weights <= high + 1e-12).all()
    assert is_optimal(quadratic, linear, low, high, kink, cost, weights)


def test_a_known_minimum() -> None:
    # (w1 - 0.9)² + (w2 - 0.5)² on the simplex: 0.2 too much on each.
    weights = minimise(2 * np.eye(2), np.array([1.8, 1.0]), np.zeros(2), np.ones(2), np.zeros(2), 0.0, np.ones(2) / 2)
    assert weights.tolist() == pytest.approx([0.7, 0.3])
    # A price of trading of 0.1 a unit from (0.5, 0.5): the slopes 2 (0.7 - w) of both trades must reach 0.2 in all.
    weights = minimise(2 * np.eye(2), np.array([1.8, 1.0]), np.zeros(2), np.ones(2), np.full(2, 0.5), 0.1, np.ones(2))
    assert weights.tolist() == pytest.approx([0.65, 0.35])


def test_moments_and_the_projected_inverse_are_numpys() -> None:
    rng = np.random.default_rng(1)
    data, other = rng.normal(size=(40, 5)), rng.normal(size=40)
    square, cross = moments(data, other)
    np.testing.assert_allclose(square, data.T @ data / 40, atol=1e-14)
    np.testing.assert_allclose(cross, other @ data / 40, atol=1e-14)
    members = np.array([0, 2, 4])
    inverse = np.linalg.inv(square[np.ix_(members, members)])
    sums = inverse.sum(axis=0)
    expected = inverse - np.outer(sums, sums) / sums.sum()
    np.testing.assert_allclose(projected_inverse(square, members), expected, atol=1e-12)
