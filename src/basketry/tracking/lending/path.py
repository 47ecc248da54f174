"""A levered holder along a price path: interest, a late oracle, liquidations, and who ends up with what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from basketry.core.errors import DataError
from basketry.core.numbers import Floats, exact_sum
from basketry.core.time import DAY, YEAR_DAYS
from basketry.tracking.lending.loan import LendingTerms, Loan, liquidate
from basketry.tracking.lending.rates import BorrowRate
from basketry.tracking.synthetic.basket import Times
from basketry.tracking.synthetic.liquidation_risk import LiquidationRisk, drawn_blocks


@dataclass(frozen=True, eq=False)
class LoanPath:
    """One loan through time. All money in quote currency.

    Attributes:
        times: Shape (T,).
        collateral: Units pledged after each row, shape (T,).
        debt: Owed after each row, shape (T,).
        prices: Market prices, shape (T,).
        health: At the oracle's price after each row, shape (T,); infinite without debt.
        repaid: Paid to the pool by liquidators at each row, shape (T,).
        interest: Added to the debt at each row, shape (T,).
        gained: What liquidators made at each row, selling at the market price, shape (T,).
        written_off: The pool's loss at each row, shape (T,).
        liquidations: Number of liquidations.
    """

    times: Times
    collateral: Floats
    debt: Floats
    prices: Floats
    health: Floats
    repaid: Floats
    interest: Floats
    gained: Floats
    written_off: Floats
    liquidations: int

    @property
    def equity(self) -> Floats:
        """Collateral at the market price less debt, after each row, shape (T,)."""
        return self.collateral * self.prices - self.debt

    @property
    def leverage(self) -> Floats:
        """Exposure over equity after each row, shape (T,); NaN without positive equity."""
        equity = self.equity
        return np.where(equity > 0, self.collateral * self.prices / np.where(equity > 0, equity, 1.0), np.nan)

    @property
    def lost(self) -> float:
        """What is missing from borrower + liquidators + pool after the market's moves; 0 to rounding.

        Borrower: change of equity. Liquidators: what they gained. Pool: interest less what it wrote off. The market's
        moves: units pledged before each row times the move of the price.
        """
        moves = self.collateral[:-1] * np.diff(self.prices)
        borrower = float(self.equity[-1] - self.equity[0])
        pool = exact_sum(self.interest) - exact_sum(self.written_off)
        return exact_sum(moves) - borrower - exact_sum(self.gained) - pool


def follow_loan(
    times: Times, prices: Floats, loan: Loan, terms: LendingTerms, rate: BorrowRate, *, delay: int = 0
) -> LoanPath:
    """Return the path of a loan whose holder does nothing.

    At each row interest accrues at the rate known at the row before, compounded over the step, act/365; then a
    liquidator repays all that is allowed if the loan is unhealthy at the oracle's price and he gains by it: the
    oracle's price is that of an earlier row, and he sells at the market price. A loss of the pool is written off when
    no collateral is left.

    Args:
        times: Shape (T,).
        prices: Market prices of the collateral, shape (T,).
        loan: At the first row.
        terms: Of the lending pool.
        rate: Where borrow rates come from.
        delay: Rows by which the oracle is late.

    Raises:
        DataError: Prices and times differ in length, or a price is not positive.
    """
    if prices.shape != times.shape or not bool((prices > 0).all()) or delay < 0:
        raise DataError(f"expected one positive price for each of {len(times)} times, and a delay of 0 rows or more")
    count = len(times)
    collateral, debt, health, repaid, interest, gained, written_off = np.zeros((7, count))
    liquidations = 0
    for row in range(count):
        if row:
            years = float((times[row] - times[row - 1]) / DAY) / YEAR_DAYS
            grown = loan.debt * (1 + rate.rate(row - 1, loan.debt)) ** years if loan.debt else 0.0
            interest[row] = grown - loan.debt
            loan = Loan(loan.collateral, grown)
        oracle = float(prices[max(row - delay, 0)])
        pays = prices[row] * (1 + terms.bonus) > oracle
        if pays and loan.repayable(oracle, terms) > 0:
            done = liquidate(loan, oracle, terms)
            repaid[row], written_off[row] = done.repaid, done.written_off
            gained[row] = done.seized * prices[row] - done.repaid
            loan = done.after
            liquidations += 1
        collateral[row], debt[row] = loan.collateral, loan.debt
        health[row] = loan.health(oracle, terms)
    return LoanPath(times, collateral, debt, prices, health, repaid, interest, gained, written_off, liquidations)


def loan_risk(
    moves: Floats,
    leverage: float,
    terms: LendingTerms,
    rng: np.random.Generator,
    *,
    rate: float = 0.0,
    step_days: float = 1.0,
    horizon: int = 365,
    paths: int = 2000,
    block: float = 20.0,
) -> LiquidationRisk:
    """Return the probability that a levered loan becomes liquidatable within a horizon, its holder doing nothing.

    More leverage never lowers it for the same seed.

    Args:
        moves: Recorded factors of the price from row to row, shape (T,).
        leverage: Exposure over equity at the start.
        terms: Of the lending pool.
        rng: Generator.
        rate: Borrow rate, a fraction a year.
        step_days: Days between rows.
        horizon: Rows of a path.
        paths: Number of paths.
        block: Mean length of a block, rows.
    """
    if not leverage >= 1:
        raise DataError(f"leverage {leverage:g} must be 1 or more")
    drawn = drawn_blocks(len(moves), horizon, paths, block, rng)
    prices = np.cumprod(moves[drawn], axis=0)
    grown = (1 + rate) ** (np.arange(1, horizon + 1) * step_days / YEAR_DAYS)
    floor = grown * (leverage - 1) / (leverage * terms.threshold)
    dead = (prices < floor[:, None]).any(axis=0)
    probability = float(dead.mean())
    return LiquidationRisk(probability, float(np.sqrt(probability * (1 - probability) / paths)), paths, horizon)
