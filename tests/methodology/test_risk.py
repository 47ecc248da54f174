"""Covariances and risk-based weights: properties and what is refused."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.core.errors import MethodologyError
from basketry.core.numbers import Floats
from basketry.market.panel import Panel
from basketry.methodology.risk import equal_risk_contribution, minimum_variance, window_covariance

QUARTER = timedelta(days=90)


def market(price: Floats) -> Panel:
    times = np.datetime64("2020-01-01", "us") + np.arange(len(price)) * np.timedelta64(1, "D")
    return Panel(times.astype("datetime64[us]"), tuple(f"a{i:02d}" for i in range(price.shape[1])), {"price": price})


def prices(seed: int, days: int, count: int) -> Floats:
    rng = np.random.default_rng(seed)
    moves = rng.normal(0, 0.05, (days, count)) + rng.normal(0, 0.05, (days, 1))
    return np.asarray(np.exp(np.cumsum(moves, axis=0)))


def covariance(seed: int, count: int) -> Floats:
    return np.atleast_2d(np.cov(np.diff(np.log(prices(seed, 150, count)), axis=0), rowvar=False))


@given(st.integers(0, 500), st.integers(1, 12))
def test_every_asset_contributes_the_same(seed: int, count: int) -> None:
    matrix = covariance(seed, count)
    weights = equal_risk_contribution(matrix)
    share = weights * (matrix @ weights)
    assert share / share.sum() == pytest.approx(np.full(count, 1 / count), abs=1e-12)
    assert weights.sum() == pytest.approx(1, abs=1e-12)


@given(st.integers(0, 500), st.integers(1, 12))
def test_no_other_weights_have_less_variance(seed: int, count: int) -> None:
    matrix = covariance(seed, count)
    weights = minimum_variance(matrix)
    slope = matrix @ weights
    assert (weights >= 0).all()
    assert slope[weights > 0] == pytest.approx(weights @ slope, rel=1e-9)
    assert (slope >= weights @ slope * (1 - 1e-9)).all()


@given(st.integers(0, 500), st.integers(2, 12))
def test_the_order_of_the_assets_does_not_matter_to_the_last_bit(seed: int, count: int) -> None:
    matrix = covariance(seed, count)
    order = np.random.default_rng(seed).permutation(count)
    for solve in (equal_risk_contribution, minimum_variance):
        assert solve(matrix[np.ix_(order, order)]).tolist() == solve(matrix)[order].tolist()


def test_equal_risk_of_fewer_returns_than_assets() -> None:
    matrix = window_covariance(market(prices(3, 30, 40)), np.arange(40), QUARTER, 0.0)
    weights = equal_risk_contribution(matrix)
    share = weights * (matrix @ weights)
    assert share / share.sum() == pytest.approx(np.full(40, 1 / 40), abs=1e-10)
    with pytest.raises(MethodologyError, match="more shrinkage"):
        minimum_variance(matrix)


@pytest.mark.parametrize("scale", [1e-200, 1e-12, 1e6])
def test_the_scale_of_the_covariance_does_not_matter(scale: float) -> None:
    matrix = covariance(1, 6)
    assert minimum_variance(matrix * scale) == pytest.approx(minimum_variance(matrix), abs=1e-12)
    assert equal_risk_contribution(matrix * scale) == pytest.approx(equal_risk_contribution(matrix), abs=1e-12)


def test_covariance_is_the_sample_covariance_with_shrunk_correlations() -> None:
    table = prices(5, 120, 4)
    returns = np.diff(np.log(table), axis=0)[-90:]
    expected = np.cov(returns[:, 1:], rowvar=False)
    expected[~np.eye(3, dtype=bool)] *= 0.8
    assert window_covariance(market(table), np.array([1, 2, 3]), QUARTER, 0.2) == pytest.approx(expected, rel=1e-12)


def test_days_without_a_price_are_left_out_for_all() -> None:
    table = prices(5, 120, 3)
    table[60, 1] = np.nan
    returns = np.diff(np.log(table), axis=0)[-90:]
    whole = returns[~np.isnan(returns).any(axis=1)]
    assert len(whole) == 88
    expected = np.cov(whole, rowvar=False)
    assert window_covariance(market(table), np.arange(3), QUARTER, 0.0) == pytest.approx(expected, rel=1e-12)


def test_a_short_history_is_refused_by_name_with_a_remedy() -> None:
    table = prices(5, 120, 3)
    table[:110, 2] = np.nan
    with pytest.raises(MethodologyError, match=r"'a02' has 9 returns in 90 days, at least 20 .*min_days: 91"):
        window_covariance(market(table), np.arange(3), QUARTER, 0.0)


def test_histories_that_do_not_overlap_are_refused() -> None:
    table = prices(5, 120, 2)
    table[30:75, 0] = np.nan
    table[76:, 1] = np.nan
    with pytest.raises(MethodologyError, match="have a return of all 2 assets"):
        window_covariance(market(table), np.arange(2), QUARTER, 0.0)


def test_a_price_that_does_not_move_is_refused_by_name() -> None:
    table = prices(5, 120, 3)
    table[:, 1] = 1.0
    with pytest.raises(MethodologyError, match="'a01' did not move"):
        window_covariance(market(table), np.arange(3), QUARTER, 0.0)


def test_assets_that_hedge_each_other_have_no_equal_risk() -> None:
    with pytest.raises(MethodologyError, match="hedge each other"):
        equal_risk_contribution([[1.0, -1.0], [-1.0, 1.0]])


@pytest.mark.parametrize("matrix", [[[1.0, 2.0]], [[1.0, 0.5], [0.2, 1.0]], [[0.0]], [[float("nan")]], []])
def test_what_is_no_covariance_is_refused(matrix: list[list[float]]) -> None:
    for solve in (equal_risk_contribution, minimum_variance):
        with pytest.raises(MethodologyError, match="covariance"):
            solve(matrix)
