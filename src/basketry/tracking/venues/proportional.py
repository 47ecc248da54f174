"""A venue whose cost is proportional to the value traded: half the spread, and fees."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Self

from basketry.core.errors import DataError
from basketry.tracking.venues.terms import FREE, Terms
from basketry.tracking.venues.venue import Quote, Side


@dataclass(frozen=True, slots=True)
class ProportionalImpact:
    """Every size up to a limit trades at the mid and half the spread.

    Attributes:
        mid: Quote currency per base unit.
        half_spread: Fraction of the mid.
        limit: Most base units that can still be traded, for example a share of a day's volume.
        terms: Fees, gas, lots and minimum sizes.

    Raises:
        DataError: A figure is out of range.
    """

    mid: float
    half_spread: float
    limit: float = math.inf
    terms: Terms = FREE

    def __post_init__(self) -> None:
        """Refuse figures out of range."""
        if not 0 < self.mid < math.inf or not 0 <= self.half_spread < 1 or not self.limit >= 0:
            raise DataError(
                f"proportional impact: mid {self.mid} must be positive, half spread {self.half_spread} from 0 to "
                f"below 1, and limit {self.limit} from 0"
            )

    def quote(self, side: Side, size: float) -> Quote:
        """Return what a trade gets; see Venue.quote.

        >>> round(ProportionalImpact(100.0, 0.001, terms=Terms(taker_fee=0.001)).quote("sell", 2.0).cash, 6)
        199.6002
        """
        self.terms.check_size("proportional impact", size)
        if size > self.limit:
            raise DataError(
                f"proportional impact: an order for {size:g} base units is larger than the {self.limit:g} that can be "
                "traded; trade less, or slice the order in time"
            )
        notional = size * self.mid * (1 + self.half_spread if side == "buy" else 1 - self.half_spread)
        self.terms.check_notional("proportional impact", notional)
        fee = notional * self.terms.taker_fee
        return Quote.of(side, size, notional, mid=self.mid, fee=fee, gas=self.terms.gas)

    def fill(self, side: Side, size: float) -> tuple[Quote, Self]:
        """Return what a trade gets, and the venue with what is left of its limit; see Venue.fill."""
        return self.quote(side, size), replace(self, limit=self.limit - size)

    def depth(self, side: Side, price: float) -> float:
        """Return the limit, or nothing beyond the one price; see RoutableVenue.depth."""
        fee = self.terms.taker_fee
        if side == "buy":
            return self.limit if price >= self.mid * (1 + self.half_spread) * (1 + fee) else 0.0
        return self.limit if price <= self.mid * (1 - self.half_spread) * (1 - fee) else 0.0
