"""Decimal digits of whole sizes."""

from __future__ import annotations

import numpy as np

from basketry.market.tape import Ints

_POWERS = 10 ** np.arange(19, dtype=np.int64)


def decades(sizes: Ints) -> Ints:
    """Return the largest power of ten that does not exceed each size.

    >>> decades(np.array([1, 9, 10, 2500]))
    array([   1,    1,   10, 1000])
    """
    return _POWERS[np.searchsorted(_POWERS, sizes, side="right") - 1]


def first_digits(sizes: Ints) -> Ints:
    """Return the first significant digit of each size.

    >>> first_digits(np.array([7, 42, 190]))
    array([7, 4, 1])
    """
    return sizes // decades(sizes)
