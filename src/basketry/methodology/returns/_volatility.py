"""Realised volatility of a level series, annualised, for rules that set exposure by it."""

import math
from itertools import pairwise

import numpy as np

from basketry.core.numbers import Floats
from basketry.core.time import YEAR_DAYS


def annual_squares(levels: Floats, days: Floats) -> Floats:
    """Return the squared log return of each step times 365 over its days, shape (T - 1,).

    A fall to zero gives infinity.

    Args:
        levels: Shape (T,).
        days: Days since the first level, increasing, shape (T,).

    >>> annual_squares(np.array([1.0, math.e]), np.array([0.0, 365.0])).tolist()
    [1.0]
    """
    squares = []
    for (before, now), (start, end) in zip(pairwise(levels.tolist()), pairwise(days.tolist()), strict=True):
        change = math.log(now / before) if before > 0 and now > 0 else (math.inf if before > 0 else 0.0)
        squares.append(change * change * YEAR_DAYS / (end - start))
    return np.array(squares, dtype=np.float64)


def weighted_volatility(levels: Floats, days: Floats, half_life: float) -> Floats:
    """Return the exponentially weighted volatility a year at each level, shape (T,); NaN at the first.

    A step's weight halves with every `half_life` days of age; weights are divided by their sum, so that the
    figure is unbiased from the first step on. The mean return is taken as zero.

    Source: J.P. Morgan, RiskMetrics (1996), with decay 0.94 a day, a half-life of 11.2 days.

    >>> weighted_volatility(np.array([1.0, 1.01, 1.0]), np.arange(3.0), 11.0).round(4).tolist()
    [nan, 0.1901, 0.1901]
    """
    total = weight = 0.0
    result = [math.nan]
    for square, length in zip(annual_squares(levels, days).tolist(), np.diff(days).tolist(), strict=True):
        decay = 0.5 ** (length / half_life)
        total = decay * total + (1.0 - decay) * square
        weight = decay * weight + (1.0 - decay)
        result.append(math.sqrt(total / weight))
    return np.array(result)


def window_volatility(levels: Floats, days: Floats, window: float) -> Floats:
    """Return the volatility a year over the steps that end in (t - window, t], shape (T,).

    NaN where no step ends in the window. The mean return is taken as zero.

    >>> window_volatility(np.array([1.0, 1.01, 1.0]), np.arange(3.0), 1.0).round(4).tolist()
    [nan, 0.1901, 0.1901]
    """
    squares = annual_squares(levels, days).tolist()
    first = np.searchsorted(days, days - window, side="right").tolist()
    result = []
    for row, start in enumerate(first):
        inside = squares[max(start - 1, 0) : row]
        result.append(math.sqrt(math.fsum(inside) / len(inside)) if inside else math.nan)
    return np.array(result)
