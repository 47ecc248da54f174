"""A small seeded market for sampling."""

import numpy as np
import pytest

from basketry.tracking.sampling import ProForma


def seeded_target(seed: int = 1, rows: int = 200, columns: int = 24) -> ProForma:
    """One common factor, weights of a few large and many small assets, three sectors."""
    rng = np.random.default_rng(seed)
    returns = rng.normal(0, 0.04, (rows, 1)) * rng.uniform(0.6, 1.4, columns)
    returns = returns + rng.normal(0, 0.03, (rows, columns)) * rng.uniform(0.4, 2, columns)
    weights = rng.pareto(1.2, columns) + 0.05
    weights /= weights.sum()
    older = np.roll(weights, 1)
    sectors = [("layer 1", "defi", None)[place % 3] for place in range(columns)]
    return ProForma(returns, weights, returns @ older, sectors)


@pytest.fixture
def target() -> ProForma:
    """A market of 24 assets and 200 rows."""
    return seeded_target()
