"""A venue whose price moves with the square root of what was traded."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Self

from basketry.core.errors import DataError
from basketry.tracking.venues.terms import FREE, Terms
from basketry.tracking.venues.venue import Quote, Side


@dataclass(frozen=True, slots=True)
class SquareRootImpact:
    """The square-root law of impact on top of a proportional spread.

    With q base units bought on balance in an interval, the price stands at mid (1 + Y σ √(q / V)); sold, below. So an
    order of size q from rest pays on average two thirds of that: cost / (mid q) = 2/3 Y σ √(q / V), the 3/2-power cost.
    A second order in the same interval goes on from where the first left the price, so slicing within the interval
    gains nothing, and a round trip gives back the impact and loses the spread.

    Attributes:
        price: At rest, quote currency per base unit.
        volume: V, base units that the market trades in the interval.
        volatility: σ of the interval, a fraction.
        coefficient: Y.
        half_spread: Fraction, on top.
        participation: Most that may be traded on balance, as a share of the volume.
        traded: Base units bought on balance in the interval; negative for sold.
        terms: Fees, gas, lots and minimum sizes.

    Source: Almgren, Thum, Hauptmann and Li, Direct Estimation of Equity Market Impact, 2005; Toth et al., Anomalous
    Price Impact, 2011, who find Y near 1.

    Raises:
        DataError: A figure is out of range.
    """

    price: float
    volume: float
    volatility: float
    coefficient: float = 1.0
    half_spread: float = 0.0
    participation: float = 1.0
    traded: float = 0.0
    terms: Terms = FREE

    def __post_init__(self) -> None:
        """Refuse figures out of range."""
        if not (0 < self.price < math.inf and 0 < self.volume < math.inf):
            raise DataError(
                f"square-root impact: price {self.price} and volume {self.volume} must be positive; an asset that does "
                "not trade has no price of impact"
            )
        if min(self.volatility, self.coefficient, self.participation) < 0 or not 0 <= self.half_spread < 1:
            raise DataError(
                f"square-root impact: volatility {self.volatility}, coefficient {self.coefficient} and participation "
                f"{self.participation} must be from 0, half spread {self.half_spread} from 0 to below 1"
            )

    @property
    def mid(self) -> float:
        """Price after what was traded, quote currency per base unit."""
        return self.price * (1 + self._move(self.traded))

    def quote(self, side: Side, size: float) -> Quote:
        """Return what a trade gets; see Venue.quote.

        >>> venue = SquareRootImpact(price=100.0, volume=10_000.0, volatility=0.03)
        >>> round(venue.quote("buy", 100.0).price, 9)
        100.2
        """
        self.terms.check_size("square-root impact", size)
        sign = 1 if side == "buy" else -1
        end = self.traded + sign * size
        self._check_reach(size, end)
        value = self.price * (size + sign * (self._area(end) - self._area(self.traded)))
        notional = value * (1 + self.half_spread if side == "buy" else 1 - self.half_spread)
        self.terms.check_notional("square-root impact", notional)
        fee = notional * self.terms.taker_fee
        return Quote.of(side, size, notional, mid=self.mid, fee=fee, gas=self.terms.gas)

    def fill(self, side: Side, size: float) -> tuple[Quote, Self]:
        """Return what a trade gets, and the venue with its price moved; see Venue.fill."""
        quote = self.quote(side, size)
        return quote, replace(self, traded=self.traded + (size if side == "buy" else -size))

    def depth(self, side: Side, price: float) -> float:
        """Return what can be traded until the marginal price passes a limit; see RoutableVenue.depth."""
        sign = 1 if side == "buy" else -1
        costs = (1 + sign * self.half_spread) * (1 + sign * self.terms.taker_fee)
        reach = price / (self.price * costs) - 1
        steep = self.coefficient * self.volatility
        if steep:
            root = reach / steep
            end = root * abs(root) * self.volume
        else:
            end = math.copysign(math.inf, reach) if reach else sign * math.inf
        most = self.participation * self.volume
        end = min(max(end, -most), most)
        return max(sign * (end - self.traded), 0.0)

    def _move(self, traded: float) -> float:
        return math.copysign(self.coefficient * self.volatility * math.sqrt(abs(traded) / self.volume), traded)

    def _area(self, traded: float) -> float:
        return 2 / 3 * abs(traded) * abs(self._move(traded))

    def _check_reach(self, size: float, end: float) -> None:
        most = self.participation * self.volume
        if abs(end) > most:
            raise DataError(
                f"square-root impact: an order for {size:g} base units takes what is traded on balance to {end:g}, "
                f"beyond {self.participation:g} of the volume of {self.volume:g}; trade less, or slice it in time"
            )
        if 1 + self._move(end) <= 0:
            raise DataError(
                f"square-root impact: selling {size:g} base units would leave no positive price; the law does not hold "
                "for so large an order, trade less"
            )
