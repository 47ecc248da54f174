"""A weighted pool: the product of its reserves to the powers of their weights does not fall."""

from __future__ import annotations

import math
from dataclasses import dataclass

from basketry.core.errors import DataError
from basketry.tracking.venues.reserves import ReservePool


def out_given_in(balance_in: float, weight_in: float, balance_out: float, weight_out: float, amount_in: float) -> float:
    """Return what goes out for what comes in without its fee: B_o (1 - (B_i / (B_i + A_i))^(W_i / W_o)).

    Source: Martinelli and Mushegian, Balancer, 2019, equation 15.

    >>> out_given_in(100.0, 0.5, 200.0, 0.5, 100.0)
    100.0
    """
    return -balance_out * math.expm1(-weight_in / weight_out * math.log1p(amount_in / balance_in))


def in_given_out(
    balance_in: float, weight_in: float, balance_out: float, weight_out: float, amount_out: float
) -> float:
    """Return what must come in, without fee, for what goes out: B_i ((B_o / (B_o - A_o))^(W_o / W_i) - 1).

    Source: Martinelli and Mushegian, Balancer, 2019, equation 20.

    >>> round(in_given_out(100.0, 0.5, 200.0, 0.5, 100.0), 9)
    100.0
    """
    return balance_in * math.expm1(-weight_out / weight_in * math.log1p(-amount_out / balance_out))


def spot_price(balance_in: float, weight_in: float, balance_out: float, weight_out: float, fee: float = 0.0) -> float:
    """Return what an infinitely small unit costs in the token that comes in: (B_i / W_i) / (B_o / W_o) / (1 - fee).

    Source: Martinelli and Mushegian, Balancer, 2019, equation 2; the fee as in `calcSpotPrice` of its contracts.

    >>> spot_price(1000.0, 0.2, 40.0, 0.8)
    100.0
    """
    return balance_in / weight_in / (balance_out / weight_out) / (1 - fee)


@dataclass(frozen=True, slots=True)
class WeightedPool(ReservePool):
    """Two tokens of a Balancer pool; further tokens do not matter for a swap between them.

    Attributes:
        base_weight: Weight of the base asset. quote_weight: Weight of the quote currency. Only their ratio counts.

    Source: Martinelli and Mushegian, Balancer, 2019.

    >>> pool = WeightedPool(base_reserve=40.0, quote_reserve=1000.0, base_weight=0.8, quote_weight=0.2)
    >>> pool.mid, round(pool.quote("buy", 4.0).cash, 4)
    (100.0, 524.1579)
    """

    base_weight: float = 0.5
    quote_weight: float = 0.5

    def __post_init__(self) -> None:
        """Refuse weights that are not positive, and an empty pool."""
        ReservePool.__post_init__(self)
        if not (0 < self.base_weight < math.inf and 0 < self.quote_weight < math.inf):
            raise DataError(f"pool: weights {self.base_weight:g} and {self.quote_weight:g} must be positive")

    @property
    def mid(self) -> float:
        """Spot price without fee, quote currency per base unit."""
        return spot_price(self.quote_reserve, self.quote_weight, self.base_reserve, self.base_weight)

    def cost_of(self, size: float) -> float:
        """Return what must come in for a size; see `in_given_out`."""
        return in_given_out(self.quote_reserve, self.quote_weight, self.base_reserve, self.base_weight, size)

    def proceeds_of(self, size: float) -> float:
        """Return what a size brings; see `out_given_in`."""
        return out_given_in(self.base_reserve, self.base_weight, self.quote_reserve, self.quote_weight, size)

    def base_at(self, price: float) -> float:
        """Return the base reserve at a spot price: x (mid / p)^(W_q / (W_b + W_q))."""
        power = self.quote_weight / (self.base_weight + self.quote_weight)
        return self.base_reserve * float((self.mid / price) ** power)
