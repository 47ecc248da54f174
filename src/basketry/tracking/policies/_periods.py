"""Trades planned over several periods against a standing target, by an interior-point method of its own."""

import numpy as np

from basketry.core.compiled import kernel
from basketry.core.numbers import Floats
from basketry.tracking.policies._convex import pair_descent

MOST_ROUNDS = 100
FLOOR = 1e-9
"""Least cost in proportion, so that buying and selling at once is never free."""


@kernel(nogil=True, error_model="numpy")
def factor_banded(matrix: Floats, band: int) -> None:
    """Replace the lower half of a positive definite matrix, zero beyond a band below the diagonal, by its Cholesky."""
    size = len(matrix)
    for j in range(size):
        last = min(size, j + band + 1)
        root = np.sqrt(max(matrix[j, j], 1e-300))
        for i in range(j, last):
            matrix[i, j] /= root
        for k in range(j + 1, last):
            scale = matrix[k, j]
            if scale != 0.0:
                for i in range(k, last):
                    matrix[i, k] -= scale * matrix[i, j]


@kernel(nogil=True, error_model="numpy")
def solve_banded(matrix: Floats, band: int, right: Floats) -> None:
    """Replace a right-hand side by the solution, given the banded Cholesky factor."""
    size = len(matrix)
    for i in range(size):
        total = right[i]
        for j in range(max(0, i - band), i):
            total -= matrix[i, j] * right[j]
        right[i] = total / matrix[i, i]
    for i in range(size - 1, -1, -1):
        total = right[i]
        for j in range(i + 1, min(size, i + band + 1)):
            total -= matrix[j, i] * right[j]
        right[i] = total / matrix[i, i]


@kernel(nogil=True, error_model="numpy")
def _longest(values: Floats, moves: Floats, most: float) -> float:
    """Return the longest step up to `most` that keeps values positive."""
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            if moves[i, j] < 0:
                most = min(most, -0.995 * values[i, j] / moves[i, j])
    return most


@kernel(nogil=True, error_model="numpy")
def plan_periods(
    risk: Floats,
    pull: Floats,
    goal: Floats,
    before: Floats,
    linear: Floats,
    impact: Floats,
    low: Floats,
    high: Floats,
    total: float,
    periods: int,
) -> Floats:
    """Return the weights x of each period, shape (H, n), that minimise planned risk plus cost.

    Minimised is Σ_h ½(x_h - w)'Q(x_h - w) + p'x_h + Σ c|x_h - x_{h-1}| + k|x_h - x_{h-1}|^(3/2) with Σx_h the
    total, x >= 0 and the first weights within [low, high].

    Purchases and sales are separate variables, so that all is smooth; what is left of each Newton step after
    eliminating them is one banded system in the weights.

    Source: primal-dual interior points, Wright (1997), Primal-Dual Interior-Point Methods.
    """  # fmt: skip
    size = len(goal)
    shape = (periods, size)
    # The first period may be tied to a narrow range; a start strictly inside keeps every slack positive.
    points = np.empty(shape)
    floor = np.zeros(shape)
    ceiling = np.full(shape, 1.0 + total)
    for i in range(size):
        floor[0, i] = low[i]
        ceiling[0, i] = high[i]
        for h in range(periods):
            points[h, i] = min(max(goal[i], floor[h, i]), ceiling[h, i])
            gap = ceiling[h, i] - floor[h, i]
            inset = min(0.1 * gap, 0.1 / size)
            points[h, i] = min(max(points[h, i], floor[h, i] + inset), ceiling[h, i] - inset)
    scale = 0.0
    for i in range(size):
        scale += (linear[i] + impact[i] * 0.1 + FLOOR) / size
    buys = np.full(shape, 0.1 / size)
    sells = np.full(shape, 0.1 / size)
    dual_buy = np.full(shape, scale)
    dual_sell = np.full(shape, scale)
    dual_low = np.full(shape, scale)
    dual_high = np.full(shape, scale)
    chain = np.zeros(shape)
    sums = np.zeros(periods)
    count = size * periods
    matrix = np.zeros((count, count))
    right = np.empty((periods + 1, count))
    small = np.empty((periods, periods + 1))
    d_points, d_buys, d_sells, d_chain = np.empty(shape), np.empty(shape), np.empty(shape), np.empty(shape)
    d_dual_buy, d_dual_sell = np.empty(shape), np.empty(shape)
    d_dual_low, d_dual_high = np.empty(shape), np.empty(shape)
    slack_low, slack_high = np.empty(shape), np.empty(shape)
    stiff, primal, rest_buy, rest_sell = np.empty(shape), np.empty(shape), np.empty(shape), np.empty(shape)
    bend_buy, bend_sell, rest = np.empty(shape), np.empty(shape), np.empty(shape)
    for _ in range(MOST_ROUNDS):
        gap = 0.0
        worst = 0.0
        for h in range(periods):
            for i in range(size):
                slack_low[h, i] = points[h, i] - floor[h, i]
                slack_high[h, i] = ceiling[h, i] - points[h, i]
                gap += buys[h, i] * dual_buy[h, i] + sells[h, i] * dual_sell[h, i]
                gap += slack_low[h, i] * dual_low[h, i] + slack_high[h, i] * dual_high[h, i]
        centre = 0.1 * gap / (4 * count)
        for h in range(periods):
            for i in range(size):
                earlier = before[i] if h == 0 else points[h - 1, i]
                primal[h, i] = points[h, i] - earlier - buys[h, i] + sells[h, i]
                c = linear[i] + FLOOR
                rest_buy[h, i] = c + 1.5 * impact[i] * np.sqrt(buys[h, i]) - chain[h, i] - centre / buys[h, i]
                rest_sell[h, i] = c + 1.5 * impact[i] * np.sqrt(sells[h, i]) + chain[h, i] - centre / sells[h, i]
                bend_buy[h, i] = 0.75 * impact[i] / np.sqrt(buys[h, i]) + dual_buy[h, i] / buys[h, i]
                bend_sell[h, i] = 0.75 * impact[i] / np.sqrt(sells[h, i]) + dual_sell[h, i] / sells[h, i]
                stiff[h, i] = 1.0 / (1.0 / bend_buy[h, i] + 1.0 / bend_sell[h, i])
                worst = max(worst, abs(primal[h, i]))
                worst = max(worst, abs(rest_buy[h, i] + centre / buys[h, i] - dual_buy[h, i]) / scale)
                worst = max(worst, abs(rest_sell[h, i] + centre / sells[h, i] - dual_sell[h, i]) / scale)
        matrix[:] = 0.0
        right[:] = 0.0
        for h in range(periods):
            missing = total
            for i in range(size):
                missing -= points[h, i]
                place = h * size + i
                inner = pull[i] + chain[h, i] + sums[h]
                if h + 1 < periods:
                    inner -= chain[h + 1, i]
                for j in range(size):
                    inner += risk[i, j] * (points[h, j] - goal[j])
                    matrix[place, h * size + j] = risk[i, j]
                worst = max(worst, abs(inner - dual_low[h, i] + dual_high[h, i]) / scale)
                inner += centre / slack_high[h, i] - centre / slack_low[h, i]
                rest[h, i] = primal[h, i] + rest_buy[h, i] / bend_buy[h, i] - rest_sell[h, i] / bend_sell[h, i]
                matrix[place, place] += dual_low[h, i] / slack_low[h, i] + dual_high[h, i] / slack_high[h, i]
                matrix[place, place] += stiff[h, i]
                right[0, place] = -inner - stiff[h, i] * rest[h, i]
                right[1 + h, place] = 1.0
                if h + 1 < periods:
                    matrix[place, place] += stiff[h + 1, i]
                    matrix[place + size, place] = -stiff[h + 1, i]
            small[h, periods] = missing
            worst = max(worst, abs(missing))
        for h in range(periods - 1):
            for i in range(size):
                after = primal[h + 1, i] + rest_buy[h + 1, i] / bend_buy[h + 1, i]
                after -= rest_sell[h + 1, i] / bend_sell[h + 1, i]
                right[0, h * size + i] += stiff[h + 1, i] * after
                # The coupling block below the diagonal was laid before the next block row was filled.
                matrix[(h + 1) * size + i, h * size + i] = -stiff[h + 1, i]
        if gap < 1e-9 * scale and worst < 1e-4:
            break
        factor_banded(matrix, size)
        for column in range(periods + 1):
            solve_banded(matrix, size, right[column])
        for h in range(periods):
            for g in range(periods):
                small[h, g] = right[1 + g, h * size : (h + 1) * size].sum()
            small[h, periods] = right[0, h * size : (h + 1) * size].sum() - small[h, periods]
        _eliminate(small)
        for h in range(periods):
            for i in range(size):
                move = right[0, h * size + i]
                for g in range(periods):
                    move -= small[g, periods] * right[1 + g, h * size + i]
                d_points[h, i] = move
        for h in range(periods):
            for i in range(size):
                earlier = 0.0 if h == 0 else d_points[h - 1, i]
                d_chain[h, i] = stiff[h, i] * (d_points[h, i] - earlier + rest[h, i])
                d_buys[h, i] = (d_chain[h, i] - rest_buy[h, i]) / bend_buy[h, i]
                d_sells[h, i] = (-d_chain[h, i] - rest_sell[h, i]) / bend_sell[h, i]
                d_dual_buy[h, i] = (centre - dual_buy[h, i] * d_buys[h, i]) / buys[h, i] - dual_buy[h, i]
                d_dual_sell[h, i] = (centre - dual_sell[h, i] * d_sells[h, i]) / sells[h, i] - dual_sell[h, i]
                d_dual_low[h, i] = (centre - dual_low[h, i] * d_points[h, i]) / slack_low[h, i] - dual_low[h, i]
                d_dual_high[h, i] = (centre + dual_high[h, i] * d_points[h, i]) / slack_high[h, i] - dual_high[h, i]
        step = _longest(buys, d_buys, 1.0)
        step = _longest(sells, d_sells, step)
        step = _longest(slack_low, d_points, step)
        step = _longest(slack_high, -d_points, step)
        dual_step = _longest(dual_buy, d_dual_buy, 1.0)
        dual_step = _longest(dual_sell, d_dual_sell, dual_step)
        dual_step = _longest(dual_low, d_dual_low, dual_step)
        dual_step = _longest(dual_high, d_dual_high, dual_step)
        # One length for both: with a cost that is not quadratic, unequal ones need not converge.
        step = min(step, dual_step)
        for h in range(periods):
            sums[h] += step * small[h, periods]
            for i in range(size):
                points[h, i] += step * d_points[h, i]
                buys[h, i] += step * d_buys[h, i]
                sells[h, i] += step * d_sells[h, i]
                chain[h, i] += step * d_chain[h, i]
                dual_buy[h, i] += step * d_dual_buy[h, i]
                dual_sell[h, i] += step * d_dual_sell[h, i]
                dual_low[h, i] += step * d_dual_low[h, i]
                dual_high[h, i] += step * d_dual_high[h, i]
    return points


@kernel(nogil=True, error_model="numpy")
def _eliminate(system: Floats) -> None:
    """Solve a small dense positive definite system in place; the last column is the right side and the answer."""
    size = len(system)
    for j in range(size):
        for i in range(j + 1, size):
            scale = system[i, j] / system[j, j]
            for k in range(j, size + 1):
                system[i, k] -= scale * system[j, k]
    for j in range(size - 1, -1, -1):
        for k in range(j + 1, size):
            system[j, size] -= system[j, k] * system[k, size]
        system[j, size] /= system[j, j]


@kernel(nogil=True, error_model="numpy")
def first_of_periods(
    risk: Floats,
    goal: Floats,
    before: Floats,
    linear: Floats,
    impact: Floats,
    low: Floats,
    high: Floats,
    weights: Floats,
    periods: int,
) -> None:
    """Change weights to those of the first of several periods; assets with no room between bounds stay."""  # fmt: skip
    size = 0
    chosen = np.empty(len(goal), dtype=np.int64)
    total = 0.0
    for i in range(len(goal)):
        if high[i] - low[i] > 1e-9:
            chosen[size] = i
            size += 1
            total += weights[i]
    if size < 2:
        return
    if linear.max() + impact.max() == 0:
        # Free trades: every period stands at the same minimum.
        pair_descent(risk, goal, before, linear, impact, low, high, weights, 1e-10)
        return
    free = chosen[:size]
    matrix = np.empty((size, size))
    pull = np.zeros(size)
    for a in range(size):
        for b in range(size):
            matrix[a, b] = risk[free[a], free[b]]
        for j in range(len(goal)):
            if high[j] - low[j] <= 1e-9:
                pull[a] += risk[free[a], j] * (weights[j] - goal[j])
    plan = plan_periods(
        matrix, pull, goal[free], before[free], linear[free], impact[free], low[free], high[free], total, periods
    )
    for a in range(size):
        i = free[a]
        # An interior point comes close to what is not traded, or sold out, and never reaches it.
        weights[i] = plan[0, a]
        if abs(plan[0, a] - before[i]) < 1e-7:
            weights[i] = before[i]
        elif plan[0, a] - low[i] < 1e-7:
            weights[i] = low[i]
