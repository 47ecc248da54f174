"""A loan against collateral: its health, the price at which it can be liquidated, and the liquidation."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from basketry.core.errors import DataError


@dataclass(frozen=True)
class LendingTerms:
    """What a pool allows and takes.

    Attributes:
        loan_to_value: Most that can be borrowed, over the value of the collateral.
        threshold: Liquidation threshold: debt over collateral above which a loan can be liquidated.
        bonus: What a liquidator gets on top of the debt repaid, 0.05 for 5%.
        close_factor: Share of the debt that one liquidation may repay.
        full_below: Health below which one liquidation may repay all of it.

    Source: Aave, Risk Parameters and Liquidations, v2 (close factor 50%) and v3 (all of it below a health of 0.95).
    """

    loan_to_value: float
    threshold: float
    bonus: float = 0.05
    close_factor: float = 0.5
    full_below: float = 0.95

    def __post_init__(self) -> None:
        if not 0 < self.loan_to_value <= self.threshold < 1:
            raise DataError(
                f"loan to value {self.loan_to_value:g} and threshold {self.threshold:g}: expected 0 < loan to value <= "
                "threshold < 1"
            )
        if not self.bonus >= 0 or not 0 < self.close_factor <= 1 or not 0 <= self.full_below <= 1:
            raise DataError(f"{self}: the bonus must not be negative, the other factors lie from 0 to 1")


@dataclass(frozen=True)
class Loan:
    """What was pledged and what is owed.

    Attributes:
        collateral: Units of the pledged asset.
        debt: Quote currency.
    """

    collateral: float
    debt: float

    def __post_init__(self) -> None:
        if not (self.collateral >= 0 and self.debt >= 0):
            raise DataError(f"collateral {self.collateral:g} and debt {self.debt:g} must not be negative")

    def equity(self, price: float) -> float:
        """Return collateral less debt at a price, quote currency; negative where the loan is under water."""
        return self.collateral * price - self.debt

    def health(self, price: float, terms: LendingTerms) -> float:
        """Return collateral × price × threshold / debt; below 1 the loan can be liquidated, without debt infinite.

        >>> Loan(10.0, 12_000.0).health(2_000.0, LendingTerms(0.8, 0.825))
        1.375
        """
        return self.collateral * price * terms.threshold / self.debt if self.debt else math.inf

    def liquidation_price(self, terms: LendingTerms) -> float:
        """Return the price at which the health is 1: debt / (collateral × threshold).

        >>> Loan(10.0, 16_500.0).liquidation_price(LendingTerms(0.8, 0.825))
        2000.0
        """
        if not self.collateral:
            raise DataError("a loan without collateral has no liquidation price; write its debt off")
        return self.debt / (self.collateral * terms.threshold)

    def repayable(self, price: float, terms: LendingTerms) -> float:
        """Return the most that a liquidation may repay now, quote currency; the collateral limits it too."""
        health = self.health(price, terms)
        if health >= 1:
            return 0.0
        share = 1.0 if health < terms.full_below else terms.close_factor
        return min(share * self.debt, self.collateral * price / (1 + terms.bonus))


@dataclass(frozen=True)
class Liquidation:
    """One liquidation.

    Attributes:
        after: The loan afterwards.
        repaid: Debt that the liquidator paid to the pool, quote currency.
        seized: Collateral that the liquidator took, units.
        written_off: Debt that is left without any collateral, the pool's loss, quote currency.
    """

    after: Loan
    repaid: float
    seized: float
    written_off: float


def liquidate(loan: Loan, price: float, terms: LendingTerms, amount: float | None = None) -> Liquidation:
    """Return what a liquidation at an oracle price does: r is repaid, and r (1 + bonus) / price units are seized.

    Args:
        loan: Before.
        price: Of the oracle, quote currency per unit.
        terms: Of the pool.
        amount: Debt to repay; none for all that is allowed.

    Raises:
        DataError: The loan is healthy, or the amount is more than allowed.

    >>> done = liquidate(Loan(10.0, 5.0), 0.6, LendingTerms(0.75, 0.8, full_below=0.0))
    >>> done.repaid, round(done.seized, 9), round(done.after.collateral, 9), done.after.debt
    (2.5, 4.375, 5.625, 2.5)
    """
    most = loan.repayable(price, terms)
    repaid = most if amount is None else amount
    if not 0 < repaid <= most:
        raise DataError(
            f"cannot repay {repaid:g} of a debt of {loan.debt:g} at a health of {loan.health(price, terms):.4g}; "
            f"a liquidation may repay up to {most:g}"
        )
    seized = min(repaid * (1 + terms.bonus) / price, loan.collateral)
    # All collateral is taken when the limit of `repayable` binds; rounding must not leave a crumb with the debt on it.
    if repaid * (1 + terms.bonus) >= loan.collateral * price * (1 - 1e-12):
        seized = loan.collateral
    after = Loan(loan.collateral - seized, loan.debt - repaid)
    if after.collateral:
        return Liquidation(after, repaid, seized, 0.0)
    return Liquidation(replace(after, debt=0.0), repaid, seized, after.debt)
