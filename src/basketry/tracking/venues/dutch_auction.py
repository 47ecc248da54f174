"""A Dutch auction: the price goes from the maker's side to the takers' until one of them finds it worth taking."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.market.tape import Ints
from basketry.tracking.venues.terms import FREE, Terms
from basketry.tracking.venues.venue import Quote, Side

_SECOND = 1_000_000


class Taken(NamedTuple):
    """When and at what price an auction was taken.

    Attributes:
        waited: Microseconds from the start. price: Quote currency per base unit. mid: Fair price at that time.
    """

    waited: int
    price: float
    mid: float


@dataclass(frozen=True, slots=True)
class DutchAuction:
    """An auction of an order as a venue.

    An order to sell starts above the fair price and falls; an order to buy starts below and rises. The price changes
    exponentially with time, in steps of one block. The first taker who gains takes all: for a sale, once
    price ≤ fair (1 - margin) - gas / size; for a purchase, once price ≥ fair (1 + margin) + gas / size. So a shorter
    step and a slower decay give the maker more, and a slower decay makes the maker wait.

    Attributes:
        mid: Fair price at the start, quote currency per base unit.
        premium: Distance of the first price from the fair price, on the maker's side, a fraction.
        discount: Distance of the last price, on the takers' side, a fraction.
        decay: Fraction by which the price changes a second, continuously.
        step: Microseconds of one block.
        margin: What a taker wants, a fraction.
        taker_gas: What the transaction costs a taker, quote currency.
        terms: What the maker pays: fees, gas, minimum sizes.

    Raises:
        DataError: A figure is out of range.
    """

    mid: float
    premium: float = 0.01
    discount: float = 0.05
    decay: float = 1e-4
    step: int = 12 * _SECOND
    margin: float = 0.0
    taker_gas: float = 0.0
    terms: Terms = FREE

    def __post_init__(self) -> None:
        """Refuse figures out of range."""
        fractions = (self.premium, self.discount, self.margin)
        if not 0 < self.mid < math.inf or not all(0 <= value < 1 for value in fractions):
            raise DataError(
                f"auction: mid {self.mid} must be positive; premium, discount and margin {fractions} from 0 to below 1"
            )
        if self.decay <= 0 or self.step <= 0 or self.taker_gas < 0:
            raise DataError(
                f"auction: decay {self.decay} and step {self.step} must be positive, gas {self.taker_gas} from 0"
            )

    @property
    def duration(self) -> int:
        """Microseconds from the first price to the last."""
        span = math.log((1 + self.premium) / (1 - self.discount))
        return math.ceil(span / self.decay * _SECOND)

    def quote(self, side: Side, size: float) -> Quote:
        """Return what the maker gets while the fair price stays; see Venue.quote.

        >>> auction = DutchAuction(100.0, premium=0.01, decay=1e-4, step=12_000_000)
        >>> auction.quote("sell", 1.0).price < 100.0 < auction.quote("buy", 1.0).price
        True
        """
        taken = self.taken(side, size, np.array([0]), np.array([self.mid]))
        return self._paid(side, size, taken)

    def fill(self, side: Side, size: float) -> tuple[Quote, Self]:
        """Return what the maker gets, and the same venue: auctions do not move the fair price; see Venue.fill."""
        return self.quote(side, size), self

    def taken(self, side: Side, size: float, time: Ints, mid: Floats) -> Taken:
        """Return when an order is taken while the fair price moves.

        Args:
            side: What the maker does. size: Base units.
            time: Microseconds from the start, ascending from 0. mid: Fair price from then on.

        Raises:
            DataError: No taker gains before the last price, or the size is not tradable.
        """
        self.terms.check_size("auction", size)
        waited = np.arange(0, self.duration + self.step, self.step)
        fair = mid[np.searchsorted(time, waited, side="right") - 1]
        toward = np.minimum(waited, self.duration) / _SECOND * self.decay
        if side == "sell":
            price = self.mid * (1 + self.premium) * np.exp(-toward)
            gains = price <= fair * (1 - self.margin) - self.taker_gas / size
        else:
            price = self.mid / (1 + self.premium) * np.exp(toward)
            gains = price >= fair * (1 + self.margin) + self.taker_gas / size
        if not gains.any():
            raise DataError(
                f"auction: nobody takes {size:g} base units before the last price {price[-1]:g}; auction more at once "
                "so that gas weighs less, or allow a larger discount"
            )
        first = int(np.argmax(gains))
        return Taken(int(waited[first]), float(price[first]), float(fair[first]))

    def _paid(self, side: Side, size: float, taken: Taken) -> Quote:
        notional = size * taken.price
        self.terms.check_notional("auction", notional)
        fee = notional * self.terms.taker_fee
        return Quote.of(side, size, notional, mid=self.mid, fee=fee, gas=self.terms.gas)
