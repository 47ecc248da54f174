"""Liquidation probability by block bootstrap."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.tracking.synthetic.basket import Basket
from basketry.tracking.synthetic.liquidation_risk import drawn_blocks, liquidation_risk
from basketry.tracking.synthetic.margin import Brackets, Collateral


def test_blocks_have_the_stated_mean_length_and_start_anywhere() -> None:
    drawn = drawn_blocks(500, 400, 300, 10.0, np.random.default_rng(1))
    breaks = (np.diff(drawn, axis=0) % 500 != 1).mean()
    assert breaks == pytest.approx(0.1, abs=0.005)
    assert np.bincount(drawn.ravel(), minlength=500).min() > 0


def test_more_leverage_never_lowers_the_probability(make_basket: Callable[..., tuple[Basket, Floats]]) -> None:
    for seed in range(4):
        target, lows = make_basket(seed=seed)
        risks = [
            liquidation_risk(
                target, Brackets(), Collateral(leverage), np.random.default_rng(seed), horizon=60, paths=200, lows=lows
            ).probability
            for leverage in (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 20.0)
        ]
        assert risks == sorted(risks)
        assert risks[0] == 0.0
        assert risks[-1] > 0.5


@settings(max_examples=25)
@given(seed=st.integers(0, 9999), low=st.floats(1, 20), more=st.floats(0, 20), tiers=st.booleans())
def test_more_leverage_never_lowers_it_on_any_path(seed: int, low: float, more: float, tiers: bool) -> None:
    rng = np.random.default_rng(seed)
    prices = np.exp(np.cumsum(rng.standard_t(3, (80, 2)) * 0.03, axis=0))
    times = np.datetime64("2023-01-01", "us") + np.arange(80) * np.timedelta64(1, "D")
    target = Basket.of_weights(times, ("a", "b"), prices, np.array([0.3, 0.7]), np.zeros(80, dtype=bool))
    model = Brackets((0.0, 0.5), (0.02, 0.05), (0.01, 0.03)) if tiers else Brackets()
    calm, bold = (
        liquidation_risk(target, model, Collateral(leverage), np.random.default_rng(seed), horizon=40, paths=50)
        for leverage in (low, low + more)
    )
    assert calm.probability <= bold.probability


def test_the_probability_is_that_of_a_single_fall() -> None:
    """One day in ten falls by 20%: with leverage above about 5 a path of n days survives with 0.9^n."""
    prices = np.cumprod(np.concatenate([[1.0], np.where(np.arange(1000) % 10 == 0, 0.8, 1.025)]))[:, None]
    times = np.datetime64("2020-01-01", "us") + np.arange(1001) * np.timedelta64(1, "D")
    target = Basket.of_weights(times, ("a",), prices, np.array([1.0]), np.zeros(1001, dtype=bool))
    rng = np.random.default_rng(5)
    risk = liquidation_risk(target, Brackets(), Collateral(6.0), rng, horizon=5, paths=20_000, block=1.0)
    assert risk.probability == pytest.approx(1 - 0.9**5, abs=4 * risk.standard_error)
    safe = liquidation_risk(target, Brackets(), Collateral(4.5), rng, horizon=5, paths=2000, block=1.0)
    assert safe.probability == 0.0


def test_the_same_seed_gives_the_same_answer(basket: tuple[Basket, Floats]) -> None:
    target, lows = basket
    one, two = (
        liquidation_risk(target, Brackets(), Collateral(8.0), np.random.default_rng(3), paths=50, horizon=30, lows=lows)
        for _ in range(2)
    )
    assert one == two


def test_nothing_to_draw_is_refused(basket: tuple[Basket, Floats]) -> None:
    target, _ = basket
    with pytest.raises(DataError, match=r"blocks of 0\.5"):
        liquidation_risk(target, Brackets(), Collateral(2.0), np.random.default_rng(0), block=0.5)
    with pytest.raises(DataError, match="lows must have shape"):
        liquidation_risk(target, Brackets(), Collateral(2.0), np.random.default_rng(0), lows=target.prices[:5])
