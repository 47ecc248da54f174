"""Divisor-based index mathematics, each formula usable alone.

I_t = sum_i(q_i P_it) / D, with D_0 = sum_i(q_i0 P_i0) / base level; when the basket changes at the prices of
an instant, D_new = D_old MV_new / MV_old, so that the level does not move (chain-linked Laspeyres;
S&P Dow Jones Indices, Index Mathematics Methodology; Trimborn and Haerdle 2018, equation 2).
"""

import numpy as np
from numpy.typing import ArrayLike

from basketry.core.errors import DataError
from basketry.core.numbers import Floats, exact_sum


def basket_value(prices: ArrayLike, units: ArrayLike) -> float:
    """Return the basket's value sum(units * prices), correctly rounded, whatever the order.

    >>> basket_value([12.0, 18.0, 55.0], [100, 50, 20])
    3200.0
    """
    product = np.asarray(prices, dtype=np.float64) * np.asarray(units, dtype=np.float64)
    if not np.isfinite(product).all():
        raise DataError("basket_value: prices and units must be finite numbers")
    return exact_sum(product)


def index_level(prices: ArrayLike, units: ArrayLike, divisor: float) -> float:
    """Return the index level sum(units * prices) / divisor.

    >>> round(index_level([12.0, 18.0, 55.0], [100, 50, 20], 3.0), 4)
    1066.6667
    """
    if not divisor > 0:
        raise DataError(f"index_level: the divisor must be positive, was {divisor!r}")
    return basket_value(prices, units) / divisor


def base_divisor(prices: ArrayLike, units: ArrayLike, base_level: float) -> float:
    """Return the divisor at which the basket's value stands for the base level.

    >>> base_divisor([12.0, 18.0], [100, 50], 1000.0)
    2.1
    """
    if not base_level > 0:
        raise DataError(f"base_divisor: the base level must be positive, was {base_level!r}")
    return basket_value(prices, units) / base_level


def chained_divisor(divisor: float, value_before: float, value_after: float) -> float:
    """Return the divisor after a change of the basket that leaves the level where it was.

    Both values are taken at the prices of one instant.

    >>> chained_divisor(3.0, 3200.0, 3600.0)
    3.375
    """
    if not (value_before > 0 and value_after > 0 and divisor > 0):
        raise DataError(
            f"chained_divisor: divisor {divisor!r} and basket values {value_before!r} and {value_after!r} "
            "must be positive"
        )
    return divisor * (value_after / value_before)


def units_for_weights(weights: ArrayLike, prices: ArrayLike, value: float) -> Floats:
    """Return the units that give each asset its weight in a basket of a value: q_i = w_i V / P_i, shape (n,).

    >>> units_for_weights([0.7, 0.3], [100.0, 10.0], 200.0)
    array([1.4, 6. ])
    """
    price = np.asarray(prices, dtype=np.float64)
    if not (np.isfinite(price).all() and bool((price > 0).all())):
        raise DataError("units_for_weights: prices must be positive and finite")
    return np.asarray(weights, dtype=np.float64) * value / price
