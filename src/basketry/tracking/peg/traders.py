"""Who moves the pool towards net asset value: arbitrageurs for profit, a keeper by a threshold."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from basketry.core.errors import DataError
from basketry.tracking.peg.primary import PrimaryMarket
from basketry.tracking.venues.constant_product import ConstantProduct


class Trader(Protocol):
    """Decides on rounds: create and sell in the pool, or buy in the pool and redeem."""

    @property
    def name(self) -> str:
        """Names the trader in tables."""
        ...

    @property
    def capital(self) -> float:
        """Quote currency at the start."""
        ...

    @property
    def gas(self) -> float:
        """Cost of one round, also of one that is reverted, quote currency."""
        ...

    @property
    def latency(self) -> int:
        """Steps from decision to execution."""
        ...

    def decide(self, pool: ConstantProduct, nav: float, primary: PrimaryMarket, cash: float) -> float:
        """Return shares to create and sell (positive), or to buy and redeem (negative); 0 for nothing."""
        ...

    def still_wanted(self, pool: ConstantProduct, nav: float, gain: float) -> bool:
        """Return whether to go through with a round whose gain, before gas, is now known."""
        ...


@dataclass(frozen=True, slots=True)
class Arbitrageur:
    """Takes the most profitable round that the capital allows, if it pays for its gas.

    Attributes:
        capital: Quote currency.
        gas: Of one round, quote currency.
        latency: Steps from decision to execution; at execution a round that lost its profit is reverted.
        name: For tables.
    """

    capital: float
    gas: float = 0.0
    latency: int = 0
    name: str = "arbitrageur"

    def __post_init__(self) -> None:
        _check(self)

    def decide(self, pool: ConstantProduct, nav: float, primary: PrimaryMarket, cash: float) -> float:
        """See Trader."""
        cost, value, gas = primary.creation_cost(nav), primary.redemption_value(nav), self.gas + pool.terms.gas
        sale = min(best_sale(pool, cost), cash / cost)
        if sale > 0:
            return sale if sale_proceeds(pool, sale) - sale * cost > gas else 0.0
        bought = min(best_purchase(pool, value), shares_for(pool, cash))
        if bought > 0:
            return -bought if bought * value - purchase_cost(pool, bought) > gas else 0.0
        return 0.0

    def still_wanted(self, pool: ConstantProduct, nav: float, gain: float) -> bool:  # noqa: ARG002 - only profit counts
        """See Trader: the gas is spent either way, so any gain is wanted."""
        return gain > 0


@dataclass(frozen=True, slots=True)
class Keeper:
    """Brings the premium back to a target once it is beyond a threshold, whatever it costs, while the money lasts.

    Attributes:
        capital: Quote currency to work with; losses are taken from it.
        threshold: Premium or discount that starts a round, fraction of net asset value.
        restore: Premium or discount that a round leaves, fraction; below the threshold.
        gas: Of one round, quote currency.
        latency: Steps from decision to execution.
        name: For tables.
    """

    capital: float
    threshold: float
    restore: float = 0.0
    gas: float = 0.0
    latency: int = 0
    name: str = "keeper"

    def __post_init__(self) -> None:
        _check(self)
        if not 0 <= self.restore < self.threshold < 1:
            raise DataError(
                f"keeper: restore {self.restore:g} must be at least 0 and below the threshold {self.threshold:g} < 1"
            )

    def decide(self, pool: ConstantProduct, nav: float, primary: PrimaryMarket, cash: float) -> float:
        """See Trader."""
        premium = pool.mid / nav - 1
        if abs(premium) <= self.threshold:
            return 0.0
        aim = nav * (1 + math.copysign(self.restore, premium))
        if premium > 0:
            return min(sale_to(pool, aim), cash / primary.creation_cost(nav))
        return -min(purchase_to(pool, aim), shares_for(pool, cash))

    def still_wanted(self, pool: ConstantProduct, nav: float, gain: float) -> bool:  # noqa: ARG002 - profit does not count
        """See Trader: reverted once others have done the work."""
        return abs(pool.mid / nav - 1) > self.restore


def best_sale(pool: ConstantProduct, cost: float) -> float:
    """Return the shares whose sale brings most over a cost of each: (√(g X Y / cost) - X) / g, at least 0.

    X and Y are the reserves in shares and cash, g = 1 - fee.

    >>> round(best_sale(ConstantProduct(100.0, 12_100.0), 100.0), 9)
    10.0
    """
    kept = 1 - pool.terms.taker_fee
    return max((math.sqrt(kept * pool.base_reserve * pool.quote_reserve / cost) - pool.base_reserve) / kept, 0.0)


def best_purchase(pool: ConstantProduct, value: float) -> float:
    """Return the shares whose purchase gains most if each is worth `value`: X - √(X Y / (g value)), at least 0;
    g = 1 - fee.

    >>> round(best_purchase(ConstantProduct(100.0, 8_100.0), 100.0), 9)
    10.0
    """
    kept = 1 - pool.terms.taker_fee
    return max(pool.base_reserve - math.sqrt(pool.base_reserve * pool.quote_reserve / (kept * value)), 0.0)


def sale_proceeds(pool: ConstantProduct, shares: float) -> float:
    """Return what a sale brings after the pool's fee, without gas."""
    return pool.proceeds_of(shares * (1 - pool.terms.taker_fee))


def purchase_cost(pool: ConstantProduct, shares: float) -> float:
    """Return what a purchase costs with the pool's fee, without gas."""
    return pool.cost_of(shares) / (1 - pool.terms.taker_fee)


def shares_for(pool: ConstantProduct, cash: float) -> float:
    """Return the shares that an amount of cash buys, the pool's fee included.

    >>> shares_for(ConstantProduct(100.0, 10_000.0), 10_000.0)
    50.0
    """
    into = max(cash, 0.0) * (1 - pool.terms.taker_fee)
    return pool.base_reserve * into / (pool.quote_reserve + into)


def sale_to(pool: ConstantProduct, price: float) -> float:
    """Return the shares whose sale brings the pool's price down to one, the fee staying in the pool.

    >>> pool = ConstantProduct(100.0, 12_100.0)
    >>> round(pool.fill("sell", sale_to(pool, 100.0))[1].mid, 9)
    100.0
    """
    kept, base, product = 1 - pool.terms.taker_fee, pool.base_reserve, pool.base_reserve * pool.quote_reserve
    # After s shares in, the price is k / ((X + s)(X + kept s)).
    linear, constant = base * (1 + kept), base**2 - product / price
    return max((-linear + math.sqrt(max(linear**2 - 4 * kept * constant, 0.0))) / (2 * kept), 0.0)


def purchase_to(pool: ConstantProduct, price: float) -> float:
    """Return the shares whose purchase brings the pool's price up to one, the fee staying in the pool.

    >>> pool = ConstantProduct(100.0, 8_100.0)
    >>> round(pool.fill("buy", purchase_to(pool, 100.0))[1].mid, 9)
    100.0
    """
    kept, base, quote = 1 - pool.terms.taker_fee, pool.base_reserve, pool.quote_reserve
    # After cash c in, the price is (Y + c)(Y + kept c) / k.
    linear, constant = quote * (1 + kept), quote**2 - price * base * quote
    cash = max((-linear + math.sqrt(max(linear**2 - 4 * kept * constant, 0.0))) / (2 * kept), 0.0)
    return shares_for(pool, cash)


def _check(trader: Arbitrageur | Keeper) -> None:
    if not trader.capital >= 0 or not trader.gas >= 0 or trader.latency < 0:
        raise DataError(
            f"{trader.name}: capital {trader.capital:g}, gas {trader.gas:g} and latency {trader.latency} "
            "must be at least 0"
        )
