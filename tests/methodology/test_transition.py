"""Steps of a change from one basket to another, by hand."""

import math
from datetime import timedelta

import numpy as np
import pytest

from basketry.core.errors import DataError, MethodologyError
from basketry.methodology.schedule import Transition
from basketry.methodology.transition import gradual_units

# 200 of one asset at 100 and one at 10, to 50 of another mixture.
PRICES, OLD, TARGET = [100.0, 10.0], [1.0, 10.0], [0.0, 5.0]


def test_a_mixture_is_scaled_to_the_value_of_the_old_basket() -> None:
    assert gradual_units(PRICES, OLD, TARGET, 0, 2).tolist() == OLD
    # Half of each is 0.5 and 7.5, worth 125.
    assert gradual_units(PRICES, OLD, TARGET, 1, 2) == pytest.approx([0.5 * 200 / 125, 7.5 * 200 / 125])
    assert gradual_units(PRICES, OLD, TARGET, 2, 2) == pytest.approx([0.0, 20.0])
    assert gradual_units(PRICES, OLD, TARGET, 1, 1) == pytest.approx([0.0, 20.0])


@pytest.mark.parametrize(("step", "steps"), [(-1, 2), (3, 2), (0, 0), (1, 0)])
def test_a_step_that_there_is_not_is_refused(step: int, steps: int) -> None:
    with pytest.raises(MethodologyError, match=f"step {step} of {steps} does not lie between 0 and the number"):
        gradual_units(PRICES, OLD, TARGET, step, steps)


def test_shapes_must_be_one() -> None:
    for prices, old, target in (([1.0], OLD, TARGET), (PRICES, [1.0], TARGET), (PRICES, OLD, [1.0])):
        with pytest.raises(DataError, match="must have one shape"):
            gradual_units(prices, old, target, 1, 2)
    with pytest.raises(DataError, match="must have one shape"):
        gradual_units(np.ones((2, 2)), np.ones((2, 2)), np.ones((2, 2)), 1, 2)


@pytest.mark.parametrize(
    ("prices", "old", "target", "which"),
    [
        ([100.0, 10.0], [0.0, 0.0], [1.0, 1.0], "old units are worth 0.0"),
        ([math.nan, 10.0], [1.0, 1.0], [1.0, 1.0], "old units are worth nan"),
        ([math.inf, 10.0], [1.0, 1.0], [1.0, 1.0], "old units are worth nan"),
        ([100.0, 10.0], [-1.0, 1.0], [1.0, 1.0], "old units are worth -90.0"),
        ([100.0, 10.0], [1.0, 1.0], [math.inf, 1.0], "mixed units are worth nan"),
        ([100.0, 10.0], [1.0, 0.0], [-1.0, 0.0], "mixed units are worth 0.0"),
    ],
)
def test_both_baskets_must_be_worth_something(
    prices: list[float], old: list[float], target: list[float], which: str
) -> None:
    with pytest.raises(DataError, match=which):
        gradual_units(prices, old, target, 1, 2)


def test_steps_are_a_day_apart_unless_said() -> None:
    assert Transition(steps=4).every == timedelta(days=1)
