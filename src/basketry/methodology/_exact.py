"""Compiled exact sums, and the loops that take most of them: a basket's divisor and its caps ask for several each.

A compiled loop of another module must not call these: Numba keeps it compiled, and does not see that they changed.
"""

from __future__ import annotations

import numpy as np

from basketry.core.compiled import kernel
from basketry.core.numbers import Floats

_PARTS = 64
"""Doubles that do not overlap: 2098 bits from the least to the largest, 53 a double."""


@kernel(plain=1_000)
def exact_total(values: Floats) -> float:
    """Return the correctly rounded sum, as `exact_sum` does (Shewchuk 1997, `math.fsum`).

    Where a value is not finite, or a partial sum overflows, it is NaN, whatever `exact_sum` would give or raise.
    """
    parts = np.empty(_PARTS)
    count = 0
    for value in values:
        rest = value
        kept = 0
        for place in range(count):
            part = parts[place]
            if abs(rest) < abs(part):
                rest, part = part, rest
            high = rest + part
            low = part - (high - rest)
            if low != 0.0:
                parts[kept] = low
                kept += 1
            rest = high
        if not np.isfinite(rest):
            # Parts of what is not finite are never absorbed, and would run past the end.
            return np.nan
        parts[kept] = rest
        count = kept + 1
    if count == 0:
        return 0.0
    count -= 1
    high = parts[count]
    low = 0.0
    while count > 0:
        count -= 1
        rest = high
        high = rest + parts[count]
        low = parts[count] - (high - rest)
        if low != 0.0:
            break
    # Half to even needs the sign of what lies below the last two.
    if count > 0 and ((low < 0.0 and parts[count - 1] < 0.0) or (low > 0.0 and parts[count - 1] > 0.0)):
        twice = low * 2.0
        up = high + twice
        if twice == up - high:
            high = up
    return high


@kernel(plain=1_000)
def worth(units: Floats, prices: Floats) -> tuple[float, Floats]:
    """Return the value of a basket, an exact sum, and its weights, shape (n,)."""
    values = units * prices
    total = exact_total(values)
    return total, values / total


@kernel(plain=2_000)
def struck_units(
    weights: Floats, raw: Floats, shares: Floats, determined: Floats, prices: Floats, value: float, fixed: bool
) -> tuple[Floats, Floats, float, Floats]:
    """Return capping factors, units, the value of the units, an exact sum, and the weights that they have.

    A factor is the weight after capping over that before, scaled so that the largest is 1; an asset without weight
    before capping counts as not capped, and has units by its weight where a floor or a stated weight gives it one.

    Args:
        weights, raw: After and before capping, shape (n,).
        shares: Units before capping, shape (n,), or (0,) where the weighting does not count in units.
        determined, prices: At the determination and at the strike, shape (n,).
        value: Of the basket, where the weighting does not count in units.
        fixed: Whether the determination fixed the units, and not the weights.
    """
    count = len(weights)
    factors, units = np.ones(count), np.empty(count)
    for place in range(count):
        if raw[place] > 0.0:
            factors[place] = weights[place] / raw[place]
    factors = factors / factors.max()
    if len(shares):
        units = shares * factors
        held = raw > 0.0
        if not fixed:
            units = weights * exact_total(determined * units) / prices
        elif np.any(weights[~held] > 0.0):
            scale = exact_total((determined * units)[held]) / exact_total(weights[held])
            units = np.where(held, units, weights * scale / determined)
    else:
        units = weights * value / (determined if fixed else prices)
    total, given = worth(units, prices)
    return factors, units, total, given


@kernel(plain=1_000)
def range_and_total(values: Floats) -> tuple[float, float, float]:
    """Return the least, the largest and the exact sum of one or more values; NaN for all where one is NaN."""
    low, high = np.inf, -np.inf
    for value in values:
        if np.isnan(value):
            return np.nan, np.nan, np.nan
        low, high = min(low, value), max(high, value)
    return low, high, exact_total(values)


@kernel(plain=1_000)
def filled(raw: Floats, upper: Floats, total: float, rounding: float) -> tuple[Floats, bool]:
    """Return min(λ raw, upper) that sums to `total`, and whether it was found.

    By the rule's own rounds: hold those above their cap, share the rest among the others; not found after ten.

    Args:
        raw: Weights before capping, finite and not negative, shape (n,).
        upper: Caps, shape (n,).
        total: What the result sums to.
        rounding: A sum this near to `total` is taken for it.
    """
    count = len(raw)
    share = exact_total(raw)
    found = np.empty(count)
    if not share > 0.0:
        return found, False
    scale = 1.0 if abs(share - total) <= rounding else total / share
    fits = True
    for place in range(count):
        found[place] = raw[place] * scale
        fits = fits and found[place] <= upper[place]
    if fits:
        return found, True
    held = np.zeros(count, dtype=np.bool_)
    for _ in range(10):
        left = total - exact_total(upper[held])
        share = exact_total(raw[~held])
        if not (left > 0.0 and share > 0.0):
            return found, False
        over = False
        for place in range(count):
            if held[place]:
                continue
            found[place] = raw[place] / share * left
            if found[place] > upper[place]:
                over = True
                held[place] = True
                found[place] = upper[place]
        if not over:
            return found, True
    return found, False
