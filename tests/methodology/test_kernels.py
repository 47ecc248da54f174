"""Compiled loops against values worked by hand and against NumPy."""

import numpy as np
import pytest

from basketry.core.numbers import Floats
from basketry.methodology._kernels import (
    backward_solve,
    cholesky,
    covariance,
    equal_contributions,
    forward_solve,
    held_at_least_variance,
    last_bands,
)

nan = float("nan")
# Bands below 0.2, to 0.4 and to 1, each kept 0.05 beyond.
EDGES = np.array([0.2, 0.4, 1.0])
LOWEST = np.array([-0.05, 0.15, 0.35])
HIGHEST = np.array([0.25, 0.45, 1.05])


@pytest.mark.parametrize(
    ("history", "band"),
    [
        ([0.19], 0),
        ([0.2], 1),  # its lower edge belongs to band 1
        ([0.4], 1),  # the upper edge belongs to the band below
        ([0.41], 2),
        ([1.0], 2),
        ([0.3, 0.45], 1),
        ([0.3, 0.46], 2),
        ([0.3, 0.15], 1),
        ([0.3, 0.14], 0),
        ([0.1, 0.25], 0),
        ([0.1, 0.26], 1),
        ([0.5, 0.35], 2),
        ([0.5, 0.34, 0.44], 1),
        ([0.3, nan, 0.44], 1),
        ([nan, 0.5, nan], 2),
        ([nan, nan, nan], -1),
    ],
)
def test_a_band_is_kept_within_its_buffer(history: list[float], band: int) -> None:
    found = last_bands(np.array([history, [nan] * len(history), history]).T.copy(), EDGES, LOWEST, HIGHEST)
    assert found.tolist() == [band, -1, band]


def test_the_covariance_is_the_samples() -> None:
    # Deviations (-1, 0, 1) and (-2, 3, -1): 2/2, (2 + 0 - 1)/2, 14/2.
    returns = np.array([[1.0, 0.0], [2.0, 5.0], [3.0, 1.0]])
    assert covariance(returns).tolist() == [[1.0, 0.5], [0.5, 7.0]]
    many = np.random.default_rng(2).normal(0, 0.03, (50, 5))
    np.testing.assert_allclose(covariance(many), np.cov(many, rowvar=False), rtol=1e-12)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9, -0.4])
def test_equal_contributions_of_two_have_a_closed_form(correlation: float) -> None:
    # x = 1 / sqrt(1 + c) for both solves x (x + c x) = 1.
    x, error = equal_contributions(np.array([[1.0, correlation], [correlation, 1.0]]), 1e-14, 10_000)
    assert x == pytest.approx([(1 + correlation) ** -0.5] * 2, rel=1e-12)
    assert error < 1e-13


def test_equal_contributions_hold_with_mixed_signs_and_diagonals() -> None:
    matrix = np.array([[2.0, 0.6, -0.3], [0.6, 1.0, 0.2], [-0.3, 0.2, 0.5]])
    x, error = equal_contributions(matrix, 1e-14, 10_000)
    assert x * (matrix @ x) == pytest.approx([1.0, 1.0, 1.0], abs=1e-12)
    assert error < 1e-13
    assert (x > 0).all()


def test_too_few_sweeps_leave_an_error() -> None:
    matrix = np.array([[1.0, 0.5], [0.5, 1.0]])
    started = np.full(2, 2**-0.5)
    x, error = equal_contributions(matrix, 1e-14, 1)
    # At the start the first has 0.5 + 0.25 = 0.75; its root is that of x² + 0.3536 x = 1.
    first = (-0.5 * started[1] + np.sqrt(0.25 * started[1] ** 2 + 4)) / 2
    second = (-0.5 * first + np.sqrt(0.25 * first**2 + 4)) / 2
    assert x == pytest.approx([first, second], rel=1e-14)
    assert error == pytest.approx(max(0.25, abs(started[1] * (0.5 * first + started[1]) - 1)), rel=1e-12)
    assert equal_contributions(matrix, 1e-14, 0)[1] == np.inf


def positive_definite(count: int) -> Floats:
    factor = np.random.default_rng(count).normal(0, 1, (count, count))
    return np.asarray(factor @ factor.T + count * np.eye(count))


def test_the_factor_of_cholesky_by_hand() -> None:
    lower, definite = cholesky(np.array([[4.0, 2.0, 6.0], [2.0, 10.0, 9.0], [6.0, 9.0, 17.0]]))
    assert definite
    assert lower.tolist() == [[2.0, 0.0, 0.0], [1.0, 3.0, 0.0], [3.0, 2.0, 2.0]]


@pytest.mark.parametrize("count", [1, 2, 6])
def test_systems_are_solved_forwards_and_backwards(count: int) -> None:
    matrix = positive_definite(count)
    lower, definite = cholesky(matrix)
    assert definite
    np.testing.assert_allclose(lower, np.linalg.cholesky(matrix), rtol=1e-12)
    right = np.arange(1.0, count + 1)
    np.testing.assert_allclose(lower @ forward_solve(lower, right), right, rtol=1e-12)
    np.testing.assert_allclose(lower.T @ backward_solve(lower, right), right, rtol=1e-12)


@pytest.mark.parametrize("matrix", [[[1.0, 1.0], [1.0, 1.0]], [[1.0, 2.0], [2.0, 1.0]], [[0.0]], [[nan]]])
def test_what_is_not_positive_definite_is_told(matrix: list[list[float]]) -> None:
    assert not cholesky(np.array(matrix))[1]


@pytest.mark.parametrize("seed", range(12))
def test_who_is_held_at_least_variance_is_who_non_negative_least_squares_holds(seed: int) -> None:
    from scipy.optimize import nnls

    generator = np.random.default_rng(seed)
    count = 2 + 3 * seed
    # A common factor with loadings far apart, so that many are not held.
    common = generator.normal(size=(60, 1)) * generator.uniform(0.1, 3.0, count)
    matrix = covariance(common + generator.normal(size=(60, count)) * generator.uniform(0.3, 2.0, count))
    lower, _ = cholesky(matrix)
    expected, _ = nnls(lower.T, forward_solve(lower, np.ones(count)))
    y, found = held_at_least_variance(matrix)
    assert found
    assert np.flatnonzero(y).tolist() == np.flatnonzero(expected).tolist()
    assert y == pytest.approx(expected, rel=1e-9, abs=0)
    reached = matrix @ y
    assert reached[y > 0] == pytest.approx(1.0, abs=1e-12)
    assert (reached > 1 - 1e-12).all()


def test_who_is_on_the_edge_of_being_held_may_be_either_way() -> None:
    # Any y of the second is as good as none: its covariance with the first is the variance of the first.
    y, found = held_at_least_variance(np.array([[1.0, 1.0], [1.0, 4.0]]))
    assert found
    assert y == pytest.approx([1.0, 0.0], abs=1e-15)


def test_of_what_is_singular_nobody_is_found_to_be_held() -> None:
    assert not held_at_least_variance(np.array([[1.0, -1.0], [-1.0, 1.0]]))[1]
