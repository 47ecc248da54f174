"""A gradual change from one basket to another that moves no value."""

import numpy as np
from numpy.typing import ArrayLike

from basketry.core.errors import MethodologyError
from basketry.core.numbers import Floats, exact_sum


def gradual_units(prices: ArrayLike, old: ArrayLike, target: ArrayLike, step: int, steps: int) -> Floats:
    """Return the units after a step of a change in equal steps, shape (n,).

    q = x [(1 - j/n) q_old + (j/n) q_target], with x such that the value at the current prices is that of q_old
    scaled in the same way, which keeps the level (FTX, index rebalancing, 2021: an hour in steps of ten seconds).

    Args:
        prices: Current prices, shape (n,).
        old: Units at the start of the change, shape (n,).
        target: Units at its end, of the same value at the start, shape (n,).
        step: j, from 0 to n.
        steps: n.

    >>> gradual_units([100.0, 10.0], [1.0, 10.0], [1.4, 6.0], 360, 360)
    array([1.4, 6. ])
    """
    if not 0 <= step <= steps or steps < 1:
        raise MethodologyError(f"transition: step {step} of {steps} is not between 0 and {steps}")
    price, before, after = (np.asarray(values, dtype=np.float64) for values in (prices, old, target))
    share = step / steps
    mixed = (1 - share) * before + share * after
    return mixed * (exact_sum(price * before) / exact_sum(price * mixed))
