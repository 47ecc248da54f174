"""Compiled decisions of the policies: where weights should stand, from where they stand."""

import numpy as np

from basketry.core.compiled import kernel
from basketry.core.numbers import Bools, Floats


@kernel(nogil=True, error_model="numpy")
def reachable_goal(aims: Floats, weights: Floats, tradable: Bools, invested: float, goal: Floats) -> None:
    """Fill `goal` with the weights to aim at: assets that cannot be traded stay, the others share what is left."""
    held = 0.0
    wanted = 0.0
    for i in range(len(aims)):
        if tradable[i]:
            wanted += aims[i]
        else:
            held += weights[i]
    room = max(invested - held, 0.0)
    share = room / wanted if wanted > 0 else 0.0
    for i in range(len(aims)):
        goal[i] = aims[i] * share if tradable[i] else weights[i]


@kernel(nogil=True, error_model="numpy")
def meet_flow(flow: int, amount: float, goal: Floats, tradable: Bools, weights: Floats) -> None:
    """Change weights by an amount in all: in proportion to holdings, or by what is furthest from the goal."""
    size = len(weights)
    room = 0.0
    for i in range(size):
        if tradable[i]:
            if flow == 0:
                room += weights[i]
            else:
                room += max(goal[i] - weights[i], 0.0) if amount > 0 else max(weights[i] - goal[i], 0.0)
    if flow == 0 and room <= 0 and amount > 0:
        for i in range(size):
            weights[i] = goal[i]
        return
    if room <= 0:
        return
    share = amount / room
    for i in range(size):
        if not tradable[i]:
            continue
        if flow == 0:
            weights[i] *= max(1 + share, 0.0)
        elif amount > 0:
            weights[i] += share * max(goal[i] - weights[i], 0.0)
        else:
            weights[i] = max(weights[i] + share * max(weights[i] - goal[i], 0.0), 0.0)


@kernel(nogil=True, error_model="numpy")
def half_widths(goal: Floats, tradable: Bools, absolute: float, relative: float, widths: Floats) -> None:
    """Fill `widths` with half the width of each band: the narrower tolerance; zero where nothing is aimed at."""
    for i in range(len(goal)):
        widths[i] = min(absolute, relative * goal[i]) if tradable[i] and goal[i] > 0 else 0.0


@kernel(nogil=True, error_model="numpy")
def is_outside(weights: Floats, goal: Floats, widths: Floats) -> bool:
    """Return whether any weight is outside its band."""
    furthest = -np.inf
    for i in range(len(goal)):
        furthest = max(furthest, abs(weights[i] - goal[i]) - widths[i])
    return furthest > 1e-12


@kernel(nogil=True, error_model="numpy")
def to_edge(weights: Floats, goal: Floats, widths: Floats) -> None:
    """Change weights to lie in their bands and sum to the goal's sum, with the least trading.

    What is outside goes to the edge. The rest that must be sold comes from the assets with the largest excess as a
    share of their bands, lowered to a common share (and likewise for what must be bought).
    """
    size = len(goal)
    excess = 0.0
    for i in range(size):
        weights[i] = min(max(weights[i], goal[i] - widths[i]), goal[i] + widths[i])
        excess += weights[i] - goal[i]
    if abs(excess) <= 1e-15:
        return
    side = 1.0 if excess > 0 else -1.0
    low, high = -1.0, 1.0
    for _ in range(64):
        share = 0.5 * (low + high)
        left = 0.0
        for i in range(size):
            left += min(side * (weights[i] - goal[i]), share * widths[i])
        if left > 0:
            high = share
        else:
            low = share
        if high - low <= 1e-15:
            break
    for i in range(size):
        weights[i] = goal[i] + side * min(side * (weights[i] - goal[i]), high * widths[i])


@kernel(nogil=True, error_model="numpy")
def expected_error(weights: Floats, goal: Floats, covariance: Floats, yearly: float) -> float:
    """Return the tracking error a year that weights are expected to have: √(yearly d'Σd)."""
    total = 0.0
    for i in range(len(goal)):
        away = weights[i] - goal[i]
        if away != 0:
            inner = 0.0
            for j in range(len(goal)):
                inner += covariance[i, j] * (weights[j] - goal[j])
            total += away * inner
    return np.sqrt(max(total, 0.0) * yearly)
