"""How far the price in a pool can stay from net asset value before arbitrage pays, in closed form."""

from __future__ import annotations

import math
from dataclasses import dataclass

from basketry.core.errors import DataError


@dataclass(frozen=True, slots=True)
class Band:
    """Premiums at which nobody gains by creating or redeeming; fractions of net asset value.

    Attributes:
        low: Negative: below it, buying in the pool and redeeming pays.
        high: Above it, creating and selling in the pool pays.
    """

    low: float
    high: float

    @property
    def width(self) -> float:
        """The larger distance from zero."""
        return max(self.high, -self.low)


def no_arbitrage_band(
    *, create_cost: float, redeem_cost: float, pool_fee: float, gas: float = 0.0, depth: float = math.inf
) -> Band:
    """Return the band of premiums that arbitrage with enough capital and no delay leaves.

    Without gas it is [(1 - r)(1 - φ) - 1, (1 + c) / (1 - φ) - 1]. The best sale into a pool with reserves X and Y
    gains (√Y - √(a X))² with a = (1 + c) / (1 - φ) times net asset value, so gas g moves the upper end to

        s = (√a + h + √((√a + h)² - a))²,    h = g / (2 D)

    with depth D = √(X Y), in quote currency at net asset value; likewise below with b = (1 - r)(1 - φ) and
    h = g (1 - φ) / (2 D).

    Args:
        create_cost: c, fraction: fee, spread and cost of buying the basket.
        redeem_cost: r, likewise.
        pool_fee: φ, fraction of what comes in.
        gas: Of one round in all, quote currency.
        depth: Value of one side of the pool, quote currency.

    Source: Angeris and Chitra, Improved Price Oracles: Constant Function Market Makers, 2020 (no-arbitrage bounds
    without gas); the form with gas from the same profit function.

    Raises:
        DataError: A cost is not in [0, 1), or depth or gas is negative.

    >>> band = no_arbitrage_band(create_cost=0.001, redeem_cost=0.001, pool_fee=0.003)
    >>> f"{band.low:.6f} {band.high:.6f}"
    '-0.003997 0.004012'
    >>> f"{no_arbitrage_band(create_cost=0, redeem_cost=0, pool_fee=0, gas=10, depth=1e6).high:.6f}"
    '0.006345'
    """
    if not (0 <= create_cost < 1 and 0 <= redeem_cost < 1 and 0 <= pool_fee < 1) or gas < 0 or depth <= 0:
        raise DataError(
            f"costs {create_cost:g}, {redeem_cost:g} and {pool_fee:g} must be fractions below 1, gas {gas:g} at least "
            f"0 and depth {depth:g} positive"
        )
    above, below = (1 + create_cost) / (1 - pool_fee), (1 - redeem_cost) * (1 - pool_fee)
    push = gas / (2 * depth)
    root = math.sqrt(above) + push
    high = (root + math.sqrt(max(root**2 - above, 0.0))) ** 2
    root = math.sqrt(below) + push * (1 - pool_fee)
    low = (root - math.sqrt(max(root**2 - below, 0.0))) ** 2
    return Band(low - 1, high - 1)


def depth_for_gas(limit: float, *, create_cost: float, redeem_cost: float, pool_fee: float, gas: float) -> float:
    """Return the least depth of one side at which gas alone lets the premium stay within a limit; inf if none does.

    The answer is necessary, not enough: it knows no delay, no limit of capital and no move of net asset value between
    two trades. `search.find_liquidity` answers with all of them.

    >>> depth_for_gas(0.01, create_cost=0.001, redeem_cost=0.001, pool_fee=0.003, gas=10) > 1e6
    True
    >>> depth_for_gas(0.002, create_cost=0.001, redeem_cost=0.001, pool_fee=0.003, gas=10)
    inf
    """
    free = no_arbitrage_band(create_cost=create_cost, redeem_cost=redeem_cost, pool_fee=pool_fee)
    if free.width >= limit:
        return math.inf
    above, below = (1 + create_cost) / (1 - pool_fee), (1 - redeem_cost) * (1 - pool_fee)
    up, down = math.sqrt(1 + limit), math.sqrt(max(1 - limit, 0.0))
    needed = [gas * up / (up - math.sqrt(above)) ** 2]
    if down:
        needed.append(gas * (1 - pool_fee) * down / (math.sqrt(below) - down) ** 2)
    return max(needed)
