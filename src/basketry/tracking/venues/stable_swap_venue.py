"""A stable-swap pool as a venue: sizes in base units, money in quote currency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from scipy.optimize import brentq

from basketry.core.errors import DataError
from basketry.tracking.venues.stable_swap import FEE_PARTS, PRECISION, StableSwapPool, balance_on_curve, invariant
from basketry.tracking.venues.terms import FREE, Terms
from basketry.tracking.venues.venue import Quote, Side

_LARGEST = 1e3


@dataclass(frozen=True, slots=True)
class StableSwapVenue:
    """A Curve pool that trades one of its coins against another.

    Sizes are rounded to the coin's smallest unit, and the quote tells the size so rounded; the exchange itself is
    exact. A buyer pays the least that brings the size, and the pool keeps what it brings above. The fee is the pool's,
    so the taker fee of the terms is not used.

    Attributes:
        pool: State of the pool.
        base_coin: Place of the base asset. quote_coin: Of the quote currency.
        base_decimals: Decimals of the base coin. quote_decimals: Of the other.
        terms: Gas, lots and minimum sizes.
    """

    pool: StableSwapPool
    base_coin: int = 0
    quote_coin: int = 1
    base_decimals: int = 18
    quote_decimals: int = 18
    terms: Terms = FREE

    @property
    def mid(self) -> float:
        """Price of an infinitely small trade without fee, quote currency per base unit."""
        return self._spot(self.pool.scaled, self._total)

    def quote(self, side: Side, size: float) -> Quote:
        """Return what an exchange gets; see Venue.quote.

        >>> pool = StableSwapPool((10**24, 10**24), (10**18, 10**18), 100)
        >>> quote = StableSwapVenue(pool).quote("sell", 100_000.0)
        >>> round(quote.cash, 2), round(quote.fee, 2)
        (99860.15, 39.96)
        """
        return self._trade(side, size)[0]

    def fill(self, side: Side, size: float) -> tuple[Quote, Self]:
        """Return what an exchange gets, and the pool after it; see Venue.fill."""
        quote, pool = self._trade(side, size)
        return quote, replace(self, pool=pool)

    def depth(self, side: Side, price: float) -> float:
        """Return what can be exchanged until the price with fee passes a limit; see RoutableVenue.depth."""
        keep = 1 - self.pool.fee / FEE_PARTS
        spot = price * keep if side == "buy" else price / keep
        if spot <= self.mid if side == "buy" else spot >= self.mid:
            return 0.0
        scaled, total = self.pool.scaled, self._total
        start = scaled[self.base_coin]

        def gap(moved: float) -> float:
            return self._spot(self._after(side, moved, total), total) - spot

        # A buyer cannot take the last units, and a seller brings no more than many times what the pool holds.
        furthest = start * (1 - 1e-9) if side == "buy" else sum(scaled) * _LARGEST
        if gap(furthest) < 0 if side == "buy" else gap(furthest) > 0:
            moved = furthest
        else:
            moved = float(brentq(gap, 0.0, furthest, xtol=1.0, rtol=1e-14))
        net = moved * keep if side == "buy" else moved
        return float(net * PRECISION / self.pool.rates[self.base_coin] / 10**self.base_decimals)

    @property
    def _total(self) -> int:
        return invariant(self.pool.scaled, self.pool.amplification, self.pool.precision)

    def _after(self, side: Side, moved: float, total: int) -> list[int]:
        pool, held = self.pool, list(self.pool.scaled)
        held[self.base_coin] += -int(moved) if side == "buy" else int(moved)
        held[self.quote_coin] = balance_on_curve(self.quote_coin, held, total, pool.amplification, pool.precision)
        return held

    def _spot(self, scaled: Sequence[int], total: int) -> float:
        # dx_quote / dx_base along the invariant is (a + P / x_base) / (a + P / x_quote), P = D^(n+1) / (n^n Πx).
        pool = self.pool
        count, leverage = len(scaled), pool.amplification * len(scaled) / pool.precision
        product = float(total)
        for balance in scaled:
            product *= total / (balance * count)
        base, quote = self.base_coin, self.quote_coin
        raw = (leverage + product / scaled[base]) / (leverage + product / scaled[quote])
        rates = pool.rates[base] / pool.rates[quote]
        return float(raw * rates * 10.0 ** (self.base_decimals - self.quote_decimals))

    def _trade(self, side: Side, size: float) -> tuple[Quote, StableSwapPool]:
        self.terms.check_size("stable-swap pool", size)
        base, quote = 10**self.base_decimals, 10**self.quote_decimals
        units = round(size * base)
        if not units:
            raise DataError(f"stable-swap pool: size {size!r} is below 10^-{self.base_decimals}; trade more")
        if side == "sell":
            done, pool = self.pool.exchange(self.base_coin, self.quote_coin, units)
            notional = (done.amount_out + done.fee) / quote
            fee = done.fee / quote
        else:
            paid = self.pool.amount_for(self.quote_coin, self.base_coin, units)
            done, pool = self.pool.exchange(self.quote_coin, self.base_coin, paid)
            held = list(pool.balances)
            held[self.base_coin] += done.amount_out - units
            pool = replace(pool, balances=tuple(held))
            # The fee is in the base asset; it is worth the mean price of the whole.
            notional = paid / quote * units / (done.amount_out + done.fee)
            fee = paid / quote - notional
        self.terms.check_notional("stable-swap pool", notional)
        return Quote.of(side, units / base, notional, mid=self.mid, fee=fee, gas=self.terms.gas), pool
