"""Concentration: bounds, invariances, shares of risk, coverage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.core.errors import DataError
from basketry.evaluation.concentration import (
    concentration,
    effective_number,
    herfindahl,
    index_concentration,
    market_coverage,
    risk_shares,
    top_weight,
)
from basketry.index.result import IndexResult

WEIGHTS = st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=30)


@given(WEIGHTS, st.floats(1e-3, 1e3), st.randoms())
def test_scale_and_order_do_not_matter(weights: list[float], scale: float, random: object) -> None:
    shuffled = list(weights)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert herfindahl(np.array(shuffled) * scale) == pytest.approx(herfindahl(weights), rel=1e-12)
    assert top_weight(shuffled, 3) == pytest.approx(top_weight(weights, 3), rel=1e-12)
    assert 1 - 1e-9 <= effective_number(weights) <= len(weights) * (1 + 1e-9)


@given(st.integers(2, 12), st.integers(0, 10_000))
def test_shares_of_risk_sum_to_one_and_follow_their_assets(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(count, count + 2))
    covariance, weights = root @ root.T, rng.uniform(0.1, 1, count)
    shares = risk_shares(weights, covariance)
    assert shares.sum() == pytest.approx(1, abs=1e-12)
    order = rng.permutation(count)
    np.testing.assert_allclose(risk_shares(weights[order], covariance[np.ix_(order, order)]), shares[order], rtol=1e-9)
    # Euler: the derivative of the log of the volatility by the log of a weight.
    step = 1e-6
    moved = weights.copy()
    moved[0] *= 1 + step
    change = np.log(np.sqrt((moved @ covariance @ moved) / (weights @ covariance @ weights))) / np.log(1 + step)
    assert shares[0] == pytest.approx(change, rel=1e-3, abs=1e-5)


def test_uncorrelated_equal_assets_share_risk_equally() -> None:
    found = concentration(list("abcd"), [1, 1, 1, 1], np.eye(4) * 0.0004)
    assert found.risk_shares is not None
    assert found.risk_shares.tolist() == [0.25] * 4
    assert found.effective_risks == 4
    assert found.volatility == pytest.approx(0.01 * np.sqrt(365))


def test_coverage_counts_members_even_where_the_market_leaves_them_out() -> None:
    caps = np.array([50.0, 30.0, 20.0, np.nan])
    members = np.array([True, False, False, True])
    assert market_coverage(caps, members) == 0.5
    assert market_coverage(caps, members, np.array([False, True, False, False])) == 50 / 80
    assert np.isnan(market_coverage(np.full(4, np.nan), members))


def test_an_index_is_measured_as_of_an_instant(five: IndexResult) -> None:
    found = index_concentration(five)
    held = five.segments[-1]
    assert found.weights.sum() == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(np.sort(found.weights), np.sort(held.weights[-1]), rtol=1e-12)
    assert 0 < found.coverage < 1
    assert found.risk_shares is not None
    early = index_concentration(five, "2020-03-01")
    cut = index_concentration(five, five.times[20])
    assert early.assets == cut.assets
    assert early.coverage == cut.coverage
    assert index_concentration(five, leave_out_tags=["stablecoin"]).coverage == found.coverage


@pytest.mark.parametrize("weights", [[], [0.0, 0.0], [-1.0, 2.0], [np.nan, 1.0]])
def test_what_are_no_weights_is_refused(weights: list[float]) -> None:
    with pytest.raises(DataError, match="not negative"):
        herfindahl(weights)


def test_shapes_that_do_not_fit_are_refused(five: IndexResult) -> None:
    with pytest.raises(DataError, match="one distinct id"):
        concentration(["a", "a"], [0.5, 0.5])
    with pytest.raises(DataError, match="shape"):
        risk_shares([0.5, 0.5], np.eye(3))
    with pytest.raises(DataError, match="no variance"):
        risk_shares([0.5, 0.5], np.zeros((2, 2)))
    with pytest.raises(DataError, match="outside the index"):
        index_concentration(five, "2030-01-01")


def test_the_real_indices_are_as_concentrated_as_their_rules_say(real_indices: dict[str, IndexResult]) -> None:
    found = {name: index_concentration(result, leave_out_tags=["stablecoin"]) for name, result in real_indices.items()}
    # A month of drift after the last rebalance.
    assert 9.8 < found["equal-weight-10"].effective_number <= 10
    assert 0.24 < found["large-cap-20"].top[1] < 0.30
    assert found["large-cap-20"].coverage > 0.85
    assert found["cci30"].effective_number > found["large-cap-20"].effective_number
