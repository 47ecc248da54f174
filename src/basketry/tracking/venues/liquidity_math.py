"""Liquidity of a concentrated position, and the tokens that it holds."""

from __future__ import annotations

from basketry.core.errors import DataError
from basketry.tracking.venues.swap_math import amount0_between, amount1_between
from basketry.tracking.venues.tick_math import Q96


def amounts_of(
    sqrt_price: int, sqrt_lower: int, sqrt_upper: int, liquidity: int, *, round_up: bool = False
) -> tuple[int, int]:
    """Return the units of token 0 and of token 1 in a position.

    Args:
        sqrt_price: Square root of the pool's price, whole number of 2^-96.
        sqrt_lower: Of the lower end of the range. sqrt_upper: Of the upper end.
        liquidity: L.
        round_up: As when the position is made; else as when it is taken out.

    Source: LiquidityAmounts.getAmountsForLiquidity, Uniswap v3 periphery, 2021.

    Raises:
        DataError: The range is empty.

    >>> amounts_of(2 * Q96, Q96, 4 * Q96, 1000)
    (250, 1000)
    """
    inside = min(max(sqrt_price, sqrt_lower), sqrt_upper)
    _check(sqrt_lower, sqrt_upper)
    return (
        amount0_between(inside, sqrt_upper, liquidity, round_up=round_up),
        amount1_between(sqrt_lower, inside, liquidity, round_up=round_up),
    )


def liquidity_of(sqrt_price: int, sqrt_lower: int, sqrt_upper: int, amount0: int, amount1: int) -> int:
    """Return the most liquidity that some units of both tokens make.

    Source: LiquidityAmounts.getLiquidityForAmounts, Uniswap v3 periphery, 2021.

    Raises:
        DataError: The range is empty.

    >>> liquidity_of(2 * Q96, Q96, 4 * Q96, 250, 1000)
    1000
    """
    _check(sqrt_lower, sqrt_upper)
    inside = min(max(sqrt_price, sqrt_lower), sqrt_upper)
    choices = []
    if inside < sqrt_upper:
        choices.append(amount0 * (inside * sqrt_upper // Q96) // (sqrt_upper - inside))
    if inside > sqrt_lower:
        choices.append((amount1 << 96) // (inside - sqrt_lower))
    return min(choices)


def _check(sqrt_lower: int, sqrt_upper: int) -> None:
    if not 0 < sqrt_lower < sqrt_upper:
        raise DataError(f"the range from {sqrt_lower} to {sqrt_upper} is empty; give the lower end first")
