"""Leverage loops."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.core.errors import DataError
from basketry.tracking.lending.loan import LendingTerms
from basketry.tracking.lending.loop import (
    carry,
    fall_to_liquidation,
    leverage_after,
    leverage_limit,
    looped,
    loops_for,
)

TERMS = LendingTerms(0.75, 0.8)


@given(share=st.floats(0.05, 0.75), loops=st.integers(0, 30), price=st.floats(0.1, 1e4), cost=st.floats(0, 0.02))
def test_the_sum_equals_borrowing_step_by_step(share: float, loops: int, price: float, cost: float) -> None:
    bought, pledged, owed = 100.0, 100.0 / price, 0.0
    for _ in range(loops):
        loan = share * bought
        owed += loan
        bought = loan / (1 + cost)
        pledged += bought / price
    made = looped(100.0, price, share, loops, TERMS, cost)
    assert made.collateral == pytest.approx(pledged, rel=1e-12)
    assert made.debt == pytest.approx(owed, rel=1e-12)
    if not cost:
        assert made.collateral * price / made.equity(price) == pytest.approx(leverage_after(share, loops), rel=1e-9)


@given(share=st.floats(0.05, 0.95), part=st.floats(0.0, 0.999))
def test_the_fewest_loops_reach_the_leverage(share: float, part: float) -> None:
    wanted = 1 + part * (leverage_limit(share) - 1)
    loops = loops_for(share, wanted)
    assert leverage_after(share, loops) >= wanted * (1 - 1e-9)
    assert loops == 0 or leverage_after(share, loops - 1) < wanted * (1 + 1e-9)


@given(share=st.floats(0.05, 0.75), loops=st.integers(1, 30))
def test_the_fall_that_liquidates_is_that_of_the_loan(share: float, loops: int) -> None:
    loan = looped(100.0, 50.0, share, loops, TERMS)
    fall = fall_to_liquidation(leverage_after(share, loops), TERMS.threshold)
    assert 50 * (1 - fall) == pytest.approx(loan.liquidation_price(TERMS), rel=1e-9)


def test_interest_brings_the_liquidation_nearer() -> None:
    assert fall_to_liquidation(3.0, 0.8, growth=1.1) < fall_to_liquidation(3.0, 0.8)


def test_carry_is_nothing_at_the_break_even_rate() -> None:
    assert carry(4.0, 0.03, carry(4.0, 0.03, 0.0).break_even).net == pytest.approx(0.0, abs=1e-15)


def test_what_is_out_of_reach_is_refused() -> None:
    with pytest.raises(DataError, match="stay below 4"):
        loops_for(0.75, 4.0)
    with pytest.raises(DataError, match=r"lends up to 0\.75"):
        looped(100.0, 1.0, 0.8, 1, TERMS)
    with pytest.raises(DataError, match="from 0 to below 1"):
        leverage_limit(1.0)
