"""What pools of two reserves share: an order moves the reserves along the pool's curve, and the fee stays."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Self

from basketry.core.errors import DataError
from basketry.tracking.venues.terms import FREE, Terms
from basketry.tracking.venues.venue import Quote, Side


@dataclass(frozen=True, slots=True)
class ReservePool(ABC):
    """A pool that holds the base asset and the quote currency.

    The fee is taken from what comes in and stays in the pool, for its liquidity providers.

    Attributes:
        base_reserve: Base units. quote_reserve: Quote currency.
        terms: The taker fee is the pool's fee.

    Raises:
        DataError: A reserve is not positive.
    """

    base_reserve: float
    quote_reserve: float
    terms: Terms = FREE

    def __post_init__(self) -> None:
        """Refuse an empty pool."""
        if not (0 < self.base_reserve < math.inf and 0 < self.quote_reserve < math.inf):
            raise DataError(
                f"pool: reserves {self.base_reserve:g} (base) and {self.quote_reserve:g} (quote) must be positive; "
                "a drained pool cannot trade"
            )

    @property
    @abstractmethod
    def mid(self) -> float:
        """Spot price without fee, quote currency per base unit."""

    @abstractmethod
    def cost_of(self, size: float) -> float:
        """Return the quote currency that must come in, without fee, for `size` base units."""

    @abstractmethod
    def proceeds_of(self, size: float) -> float:
        """Return the quote currency that goes out for `size` base units that come in, without fee."""

    @abstractmethod
    def base_at(self, price: float) -> float:
        """Return the base reserve at which the spot price without fee is `price`, along the curve."""

    def quote(self, side: Side, size: float) -> Quote:
        """Return what a swap gets; see Venue.quote."""
        self.terms.check_size("pool", size)
        fee, gas = self.terms.taker_fee, self.terms.gas
        if side == "buy":
            if size >= self.base_reserve:
                raise DataError(
                    f"pool: an order for {size:g} base units would drain the pool, which holds {self.base_reserve:g}; "
                    "trade less, or route the order over more venues"
                )
            notional = self.cost_of(size)
            paid = notional * fee / (1 - fee)
        else:
            notional = self.proceeds_of(size * (1 - fee)) / (1 - fee)
            paid = notional * fee
        self.terms.check_notional("pool", notional)
        return Quote.of(side, size, notional, mid=self.mid, fee=paid, gas=gas)

    def fill(self, side: Side, size: float) -> tuple[Quote, Self]:
        """Return what a swap gets, and the pool after it; see Venue.fill."""
        quote = self.quote(side, size)
        sign = -1 if side == "buy" else 1
        money = quote.notional + (quote.fee if side == "buy" else -quote.fee)
        after = replace(
            self, base_reserve=self.base_reserve + sign * size, quote_reserve=self.quote_reserve - sign * money
        )
        return quote, after

    def depth(self, side: Side, price: float) -> float:
        """Return what can be swapped within a limit; see RoutableVenue.depth."""
        fee = self.terms.taker_fee
        if side == "buy":
            spot = price * (1 - fee)
            return self.base_reserve - self.base_at(spot) if spot > self.mid else 0.0
        if price <= 0:
            return math.inf
        spot = price / (1 - fee)
        return (self.base_at(spot) - self.base_reserve) / (1 - fee) if spot < self.mid else 0.0
