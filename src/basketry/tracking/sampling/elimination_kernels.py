"""The compiled inner loop of backward elimination."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from basketry.core.compiled import kernel
from basketry.core.numbers import Floats
from basketry.tracking.sampling.kernels import WEIGHT_TOLERANCE, minimise, projected_inverse


@kernel()
def eliminate(
    quadratic: Floats,
    linear: Floats,
    candidate: NDArray[np.bool_],
    high: float,
    kink: Floats,
    cost: float,
    keep: int,
    start: Floats,
) -> NDArray[np.bool_]:
    """Return which assets are left when those that cost the least to lose are given up one after the other, shape (n,).

    The loss of giving up asset i with weight w_i is w_i² / 2 P_ii and what its trade saves or costs, with P the
    projected inverse of the assets that are left; it is exact while no other weight meets a bound.

    Args:
        quadratic: Q of the objective, positive definite, shape (n, n).
        linear: c of the objective, shape (n,).
        candidate: Assets that may be held, shape (n,).
        high: Upper bound of every weight.
        kink: Previous weights, shape (n,).
        cost: Price of a unit of trading.
        keep: How many assets to keep.
        start: Weights to begin from, shape (n,).
    """
    alive = np.flatnonzero(candidate)
    weights = bounded(quadratic, linear, alive, high, kink, cost, start[alive])
    alive, weights = _held(alive, weights)
    inverse = projected_inverse(quadratic, alive)
    while len(alive) > keep:
        inner = block(quadratic, alive)
        lost = _cheapest(inner, linear[alive], weights, kink[alive], cost, high, inverse)
        moved = weights - inverse[lost] * (weights[lost] / inverse[lost, lost])
        inverse = inverse - np.outer(inverse[lost], inverse[lost]) / inverse[lost, lost]
        left = np.flatnonzero(np.arange(len(alive)) != lost)
        alive, moved, inverse = alive[left], moved[left], block(inverse, left)
        if cost > 0.0 or moved.min() < 0.0 or moved.max() > high:
            weights = bounded(quadratic, linear, alive, high, kink, cost, moved)
            before = len(alive)
            alive, weights = _held(alive, weights)
            if len(alive) < before:
                inverse = projected_inverse(quadratic, alive)
        else:
            weights = moved
    mask = np.zeros(len(linear), dtype=np.bool_)
    mask[alive] = True
    return mask


@kernel()
def bounded(
    quadratic: Floats, linear: Floats, alive: NDArray[np.int64], high: float, kink: Floats, cost: float, start: Floats
) -> Floats:
    """Return the minimum over the members `alive` with weights between 0 and `high`, shape (m,)."""
    count = len(alive)
    low, top = np.zeros(count), np.full(count, high)
    return minimise(block(quadratic, alive), linear[alive], low, top, kink[alive], cost, start)


@kernel()
def _held(alive: NDArray[np.int64], weights: Floats) -> Any:
    left = np.flatnonzero(weights > WEIGHT_TOLERANCE)
    return alive[left], weights[left]


@kernel()
def block(matrix: Floats, members: NDArray[np.int64]) -> Floats:
    """Return the rows and columns `members` of a matrix, shape (m, m)."""
    count = len(members)
    block = np.empty((count, count))
    for row in range(count):
        source = matrix[members[row]]
        for column in range(count):
            block[row, column] = source[members[column]]
    return block


@kernel()
def _cheapest(
    quadratic: Floats, linear: Floats, weights: Floats, kink: Floats, cost: float, high: float, inverse: Floats
) -> int:
    """Return the place of the asset whose loss raises the objective least."""
    count = len(weights)
    gradient = -linear.copy()
    for place in range(count):
        gradient += quadratic[place] * weights[place]
    # The value of the sum's multiplier: the median slope of the weights below their upper bound.
    slopes = np.empty(count)
    inner = 0
    for place in range(count):
        if weights[place] < high - WEIGHT_TOLERANCE:
            slope = gradient[place]
            if weights[place] > kink[place] + WEIGHT_TOLERANCE:
                slope += cost
            elif weights[place] < kink[place] - WEIGHT_TOLERANCE:
                slope -= cost
            slopes[inner] = slope
            inner += 1
    multiplier = np.median(slopes[:inner]) if inner > 0 else 0.0
    best, least = 0, np.inf
    for place in range(count):
        weight = weights[place]
        loss = 0.5 * weight * weight / inverse[place, place] + (multiplier - gradient[place]) * weight
        loss += cost * (kink[place] - abs(weight - kink[place]))
        if loss < least:
            best, least = place, loss
    return best
