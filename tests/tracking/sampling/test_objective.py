"""The objective: quadratics that lie above every loss, and what unknown returns add."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from basketry.core.numbers import Floats
from basketry.tracking.sampling import ProForma, ledoit_wolf
from basketry.tracking.sampling.objective import Objective, objective


def form_value(form: tuple[Floats, Floats], weights: Floats) -> float:
    return float(0.5 * weights @ form[0] @ weights - form[1] @ weights)


@pytest.mark.parametrize("loss", ["squared", "downside", "huber"])
def test_the_quadratic_touches_the_loss_and_lies_above_it(loss: Any, target: ProForma) -> None:
    goal = objective(target, "realised", loss, 0.01, "ledoit_wolf")
    rng = np.random.default_rng(1)
    for _ in range(5):
        at = rng.dirichlet(np.full(24, 0.5))
        form = goal.quadratic_form(at)
        constant = goal.value(at) - form_value(form, at)
        for _ in range(20):
            weights = rng.dirichlet(np.full(24, 0.5))
            above = form_value(form, weights) + constant
            assert above >= goal.value(weights) - 1e-12
            if loss == "squared":
                assert above == pytest.approx(goal.value(weights), abs=1e-14)


def test_the_pro_forma_objective_is_zero_at_the_index(target: ProForma) -> None:
    for shrinkage in ("none", "ledoit_wolf"):
        goal = objective(target, "pro_forma", "squared", 0.01, shrinkage)
        assert goal.value(target.weights) == pytest.approx(0, abs=1e-20)


def test_shrinkage_is_that_of_the_second_moment(target: ProForma) -> None:
    goal = objective(target, "pro_forma", "squared", 0.01, "ledoit_wolf")
    moment, share = ledoit_wolf(target.returns, centre=False)
    assert goal.scale == pytest.approx(1 - share)
    np.testing.assert_allclose(goal.quadratic_form()[0], 2 * moment, atol=1e-10)


def test_unknown_returns_add_the_variance_that_they_lack() -> None:
    rng = np.random.default_rng(2)
    returns = rng.normal(0, 0.02, (400, 5))
    weights = np.full(5, 0.2)
    gaps = returns.copy()
    gaps[:200, 0] = np.nan
    goal = objective(ProForma(gaps, weights), "pro_forma", "squared", 0.01, "none")
    own = ((returns[:, 1:] - ProForma(gaps, weights).pro_forma()[:, None]) ** 2).mean(axis=0)
    assert goal.anchor[0] == pytest.approx(0.5 * np.median(own), rel=1e-6)
    assert goal.anchor[1:].max() < 1e-9
    # Assets are alike, so what is filled in should look like the others.
    square = goal.quadratic_form()[0].diagonal()
    assert square[0] == pytest.approx(square[1:].mean(), rel=0.15)


def test_hubers_loss_by_hand() -> None:
    returns, followed = np.array([[0.0], [0.0]]), np.array([0.01, 0.05])
    goal = Objective(returns, followed, np.zeros(1), np.ones(1), 1.0, "huber", 0.02)
    assert goal.value(np.ones(1)) == pytest.approx((0.01**2 + 0.02 * (2 * 0.05 - 0.02)) / 2)
