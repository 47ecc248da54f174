"""Targets of the tests of policies."""

import numpy as np
import pytest

from basketry.tracking.target import Target


def random_target(assets: int = 8, rows: int = 120, past: int = 60, seed: int = 0) -> Target:
    """A seeded market with one common factor, followed by an index of inverse volatilities set every day."""
    rng = np.random.default_rng(seed)
    common = rng.normal(0, 0.03, (rows + past, 1)) * rng.uniform(0.6, 1.4, assets)
    returns = common + rng.normal(0, 0.03, (rows + past, assets))
    prices = np.exp(np.cumsum(returns, axis=0)) * rng.uniform(0.5, 50, assets)
    volatility = np.stack([returns[max(0, row - 60) : row + 1].std(axis=0) + 0.01 for row in range(rows + past)])
    weights = 1 / volatility / (1 / volatility).sum(axis=1, keepdims=True)
    times = np.datetime64("2023-01-01") + np.arange(rows)
    names = [f"asset-{number:02d}" for number in range(assets)]
    return Target.from_arrays(times, names, prices[past:], weights[past:], past=prices[:past])


@pytest.fixture(scope="session")
def target() -> Target:
    """120 days of eight assets."""
    return random_target()
