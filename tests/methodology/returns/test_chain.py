"""Chaining."""

import numpy as np

from basketry.methodology.returns._chain import compounded, growth, ratio


def test_nothing_over_nothing_is_no_change() -> None:
    assert ratio(np.array([0.0, 0.0, 2.0]), np.array([0.0, 4.0, 4.0])).tolist() == [1.0, 0.0, 0.5]
    assert growth(np.array([4.0, 2.0, 0.0, 0.0])).tolist() == [0.5, 0.0, 1.0]


def test_going_on_from_any_result_gives_the_same_bits() -> None:
    factors = 1 + np.random.default_rng(4).normal(0, 0.1, 500)
    whole = compounded(1000.0, factors)
    for cut in (0, 1, 17, 499, 500):
        assert np.array_equal(compounded(float(whole[cut]), factors[cut:]), whole[cut:])
