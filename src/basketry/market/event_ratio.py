"""Whether the ratio of a corporate event agrees with the prices on its two sides."""

from __future__ import annotations

import math

RATIO_TOLERANCE = 3.0
"""How many times off the expected price may be. Few assets move threefold between two observations, so that a larger
difference speaks for the ratio being wrong; a ratio of r that stands inverted is off r times r, so that any above 1.8
is seen."""

_LARGEST = 700.0  # the exponential of more than 709 is no float


def ratio_contradiction(ratio: float, before: float, after: float) -> str | None:
    """Return in words how the prices around a conversion contradict its ratio; None where they agree.

    Holders get `ratio` new units for one old unit, so that the price of a new unit is expected near that of an old
    one over the ratio. Prices that are unknown (NaN, or not positive) contradict nothing.

    Args:
        ratio: New units for one old unit, positive.
        before: Last price of an old unit before the event.
        after: First price of a new unit at or after the event.

    >>> ratio_contradiction(100, 500.0, 5.1)
    >>> print(ratio_contradiction(0.01, 500.0, 5.0))  # doctest: +ELLIPSIS
    ratio 0.01 with the price 500 before and 5 after: 50000 was expected, ...; the ratio looks inverted: use 100
    """
    if not all(math.isfinite(value) and value > 0 for value in (ratio, before, after)):
        return None
    # Imported where it is used: Numba takes half a second to load.
    from basketry.core.elementary import exp_of, log_of

    # In logarithms, since a ratio may be so large that a product would overflow.
    moved = log_of(after) - log_of(before)
    size = log_of(ratio)
    limit = log_of(RATIO_TOLERANCE)
    if abs(moved + size) <= limit:
        return None
    words = (
        f"ratio {ratio:.6g} with the price {before:.6g} before and {after:.6g} after: {before / ratio:.6g} was "
        f"expected, {exp_of(min(moved + size, _LARGEST)):.3g} times that was seen"
    )
    inverted, unchanged = abs(moved - size), abs(moved)
    if min(inverted, unchanged) > limit:
        return words
    if inverted < unchanged:
        return f"{words}; the ratio looks inverted: use {1 / ratio:.6g}"
    return f"{words}; the prices look as if the unit had not changed"
