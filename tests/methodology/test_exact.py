"""Exact sums in compiled loops: the same double as `math.fsum`, and caps by the rule's own rounds."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.core.numbers import exact_sum
from basketry.methodology._exact import exact_total, filled, range_and_total, struck_units, worth

FINITE = st.floats(-1e300, 1e300)


@given(st.lists(FINITE, max_size=40))
def test_the_sum_is_the_double_of_fsum(values: list[float]) -> None:
    assert exact_total(np.array(values)) == math.fsum(values)


@given(st.lists(st.tuples(st.integers(-4, 4), st.integers(-1074, 900)), max_size=60))
def test_the_sum_is_that_of_fsum_where_terms_cancel_and_ties_are_near(terms: list[tuple[int, int]]) -> None:
    values = [math.ldexp(factor, power) for factor, power in terms]
    both = [*values, 1.0, 2.0**-53, 2.0**-106, *(-value for value in reversed(values))]
    assert exact_total(np.array(both)) == math.fsum(both)


@pytest.mark.parametrize(
    ("values", "total"),
    [
        ([], 0.0),
        ([0.1] * 10, 1.0),
        ([1.0, 2.0**-53], 1.0),  # a tie, to even
        ([1.0, 2.0**-53, 2.0**-106], 1.0 + 2.0**-52),  # just above it
        ([1.0, 2.0**-53, -(2.0**-106)], 1.0),
        ([1.0 + 2.0**-52, 2.0**-53], 1.0 + 2.0**-51),  # the other tie, to even again
        ([-1.0, -(2.0**-53), -(2.0**-106)], -1.0 - 2.0**-52),
        ([5e-324, 5e-324], 1e-323),
        ([1e308, -1e308, 3.0], 3.0),
    ],
)
def test_sums_by_hand(values: list[float], total: float) -> None:
    assert exact_total(np.array(values)) == total == exact_sum(np.array(values))


@pytest.mark.parametrize("odd", [[np.nan], [np.inf], [-np.inf], [1e308, 1e308], [np.inf, -np.inf]])
@pytest.mark.parametrize("size", [0, 10, 1000])
def test_what_is_not_finite_has_no_sum_however_much_follows(odd: list[float], size: int) -> None:
    values = np.concatenate([np.ones(size), odd, np.full(size, 1e308), np.ones(size)])
    assert math.isnan(exact_total(values))
    assert math.isnan(exact_total(np.array(odd * 500)))


def test_what_is_not_finite_is_seen() -> None:
    assert not np.isfinite(exact_total(np.array([1e308, 1e308, 1e308])))
    assert all(map(math.isnan, range_and_total(np.array([1.0, np.nan, 3.0]))))
    assert range_and_total(np.array([3.0, 1.0, 0.5])) == (0.5, 3.0, 4.5)
    assert range_and_total(np.array([2.0, np.inf]))[1] == np.inf


def test_what_caps_take_is_shared_round_by_round() -> None:
    # 0.6 is held at 0.4; the others get 0.6 in proportion 3 : 1, so that 0.45 is held too; the last gets the rest.
    found, done = filled(np.array([0.6, 0.3, 0.1]), np.full(3, 0.4), 1.0, 1e-14)
    assert done
    assert found.tolist() == pytest.approx([0.4, 0.4, 0.2], abs=1e-15)
    untouched, done = filled(np.array([6.0, 4.0]), np.full(2, 0.7), 1.0, 1e-14)
    assert done
    assert untouched.tolist() == [0.6000000000000001, 0.4]


def test_caps_that_leave_nothing_to_share_are_left_to_the_solver() -> None:
    assert not filled(np.array([0.5, 0.5]), np.full(2, 0.4), 1.0, 1e-14)[1]
    assert not filled(np.array([1.0, 0.0]), np.full(2, 0.5), 1.0, 1e-14)[1]
    assert not filled(np.zeros(2), np.full(2, 0.5), 1.0, 1e-14)[1]


@pytest.mark.parametrize(("rounds", "found"), [(9, True), (10, False)])
def test_ten_rounds_are_tried(rounds: int, found: bool) -> None:
    # Equal weights under caps that each hold one more: between what a round gives to each and what the next one would.
    count, left, given_before = 14, 1.0, 0.0
    upper = np.ones(count)
    for place in range(rounds):
        each = left / (count - place)
        upper[place] = (given_before or 0.9 * each) / 2 + each / 2
        left, given_before = left - upper[place], each
    result, done = filled(np.ones(count), upper, 1.0, 1e-14)
    assert done is found
    assert (not found) or result.tolist() == pytest.approx([*upper[:rounds], *[left / (count - rounds)] * 5])


def test_a_basket_is_worth_the_exact_sum() -> None:
    value, weights = worth(np.array([1e16, 1.0, 1.0]), np.array([1.0, 1.0, 1.0]))
    assert value == 1e16 + 2, "1e16 + 1 alone rounds to 1e16"
    assert weights.tolist() == [1e16 / value, 1 / value, 1 / value]


@pytest.mark.parametrize(
    ("shares", "fixed", "units"),
    [
        ([], False, [0.5 * 100 / 4, 0.5 * 100 / 5]),
        ([], True, [0.5 * 100 / 2, 0.5 * 100 / 10]),
        # After capping 0.5 of 0.8 and 0.5 of 0.2: factors 0.25 and 1; 40 x 0.25 = 10 units at 2 and 2 x 1 = 2 at 10.
        ([40.0, 2.0], True, [10.0, 2.0]),
        # Those are worth 40 at the determination, which is spent at the prices of the strike.
        ([40.0, 2.0], False, [0.5 * 40 / 4, 0.5 * 40 / 5]),
    ],
)
def test_a_strike_by_hand(shares: list[float], fixed: bool, units: list[float]) -> None:
    weights, raw, determined, prices = (np.array(p) for p in ([0.5, 0.5], [0.8, 0.2], [2.0, 10.0], [4.0, 5.0]))
    factors, struck, value, weighs = struck_units(weights, raw, np.array(shares), determined, prices, 100.0, fixed)
    assert factors.tolist() == [0.25, 1.0]
    assert struck.tolist() == pytest.approx(units, rel=1e-15)
    assert value == pytest.approx(units[0] * 4 + units[1] * 5, rel=1e-15)
    assert weighs.tolist() == pytest.approx([units[0] * 4 / value, units[1] * 5 / value], rel=1e-15)


def test_an_asset_without_weight_before_capping_counts_as_not_capped() -> None:
    one, two = np.array([0.1, 0.9]), np.array([0.0, 1.0])
    assert struck_units(one, two, np.empty(0), one, one, 1.0, False)[0].tolist() == [1.0, 0.9]
