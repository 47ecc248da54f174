"""A pool of concentrated liquidity as a venue: sizes in base units, money in quote currency."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Self

from basketry.core.errors import DataError
from basketry.tracking.venues.concentrated import ConcentratedPool, Swap
from basketry.tracking.venues.swap_math import PARTS
from basketry.tracking.venues.terms import FREE, Terms
from basketry.tracking.venues.tick_math import MAX_SQRT_PRICE, MIN_SQRT_PRICE, Q96
from basketry.tracking.venues.venue import Quote, Side

_ALL = 1 << 255
_RAW_END = 2.0**128


@dataclass(frozen=True, slots=True)
class ConcentratedVenue:
    """A Uniswap v3 pool that trades a base asset.

    Sizes are rounded to the token's smallest unit, and the quote tells the size so rounded; the swap itself is exact.
    The fee is the pool's, so the taker fee of the terms is not used.

    Attributes:
        pool: State of the pool.
        base_decimals: Decimals of the base token. quote_decimals: Of the other.
        base_is_token0: Whether the base asset is token 0.
        terms: Gas, lots and minimum sizes.
    """

    pool: ConcentratedPool
    base_decimals: int = 18
    quote_decimals: int = 6
    base_is_token0: bool = True
    terms: Terms = FREE

    @property
    def mid(self) -> float:
        """Price of the pool, quote currency per base unit."""
        raw = (self.pool.sqrt_price / Q96) ** 2
        return (raw if self.base_is_token0 else 1 / raw) * self._scale

    def quote(self, side: Side, size: float) -> Quote:
        """Return what a swap gets; see Venue.quote.

        >>> from basketry.tracking.venues.concentrated import Position
        >>> pool = ConcentratedPool.of(Q96, [Position(-6000, 6000, 10**21)])
        >>> ConcentratedVenue(pool, quote_decimals=18).quote("sell", 10.0)
        Quote(side='sell', size=10.0, price=0.990128..., fee=0.029703..., gas=0.0, impact=0.009871...)
        """
        return self._trade(side, size)[0]

    def fill(self, side: Side, size: float) -> tuple[Quote, Self]:
        """Return what a swap gets, and the pool after it; see Venue.fill."""
        quote, pool = self._trade(side, size)
        return quote, replace(self, pool=pool)

    def depth(self, side: Side, price: float) -> float:
        """Return what can be swapped until the price with fee passes a limit; see RoutableVenue.depth."""
        keep = 1 - self.pool.fee / PARTS
        spot = price * keep if side == "buy" else price / keep
        if spot <= self.mid if side == "buy" else spot >= self.mid:
            return 0.0
        limit = self._sqrt_price(spot)
        down = self._zero_for_one(side)
        if limit == self.pool.sqrt_price:
            return 0.0
        swap, _ = self.pool.swap(-_ALL if side == "buy" else _ALL, zero_for_one=down, sqrt_limit=limit)
        moved: int = swap.amount_out if side == "buy" else swap.amount_in
        return float(moved / 10**self.base_decimals)

    @property
    def _scale(self) -> float:
        return 10.0 ** (self.base_decimals - self.quote_decimals)

    def _zero_for_one(self, side: Side) -> bool:
        return (side == "sell") == self.base_is_token0

    def _sqrt_price(self, spot: float) -> int:
        raw = spot / self._scale
        if not self.base_is_token0:
            raw = 1 / raw if raw else math.inf
        root = int(math.sqrt(raw) * Q96) if raw < _RAW_END else MAX_SQRT_PRICE
        return min(max(root, MIN_SQRT_PRICE + 1), MAX_SQRT_PRICE - 1)

    def _trade(self, side: Side, size: float) -> tuple[Quote, ConcentratedPool]:
        self.terms.check_size("pool", size)
        units = round(size * 10**self.base_decimals)
        if not units:
            raise DataError(f"pool: size {size!r} is below the smallest unit, 10^-{self.base_decimals}; trade more")
        swap, pool = self.pool.swap(-units if side == "buy" else units, zero_for_one=self._zero_for_one(side))
        if swap.remaining:
            had = (units - abs(swap.remaining)) / 10**self.base_decimals
            raise DataError(
                f"pool: an order for {size:g} base units would drain the liquidity of all ticks, which takes {had:g}; "
                "trade less, or route the order over more venues"
            )
        notional, fee = self._money(side, swap)
        self.terms.check_notional("pool", notional)
        traded = units / 10**self.base_decimals
        return Quote.of(side, traded, notional, mid=self.mid, fee=fee, gas=self.terms.gas), pool

    def _money(self, side: Side, swap: Swap) -> tuple[float, float]:
        unit = 10**self.quote_decimals
        if side == "buy":
            return (swap.amount_in - swap.fee) / unit, swap.fee / unit
        # The fee is in the base asset; it is worth the mean price of the rest.
        notional = swap.amount_out * swap.amount_in / (swap.amount_in - swap.fee) if swap.amount_out else 0.0
        return notional / unit, (notional - swap.amount_out) / unit
