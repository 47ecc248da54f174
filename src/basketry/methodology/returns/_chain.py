"""Chaining: levels that grow by a ratio, and stay at zero once they are there."""

import numpy as np

from basketry.core.numbers import Floats


def ratio(now: Floats, before: Floats) -> Floats:
    """Return now / before, and 1 where `before` is zero: what is worthless loses nothing more.

    >>> ratio(np.array([3.0, 0.0, 0.0]), np.array([2.0, 2.0, 0.0])).tolist()
    [1.5, 0.0, 1.0]
    """
    return np.divide(now, before, out=np.ones_like(now), where=before != 0)


def growth(levels: Floats) -> Floats:
    """Return each level over the one before, shape (T - 1,)."""
    return ratio(levels[1:], levels[:-1])


def compounded(start: float, factors: Floats) -> Floats:
    """Return a start and what it becomes factor by factor, shape (T,) of factors of shape (T - 1,).

    The product runs from left to right, so that going on from any of the results gives the same bits.

    >>> compounded(100.0, np.array([1.5, 2.0])).tolist()
    [100.0, 150.0, 300.0]
    """
    return np.cumprod(np.concatenate([[start], factors]))
