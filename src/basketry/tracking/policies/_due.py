"""Rows at which a policy is due."""

from datetime import timedelta

import numpy as np

from basketry.core.numbers import Bools
from basketry.tracking.target import Target


def every_row(target: Target) -> Bools:
    """Return True for every row."""
    return np.ones(len(target.times), dtype=bool)


def every(target: Target, length: timedelta) -> Bools:
    """Return the first row of each span of a length, counted from the first row, shape (T,)."""
    spans = (target.times - target.times[0]) // np.timedelta64(length)
    return np.concatenate([[True], spans[1:] > spans[:-1]])
