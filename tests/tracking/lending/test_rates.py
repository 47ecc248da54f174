"""Borrow rates."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.core.errors import DataError
from basketry.tracking.lending.rates import PoolRate, RecordedRate, TwoSlopeRate

CURVE = TwoSlopeRate(0.8, 0.01, 0.04, 0.75)


@given(low=st.floats(0, 1), high=st.floats(0, 1))
def test_the_rate_never_falls_with_utilisation(low: float, high: float) -> None:
    low, high = min(low, high), max(low, high)
    assert CURVE.base <= CURVE.at(low) <= CURVE.at(high) <= 0.8 + 1e-12


def test_the_rate_is_continuous_at_the_optimum() -> None:
    assert CURVE.at(0.8) == pytest.approx(CURVE.at(np.nextafter(0.8, 1)), abs=1e-12)


def test_lenders_and_the_reserve_get_what_borrowers_pay() -> None:
    paid = CURVE.at(0.9) * 0.9
    assert CURVE.supply(0.9, 0.1) + 0.1 * paid == pytest.approx(paid)


def test_a_loan_raises_its_own_rate_and_a_pool_lends_no_more_than_it_has() -> None:
    pool = PoolRate(CURVE, 1000.0, 700.0)
    assert pool.rate(0, 100.0) == CURVE.at(0.8)
    assert pool.rate(0, 200.0) > pool.rate(0, 100.0)
    with pytest.raises(DataError, match="can lend 300 more, not 301"):
        pool.rate(0, 301.0)


def test_recorded_rates_do_not_depend_on_the_debt() -> None:
    rates = RecordedRate(np.array([0.01, 0.02]))
    assert rates.rate(1, 1.0) == rates.rate(1, 1e9) == 0.02


def test_impossible_curves_and_utilisations_are_refused() -> None:
    with pytest.raises(DataError, match="between 0 and 1"):
        TwoSlopeRate(1.0, 0.0, 0.04, 0.75)
    with pytest.raises(DataError, match="not from 0 to 1"):
        CURVE.at(1.01)
