"""Leverage by borrowing against what was bought with the loan before: how much n loops give, and what ends it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from basketry.core.errors import DataError
from basketry.tracking.lending.loan import LendingTerms, Loan


def leverage_after(loan_to_value: float, loops: int) -> float:
    """Return the exposure over equity after n loans: Σ_{k=0..n} L^k = (1 - L^(n+1)) / (1 - L).

    Source: sum of a geometric series; Reaper Farm, LTV Looping, and Index Zoo, 3x Leverage Token Using Debt, state it.

    >>> round(leverage_after(0.8, 1), 12), round(leverage_after(0.7, 6), 5)
    (1.8, 3.05882)
    """
    if not 0 <= loan_to_value < 1 or loops < 0:
        raise DataError(f"{loops} loops at a loan to value of {loan_to_value:g}: expected 0 or more at 0 to below 1")
    return (1 - loan_to_value ** (loops + 1)) / (1 - loan_to_value)


def leverage_limit(loan_to_value: float) -> float:
    """Return the exposure over equity of endless loops: 1 / (1 - L).

    >>> round(leverage_limit(0.8), 12)
    5.0
    """
    if not 0 <= loan_to_value < 1:
        raise DataError(f"a loan to value of {loan_to_value:g} is not from 0 to below 1")
    return 1 / (1 - loan_to_value)


def loops_for(loan_to_value: float, leverage: float) -> int:
    """Return the fewest loops that reach a leverage.

    Raises:
        DataError: Endless loops do not reach it.

    >>> loops_for(0.8, 3.0)
    4
    """
    if not 1 <= leverage < leverage_limit(loan_to_value):
        raise DataError(
            f"a leverage of {leverage:g} is out of reach: loops at {loan_to_value:g} stay below "
            f"{leverage_limit(loan_to_value):g}"
        )
    if leverage == 1:
        return 0
    return max(math.ceil(math.log(1 - leverage * (1 - loan_to_value)) / math.log(loan_to_value) - 1 - 1e-12), 0)


def looped(
    equity: float, price: float, loan_to_value: float, loops: int, terms: LendingTerms, cost: float = 0.0
) -> Loan:
    """Return the loan after pledging an equity and n times borrowing, buying and pledging.

    Each loop borrows loan_to_value of what the last one bought and buys with it at price × (1 + cost).

    Args:
        equity: Quote currency, pledged as equity / price units.
        price: Quote currency per unit.
        loan_to_value: Share borrowed at each loop, at most that of the terms.
        loops: Number of loans.
        terms: Of the pool.
        cost: Fee and slippage of each purchase, a fraction.

    >>> looped(100.0, 1.0, 0.7, 6, LendingTerms(0.7, 0.75)).collateral
    305.8819...
    """
    if loan_to_value > terms.loan_to_value:
        raise DataError(f"the pool lends up to {terms.loan_to_value:g} of the collateral, not {loan_to_value:g}")
    if not (equity > 0 and price > 0 and cost >= 0):
        raise DataError(f"equity {equity:g} and price {price:g} must be positive and the cost {cost:g} not negative")
    # What a loop buys is worth 1 / (1 + cost) of what it borrows.
    kept = loan_to_value / (1 + cost)
    bought = equity * leverage_after(kept, loops)
    borrowed = equity * loan_to_value * (leverage_after(kept, loops - 1) if loops else 0.0)
    return Loan(bought / price, borrowed)


def fall_to_liquidation(leverage: float, threshold: float, growth: float = 1.0) -> float:
    """Return the fall of the price that makes a levered loan liquidatable: 1 - growth (λ - 1) / (λ θ), a fraction.

    Args:
        leverage: Exposure over equity λ, 1 or more.
        threshold: Liquidation threshold θ.
        growth: Factor by which interest has grown the debt.

    A negative result: it can be liquidated at once.

    >>> round(fall_to_liquidation(2.0, 0.8), 12), round(fall_to_liquidation(leverage_limit(0.75), 0.8), 12)
    (0.375, 0.0625)
    """
    if not leverage >= 1 or not 0 < threshold < 1:
        raise DataError(f"leverage {leverage:g} must be 1 or more and threshold {threshold:g} between 0 and 1")
    return 1 - growth * (leverage - 1) / (leverage * threshold)


@dataclass(frozen=True)
class Carry:
    """What a levered holder earns a year before the price moves.

    Attributes:
        net: λ × yield - (λ - 1) × borrow rate, a fraction of equity.
        break_even: Borrow rate at which the net is 0; infinite without leverage.
    """

    net: float
    break_even: float


def carry(leverage: float, held: float, borrowed: float) -> Carry:
    """Return the carry of a levered position from the yield of what is held and the rate of what is borrowed.

    >>> carry(3.0, 0.04, 0.05).net, carry(3.0, 0.04, 0.05).break_even
    (0.01999..., 0.06)
    """
    if not leverage >= 1:
        raise DataError(f"leverage {leverage:g} must be 1 or more")
    even = leverage * held / (leverage - 1) if leverage > 1 else math.inf
    return Carry(leverage * held - (leverage - 1) * borrowed, even)
