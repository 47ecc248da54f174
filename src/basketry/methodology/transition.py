"""A gradual change from one basket to another that moves no value."""

import numpy as np
from numpy.typing import ArrayLike

from basketry.core.errors import DataError, MethodologyError
from basketry.core.numbers import Floats, exact_sum


def gradual_units(prices: ArrayLike, old_units: ArrayLike, target_units: ArrayLike, step: int, steps: int) -> Floats:
    """Return the units after step j of a change in n equal steps, shape (n_assets,).

        q = x m,   m = (1 - j/n) q_old + (j/n) q_target,   x = sum(p q_old) / sum(p m)

    x gives the mixture the value that the old basket has at the current prices, so a step moves no value at
    unchanged prices. Where prices move between two steps, the holder rescales the result to the value of the
    basket held, or chains the divisor, which gives the same levels.

    Args:
        prices: Current prices, shape (n_assets,).
        old_units: Units before the change, shape (n_assets,); 0 for an asset that comes in.
        target_units: Units after it, shape (n_assets,); 0 for an asset that leaves.
        step: j, from 0 (old units) to n (the target, scaled).
        steps: n.

    Raises:
        MethodologyError: The step does not lie between 0 and n.
        DataError: The shapes differ, or a basket has no positive, finite value at the prices.

    Source: FTX, index rebalancing rules, 2021: an hour in steps of ten seconds, n = 360.

    >>> gradual_units([100.0, 10.0], [1.0, 10.0], [1.4, 6.0], 360, 360)
    array([1.4, 6. ])
    >>> gradual_units([100.0, 10.0], [1.0, 10.0], [1.4, 6.0], 90, 360)
    array([1.1, 9. ])
    """
    if steps < 1 or not 0 <= step <= steps:
        raise MethodologyError(f"transition: step {step} of {steps} does not lie between 0 and the number of steps")
    price, old, target = (np.asarray(values, dtype=np.float64) for values in (prices, old_units, target_units))
    if price.ndim != 1 or not price.shape == old.shape == target.shape:
        raise DataError(
            f"transition: prices {price.shape}, old units {old.shape} and target units {target.shape} "
            "must have one shape (n_assets,)"
        )
    share = step / steps
    mixed = (1.0 - share) * old + share * target
    return mixed * (_value(price, old, "old") / _value(price, mixed, "mixed"))


def _value(prices: Floats, units: Floats, name: str) -> float:
    values = prices * units
    value = exact_sum(values) if np.isfinite(values).all() else float("nan")
    if not 0.0 < value < float("inf"):
        raise DataError(
            f"transition: the {name} units are worth {value} at the prices; each price and unit must be known"
        )
    return value
