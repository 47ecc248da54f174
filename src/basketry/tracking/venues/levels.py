"""Levels of firm prices, walked from the best to the worst."""

from __future__ import annotations

import numpy as np

from basketry.core.errors import DataError
from basketry.core.numbers import Floats, exact_sum


def take(where: str, price: Floats, size: Floats, wanted: float) -> Floats:
    """Return the base units taken from each level, best first.

    Raises:
        DataError: The levels together hold less than is wanted.

    >>> take("book", np.array([100.0, 101.0, 102.0]), np.array([1.0, 2.0, 3.0]), 2.5)
    array([1. , 1.5, 0. ])
    """
    offered = exact_sum(size)
    if wanted > offered:
        worst = f" down to the last price {price[-1]:g}" if price.size else ""
        raise DataError(
            f"{where}: an order for {wanted:g} base units is larger than what there is, {offered:g}{worst}; "
            "trade less, slice the order in time, or route it over more venues"
        )
    before = np.concatenate(([0.0], np.cumsum(size)[:-1]))
    taken: Floats = np.clip(wanted - before, 0.0, size)
    return taken


def check(where: str, price: Floats, size: Floats, *, rising: bool) -> None:
    """Refuse levels that are no levels, or out of order.

    Raises:
        DataError: Lengths differ, a price or size is not positive, or prices do not go from the best to the worst.
    """
    if price.shape != size.shape or price.ndim != 1:
        raise DataError(f"{where}: {price.size} prices and {size.size} sizes are no levels; give one size a price")
    if not (np.isfinite(price).all() and np.isfinite(size).all() and (price > 0).all() and (size > 0).all()):
        raise DataError(f"{where}: every price and size of a level must be positive; leave empty levels out")
    steps = np.diff(price)
    if not ((steps > 0).all() if rising else (steps < 0).all()):
        raise DataError(f"{where}: prices must go strictly from the best to the worst; sort and merge the levels")
