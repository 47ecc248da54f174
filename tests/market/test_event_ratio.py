"""A ratio is held against the prices on its two sides."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.market.event_ratio import RATIO_TOLERANCE, ratio_contradiction

PRICES = st.floats(1e-9, 1e9)
RATIOS = st.floats(1e-12, 1e12)


@pytest.mark.parametrize(
    ("ratio", "before", "after", "remedy"),
    [
        (0.01, 500.0, 5.0, "the ratio looks inverted: use 100"),
        (1000.0, 0.01, 10.0, "the ratio looks inverted: use 0.001"),
        (100.0, 500.0, 480.0, "the prices look as if the unit had not changed"),
        (2.0, 10.0, 20.0, "the ratio looks inverted: use 0.5"),
        (10.0, 500.0, 5.0, "0.1 times that was seen"),
        (1.0, 500.0, 5.0, "500 was expected, 0.01 times that was seen"),
    ],
)
def test_what_contradicts_is_told_with_figures_and_remedy(
    ratio: float, before: float, after: float, remedy: str
) -> None:
    words = ratio_contradiction(ratio, before, after)
    assert words is not None
    assert words.endswith(remedy)
    assert f"the price {before:.6g} before and {after:.6g} after" in words


@given(RATIOS, PRICES, st.floats(1.01 / RATIO_TOLERANCE, 0.99 * RATIO_TOLERANCE))
def test_a_price_that_moves_less_than_the_tolerance_agrees(ratio: float, before: float, move: float) -> None:
    assert ratio_contradiction(ratio, before, before / ratio * move) is None


@given(RATIOS.filter(lambda ratio: abs(math.log(ratio)) > 0.6), PRICES)
def test_an_inverted_ratio_is_seen_and_the_right_one_is_named(ratio: float, before: float) -> None:
    words = ratio_contradiction(1 / ratio, before, before / ratio)
    assert words is not None
    assert words.endswith(f"use {1 / (1 / ratio):.6g}")


@pytest.mark.parametrize("unknown", [math.nan, 0.0, -1.0, math.inf])
def test_an_unknown_price_contradicts_nothing(unknown: float) -> None:
    assert ratio_contradiction(100.0, unknown, 5.0) is None
    assert ratio_contradiction(100.0, 5.0, unknown) is None


def test_figures_at_the_ends_of_the_range_are_judged() -> None:
    assert ratio_contradiction(1e300, 1e-300, 1e300) is not None
    assert ratio_contradiction(1e-300, 1e300, 1e-300) is not None
