"""A constant-product pool: the product of its two reserves does not fall."""

from __future__ import annotations

import math
from dataclasses import dataclass

from basketry.core.errors import DataError
from basketry.tracking.venues.reserves import ReservePool

_PARTS = 1_000_000


@dataclass(frozen=True, slots=True)
class ConstantProduct(ReservePool):
    """A pool with x y = k, as in Uniswap v2.

    Δy = y Δx / (x + Δx) for what comes in without its fee.

    Source: Adams, Zinsmeister and Robinson, Uniswap v2 Core, 2020.

    >>> pool = ConstantProduct(base_reserve=10.0, quote_reserve=1000.0)
    >>> pool.mid, pool.quote("buy", 2.0).cash
    (100.0, 250.0)
    """

    @property
    def mid(self) -> float:
        """Spot price y / x, quote currency per base unit."""
        return self.quote_reserve / self.base_reserve

    def cost_of(self, size: float) -> float:
        """Return y s / (x - s), what must come in for s base units."""
        return self.quote_reserve * size / (self.base_reserve - size)

    def proceeds_of(self, size: float) -> float:
        """Return y s / (x + s), what s base units bring."""
        return self.quote_reserve * size / (self.base_reserve + size)

    def base_at(self, price: float) -> float:
        """Return the base reserve √(k / p) at a spot price."""
        return math.sqrt(self.base_reserve * self.quote_reserve / price)


def amount_out(amount_in: int, reserve_in: int, reserve_out: int, fee: int = 3_000) -> int:
    """Return what a swap of whole units brings, rounded down in favour of the pool.

    Args:
        amount_in: Units that come in, with the fee.
        reserve_in: Units of the token that comes in, before. reserve_out: Of the other.
        fee: Millionths of what comes in.

    Source: UniswapV2Library.getAmountOut, Uniswap v2 periphery, 2020.

    Raises:
        DataError: Nothing comes in, a reserve is empty, or the fee is out of range.

    >>> amount_out(10**18, 5 * 10**18, 10 * 10**18)
    1662497915624478906
    """
    _check(amount_in, reserve_in, reserve_out, fee)
    taxed = amount_in * (_PARTS - fee)
    return taxed * reserve_out // (reserve_in * _PARTS + taxed)


def amount_in(amount_out: int, reserve_in: int, reserve_out: int, fee: int = 3_000) -> int:
    """Return what must come in, with the fee, for whole units to go out, rounded up in favour of the pool.

    Source: UniswapV2Library.getAmountIn, Uniswap v2 periphery, 2020.

    Raises:
        DataError: As `amount_out`, or the pool would be drained.

    >>> amount_in(1662497915624478906, 5 * 10**18, 10 * 10**18)
    1000000000000000000
    """
    _check(amount_out, reserve_in, reserve_out, fee)
    if amount_out >= reserve_out:
        raise DataError(f"pool: taking {amount_out} units would drain the pool, which holds {reserve_out}; take less")
    return reserve_in * amount_out * _PARTS // ((reserve_out - amount_out) * (_PARTS - fee)) + 1


def impermanent_loss(price_ratio: float, base_weight: float = 0.5) -> float:
    """Return what providing liquidity brings against holding, without fees: r^w / (1 - w + w r) - 1, never positive.

    With equal weights 2√r / (1 + r) - 1.

    Args:
        price_ratio: r, the price of the base asset after, divided by that before.
        base_weight: w, share of the base asset in the pool's value.

    Source: Pintail, Uniswap: A Good Deal for Liquidity Providers?, 2019; Martinelli and Mushegian, Balancer, 2019
    (value function).

    Raises:
        DataError: The ratio is not positive, or the weight no fraction.

    >>> round(impermanent_loss(4.0), 12), round(impermanent_loss(4.0, base_weight=0.8), 4)
    (-0.2, -0.1084)
    """
    if not 0 < price_ratio < math.inf or not 0 < base_weight < 1:
        raise DataError(
            f"impermanent loss: ratio {price_ratio:g} must be positive and weight {base_weight:g} between 0 and 1"
        )
    return float(price_ratio**base_weight) / (1 - base_weight + base_weight * price_ratio) - 1


def _check(amount: int, reserve_in: int, reserve_out: int, fee: int) -> None:
    if amount <= 0 or reserve_in <= 0 or reserve_out <= 0 or not 0 <= fee < _PARTS:
        raise DataError(
            f"pool: amount {amount} and reserves {reserve_in} and {reserve_out} must be positive whole units, "
            f"and fee {fee} from 0 to below {_PARTS} millionths"
        )
