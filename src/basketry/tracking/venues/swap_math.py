"""One step of a swap within a range of constant liquidity, in whole units as Uniswap v3 computes it.

Square roots of prices are whole numbers of 2^-96, raw units of token 1 for one of token 0. What comes in is rounded up
and what goes out is rounded down, so that the pool never loses a unit.

Source: SqrtPriceMath and SwapMath, Uniswap v3 core, 2021; formulas in Adams et al., Uniswap v3 Core, 2021, section 6.
"""

from __future__ import annotations

from typing import NamedTuple

from basketry.core.errors import DataError
from basketry.tracking.venues.tick_math import Q96

PARTS = 1_000_000


class SwapStep(NamedTuple):
    """What one step does.

    Attributes:
        sqrt_price: After the step. amount_in: Units that come in, without fee. amount_out: Units that go out.
        fee: Units of the token that comes in.
    """

    sqrt_price: int
    amount_in: int
    amount_out: int
    fee: int


def amount0_between(sqrt_a: int, sqrt_b: int, liquidity: int, *, round_up: bool) -> int:
    """Return the units of token 0 between two prices: L (1/√a - 1/√b).

    >>> amount0_between(Q96, 2 * Q96, 1000, round_up=False)
    500
    """
    low, high = sorted((sqrt_a, sqrt_b))
    if low <= 0:
        raise DataError(f"a square root of a price must be positive, was {low}")
    shifted = (liquidity << 96) * (high - low)
    if round_up:
        return _divided_up(_divided_up(shifted, high), low)
    return shifted // high // low


def amount1_between(sqrt_a: int, sqrt_b: int, liquidity: int, *, round_up: bool) -> int:
    """Return the units of token 1 between two prices: L (√b - √a).

    >>> amount1_between(Q96, 2 * Q96, 1000, round_up=False)
    1000
    """
    product = liquidity * abs(sqrt_b - sqrt_a)
    return _divided_up(product, Q96) if round_up else product // Q96


def sqrt_price_after_input(sqrt_price: int, liquidity: int, amount_in: int, *, zero_for_one: bool) -> int:
    """Return the square root of the price after units come in, rounded so that the pool does not lose.

    Raises:
        DataError: The price or the liquidity is not positive.
    """
    _check(sqrt_price, liquidity)
    if zero_for_one:
        return _after_amount0(sqrt_price, liquidity, amount_in, add=True)
    return sqrt_price + (amount_in << 96) // liquidity


def sqrt_price_after_output(sqrt_price: int, liquidity: int, amount_out: int, *, zero_for_one: bool) -> int:
    """Return the square root of the price after units go out, rounded so that the pool does not lose.

    Raises:
        DataError: The price or the liquidity is not positive, or there are not as many units.
    """
    _check(sqrt_price, liquidity)
    if not zero_for_one:
        return _after_amount0(sqrt_price, liquidity, amount_out, add=False)
    after = sqrt_price - _divided_up(amount_out << 96, liquidity)
    if after <= 0:
        raise DataError(f"{amount_out} units of token 1 are as many as the liquidity of {liquidity} holds; take less")
    return after


def swap_step(sqrt_price: int, target: int, liquidity: int, remaining: int, fee: int) -> SwapStep:
    """Return what a swap does until it is done or the price reaches a target.

    Args:
        sqrt_price: Before the step.
        target: Square root of the price not to be passed; below the price if token 0 comes in, else above.
        liquidity: Of the range.
        remaining: Units still to come in, with fee; negative for units still to go out.
        fee: Millionths of what comes in.

    Source: SwapMath.computeSwapStep.

    >>> swap_step(Q96, 2 * Q96, 10**6, 10**5, 3_000)
    SwapStep(sqrt_price=87127210316936492051620282184, amount_in=99700, amount_out=90661, fee=300)
    """
    zero_for_one = sqrt_price >= target
    exact_in = remaining >= 0
    into, out = (amount0_between, amount1_between) if zero_for_one else (amount1_between, amount0_between)
    if exact_in:
        taxed = remaining * (PARTS - fee) // PARTS
        reached = taxed >= into(target, sqrt_price, liquidity, round_up=True)
        after = target if reached else sqrt_price_after_input(sqrt_price, liquidity, taxed, zero_for_one=zero_for_one)
    else:
        reached = -remaining >= out(target, sqrt_price, liquidity, round_up=False)
        after = (
            target if reached else sqrt_price_after_output(sqrt_price, liquidity, -remaining, zero_for_one=zero_for_one)
        )
    amount_in = into(after, sqrt_price, liquidity, round_up=True)
    amount_out = out(after, sqrt_price, liquidity, round_up=False)
    if not exact_in:
        amount_out = min(amount_out, -remaining)
    # An input that does not reach the target is used up: what is no input is fee.
    paid = remaining - amount_in if exact_in and after != target else _divided_up(amount_in * fee, PARTS - fee)
    return SwapStep(after, amount_in, amount_out, paid)


def _after_amount0(sqrt_price: int, liquidity: int, amount: int, *, add: bool) -> int:
    shifted = liquidity << 96
    change = amount * sqrt_price
    below = shifted + change if add else shifted - change
    if below <= 0:
        raise DataError(f"{amount} units of token 0 are as many as the liquidity of {liquidity} holds; take less")
    if add and below > (1 << 256) - 1:
        # The contract's way where the exact quotient would overflow its 256 bits.
        return _divided_up(shifted, shifted // sqrt_price + amount)
    return _divided_up(shifted * sqrt_price, below)


def _check(sqrt_price: int, liquidity: int) -> None:
    if sqrt_price <= 0 or liquidity <= 0:
        raise DataError(f"price {sqrt_price} and liquidity {liquidity} must be positive; the pool holds nothing here")


def _divided_up(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)
