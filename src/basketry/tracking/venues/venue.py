"""What every execution venue does: quote a trade, and fill it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, Self

from basketry.tracking.venues.terms import Terms

Side = Literal["buy", "sell"]
"""What the trader does."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What one trade gets.

    Attributes:
        side: What the trader does.
        size: Base units.
        price: Mean price without fees, quote currency per base unit.
        fee: Fees, quote currency.
        gas: Cost of the transaction whatever its size, quote currency.
        impact: |price / mid - 1|, a fraction.
    """

    side: Side
    size: float
    price: float
    fee: float
    gas: float
    impact: float

    @staticmethod
    def of(side: Side, size: float, notional: float, *, mid: float, fee: float, gas: float) -> Quote:
        """Return the quote of a trade from its value without fees.

        >>> Quote.of("buy", 2.0, 202.0, mid=100.0, fee=0.5, gas=0.0)
        Quote(side='buy', size=2.0, price=101.0, fee=0.5, gas=0.0, impact=0.01)
        """
        price = notional / size
        return Quote(side, size, price, fee, gas, abs(price - mid) / mid)

    @property
    def notional(self) -> float:
        """Size times price, quote currency."""
        return self.size * self.price

    @property
    def cash(self) -> float:
        """What a buyer pays in all, or a seller receives net, quote currency.

        >>> Quote("buy", 2.0, 100.0, 1.0, 0.5, 0.0).cash, Quote("sell", 2.0, 100.0, 1.0, 0.5, 0.0).cash
        (201.5, 198.5)
        """
        costs = self.fee + self.gas
        return self.notional + costs if self.side == "buy" else self.notional - costs

    def shortfall(self, reference: float) -> float:
        """Return what the trade costs against a trade of the same size at a reference price, quote currency.

        >>> Quote("sell", 2.0, 100.0, 1.0, 0.5, 0.0).shortfall(101.0)
        3.5
        """
        value = self.size * reference
        return self.cash - value if self.side == "buy" else value - self.cash


class Venue(Protocol):
    """A place that trades one base asset against one quote currency. Venues are frozen values."""

    @property
    def mid(self) -> float:
        """Price of an infinitely small trade without fees, quote currency per base unit."""
        ...

    def quote(self, side: Side, size: float) -> Quote:
        """Return what a trade of `size` base units would get.

        Raises:
            DataError: The size is below the minimum, no multiple of the lot, or more than there is.
        """
        ...

    def fill(self, side: Side, size: float) -> tuple[Quote, Self]:
        """Return what a trade gets, and the venue after it; raises as `quote`."""
        ...


class RoutableVenue(Venue, Protocol):
    """A venue whose marginal price is known, so that an order can be split over several."""

    @property
    def terms(self) -> Terms:
        """What the venue asks of every trade."""
        ...

    def depth(self, side: Side, price: float) -> float:
        """Return the base units that trade before the marginal price with fees passes a limit.

        For a buyer the limit is the most that the last unit may cost, for a seller the least that it must bring, both
        with fees and without gas. The result does not fall as the limit gets worse for the trader, and never exceeds
        what there is.
        """
        ...
