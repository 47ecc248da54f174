"""Compiled inner loops of sampling: a convex quadratic program solved by active sets.

Each adds in a fixed order and uses no library that splits work over threads, so results do not depend on the machine.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from basketry.core.compiled import kernel
from basketry.core.numbers import Floats

# A weight this near to a bound stands on it; a multiplier this small, relative to the gradient, is none.
WEIGHT_TOLERANCE = 1e-12
GRADIENT_TOLERANCE = 1e-10


@kernel()
def moments(returns: Floats, followed: Floats) -> Any:
    """Return the means of x xᵀ and of y x over the rows, shapes (N, N) and (N,).

    Args:
        returns: x, shape (T, N), C-contiguous.
        followed: y, shape (T,).
    """
    rows, columns = returns.shape
    square, cross = np.zeros((columns, columns)), np.zeros(columns)
    for row in range(rows):
        for first in range(columns):
            value = returns[row, first]
            for second in range(first, columns):
                square[first, second] += value * returns[row, second]
            cross[first] += value * followed[row]
    for first in range(columns):
        for second in range(first):
            square[first, second] = square[second, first]
    return square / rows, cross / rows


@kernel()
def factor(matrix: Floats, members: NDArray[np.int64]) -> Floats:
    """Return the upper Cholesky factor U, Uᵀ U = M, of the rows and columns `members`, shape (m, m)."""
    count = len(members)
    upper = np.empty((count, count))
    for row in range(count):
        for column in range(row, count):
            upper[row, column] = matrix[members[row], members[column]]
    for pivot in range(count):
        root = np.sqrt(upper[pivot, pivot])
        upper[pivot, pivot:] /= root
        for row in range(pivot + 1, count):
            share = upper[pivot, row]
            if share != 0.0:
                for column in range(row, count):
                    upper[row, column] -= share * upper[pivot, column]
    return upper


@kernel()
def solve(upper: Floats, right: Floats) -> Floats:
    """Return x with Uᵀ U x = right, shape (m,)."""
    count = len(right)
    x = right.copy()
    for row in range(count):
        x[row] /= upper[row, row]
        for below in range(row + 1, count):
            x[below] -= upper[row, below] * x[row]
    for row in range(count - 1, -1, -1):
        for column in range(row + 1, count):
            x[row] -= upper[row, column] * x[column]
        x[row] /= upper[row, row]
    return x


@kernel()
def projected_inverse(matrix: Floats, members: NDArray[np.int64]) -> Floats:
    """Return P = M⁻¹ - M⁻¹ 1 1ᵀ M⁻¹ / 1ᵀ M⁻¹ 1 of the members: how weights move when their sum stays, shape (m, m)."""
    count = len(members)
    upper = factor(matrix, members)
    inverse = np.empty((count, count), dtype=np.float64)
    for row in range(count):
        unit = np.zeros(count)
        unit[row] = 1.0
        inverse[row] = solve(upper, unit)
    sums = inverse.sum(axis=0)
    projected: Floats = inverse - np.outer(sums, sums) / sums.sum()
    return projected


@kernel()
def _balanced(quadratic: Floats, right: Floats, members: NDArray[np.int64], total: float) -> Any:
    """Return x that minimises ½ xᵀ Q x - rightᵀ x with Σ x = total over the members, and the multiplier of the sum."""
    upper = factor(quadratic, members)
    base = solve(upper, right)
    ones = solve(upper, np.ones(len(members)))
    multiplier = (total - base.sum()) / ones.sum()
    return base + multiplier * ones, multiplier


@kernel()
def feasible(weights: Floats, low: Floats, high: Floats) -> Floats:
    """Return weights within bounds that sum to 1: clipped, and what is missing spread in proportion to the room."""
    result = np.minimum(np.maximum(weights, low), high)
    missing = 1.0 - result.sum()
    room = high - result if missing > 0 else result - low
    whole = room.sum()
    return result + room * (missing / whole) if whole > 0.0 else result


@kernel()
def _shed(quadratic: Floats, linear: Floats, low: Floats, high: Floats, start: Floats) -> Floats:
    """Return a feasible point near the optimum: all that the free solution puts beyond a bound is set on it, again
    and again; the start itself where that leaves nothing free."""
    free = low < high
    fixed = np.where(free, 0.0, low)
    while True:
        members = np.flatnonzero(free)
        if len(members) == 0:
            return start
        right = linear[members].copy()
        for place in range(len(free)):
            if not free[place] and fixed[place] != 0.0:
                right -= quadratic[place][members] * fixed[place]
        x, _ = _balanced(quadratic, right, members, 1.0 - fixed.sum())
        beyond = False
        for position in range(len(members)):
            member = members[position]
            if x[position] < low[member] or x[position] > high[member]:
                free[member] = False
                fixed[member] = low[member] if x[position] < low[member] else high[member]
                beyond = True
        if not beyond:
            weights = fixed
            weights[members] = x
            return weights


@kernel()
def minimise(
    quadratic: Floats, linear: Floats, low: Floats, high: Floats, kink: Floats, cost: float, start: Floats
) -> Floats:
    """Return the w that minimises ½ wᵀ Q w - cᵀ w + cost Σ |w - kink| with Σ w = 1 and low <= w <= high, shape (n,).

    A primal active set method: solve for the free weights, go as far as the first breakpoint (a bound, or the kink
    of the cost), and free what gains by it until nothing does.

    Args:
        quadratic: Q, positive definite, shape (n, n).
        linear: c, shape (n,).
        low: Lower bounds, shape (n,).
        high: Upper bounds, not below the lower ones, shape (n,); the sums of both enclose 1.
        kink: Where the cost bends, previous weights, shape (n,).
        cost: Price of a unit of trading, 0 or more.
        start: Any weights; made feasible first.
    """
    count = len(linear)
    weights = feasible(start, low, high)
    if cost == 0.0:
        weights = _shed(quadratic, linear, low, high, weights)
    # The piece that a free weight moves in: below the kink (-1) or above it (1); 2 for a weight on a breakpoint.
    piece = np.full(count, 2)
    for place in range(count):
        if weights[place] - low[place] > WEIGHT_TOLERANCE and high[place] - weights[place] > WEIGHT_TOLERANCE:
            if cost == 0.0:
                piece[place] = 1
            elif abs(weights[place] - kink[place]) > WEIGHT_TOLERANCE:
                piece[place] = 1 if weights[place] > kink[place] else -1
    for _ in range(50 * count + 100):
        members = np.flatnonzero(piece != 2)
        multiplier = np.nan
        if len(members) > 0:
            right = linear[members] - cost * piece[members]
            rest = 1.0
            for place in range(count):
                if piece[place] == 2 and weights[place] != 0.0:
                    right -= quadratic[place][members] * weights[place]
                    rest -= weights[place]
            x, multiplier = _balanced(quadratic, right, members, rest)
            blocking, step, stop = -1, 1.0, 0.0
            for position in range(len(members)):
                member = members[position]
                floor, ceiling = low[member], high[member]
                if cost > 0.0 and piece[member] == 1:
                    floor = max(floor, kink[member])
                if cost > 0.0 and piece[member] == -1:
                    ceiling = min(ceiling, kink[member])
                move = x[position] - weights[member]
                edge = floor if move < 0.0 else ceiling
                if (move < 0.0 and x[position] < floor) or (move > 0.0 and x[position] > ceiling):
                    share = (edge - weights[member]) / move
                    if share < step:
                        blocking, step, stop = member, max(share, 0.0), edge
            for position in range(len(members)):
                weights[members[position]] += step * (x[position] - weights[members[position]])
            if blocking >= 0:
                weights[blocking] = stop
                piece[blocking] = 2
                continue
        gradient = -linear.copy()
        for place in range(count):
            if weights[place] != 0.0:
                gradient += quadratic[place] * weights[place]
        if not _release(gradient, multiplier, weights, low, high, kink, cost, piece):
            break
    return _tidy(weights, low, high)


@kernel()
def _tidy(weights: Floats, low: Floats, high: Floats) -> Floats:
    """Set weights on the bounds that only rounding parts them from, and give the rest to the one with most room."""
    for place in range(len(weights)):
        if weights[place] < low[place] + WEIGHT_TOLERANCE:
            weights[place] = low[place]
        elif weights[place] > high[place] - WEIGHT_TOLERANCE:
            weights[place] = high[place]
    roomiest = np.argmax(np.minimum(weights - low, high - weights))
    weights[roomiest] += 1.0 - weights.sum()
    return weights


@kernel()
def _release(
    gradient: Floats,
    multiplier: float,
    weights: Floats,
    low: Floats,
    high: Floats,
    kink: Floats,
    cost: float,
    piece: NDArray[np.int64],
) -> bool:
    """Free the weight on a breakpoint that gains most by moving (a pair of them where none is free); False if none."""
    rise, fall = -1, -1
    cheapest, dearest = np.inf, -np.inf
    tolerance = GRADIENT_TOLERANCE * (np.abs(gradient).max() + cost)
    for place in range(len(weights)):
        if piece[place] != 2:
            continue
        if weights[place] < high[place] - WEIGHT_TOLERANCE:
            slope = gradient[place] + (cost if weights[place] >= kink[place] - WEIGHT_TOLERANCE else -cost)
            if slope < cheapest:
                rise, cheapest = place, slope
        if weights[place] > low[place] + WEIGHT_TOLERANCE:
            slope = gradient[place] + (cost if weights[place] > kink[place] + WEIGHT_TOLERANCE else -cost)
            if slope > dearest:
                fall, dearest = place, slope
    if np.isnan(multiplier):
        # Nothing is free: a rise of one needs a fall of another.
        if rise < 0 or fall < 0 or dearest - cheapest <= tolerance:
            return False
        piece[rise] = _piece(weights[rise], kink[rise], True)
        piece[fall] = _piece(weights[fall], kink[fall], False)
        return True
    gain_rise = multiplier - cheapest if rise >= 0 else -np.inf
    gain_fall = dearest - multiplier if fall >= 0 else -np.inf
    if max(gain_rise, gain_fall) <= tolerance:
        return False
    if gain_rise >= gain_fall:
        piece[rise] = _piece(weights[rise], kink[rise], True)
    else:
        piece[fall] = _piece(weights[fall], kink[fall], False)
    return True


@kernel()
def _piece(weight: float, kink: float, rising: bool) -> int:
    if rising:
        return 1 if weight >= kink - WEIGHT_TOLERANCE else -1
    return -1 if weight <= kink + WEIGHT_TOLERANCE else 1
