"""Cascades, and the debt above which they feed themselves."""

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from basketry.core.errors import DataError
from basketry.tracking.lending.cascade import Cascade, TradingPool, cascade
from basketry.tracking.lending.fragility import debt_limit, fragility
from basketry.tracking.lending.loan import LendingTerms, Loan
from basketry.tracking.lending.loop import fall_to_liquidation

TERMS = LendingTerms(0.75, 0.8, 0.05)


def books(done: Cascade, loans: list[Loan], pool: TradingPool) -> tuple[float, float]:
    """Units and money that are missing after a cascade; the pool's start is counted at the first fall."""
    units = sum(loan.collateral for loan in loans) + pool.units
    units -= sum(loan.collateral for loan in done.loans) + done.pool.units
    money = pool.cash - done.pool.cash - done.repaid - done.profit
    return units / pool.units, money / pool.cash


@settings(max_examples=60)
@given(
    debts=st.lists(st.floats(1.0, 80.0), min_size=1, max_size=8),
    fall=st.floats(0.01, 0.7),
    cash=st.floats(50.0, 1e5),
    fee=st.floats(0.0, 0.02),
    bonus=st.floats(0.01, 0.15),
    delay=st.integers(0, 3),
)
def test_nothing_is_lost_in_a_cascade(
    debts: list[float], fall: float, cash: float, fee: float, bonus: float, delay: int
) -> None:
    # Where the bonus hardly pays the fee, each round moves the price by next to nothing, and there is no end to rounds.
    assume(not 1 < (1 - fee) * (1 + bonus) < 1.002)
    terms = LendingTerms(0.75, 0.8, bonus)
    loans = [Loan(100.0, debt) for debt in debts]
    pool = TradingPool(cash, cash, fee)
    done = cascade(loans, pool, fall, terms, delay=delay)
    missing = books(done, loans, pool.moved(1 - fall))
    assert missing == pytest.approx((0.0, 0.0), abs=1e-9)
    owed = sum(loan.debt for loan in done.loans)
    assert owed + done.repaid + done.written_off == pytest.approx(sum(debts), rel=1e-9)
    assert done.profit >= -1e-9 * cash
    assert list(done.prices[1:]) == sorted(done.prices[1:], reverse=True)


def test_a_small_fall_sets_nothing_off() -> None:
    done = cascade([Loan(100.0, 70.0)], TradingPool(1e4, 1e4), 0.12, TERMS)
    assert (done.rounds, done.repaid, done.stuck) == (0, 0.0, False)
    assert done.amplification == pytest.approx(1.0)


@pytest.mark.parametrize("levered", [1.5, 2.0, 3.0])
def test_the_fall_that_starts_it_is_the_analytic_one(levered: float) -> None:
    loan = Loan(levered * 100, (levered - 1) * 100)
    start = fall_to_liquidation(levered, TERMS.threshold)
    pool = TradingPool(1e6, 1e6)
    assert cascade([loan], pool, start - 1e-6, TERMS).rounds == 0
    assert cascade([loan], pool, start + 1e-6, TERMS).rounds > 0


@pytest.mark.parametrize("fee", [0.0, 0.01])
@pytest.mark.parametrize("bonus", [0.02, 0.05, 0.1])
@pytest.mark.parametrize("ratio", [0.9, 0.998, 1.002, 1.2])
def test_below_the_limit_one_liquidation_heals_and_above_it_drives_the_next(
    ratio: float, bonus: float, fee: float
) -> None:
    """A small close factor plays the marginal liquidation that the formula speaks of."""
    terms = LendingTerms(0.75, 0.8, bonus, close_factor=1e-5, full_below=0.0)
    cash = 1e6
    debt = ratio * debt_limit(terms, cash, fee)
    # At a price of 1 the health is just below 1; the pool is given as it was before the fall.
    loan = Loan(debt / terms.threshold * (1 - 1e-9), debt)
    before = TradingPool(cash, cash, fee).moved(1 / 0.9)
    if ratio < 1:
        done = cascade([loan], before, 0.1, terms)
        assert done.rounds == 1
        assert done.loans[0].health(done.pool.price, terms) > 1
    else:
        with pytest.raises(DataError, match="has not ended"):
            cascade([loan], before, 0.1, terms, rounds=50)


def test_deeper_pools_suffer_less() -> None:
    loans = [Loan(100.0, 60.0 + n) for n in range(15)]
    falls = [1 - cascade(loans, TradingPool(depth, depth), 0.15, TERMS).prices[-1] for depth in (1e3, 1e4, 1e5, 1e6)]
    assert falls == sorted(falls, reverse=True)
    assert falls[-1] == pytest.approx(0.15, abs=0.002)


def test_without_moves_from_outside_a_late_oracle_only_postpones() -> None:
    """Nobody acts on the old price, which is too high to gain by it; once the oracle knows, all goes the same way."""
    loans = [Loan(100.0, 70.0 + n) for n in range(10)]
    pool = TradingPool(3e3, 3e3)
    prompt, late = (cascade(loans, pool, 0.2, TERMS, delay=delay) for delay in (0, 2))
    assert prompt.rounds >= 1
    assert late.prices == prompt.prices
    assert late.written_off == prompt.written_off


def test_fees_above_the_bonus_leave_bad_loans_where_they_are() -> None:
    done = cascade([Loan(100.0, 90.0)], TradingPool(1e4, 1e4, 0.06), 0.2, TERMS)
    assert done.stuck
    assert done.repaid == 0.0
    assert done.under_water == pytest.approx(90.0 - 80.0)


def test_the_limit_is_where_threshold_and_bonus_leave_room() -> None:
    assert debt_limit(LendingTerms(0.75, 0.8, 0.25), 1e6) == pytest.approx(0.0, abs=1e-9)
    assert debt_limit(LendingTerms(0.75, 0.8, 0.30), 1e6) < 0
    assert debt_limit(TERMS, 2e6) == pytest.approx(2 * debt_limit(TERMS, 1e6))


def test_fragility_gathers_the_figures() -> None:
    found = fragility(100.0, 4.0, TERMS, 1e6, 0.003)
    assert found.fall == pytest.approx(0.0625)
    assert found.insolvent == pytest.approx(1 - 0.75 * 1.05)
    assert found.debt == pytest.approx(300.0)
    assert found.limit == pytest.approx(debt_limit(TERMS, 1e6 * math.sqrt(0.9375), 0.003))
    assert not found.feeds_itself
    assert fragility(1e5, 4.0, TERMS, 1e6).feeds_itself


def test_a_fall_that_is_none_is_refused() -> None:
    with pytest.raises(DataError, match="between 0 and 1"):
        cascade([], TradingPool(1.0, 1.0), 1.5, TERMS)
    with pytest.raises(DataError, match="must be positive"):
        TradingPool(0.0, 1.0)
