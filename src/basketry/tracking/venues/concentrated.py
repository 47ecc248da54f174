"""A pool of concentrated liquidity, in whole units exactly as Uniswap v3 swaps them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

from basketry.core.errors import DataError
from basketry.reference.pools.ticks import MAX_TICK, MIN_TICK
from basketry.tracking.venues.swap_math import PARTS, swap_step
from basketry.tracking.venues.tick_math import (
    MAX_SQRT_PRICE,
    MIN_SQRT_PRICE,
    sqrt_price_at_tick,
    tick_at_sqrt_price,
)

_WORD = 256


class Position(NamedTuple):
    """Liquidity of one owner from one tick to another (exclusive)."""

    lower: int
    upper: int
    liquidity: int


class Swap(NamedTuple):
    """What a swap moves, in raw units.

    Attributes:
        amount_in: What comes in, with fee. amount_out: What goes out. fee: Part of what comes in.
        remaining: What was asked for and could not be had, at the limit of the price.
        crossed: Ticks with liquidity that the price crossed.
    """

    amount_in: int
    amount_out: int
    fee: int
    remaining: int
    crossed: int


@dataclass(frozen=True, slots=True)
class ConcentratedPool:
    """The state of a Uniswap v3 pool that swaps depend on. Prices are raw units of token 1 for one of token 0.

    Attributes:
        sqrt_price: Square root of the price, whole number of 2^-96.
        tick: Current tick.
        liquidity: In range.
        ticks: Ticks where liquidity begins or ends, ascending.
        net: Liquidity that comes in when the price rises through each of them.
        fee: Millionths of what comes in.
        spacing: Ticks that can be used are multiples of it.

    Source: UniswapV3Pool, Uniswap v3 core, 2021; Adams et al., Uniswap v3 Core, 2021.
    """

    sqrt_price: int
    tick: int
    liquidity: int
    ticks: tuple[int, ...]
    net: tuple[int, ...]
    fee: int
    spacing: int

    @staticmethod
    def of(sqrt_price: int, positions: Iterable[Position], *, fee: int = 3_000, spacing: int = 60) -> ConcentratedPool:
        """Return the pool of some positions at a price.

        Raises:
            DataError: The price, the fee or a range is out of order.

        >>> from basketry.tracking.venues.tick_math import Q96
        >>> pool = ConcentratedPool.of(Q96, [Position(-600, 600, 10**18)])
        >>> pool.liquidity == 10**18, pool.ticks
        (True, (-600, 600))
        """
        if not 0 <= fee < PARTS or spacing <= 0:
            raise DataError(f"pool: fee {fee} must be from 0 to below {PARTS} millionths, spacing {spacing} above 0")
        tick = tick_at_sqrt_price(sqrt_price)
        net: dict[int, int] = {}
        active = 0
        for lower, upper, liquidity in positions:
            if not MIN_TICK <= lower < upper <= MAX_TICK or lower % spacing or upper % spacing or liquidity <= 0:
                raise DataError(
                    f"pool: a position from tick {lower} to {upper} with liquidity {liquidity}: ends must be multiples "
                    f"of {spacing} in order, and liquidity positive"
                )
            net[lower] = net.get(lower, 0) + liquidity
            net[upper] = net.get(upper, 0) - liquidity
            active += liquidity if lower <= tick < upper else 0
        ticks = tuple(sorted(net))
        return ConcentratedPool(sqrt_price, tick, active, ticks, tuple(net[key] for key in ticks), fee, spacing)

    def swap(self, amount: int, *, zero_for_one: bool, sqrt_limit: int | None = None) -> tuple[Swap, Self]:
        """Return what a swap moves, and the pool after it.

        Args:
            amount: Units to come in, with fee; negative for units to go out.
            zero_for_one: Whether token 0 comes in, which lowers the price.
            sqrt_limit: Square root of the price at which the swap stops; none for the end of all ticks.

        Raises:
            DataError: The amount is zero, or the limit is on the wrong side of the price.

        >>> from basketry.tracking.venues.tick_math import Q96
        >>> pool = ConcentratedPool.of(Q96, [Position(-600, 600, 10**18)])
        >>> pool.swap(10**15, zero_for_one=True)[0]
        Swap(amount_in=1000000000000000, amount_out=996006981039903, fee=3000000000000, remaining=0, crossed=0)
        """
        limit = sqrt_limit
        if limit is None:
            limit = MIN_SQRT_PRICE + 1 if zero_for_one else MAX_SQRT_PRICE - 1
        within = MIN_SQRT_PRICE < limit < self.sqrt_price if zero_for_one else self.sqrt_price < limit < MAX_SQRT_PRICE
        if not within or not amount:
            raise DataError(f"pool: a swap of {amount} units towards {limit} from {self.sqrt_price} is no swap")
        price, tick, liquidity = self.sqrt_price, self.tick, self.liquidity
        total_in = total_out = total_fee = crossed = 0
        remaining = amount
        while remaining and price != limit:
            tick_ahead, place = self._next(tick, zero_for_one=zero_for_one)
            ahead = sqrt_price_at_tick(tick_ahead)
            target = max(ahead, limit) if zero_for_one else min(ahead, limit)
            step = swap_step(price, target, liquidity, remaining, self.fee)
            remaining += -(step.amount_in + step.fee) if amount > 0 else step.amount_out
            total_in += step.amount_in + step.fee
            total_out += step.amount_out
            total_fee += step.fee
            if step.sqrt_price == ahead:
                if place is not None:
                    liquidity += -self.net[place] if zero_for_one else self.net[place]
                    crossed += 1
                tick = tick_ahead - 1 if zero_for_one else tick_ahead
            elif step.sqrt_price != price:
                tick = tick_at_sqrt_price(step.sqrt_price)
            price = step.sqrt_price
        done = Swap(total_in, total_out, total_fee, remaining, crossed)
        return done, replace(self, sqrt_price=price, tick=tick, liquidity=liquidity)

    def _next(self, tick: int, *, zero_for_one: bool) -> tuple[int, int | None]:
        # The next tick with liquidity, but no further than the end of the contract's word of 256 ticks: each step
        # is rounded, so the steps must be the contract's.
        compressed = tick // self.spacing
        if zero_for_one:
            end = max(compressed // _WORD * _WORD * self.spacing, MIN_TICK)
            place = bisect_right(self.ticks, tick) - 1
            found = place >= 0 and self.ticks[place] >= end
        else:
            end = min(((compressed + 1) // _WORD * _WORD + _WORD - 1) * self.spacing, MAX_TICK)
            place = bisect_left(self.ticks, tick + 1)
            found = place < len(self.ticks) and self.ticks[place] <= end
        return (self.ticks[place], place) if found else (end, None)
