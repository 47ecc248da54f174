"""Compiled choice among the policies: the weights wanted at a row."""

import numpy as np

from basketry.core.compiled import kernel
from basketry.core.numbers import Bools, Floats
from basketry.tracking.policies import Plan
from basketry.tracking.policies._convex import pair_descent
from basketry.tracking.policies._decide import expected_error, half_widths, is_outside, to_edge
from basketry.tracking.policies._periods import first_of_periods

BAND = 1
AIM_NONE, AIM_TARGET, AIM_EDGE, AIM_INSIDE, AIM_OPTIMUM = range(5)


@kernel(nogil=True, error_model="numpy")
def wanted_weights(
    plan: Plan,
    sigma: Floats,
    goal: Floats,
    before: Floats,
    linear: Floats,
    impact: Floats,
    largest: Floats,
    value: float,
    tradable: Bools,
    yearly: float,
    weights: Floats,
) -> None:
    """Change weights to those that the policy wants at a due row."""
    if plan.aim == AIM_NONE:
        return
    widths = np.empty(len(goal))
    half_widths(goal, tradable, plan.absolute, plan.relative, widths)
    if plan.trigger == BAND and not is_outside(weights, goal, widths):
        return
    if plan.aim == AIM_EDGE:
        to_edge(weights, goal, widths)
        return
    if plan.aim == AIM_OPTIMUM:
        _to_optimum(sigma, plan, goal, before, linear, impact, value, largest, tradable, weights)
        return
    rest = 0.0
    if plan.aim == AIM_INSIDE:
        error = expected_error(weights, goal, sigma, yearly)
        if error <= plan.budget:
            return
        rest = plan.restore * plan.budget / error
    for i in range(len(goal)):
        weights[i] = goal[i] + rest * (weights[i] - goal[i])


@kernel(nogil=True, error_model="numpy")
def _to_optimum(
    sigma: Floats,
    plan: Plan,
    goal: Floats,
    before: Floats,
    linear: Floats,
    impact: Floats,
    value: float,
    largest: Floats,
    tradable: Bools,
    weights: Floats,
) -> None:
    """Change weights to the cheapest ones, over the assets that are held or aimed at."""
    size = 0
    chosen = np.empty(len(goal), dtype=np.int64)
    for i in range(len(goal)):
        if before[i] > 0 or goal[i] > 0 or weights[i] > 0:
            chosen[size] = i
            size += 1
    live = chosen[:size]
    root = np.sqrt(value)
    risk = np.empty((size, size))
    low = np.empty(size)
    high = np.empty(size)
    point = np.empty(size)
    power = np.empty(size)
    for a in range(size):
        i = live[a]
        for b in range(size):
            risk[a, b] = plan.aversion * sigma[i, live[b]]
        reach = largest[i] / value if tradable[i] else 0.0
        low[a] = max(before[i] - reach, 0.0)
        high[a] = min(before[i] + reach, 1.0)
        point[a] = weights[i]
        power[a] = impact[i] * root
    _into_reach(point, low, high)
    if plan.horizon == 1:
        pair_descent(risk, goal[live], before[live], linear[live], power, low, high, point, 1e-10)
    else:
        first_of_periods(risk, goal[live], before[live], linear[live], power, low, high, point, plan.horizon)
    for a in range(size):
        weights[live[a]] = point[a]


@kernel(nogil=True, error_model="numpy")
def _into_reach(weights: Floats, low: Floats, high: Floats) -> None:
    """Bring weights between their bounds; the others take up the difference as far as theirs allow."""
    left = 0.0
    room = 0.0
    for i in range(len(weights)):
        inside = min(max(weights[i], low[i]), high[i])
        left += weights[i] - inside
        weights[i] = inside
    for i in range(len(weights)):
        room += high[i] - weights[i] if left > 0 else weights[i] - low[i]
    if room <= 0 or left == 0:
        return
    share = min(abs(left) / room, 1.0)
    for i in range(len(weights)):
        weights[i] += share * ((high[i] - weights[i]) if left > 0 else (low[i] - weights[i]))
