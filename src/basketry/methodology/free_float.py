"""Free-float bands: a float is rounded up to a band, and an incumbent keeps its band within a buffer."""

from __future__ import annotations

import math

import numpy as np

from basketry.core.errors import MethodologyError
from basketry.core.numbers import Floats

EDGES = (0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Upper edges of the bands; the first band is open at its edge, the others hold theirs."""

FACTORS = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Float factor of each band."""

BUFFER = 0.02

_DIGITS = 12  # 1 - 0.7 is 0.30000000000000004: a share means the decimal that it was written as


def float_band(share: float, previous: float | None = None, *, buffer: float = BUFFER) -> float:
    """Return the float factor of a free-float share.

    0 below 15%, 20% up to 20%, else the share rounded up to the next ten points: 100% above 90%.
    A member keeps its factor while the share lies no further than `buffer` outside the factor's band, so that
    a float that wavers about an edge does not move the index.

    The published text leaves the edges open. Here 15% itself counts 20%; every other edge belongs to the band
    below, as rounding up has it: exactly 30% counts 30%, and exactly 90% counts 90% ("above 90%: 100%"). A
    share that lies exactly the buffer away from the band keeps the factor.

    Args:
        share: Units that trade freely over units in circulation, 0 to 1.
        previous: Factor in force, None for a newcomer.
        buffer: A fraction; 0.02 is two points.

    Raises:
        MethodologyError: The share is not a fraction, or `previous` is not a factor of the table.

    Source: Coin Metrics, CMBI Adjusted Free Float Methodology (version 1.3).

    >>> [float_band(share) for share in (0.1499, 0.15, 0.1999, 0.25, 0.905)]
    [0.0, 0.2, 0.2, 0.3, 1.0]
    >>> float_band(0.31, previous=0.3), float_band(0.325, previous=0.3)
    (0.3, 0.4)
    """
    if not 0 <= share <= 1:
        raise MethodologyError(f"free float {share!r} is not a fraction between 0 and 1")
    share = round(share, _DIGITS)
    if previous is None or math.isnan(previous):
        return FACTORS[_band(share)]
    if previous not in FACTORS:
        raise MethodologyError(f"previous float factor {previous!r} is not one of {', '.join(map(str, FACTORS))}")
    lowest, highest = _kept(FACTORS.index(previous), buffer)
    return previous if lowest <= share <= highest else FACTORS[_band(share)]


def _band(share: float) -> int:
    if share < EDGES[0]:
        return 0
    return next(band for band in range(1, len(EDGES)) if share <= EDGES[band])


def _kept(band: int, buffer: float) -> tuple[float, float]:
    """Return the lowest and the highest share at which a member keeps a band."""
    lower = EDGES[band - 1] if band else 0.0
    return round(lower - buffer, _DIGITS), round(EDGES[band] + buffer, _DIGITS)


def float_bands(history: Floats, buffer: float = BUFFER) -> Floats:
    """Return the factor in force at the last row of a history of shares, shape (n,); NaN where none is known.

    The buffer acts along the history: each share is judged against the factor in force then, so that the
    factor depends on nothing but the data up to the last row, and needs no memory between two determinations.

    Args:
        history: Free-float shares, shape (T, n); NaN where unknown; clipped to 0 and 1.
        buffer: A fraction.

    >>> float_bands(np.array([[0.29, np.nan], [0.31, np.nan], [0.315, 0.95]]))
    array([0.3, 1. ])
    """
    from basketry.methodology._kernels import last_bands

    lowest, highest = np.array([_kept(band, buffer) for band in range(len(EDGES))]).T
    shares: Floats = np.round(np.clip(history, 0.0, 1.0), _DIGITS).astype(np.float64)
    bands = last_bands(shares, np.array(EDGES), lowest.copy(), highest.copy())
    return np.append(FACTORS, np.nan)[bands]


def rounded_up(share: Floats) -> Floats:
    """Return shares rounded up to the next whole point, shape (n,), as CMBI does for bitcoin and ether.

    >>> rounded_up(np.array([0.702, 0.71]))
    array([0.71, 0.71])
    """
    return np.ceil(np.round(share * 100, _DIGITS - 2)) / 100
