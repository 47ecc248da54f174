"""Compiled recursions of return rules."""

import numpy as np

from basketry.core.compiled import kernel
from basketry.core.numbers import Bools, Floats

_SLACK = 1e-12
"""Relative rounding allowed, so that a move of exactly the barrier counts."""


@kernel(plain=4_000)
def leveraged_levels(
    underlying: Floats,
    cost: Floats,
    resets: Bools,
    factor: float,
    barrier: float,
    level: float,
    anchor: float,
    start: float,
    paid: float,
) -> tuple[Floats, float, float, float]:
    """Return the levels of a multiple of the return since the last reset, shape (T,), and where it stands.

    A level is zero once it was zero. The other results are `anchor`, `start` and `paid` at the last row.

    Args:
        underlying: Price-return levels, shape (T,).
        cost: Financing of each step as a share of the level at the last reset, shape (T,); that of row 0 is not read.
        resets: Rows at whose end the exposure is reset, shape (T,); row 0 is not read.
        factor: The multiple.
        barrier: Adverse move since the last reset at which it is reset at once; exactly that counts.
        level: Level at row 0.
        anchor: Level at the last reset up to row 0.
        start: Price-return level there.
        paid: Financing since then.
    """
    levels = np.empty(len(underlying))
    levels[0] = level
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
    return levels, anchor, start, paid
