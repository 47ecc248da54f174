"""Dealers who answer a request with a firm price and a size."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from basketry.core.errors import DataError
from basketry.core.numbers import Floats, exact_sum
from basketry.tracking.venues import levels
from basketry.tracking.venues.terms import FREE, Terms
from basketry.tracking.venues.venue import Quote, Side


@dataclass(frozen=True, slots=True)
class Dealer:
    """What one dealer answers.

    Attributes:
        half_spread: Distance of the dealer's prices from the mid, a fraction.
        size: Base units for which the prices are firm.
    """

    half_spread: float
    size: float


@dataclass(frozen=True, slots=True)
class RequestForQuote:
    """Dealers asked at the same time; an order goes to the cheapest first, then to the next.

    Attributes:
        mid: Quote currency per base unit.
        dealers: Who answers.
        terms: Fees and minimum sizes.

    Raises:
        DataError: The mid, a spread or a size is out of range.
    """

    mid: float
    dealers: tuple[Dealer, ...]
    terms: Terms = FREE

    def __post_init__(self) -> None:
        """Refuse prices and sizes out of range."""
        if not 0 < self.mid < float("inf"):
            raise DataError(f"request for quote: the mid must be positive, was {self.mid}")
        for number, dealer in enumerate(self.dealers):
            if not 0 <= dealer.half_spread < 1 or not dealer.size >= 0:
                raise DataError(
                    f"request for quote: dealer {number} has half spread {dealer.half_spread} and size {dealer.size}; "
                    "give a fraction from 0 to below 1, and a size from 0"
                )

    def quote(self, side: Side, size: float) -> Quote:
        """Return what an order gets from the dealers; see Venue.quote.

        >>> request = RequestForQuote(100.0, (Dealer(0.002, 1.0), Dealer(0.001, 1.0)))
        >>> round(request.quote("buy", 2.0).price, 6)
        100.15
        """
        return self._take(side, size)[0]

    def fill(self, side: Side, size: float) -> tuple[Quote, Self]:
        """Return what an order gets, and the dealers with what is left of their sizes; see Venue.fill."""
        quote, taken = self._take(side, size)
        left = (Dealer(d.half_spread, d.size - float(t)) for d, t in zip(self._ranked(), taken, strict=True))
        return quote, replace(self, dealers=tuple(left))

    def depth(self, side: Side, price: float) -> float:
        """Return the sizes of the dealers within a limit; see RoutableVenue.depth."""
        prices, sizes = self._levels(side)
        fee = self.terms.taker_fee
        within = prices * (1 + fee) <= price if side == "buy" else prices * (1 - fee) >= price
        return exact_sum(sizes[within])

    def _ranked(self) -> list[Dealer]:
        return sorted(self.dealers, key=lambda dealer: dealer.half_spread)

    def _levels(self, side: Side) -> tuple[Floats, Floats]:
        sign = 1 if side == "buy" else -1
        ranked = self._ranked()
        spreads = np.array([dealer.half_spread for dealer in ranked], dtype=np.float64)
        return self.mid * (1 + sign * spreads), np.array([dealer.size for dealer in ranked], dtype=np.float64)

    def _take(self, side: Side, size: float) -> tuple[Quote, Floats]:
        self.terms.check_size("request for quote", size)
        prices, sizes = self._levels(side)
        taken = levels.take(f"request for quote, {side}", prices, sizes, size)
        notional = exact_sum(taken * prices)
        self.terms.check_notional("request for quote", notional)
        fee = notional * self.terms.taker_fee
        return Quote.of(side, size, notional, mid=self.mid, fee=fee, gas=self.terms.gas), taken
