"""Least tracking risk plus trading cost, solved exactly by descent over pairs of assets."""

import numpy as np

from basketry.core.compiled import kernel
from basketry.core.numbers import Floats


@kernel(nogil=True, error_model="numpy")
def marginal_cost(trade: float, linear: float, impact: float, upward: bool) -> float:
    """Return the one-sided derivative of c|u| + k|u|^(3/2) at a trade, to the right or to the left."""
    if trade > 0 or (trade == 0 and upward):
        return linear + 1.5 * impact * np.sqrt(trade)
    return -linear - 1.5 * impact * np.sqrt(-trade)


@kernel(nogil=True, error_model="numpy")
def _step(
    slope: float,
    curvature: float,
    bought: float,
    sold: float,
    c_i: float,
    k_i: float,
    c_j: float,
    k_j: float,
    most: float,
) -> float:
    """Return the s in (0, most] that minimises the cost of buying s more of i and selling s more of j.

    `bought` and `sold` are the trades of i and j so far; the derivative rises from below zero at s = 0, with jumps
    where one of the trades changes its sign.
    """  # fmt: skip
    start = 0.0
    while start < most:
        end = most
        if bought + start < 0 and -bought < end:
            end = -bought
        if sold - start > 0 and sold < end:
            end = sold
        # One smooth piece: signs are those at its middle.
        middle = 0.5 * (start + end)
        sign_i = 1.0 if bought + middle > 0 else -1.0
        sign_j = 1.0 if sold - middle > 0 else -1.0
        base = slope + sign_i * c_i - sign_j * c_j
        at_end = base + curvature * end
        at_end += sign_i * 1.5 * k_i * np.sqrt(abs(bought + end)) - sign_j * 1.5 * k_j * np.sqrt(abs(sold - end))
        if at_end < 0:
            start = end
            continue
        at_start = base + curvature * start
        at_start += sign_i * 1.5 * k_i * np.sqrt(abs(bought + start)) - sign_j * 1.5 * k_j * np.sqrt(abs(sold - start))
        if at_start >= 0:
            return start
        if k_i == 0 and k_j == 0:
            return min(max(-base / curvature, start), end)
        low, high = start, end
        point = low + (high - low) * at_start / (at_start - at_end)
        for _ in range(60):
            root_i = np.sqrt(abs(bought + point))
            root_j = np.sqrt(abs(sold - point))
            value = base + curvature * point + sign_i * 1.5 * k_i * root_i - sign_j * 1.5 * k_j * root_j
            if value < 0:
                low = point
            else:
                high = point
            rise = curvature
            if root_i > 0:
                rise += 0.75 * k_i / root_i
            if root_j > 0:
                rise += 0.75 * k_j / root_j
            move = value / rise if rise > 0 else np.inf
            following = point - move
            if not low < following < high:
                following = 0.5 * (low + high)
            if abs(following - point) <= 1e-16 + 1e-13 * point:
                return following
            point = following
        return point
    return most


@kernel(nogil=True, error_model="numpy")
def pair_descent(
    risk: Floats,
    goal: Floats,
    before: Floats,
    linear: Floats,
    impact: Floats,
    low: Floats,
    high: Floats,
    weights: Floats,
    tolerance: float,
) -> int:
    """Minimise ½(x - w)'Q(x - w) + Σ c|x - x0| + k|x - x0|^(3/2) with Σx as it is and low <= x <= high.

    Weight moves from the asset where holding less saves most to the one where holding more costs least, by the exact
    best amount, until no such pair gains more than the tolerance a unit. Because cost and bounds are separable and
    one sum ties the weights, a point that no pair improves is the minimum.

    Args:
        risk: Q, aversion times covariance, shape (n, n).
        goal: w, shape (n,).
        before: x0, shape (n,).
        linear: c, shape (n,).
        impact: k, shape (n,).
        low: Lower bounds, shape (n,).
        high: Upper bounds, shape (n,).
        weights: A point within the bounds; changed to the minimum, shape (n,).
        tolerance: Largest gain a unit of weight that is left, in units of cost.

    Returns:
        The number of moves made.

    Source: pair selection of second order by Fan, Chen and Lin (2005), Working set selection using second order
    information for training support vector machines; Tseng and Yun (2009) for separable costs under one equation.
    """  # fmt: skip
    size = len(weights)
    gradient = np.zeros(size)
    for j in range(size):
        away = weights[j] - goal[j]
        if away != 0:
            for i in range(size):
                gradient[i] += risk[j, i] * away
    rising = np.empty(size)
    falling = np.empty(size)
    for i in range(size):
        trade = weights[i] - before[i]
        rising[i] = marginal_cost(trade, linear[i], impact[i], True) if weights[i] < high[i] else np.inf
        falling[i] = marginal_cost(trade, linear[i], impact[i], False) if weights[i] > low[i] else -np.inf
    most_moves = 2000 * size
    for moves in range(most_moves):
        cheapest = np.inf
        dearest = -np.inf
        up = 0
        down = 0
        for i in range(size):
            more = gradient[i] + rising[i]
            less = gradient[i] + falling[i]
            if more < cheapest:
                cheapest = more
                up = i
            if less > dearest:
                dearest = less
                down = i
        if dearest - cheapest <= tolerance:
            return moves
        best = -1.0
        for j in range(size):
            gain = gradient[j] + falling[j] - cheapest
            if gain > 0:
                bend = risk[up, up] + risk[j, j] - 2 * risk[up, j]
                gained = gain * gain / max(bend, 1e-300)
                if gained > best:
                    best = gained
                    down = j
        curvature = max(risk[up, up] + risk[down, down] - 2 * risk[up, down], 1e-300)
        most = min(high[up] - weights[up], weights[down] - low[down])
        bought = weights[up] - before[up]
        sold = weights[down] - before[down]
        step = _step(
            gradient[up] - gradient[down], curvature, bought, sold,
            linear[up], impact[up], linear[down], impact[down], most,
        )  # fmt: skip
        # Points where the cost has a kink or a bound lies are hit exactly, or descent would creep to them.
        weights[up] = before[up] if step == -bought else weights[up] + step
        weights[down] = before[down] if step == sold else weights[down] - step
        if step == most:
            if high[up] - weights[up] < 1e-15:
                weights[up] = high[up]
            if weights[down] - low[down] < 1e-15:
                weights[down] = low[down]
        for i in range(size):
            gradient[i] += step * (risk[up, i] - risk[down, i])
        for i in (up, down):
            trade = weights[i] - before[i]
            rising[i] = marginal_cost(trade, linear[i], impact[i], True) if weights[i] < high[i] else np.inf
            falling[i] = marginal_cost(trade, linear[i], impact[i], False) if weights[i] > low[i] else -np.inf
        if step <= 0:
            return moves
    return most_moves
