"""Numbers: exact sums inside, one rounding when published."""

import math
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def exact_sum(values: Floats) -> float:
    """Return the correctly rounded sum, which does not depend on the order of the terms.

    >>> exact_sum(np.full(10, 0.1))
    1.0
    """
    return math.fsum(values.tolist())


def added(values: Floats | NDArray[np.int64], axis: int = 0) -> Floats:
    """Return the sums along an axis, each from its first term to its last, however the values lie in memory.

    For sums of many short columns, where an exact one costs too much.

    >>> added(np.array([[1.0, 2.0], [3.0, 4.0]])).tolist(), added(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=1).tolist()
    ([4.0, 6.0], [3.0, 7.0])
    """
    if not values.shape[axis]:
        return np.zeros(np.delete(values.shape, axis).tolist())
    found: Floats = np.add.accumulate(values, axis=axis, dtype=np.float64)
    return np.asarray(found.take(-1, axis=axis))


def standard_deviation(values: Floats) -> float:
    """Return the sample standard deviation (n - 1) of two or more values, by exact sums.

    >>> standard_deviation(np.array([1.0, 2.0, 3.0]))
    1.0
    """
    mean = exact_sum(values) / len(values)
    return math.sqrt(exact_sum(np.square(values - mean)) / (len(values) - 1))


def normalise(weights: Floats) -> Floats:
    """Return the weights divided by their exact sum.

    >>> normalise(np.array([1.0, 3.0]))
    array([0.25, 0.75])
    """
    return weights / exact_sum(weights)


def percent(fraction: float) -> str:
    """Return a fraction as a percentage without rounding noise.

    >>> percent(0.07), percent(0.125)
    ('7', '12.5')
    """
    text = format(Decimal(repr(fraction)) * 100, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def round_published(values: Floats, decimals: int) -> Floats:
    """Return values rounded half to even at their exact decimal expansion, as nearest doubles.

    Scaled rounding agrees with Decimal except within a few units in the last place of a tie, so only
    values that close to a tie take the slow exact path. NaN stays NaN.

    >>> round_published(np.array([2.675, 0.125, 1000.00005]), 2)
    array([2.67e+00, 1.20e-01, 1.00e+03])
    """
    exact = np.asarray(values, dtype=np.float64)
    # Read, not raised: the nearest double whatever the system's library makes of a power.
    scale = float(f"1e{decimals}")
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = exact * scale
        rounded = np.rint(scaled) / scale
        distance = np.abs(np.abs(scaled - np.floor(scaled)) - 0.5)
        close = (distance <= 1e-9 + np.abs(scaled) * 4e-16) | ~(np.abs(scaled) < float(2**50))
    quantum = Decimal(1).scaleb(-decimals)
    for position in np.flatnonzero(close & np.isfinite(exact)):
        with localcontext(prec=400):
            tie = Decimal(float(exact[position])).quantize(quantum, rounding=ROUND_HALF_EVEN)
        rounded[position] = float(tie)
    return rounded
