"""Exact sums and the one rounding of published numbers."""

from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.core.numbers import exact_sum, normalise, round_published

values = st.lists(st.floats(-1e12, 1e12, allow_nan=False), min_size=1, max_size=30)


@given(values, st.integers(0, 8))
def test_rounding_is_half_even_of_the_exact_decimal(numbers: list[float], decimals: int) -> None:
    rounded = round_published(np.array(numbers), decimals)
    quantum = Decimal(1).scaleb(-decimals)
    expected = [float(Decimal(x).quantize(quantum, rounding=ROUND_HALF_EVEN)) for x in numbers]
    assert rounded.tolist() == expected


@pytest.mark.parametrize("text", ["1000.00005", "2.675", "0.5", "1.5", "2.5", "1e15", "123456.78125"])
@pytest.mark.parametrize("decimals", [0, 2, 4])
def test_rounding_near_ties(text: str, decimals: int) -> None:
    quantum = Decimal(1).scaleb(-decimals)
    expected = float(Decimal(float(text)).quantize(quantum, rounding=ROUND_HALF_EVEN))
    assert round_published(np.array([float(text)]), decimals)[0] == expected


def test_rounding_keeps_nan_and_changes_nothing_when_repeated() -> None:
    once = round_published(np.array([np.nan, 1.23456789, 9.99995]), 4)
    assert np.isnan(once[0])
    np.testing.assert_array_equal(round_published(once, 4), once)


@given(values, st.randoms())
def test_exact_sum_does_not_depend_on_order(numbers: list[float], random: object) -> None:
    shuffled = list(numbers)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert exact_sum(np.array(numbers)) == exact_sum(np.array(shuffled))


def test_normalised_weights_sum_to_one() -> None:
    assert abs(exact_sum(normalise(np.array([0.1] * 10))) - 1) < 1e-15
