"""Square roots of prices at ticks, as whole numbers of 2^-96, exactly as Uniswap v3 computes them."""

from __future__ import annotations

from decimal import Context, Decimal
from functools import lru_cache

from basketry.core.errors import DataError
from basketry.reference.pools.ticks import MAX_TICK, MIN_TICK

Q96 = 1 << 96
_MAX_256 = (1 << 256) - 1


@lru_cache(maxsize=1)
def _factors() -> tuple[int, ...]:
    # The contract's constants: 2^128 / √1.0001^(2^i), rounded to the nearest.
    context = Context(prec=120)
    root = context.sqrt(Decimal("1.0001"))
    powers = (context.power(root, -(1 << bit)) for bit in range(20))
    return tuple(int(context.multiply(1 << 128, power).to_integral_value()) for power in powers)


@lru_cache(maxsize=4096)
def sqrt_price_at_tick(tick: int) -> int:
    """Return √(1.0001^tick) x 2^96 as a whole number.

    Source: TickMath.getSqrtRatioAtTick, Uniswap v3 core, 2021.

    Raises:
        DataError: The tick is out of range.

    >>> sqrt_price_at_tick(0) == Q96, sqrt_price_at_tick(-887_272)
    (True, 4295128739)
    """
    if not MIN_TICK <= tick <= MAX_TICK:
        raise DataError(f"tick {tick} is not from {MIN_TICK} to {MAX_TICK}")
    ratio = 1 << 128
    for bit, factor in enumerate(_factors()):
        if abs(tick) >> bit & 1:
            ratio = ratio * factor >> 128
    if tick > 0:
        ratio = _MAX_256 // ratio
    return -(-ratio >> 32)


MIN_SQRT_PRICE = 4_295_128_739
MAX_SQRT_PRICE = 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_342


def tick_at_sqrt_price(sqrt_price: int) -> int:
    """Return the greatest tick whose square root of the price is not above a value.

    Source: TickMath.getTickAtSqrtRatio, Uniswap v3 core, 2021.

    Raises:
        DataError: The value is out of range.

    >>> tick_at_sqrt_price(Q96), tick_at_sqrt_price(Q96 - 1)
    (0, -1)
    """
    if not MIN_SQRT_PRICE <= sqrt_price < MAX_SQRT_PRICE:
        raise DataError(f"a square root of a price of {sqrt_price} / 2^96 is out of range of the ticks")
    low, high = MIN_TICK, MAX_TICK
    while high - low > 1:
        middle = (low + high) // 2
        if sqrt_price_at_tick(middle) <= sqrt_price:
            low = middle
        else:
            high = middle
    return low
