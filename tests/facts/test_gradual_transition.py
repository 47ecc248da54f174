"""Gradual transition: an hour in steps of ten seconds (FTX, index rebalancing rules, 2021).

At time t of T the units are x [(1 - t/T) q_old + (t/T) q_target], with x such that the value at current
prices is unchanged. Two assets at 100 and 10 with 1 and 10 units, worth 200, go to weights of 70% and 30%:
1.4 and 6 units.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.core.errors import DataError, MethodologyError
from basketry.methodology.transition import gradual_units

PRICES, OLD, WEIGHTS, STEPS = np.array([100.0, 10.0]), np.array([1.0, 10.0]), np.array([0.7, 0.3]), 360
TARGET = WEIGHTS * (PRICES @ OLD) / PRICES


def test_after_the_last_step_the_target_is_held_at_the_value_of_before() -> None:
    units = gradual_units(PRICES, OLD, TARGET, STEPS, STEPS)
    assert units == pytest.approx([1.4, 6.0], rel=1e-15)
    assert PRICES @ units == pytest.approx(200.0, rel=1e-15)


def test_each_step_is_on_the_straight_line_and_moves_no_value() -> None:
    for step in range(STEPS + 1):
        units = gradual_units(PRICES, OLD, TARGET, step, STEPS)
        assert PRICES @ units == pytest.approx(200.0, rel=1e-14)
        assert units == pytest.approx([1.0 + 0.4 * step / STEPS, 10.0 - 4.0 * step / STEPS], rel=1e-14)


def test_with_moving_prices_a_holder_step_by_step_loses_and_gains_nothing() -> None:
    """An account that trades at each step keeps its value and ends with the proportions of the target."""
    rng = np.random.default_rng(7)
    prices, held = PRICES.copy(), OLD.copy()
    for step in range(1, STEPS + 1):
        prices = prices * np.exp(rng.normal(0.0, 1e-3, 2))
        value = float(prices @ held)
        mixture = gradual_units(prices, OLD, TARGET, step, STEPS)
        held = mixture * value / float(prices @ mixture)
        assert prices @ held == pytest.approx(value, rel=1e-14)
        share = step / STEPS
        line = (1 - share) * OLD + share * TARGET
        assert held[0] / held[1] == pytest.approx(line[0] / line[1], rel=1e-13)
    assert held[0] / held[1] == pytest.approx(1.4 / 6.0, rel=1e-13)


positive = st.floats(1e-6, 1e6)


@given(
    assets=st.lists(st.tuples(positive, positive, positive), min_size=1, max_size=8),
    step=st.integers(0, 10),
)
def test_value_is_kept_and_the_ends_are_the_baskets(assets: list[tuple[float, float, float]], step: int) -> None:
    prices, old, target = np.array(assets).T
    units = gradual_units(prices, old, target, step, 10)
    assert prices @ units == pytest.approx(prices @ old, rel=1e-12)
    assert gradual_units(prices, old, target, 0, 10) == pytest.approx(old, rel=1e-12)
    last = gradual_units(prices, old, target, 10, 10)
    assert last / target == pytest.approx(np.full(len(target), last[0] / target[0]), rel=1e-12)


@pytest.mark.parametrize(("step", "steps"), [(-1, 5), (6, 5), (0, 0)])
def test_a_step_outside_is_refused(step: int, steps: int) -> None:
    with pytest.raises(MethodologyError, match=f"step {step} of {steps}"):
        gradual_units(PRICES, OLD, TARGET, step, steps)


def test_unknown_prices_and_other_shapes_are_refused() -> None:
    with pytest.raises(DataError, match="each price and unit must be known"):
        gradual_units([np.nan, 10.0], OLD, TARGET, 1, 5)
    with pytest.raises(DataError, match="old units are worth 0"):
        gradual_units(PRICES, [0.0, 0.0], TARGET, 1, 5)
    with pytest.raises(DataError, match="must have one shape"):
        gradual_units([100.0], OLD, TARGET, 1, 5)
