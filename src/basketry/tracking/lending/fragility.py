"""When liquidations feed on themselves: the size of debt that a pool can liquidate without driving health down."""

from __future__ import annotations

from dataclasses import dataclass

from basketry.core.errors import DataError
from basketry.tracking.lending.loan import LendingTerms
from basketry.tracking.lending.loop import fall_to_liquidation


def debt_limit(terms: LendingTerms, cash: float, fee: float = 0.0) -> float:
    """Return the debt of one class of loans above which each liquidation lowers the health of what is left.

    At a health of 1 debt is θ of the collateral. Repaying a small r of a debt D takes r (1 + b) of collateral; selling
    that in a constant-product pool with Y of quote currency lowers the price by the share (2 - φ) r (1 + b) / Y. Health
    rises by r / D - r (1 + b) / (D / θ) - (2 - φ) r (1 + b) / Y, which is positive if

        D < Y (1 / (1 + b) - θ) / (2 - φ)

    The limit is negative where (1 + b) θ > 1: then liquidations lower health even at a fixed price.

    Args:
        terms: Of the lending pool.
        cash: Quote currency Y in the trading pool when the liquidations start, at the price that starts them.
        fee: Fee of the trading pool φ, a fraction; it stays in the pool.

    Source: derived here; the condition without price impact is that of Aave's risk framework (threshold times bonus
    below 1).

    >>> round(debt_limit(LendingTerms(0.75, 0.8, 0.05), 1e6))
    76190
    """
    if not cash > 0 or not 0 <= fee < 1:
        raise DataError(f"the pool's cash {cash:g} must be positive and its fee {fee:g} from 0 to below 1")
    return cash * (1 / (1 + terms.bonus) - terms.threshold) / (2 - fee)


@dataclass(frozen=True)
class Fragility:
    """What a class of equal levered loans can bear.

    Attributes:
        leverage: Exposure over equity.
        fall: Fall of the price that starts liquidations, a fraction; 0 or below: at once.
        insolvent: Fall at which the collateral is worth less than the debt with the liquidators' bonus, so that
            liquidation leaves bad debt.
        debt: What they owe together, quote currency.
        limit: What they may owe before liquidations feed on themselves, quote currency.
    """

    leverage: float
    fall: float
    insolvent: float
    debt: float
    limit: float

    @property
    def feeds_itself(self) -> bool:
        """Whether the first liquidation drives the next: the region where the recursion fails."""
        return self.debt > self.limit


def fragility(equity: float, leverage: float, terms: LendingTerms, cash: float, fee: float = 0.0) -> Fragility:
    """Return what loans of one leverage can bear against a trading pool.

    Args:
        equity: Of all loans together, quote currency.
        leverage: Exposure over equity.
        terms: Of the lending pool.
        cash: Quote currency in the constant-product pool at today's price; at the price that starts liquidations there
            is √(1 - fall) of it.
        fee: Of the trading pool.

    More equity at the same leverage is what crosses the limit:

    >>> small, large = (fragility(equity, 3.0, LendingTerms(0.75, 0.8), 1e6) for equity in (20e3, 40e3))
    >>> round(small.fall, 6), small.feeds_itself, large.feeds_itself
    (0.166667, False, True)
    """
    fall = fall_to_liquidation(leverage, terms.threshold)
    owed = equity * (leverage - 1)
    ratio = (leverage - 1) / leverage
    at_start = cash * max(1 - max(fall, 0.0), 0.0) ** 0.5
    return Fragility(leverage, fall, 1 - ratio * (1 + terms.bonus), owed, debt_limit(terms, at_start, fee))
