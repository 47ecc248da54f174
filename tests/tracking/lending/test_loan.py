"""Loans and their liquidation."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from basketry.core.errors import DataError
from basketry.tracking.lending.loan import LendingTerms, Loan, liquidate

TERMS = LendingTerms(0.75, 0.8, 0.05)
collateral = st.floats(1e-3, 1e6)
debts = st.floats(1e-3, 1e6)
prices = st.floats(1e-2, 1e4)
parts = st.floats(0.01, 1.0)


@given(
    collateral=collateral, ratio=st.floats(0.801, 3.0), price=prices, bonus=st.floats(0, 0.2), part=st.floats(0.01, 1.0)
)
def test_value_is_conserved_by_every_liquidation(
    collateral: float, ratio: float, price: float, bonus: float, part: float
) -> None:
    debt = ratio * collateral * price
    terms, loan = LendingTerms(0.75, 0.8, bonus), Loan(collateral, debt)
    most = loan.repayable(price, terms)
    assert most > 0
    done = liquidate(loan, price, terms, most * part)
    scale = collateral * price + debt
    assert done.seized + done.after.collateral == pytest.approx(collateral, rel=1e-12)
    assert done.repaid + done.after.debt + done.written_off == pytest.approx(debt, rel=1e-12)
    borrower = done.after.equity(price) - loan.equity(price)
    liquidator = done.seized * price - done.repaid
    pool = -done.written_off
    assert borrower + liquidator + pool == pytest.approx(0.0, abs=1e-12 * scale)
    assert liquidator == pytest.approx(bonus * done.repaid, abs=1e-9 * scale)


@given(collateral=collateral, debt=debts, price=prices)
def test_health_is_one_at_the_liquidation_price(collateral: float, debt: float, price: float) -> None:
    loan = Loan(collateral, debt)
    assert loan.health(loan.liquidation_price(TERMS), TERMS) == pytest.approx(1.0, rel=1e-12)
    assert (loan.health(price, TERMS) < 1) == (loan.repayable(price, TERMS) > 0)


@given(ratio=st.floats(0.805, 1.5))
def test_liquidation_helps_exactly_above_threshold_times_bonus(ratio: float) -> None:
    """Health improves if and only if it was above θ (1 + b)."""
    terms = LendingTerms(0.75, 0.8, 0.05, full_below=0.0)
    loan = Loan(100.0, 100.0 * ratio)
    before = loan.health(1.0, terms)
    assume(abs(before - 0.84) > 1e-6)
    after = liquidate(loan, 1.0, terms, 0.01 * loan.debt).after.health(1.0, terms)
    assert (after > before) == (before > 0.84)


def test_below_a_health_of_095_all_may_be_repaid() -> None:
    assert Loan(100.0, 84.0).health(1.0, TERMS) > 0.95
    assert Loan(100.0, 84.0).repayable(1.0, TERMS) == 42.0
    assert Loan(100.0, 85.0).repayable(1.0, TERMS) == 85.0


def test_debt_without_collateral_is_written_off() -> None:
    done = liquidate(Loan(100.0, 120.0), 1.0, TERMS)
    assert (done.after.collateral, done.after.debt) == (0.0, 0.0)
    assert done.repaid == pytest.approx(100 / 1.05)
    assert done.written_off == pytest.approx(120 - 100 / 1.05)


def test_a_healthy_loan_and_too_large_a_repayment_are_refused() -> None:
    with pytest.raises(DataError, match="may repay up to 0"):
        liquidate(Loan(100.0, 50.0), 1.0, TERMS)
    with pytest.raises(DataError, match="may repay up to 42"):
        liquidate(Loan(100.0, 84.0), 1.0, TERMS, 50.0)
    assert math.isinf(Loan(1.0, 0.0).health(1.0, TERMS))


def test_impossible_terms_and_loans_are_refused() -> None:
    with pytest.raises(DataError, match="loan to value <= threshold"):
        LendingTerms(0.9, 0.8)
    with pytest.raises(DataError, match="must not be negative"):
        Loan(-1.0, 0.0)
    with pytest.raises(DataError, match="write its debt off"):
        Loan(0.0, 1.0).liquidation_price(TERMS)
