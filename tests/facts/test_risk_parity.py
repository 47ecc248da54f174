"""Risk-based weights of published examples, and against a general-purpose optimiser."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize

from basketry.methodology.risk import equal_risk_contribution, minimum_variance

# Maillard, Roncalli and Teïletche (2010), the example of four assets with volatilities of 10% to 40%.
VOLATILITY = np.array([0.1, 0.2, 0.3, 0.4])
CORRELATION = np.array([[1, 0.8, 0, 0], [0.8, 1, 0, 0], [0, 0, 1, -0.5], [0, 0, -0.5, 1]])
COVARIANCE = CORRELATION * np.outer(VOLATILITY, VOLATILITY)


def test_four_assets_equal_risk() -> None:
    weights = equal_risk_contribution(COVARIANCE)
    assert weights == pytest.approx([0.384, 0.192, 0.243, 0.182], abs=5e-4)
    share = weights * (COVARIANCE @ weights)
    assert share / share.sum() == pytest.approx([0.25] * 4, abs=1e-12)


def test_four_assets_minimum_variance() -> None:
    assert minimum_variance(COVARIANCE) == pytest.approx([0.745, 0, 0.152, 0.103], abs=5e-4)


@pytest.mark.parametrize("correlation", [-0.9, 0.0, 0.6, 0.99])
def test_two_assets_closed_form(correlation: float) -> None:
    # Two assets: w = (1/v1, 1/v2) scaled, whatever the correlation (same paper).
    spread = np.array([0.6, 0.9])
    covariance = np.array([[1, correlation], [correlation, 1]]) * np.outer(spread, spread)
    assert equal_risk_contribution(covariance) == pytest.approx([0.6, 0.4], abs=1e-12)


def test_equal_correlations_give_inverse_volatility() -> None:
    # Bruder and Roncalli (2012), section 3.1.1: 20%, 21% and 10% with a common correlation of 80%.
    spread = np.array([0.2, 0.21, 0.1])
    covariance = (0.8 + 0.2 * np.eye(3)) * np.outer(spread, spread)
    assert equal_risk_contribution(covariance) == pytest.approx((1 / spread) / (1 / spread).sum(), abs=1e-12)


def test_equal_volatilities_weigh_by_inverse_beta() -> None:
    # With w_i b_i the same for all, b the beta with the portfolio (same paper).
    correlation = np.array([[1, 0.9, 0.1], [0.9, 1, 0.3], [0.1, 0.3, 1]])
    weights = equal_risk_contribution(correlation)
    beta = correlation @ weights / (weights @ correlation @ weights)
    assert weights * beta == pytest.approx([1 / 3] * 3, abs=1e-12)


def sample(seed: int, count: int) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    returns = rng.normal(0, 0.05, (200, count)) * rng.uniform(0.3, 2, count) + rng.normal(0, 0.04, (200, 1))
    return np.asarray(np.cov(returns, rowvar=False))


@pytest.mark.parametrize("seed", range(4))
def test_equal_risk_against_an_optimiser(seed: int) -> None:
    covariance = sample(seed, 6)

    def spread_of_risk(weights: NDArray[np.float64]) -> float:
        share = weights * (covariance @ weights)
        return float((((share[:, None] - share) / share.sum()) ** 2).sum())

    found = minimize(
        spread_of_risk,
        np.full(6, 1 / 6),
        bounds=[(1e-6, 1)] * 6,
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1},
        method="SLSQP",
        options={"ftol": 1e-16, "maxiter": 1000},
    )
    assert equal_risk_contribution(covariance) == pytest.approx(found.x, abs=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_minimum_variance_against_an_optimiser(seed: int) -> None:
    covariance = sample(seed, 8)
    found = minimize(
        lambda weights: weights @ covariance @ weights * 1e4,
        np.full(8, 1 / 8),
        bounds=[(0, 1)] * 8,
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1},
        method="SLSQP",
        options={"ftol": 1e-15, "maxiter": 1000},
    )
    weights = minimum_variance(covariance)
    assert weights == pytest.approx(found.x, abs=1e-5)
    # Karush, Kuhn and Tucker: the held have the same marginal variance, the others at least as much.
    slope = covariance @ weights
    assert slope[weights > 0] == pytest.approx(weights @ slope, rel=1e-10)
    assert (slope >= weights @ slope * (1 - 1e-10)).all()
