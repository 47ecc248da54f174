"""The compiled inner loop of exchanges: one asset of a choice for one outside it, while that lowers the objective."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from basketry.core.compiled import kernel
from basketry.core.numbers import Floats
from basketry.tracking.sampling.elimination_kernels import block, bounded
from basketry.tracking.sampling.kernels import factor, projected_inverse, solve

TRIES = 6
ENOUGH = 1e-7


@kernel()
def exchange(
    quadratic: Floats,
    linear: Floats,
    candidate: NDArray[np.bool_],
    high: float,
    kink: Floats,
    cost: float,
    chosen: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Return a choice of as many assets that no single exchange improves, shape (n,).

    The change of every exchange is worked out in closed form as if no bound were met; the best of them are solved
    with the bounds, and the first that lowers the objective is made.

    Args:
        quadratic: Q of the objective, positive definite, shape (n, n).
        linear: c of the objective, shape (n,).
        candidate: Assets that may be held, shape (n,).
        high: Upper bound of every weight.
        kink: Previous weights, shape (n,).
        cost: Price of a unit of trading.
        chosen: The choice to begin with, shape (n,).
    """
    mask = chosen.copy()
    members = np.flatnonzero(mask)
    if len(members) < 2:
        return mask
    weights = bounded(quadratic, linear, members, high, kink, cost, np.full(len(members), 1.0 / len(members)))
    value = _value(quadratic, linear, members, weights, kink, cost)
    for _ in range(len(linear)):
        outside = np.flatnonzero(candidate & ~mask)
        if len(outside) == 0:
            break
        change = _changes(quadratic, linear, members, outside, weights, kink, cost)
        better = False
        for _ in range(TRIES):
            best = np.argmin(change)
            leaves, joins = best // len(outside), best % len(outside)
            if change[leaves, joins] >= -ENOUGH * abs(value):
                break
            change[leaves, joins] = np.inf
            tried = members.copy()
            tried[leaves] = outside[joins]
            start = weights.copy()
            moved = bounded(quadratic, linear, tried, high, kink, cost, start)
            reached = _value(quadratic, linear, tried, moved, kink, cost)
            if reached < value - ENOUGH * abs(value):
                mask[members[leaves]], mask[outside[joins]] = False, True
                members, weights, value, better = tried, moved, reached, True
                break
        if not better:
            break
    return mask


@kernel()
def _value(
    quadratic: Floats, linear: Floats, members: NDArray[np.int64], weights: Floats, kink: Floats, cost: float
) -> float:
    """Return the objective of weights of the members, to a constant."""
    total = cost * kink.sum()
    for row in range(len(members)):
        inner = 0.0
        for column in range(len(members)):
            inner += quadratic[members[row], members[column]] * weights[column]
        total += weights[row] * (0.5 * inner - linear[members[row]])
        total += cost * (abs(weights[row] - kink[members[row]]) - kink[members[row]])
    return float(total)


@kernel()
def _changes(
    quadratic: Floats,
    linear: Floats,
    members: NDArray[np.int64],
    outside: NDArray[np.int64],
    weights: Floats,
    kink: Floats,
    cost: float,
) -> Any:
    """Return the change of the objective when member i leaves and asset j joins, shape (k, n - k).

    With P the projected inverse of the members, u = M⁻¹ 1 / s, s = 1ᵀ M⁻¹ 1, λ the multiplier of the sum and h the
    covariances of j: leaving costs w_i² / 2 P_ii; then joining gains (λ' - g')² / 2 κ with λ' = λ + w_i u_i / P_ii,
    g' = g_j - (P h)_i w_i / P_ii and κ = Q_jj - hᵀ P' h - 2 hᵀ u' + 1 / s'.
    """
    count = len(members)
    inverse = projected_inverse(quadratic, members)
    ones = solve(factor(quadratic, members), np.ones(count))
    least = ones / ones.sum()
    inner = block(quadratic, members)
    gradient = -linear[members]
    for place in range(count):
        gradient += inner[place] * weights[place]
    multiplier = (least * gradient).sum()
    change = np.empty((count, len(outside)))
    for joins in range(len(outside)):
        other = outside[joins]
        shared = quadratic[other][members]
        moved = np.zeros(count)
        for place in range(count):
            moved += inverse[place] * shared[place]
        slope = (shared * weights).sum() - linear[other] + (cost if kink[other] == 0.0 else -cost)
        bent, along = (shared * moved).sum(), (shared * least).sum()
        for leaves in range(count):
            pivot, weight = inverse[leaves, leaves], weights[leaves]
            curvature = quadratic[other, other] - bent + moved[leaves] ** 2 / pivot
            curvature += (
                -2 * (along - moved[leaves] * least[leaves] / pivot) + 1 / ones.sum() + least[leaves] ** 2 / pivot
            )
            gain = multiplier + weight * least[leaves] / pivot - slope + moved[leaves] * weight / pivot
            loss = 0.5 * weight * weight / pivot
            loss += cost * (kink[members[leaves]] - abs(weight - kink[members[leaves]]))
            change[leaves, joins] = loss - (0.5 * gain * gain / curvature if gain > 0.0 else 0.0)
    return change
