"""Free-float bands: a float is rounded up to a band, and an incumbent keeps its band within a buffer."""

from __future__ import annotations

import math

import numpy as np

from basketry.core.errors import MethodologyError
from basketry.core.numbers import Floats

EDGES = (0.0, 0.15, 0.20, 0.30, 0.40, 0.50, 0.60, 0.70, 0.80, 0.90, 1.0)
FACTORS = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def float_band(share: float, previous: float | None = None, *, buffer: float = 0.02) -> float:
    """Return the float factor of a free-float share.

    Below 15% the factor is 0; from 15% to below 20% it is 20%; above, the share rounded up to the next ten
    points; above 90% it is 100%. Each band holds its lower edge, so a share of exactly 30% counts 40%; the published
    text leaves that open. With a previous factor, the factor changes only once the share lies more than `buffer`
    outside the band of the previous one.

    Args:
        share: Units that trade freely over units in circulation, 0 to 1.
        previous: Factor in force, None for a newcomer.
        buffer: A fraction; 0.02 is two points.

    Source: Coin Metrics, CMBI free float supply methodology (2020).

    >>> [float_band(share) for share in (0.1499, 0.15, 0.1999, 0.25, 0.905)]
    [0.0, 0.2, 0.2, 0.3, 1.0]
    >>> float_band(0.31, previous=0.3), float_band(0.325, previous=0.3)
    (0.3, 0.4)
    """
    if not 0 <= share <= 1:
        raise MethodologyError(f"free float {share!r} is not a fraction between 0 and 1")
    band = _band(share)
    if previous is None or math.isnan(previous):
        return FACTORS[band]
    if previous not in FACTORS:
        raise MethodologyError(f"previous float factor {previous!r} is not one of {FACTORS}")
    held = FACTORS.index(previous)
    if EDGES[held] - buffer <= share < EDGES[held + 1] + buffer:
        return previous
    return FACTORS[band]


def _band(share: float) -> int:
    return min(sum(1 for edge in EDGES[1:-1] if share >= edge), len(FACTORS) - 1)


def float_bands(history: Floats, buffer: float = 0.02) -> Floats:
    """Return the factor in force at the last row of a history of shares, shape (n,); NaN where none is known.

    The buffer acts along the history: each change of the share is judged against the factor in force then, so that
    the factor depends on nothing but the data up to the last row.

    Args:
        history: Free-float shares, shape (T, n); NaN where unknown.
        buffer: A fraction.
    """
    factors = np.full(history.shape[1], np.nan)
    for column in range(history.shape[1]):
        shares = history[:, column]
        shares = shares[~np.isnan(shares)]
        if not len(shares):
            continue
        changed = np.flatnonzero(np.diff(shares, prepend=np.nan) != 0)
        factor: float | None = None
        for share in shares[changed].tolist():
            factor = float_band(min(max(share, 0.0), 1.0), factor, buffer=buffer)
        factors[column] = np.nan if factor is None else factor
    return factors
