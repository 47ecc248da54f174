"""The walk-forward test: no look-ahead, units held between refits, and errors as they are."""

from __future__ import annotations

import numpy as np
import pytest

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.tracking.sampling import SAMPLERS, WalkForward, tracking_error, walk_forward


def history(seed: int, rows: int = 120, columns: int = 10) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    returns = rng.normal(0, 0.03, (rows, 1)) + rng.normal(0, 0.02, (rows, columns))
    weights = np.empty((rows, columns))
    weights[0] = np.arange(columns, 0, -1) / (columns * (columns + 1) / 2)
    for row in range(1, rows):
        drifted = weights[row - 1] * (1 + returns[row - 1])
        weights[row] = drifted / drifted.sum()
    return returns, weights


def walk(returns: Floats, weights: Floats, assets: int = 4, **rule: object) -> WalkForward:
    sampler = SAMPLERS.build("elimination", {"assets": assets, **rule})
    return walk_forward(returns, weights, sampler, refit_every=20, window=50)


def test_nothing_later_is_looked_at() -> None:
    returns, weights = history(1)
    whole = walk(returns, weights)
    changed, other = returns.copy(), weights.copy()
    changed[90:] = 0.5
    other[91:] = 0.1
    cut = walk(changed, other)
    assert whole.starts.tolist() == [50, 70, 90, 110]
    np.testing.assert_array_equal(whole.weights[:3], cut.weights[:3])
    np.testing.assert_array_equal(whole.differences[:40], cut.differences[:40])
    assert not np.array_equal(whole.weights[3], cut.weights[3])


def test_all_assets_in_units_are_the_index() -> None:
    returns, weights = history(2)
    walked = walk(returns, weights, assets=10)
    np.testing.assert_allclose(walked.differences, 0, atol=1e-12)
    assert walked.error == pytest.approx(0, abs=1e-10)
    np.testing.assert_allclose(walked.turnover[1:], 0, atol=1e-8)
    assert walked.mean_turnover == pytest.approx(0, abs=1e-8)


def test_the_figures_are_those_of_the_differences() -> None:
    returns, weights = history(3)
    walked = walk(returns, weights)
    # One period by hand: units of the first sample, valued row by row.
    units = walked.weights[0]
    value = np.concatenate([[1.0], (np.cumprod(1 + returns[50:70], axis=0) * units).sum(axis=1)])
    index = (returns[50:70] * weights[50:70]).sum(axis=1)
    np.testing.assert_allclose(walked.differences[:20], value[1:] / value[:-1] - 1 - index, atol=1e-14)
    assert walked.out_of_sample[0] == pytest.approx(np.std(walked.differences[:20], ddof=1) * np.sqrt(365))
    fitted = returns[:50] @ (units - weights[50])
    assert walked.in_sample[0] == pytest.approx(np.std(fitted, ddof=1) * np.sqrt(365))
    drifted = units * np.prod(1 + returns[50:70], axis=0)
    drifted /= drifted.sum()
    assert walked.turnover[0] == 1
    assert walked.turnover[1] == pytest.approx(0.5 * np.abs(walked.weights[1] - drifted).sum())
    assert len(walked.differences) == 70


def test_an_asset_that_left_is_sold_and_counted() -> None:
    returns, weights = history(4)
    weights[70:, 0] = 0
    weights[70:] /= weights[70:].sum(axis=1, keepdims=True)
    walked = walk(returns, weights)
    assert walked.weights[0, 0] > 0
    assert (walked.weights[1:, 0] == 0).all()
    drifted = walked.weights[0] * np.prod(1 + returns[50:70], axis=0)
    drifted /= drifted.sum()
    assert walked.turnover[1] == pytest.approx(0.5 * np.abs(walked.weights[1] - drifted).sum())
    assert walked.turnover[1] >= drifted[0]


def test_the_realised_fit_follows_the_past_composition() -> None:
    returns, weights = history(5)
    weights[:] = weights[:, ::-1]
    weights[70:] = weights[70:, ::-1]
    current = walk(returns, weights, shrinkage="none")
    realised = walk(returns, weights, shrinkage="none", fit="realised")
    # At row 70 the composition has just turned over: only the pro-forma fit knows.
    assert current.out_of_sample[1] < 0.6 * realised.out_of_sample[1]


def test_an_unknown_return_stands_still() -> None:
    returns, weights = history(6)
    returns[100, 3] = np.nan
    walked = walk(returns, weights)
    assert np.isfinite(walked.differences).all()


def test_bad_input_is_refused() -> None:
    returns, weights = history(7)
    sampler = SAMPLERS.build("largest", 3)
    with pytest.raises(DataError, match="expected the same shape"):
        walk_forward(returns, weights[:, :3], sampler, refit_every=10, window=50)
    for every, window in ((0, 50), (10, 0), (10, 120)):
        with pytest.raises(DataError, match="expected 1 or more"):
            walk_forward(returns, weights, sampler, refit_every=every, window=window)
    returns[60] = -1
    with pytest.raises(DataError, match="lost its whole value"):
        walk_forward(returns, weights, sampler, refit_every=20, window=50)


def test_the_tracking_error_of_one_row_is_unknown() -> None:
    assert np.isnan(tracking_error(np.array([0.1])))
    assert tracking_error(np.array([0.01, 0.03]), 252) == pytest.approx(0.02 / np.sqrt(2) * np.sqrt(252))
