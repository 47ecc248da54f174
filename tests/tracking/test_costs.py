"""Trading costs."""

import numpy as np
import pytest

from basketry.core.errors import DataError
from basketry.tracking.costs import TradingCosts
from basketry.tracking.target import Target

ROWS = 60
TIMES = np.datetime64("2024-01-01") + np.arange(ROWS)


def drifting() -> Target:
    prices = np.exp(np.cumsum(np.random.default_rng(0).normal(0, 0.05, (ROWS, 3)), axis=0))
    return Target.from_arrays(TIMES, ["a", "b", "c"], prices, np.full((ROWS, 3), 1 / 3))


def test_cost_by_hand() -> None:
    costs = TradingCosts(linear=np.array([0.001, 0.002]), impact=1e-6, gas=3.0)
    found = costs.of([[1e4, -4e4], [0.0, 1.0]])
    by_hand = np.array([[10 + 1 + 3, 80 + 8 + 3], [0, 0.002 + 1e-6 + 3]])
    np.testing.assert_allclose(found, by_hand)
    linear, impact = costs.coefficients(1e6)
    share = 1e4 / 1e6
    assert 1e6 * (linear[0] * share + impact * share**1.5) == pytest.approx(11)  # type: ignore[index]


def test_volumes_look_back_only() -> None:
    target = drifting()
    volumes = np.random.default_rng(1).lognormal(17, 1, (ROWS, 3))
    whole = TradingCosts.from_volumes(target, volumes)
    part = TradingCosts.from_volumes(target.first_rows(30), volumes[:30])
    np.testing.assert_array_equal(np.asarray(whole.impact)[:30], part.impact)
    np.testing.assert_array_equal(np.asarray(whole.largest)[:30], part.largest)
    row, column = 45, 1
    returns = np.diff(np.log(target.prices[:, column]))[row - 30 : row]
    sigma = np.sqrt((returns**2).mean())
    daily = np.median(volumes[row - 29 : row + 1, column])
    assert np.asarray(whole.impact)[row, column] == pytest.approx(sigma / np.sqrt(daily), rel=1e-12)
    assert np.asarray(whole.largest)[row, column] == pytest.approx(0.1 * daily)


def test_bad_costs_are_told() -> None:
    with pytest.raises(DataError, match="linear must be numbers that are not negative"):
        TradingCosts(linear=-0.1)
    with pytest.raises(DataError, match="impact"):
        TradingCosts(impact=np.nan)
    with pytest.raises(DataError, match="expected"):
        TradingCosts(linear=np.zeros(4)).table("linear", (5, 3))
    with pytest.raises(DataError, match="volumes have shape"):
        TradingCosts.from_volumes(drifting(), np.ones((2, 3)))
    with pytest.raises(DataError, match="must not be negative"):
        TradingCosts.from_volumes(drifting(), -np.ones((ROWS, 3)))
