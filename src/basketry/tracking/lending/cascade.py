"""A liquidation cascade: a fall, liquidations, their sales into a pool, the next fall, until nobody can act."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from basketry.core.errors import DataError
from basketry.tracking.lending.loan import LendingTerms, Loan, liquidate

_WORTHWHILE = 1e-9


@dataclass(frozen=True)
class TradingPool:
    """A constant-product pool of the collateral against quote currency; the fee stays in it.

    Attributes:
        units: Units of the collateral.
        cash: Quote currency.
        fee: Share of what comes in.
    """

    units: float
    cash: float
    fee: float = 0.003

    def __post_init__(self) -> None:
        if not (self.units > 0 and self.cash > 0 and 0 <= self.fee < 1):
            raise DataError(f"{self}: units and cash must be positive and the fee from 0 to below 1")

    @property
    def price(self) -> float:
        """Quote currency per unit of a small trade without fee."""
        return self.cash / self.units

    def sell(self, units: float) -> tuple[float, TradingPool]:
        """Return what a sale gets, and the pool after it: cash × s / (units + s) with s = (1 - fee) × sold.

        >>> got, after = TradingPool(100.0, 1000.0, 0.0).sell(25.0)
        >>> got, after.price
        (200.0, 6.4)
        """
        swapped = units * (1 - self.fee)
        got = self.cash * swapped / (self.units + swapped)
        return got, replace(self, units=self.units + units, cash=self.cash - got)

    def moved(self, price: float) -> TradingPool:
        """Return the pool after others traded it to a price, without fee: cash × units stays as it is."""
        product = self.cash * self.units
        return replace(self, units=math.sqrt(product / price), cash=math.sqrt(product * price))


@dataclass(frozen=True)
class Cascade:
    """What a fall did.

    Attributes:
        loans: Afterwards, in the order given.
        pool: Trading pool afterwards.
        prices: Price in the pool before the fall, after it, and after each round.
        repaid: Debt paid back to the lending pool, quote currency.
        seized: Collateral taken and sold, units.
        profit: Of the liquidators, quote currency.
        written_off: Debt whose collateral is gone, quote currency.
        under_water: Debt above the value of the collateral left, at the last price, quote currency.
        stuck: Whether liquidatable loans are left that nobody liquidates because it would lose money.
    """

    loans: tuple[Loan, ...]
    pool: TradingPool
    prices: tuple[float, ...]
    repaid: float
    seized: float
    profit: float
    written_off: float
    under_water: float
    stuck: bool

    @property
    def rounds(self) -> int:
        """Rounds with at least one liquidation."""
        return len(self.prices) - 2

    @property
    def amplification(self) -> float:
        """Whole fall over first fall; 1 where nothing was liquidated."""
        return (1 - self.prices[-1] / self.prices[0]) / (1 - self.prices[1] / self.prices[0])


def cascade(
    loans: Sequence[Loan],
    pool: TradingPool,
    fall: float,
    terms: LendingTerms,
    *,
    delay: int = 0,
    rounds: int = 10_000,
) -> Cascade:
    """Return what a fall of the pool's price sets off.

    In each round every loan that is liquidatable at the oracle's price is offered once, weakest first. A liquidator
    repays what pays best: he borrows the cash, sells the seized collateral into the pool at once, and stops where the
    last unit no longer pays,

        r* = (√(g X Y) - X) / g,  g = (1 - φ) (1 + b) / P

    and not above what the close factor allows; X units and Y cash in the pool, P the oracle's price. No liquidator
    acts at a loss. Nobody trades the price back: the worst case for the borrowers. The oracle gives the pool's price at
    the end of an earlier round, so with a delay it stays too high while the price falls.

    Args:
        loans: All loans against the collateral.
        pool: Where the collateral is sold.
        fall: First fall of the price, a fraction.
        terms: Of the lending pool.
        delay: Rounds by which the oracle is late.
        rounds: The most to play.

    Raises:
        DataError: The fall is not between 0 and 1, or the cascade does not end in the rounds.
    """
    if not 0 < fall < 1 or delay < 0:
        raise DataError(
            f"a fall of {fall:g} with a delay of {delay}: expected a fraction between 0 and 1, and 0 or more"
        )
    book, start = list(loans), pool.price
    pool = pool.moved(start * (1 - fall))
    prices = [start, pool.price]
    seen = [start] * delay + [pool.price]
    totals = _Totals()
    for _ in range(rounds):
        oracle = seen[-1 - delay]
        before = totals.repaid
        pool = _round(book, pool, oracle, terms, totals)
        acted = totals.repaid > before
        if acted:
            prices.append(pool.price)
        settled = len(set(seen[-1 - delay :])) == 1
        seen.append(pool.price)
        if not acted and settled:
            break
    else:
        raise DataError(f"the cascade has not ended after {rounds} rounds; allow more")
    left = [loan for loan in book if loan.debt]
    return Cascade(
        loans=tuple(book),
        pool=pool,
        prices=tuple(prices),
        repaid=totals.repaid,
        seized=totals.seized,
        profit=totals.profit,
        written_off=totals.written_off,
        under_water=math.fsum(max(-loan.equity(pool.price), 0.0) for loan in left),
        stuck=any(loan.repayable(pool.price, terms) > 0 for loan in left),
    )


@dataclass
class _Totals:
    repaid: float = 0.0
    seized: float = 0.0
    profit: float = 0.0
    written_off: float = 0.0


def _round(book: list[Loan], pool: TradingPool, oracle: float, terms: LendingTerms, totals: _Totals) -> TradingPool:
    # Health of all is judged once, at the oracle's price of the round.
    weakest = sorted(range(len(book)), key=lambda place: book[place].health(oracle, terms))
    for place in weakest:
        most = book[place].repayable(oracle, terms)
        amount = min(most, _best_amount(pool, oracle, terms))
        if amount <= _WORTHWHILE * book[place].debt:
            continue
        done = liquidate(book[place], oracle, terms, amount)
        got, pool = pool.sell(done.seized)
        book[place] = done.after
        totals.repaid += done.repaid
        totals.seized += done.seized
        totals.profit += got - done.repaid
        totals.written_off += done.written_off
    return pool


def _best_amount(pool: TradingPool, oracle: float, terms: LendingTerms) -> float:
    gain = (1 - pool.fee) * (1 + terms.bonus) / oracle
    return max((math.sqrt(gain * pool.units * pool.cash) - pool.units) / gain, 0.0)
