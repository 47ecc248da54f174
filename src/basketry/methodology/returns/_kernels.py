"""Compiled recursions of return rules."""

import numpy as np
from numba import njit

from basketry.core.numbers import Bools, Floats

_SLACK = 1e-12
"""Relative rounding allowed, so that a move of exactly the barrier counts."""


@njit(cache=True)
def leveraged_levels(underlying: Floats, cost: Floats, resets: Bools, factor: float, barrier: float) -> Floats:
    """Return the levels of a multiple of the return since the last reset, shape (T,); zero once zero.

    Args:
        underlying: Price-return levels, shape (T,).
        cost: Financing of each step as a share of the level at the last reset, shape (T,).
        resets: Rows at whose end the exposure is reset, shape (T,).
        factor: The multiple.
        barrier: Adverse move since the last reset at which it is reset at once; exactly that counts.
    """
    levels = np.empty(len(underlying))
    levels[0] = underlying[0]
    anchor = levels[0]
    start = underlying[0]
    paid = 0.0
    for row in range(1, len(underlying)):
        paid += cost[row]
        # What is worthless loses nothing more.
        move = underlying[row] / start - 1.0 if start > 0.0 else 0.0
        level = anchor * (1.0 + factor * move - paid)
        levels[row] = max(level, 0.0) if anchor > 0.0 else 0.0
        adverse = -move if factor > 0 else move
        if resets[row] or adverse >= barrier * (1.0 - _SLACK) or levels[row] == 0.0:
            anchor = levels[row]
            start = underlying[row]
            paid = 0.0
    return levels
