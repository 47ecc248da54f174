"""A concave surrogate for the number of assets, minimised by majorisation."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Floats
from basketry.tracking.sampling.fitted import FittedSampler, enough
from basketry.tracking.sampling.objective import Objective
from basketry.tracking.sampling.refit import Holdings, quadratic_minimum, refit
from basketry.tracking.sampling.samplers import SAMPLERS

# The surrogate comes nearer to a count from stage to stage.
STAGES = (1e-1, 1e-2, 1e-3)
STEPS = 20
BISECTIONS = 16


@SAMPLERS.register("concave")
class Concave(FittedSampler):
    """Minimise the error and λ times a concave surrogate for the number of assets; λ is found by bisection.

    Each step replaces the surrogate by its tangent, which lies above it, and solves the quadratic program that is
    left; the objective falls with every step. The chosen assets are fitted again without the surrogate.

    >>> Concave(assets=20).words()
    'At most 20 assets by a concave penalty on their number, fitted to the pro-forma index.'
    """

    formula = "min f(w) + λ Σ log(1 + w_i / p) / log(1 + u / p), p = 0.1, 0.01, 0.001"
    source = (
        "K. Benidis, Y. Feng and D. Palomar, Sparse portfolios for high-dimensional financial index tracking, "
        "IEEE Transactions on Signal Processing 66 (2018)"
    )

    def support(
        self, goal: Objective, candidate: NDArray[np.bool_], holdings: Holdings, price: float
    ) -> NDArray[np.bool_]:
        """Return the best choice over all λ that are tried; of one that leaves too many, the largest weights."""
        count = len(candidate)
        loose = Holdings(count, 0.0, holdings.high, holdings.previous)
        small, large = 0.0, float((goal.followed**2).mean()) or 1.0
        found: dict[bytes, NDArray[np.bool_]] = {}
        for _ in range(BISECTIONS):
            penalty = large * 1e-3 if small == 0 else float(np.sqrt(small * large))
            weights = penalised(goal, candidate, loose, price, penalty)
            held = int((weights > 0).sum())
            chosen = np.zeros(count, dtype=np.bool_)
            chosen[np.lexsort((-goal.weights, -weights))[: min(held, holdings.assets)]] = True
            chosen = enough(chosen, candidate, holdings, goal.weights)
            found[chosen.tobytes()] = chosen
            if held > holdings.assets:
                small = penalty
            else:
                large = penalty
            if held == holdings.assets:
                break
        free = replace(holdings, low=0.0)
        fitted = [refit(goal, mask, free, price) for mask in found.values()]
        totals = [goal.value(weights) + price * holdings.turnover(weights) for weights in fitted]
        return list(found.values())[int(np.argmin(totals))]

    def words(self) -> str:
        """Return the rule as a sentence."""
        return (
            f"At most {self.assets} assets by a concave penalty on their number, fitted to the "
            f"{self.fit.replace('_', '-')} index{self.limits_in_words()}."
        )


def surrogate(weights: Floats, p: float, top: float) -> Floats:
    """Return log(1 + w / p) / log(1 + u / p): 0 at 0, 1 at u, concave between; near a step for small p.

    >>> surrogate(np.array([0.0, 0.5, 1.0]), 1e-3, 1.0).round(3).tolist()
    [0.0, 0.9, 1.0]
    """
    value: Floats = np.log1p(weights / p) / np.log1p(top / p)
    return value


def slope(weights: Floats, p: float, top: float) -> Floats:
    """Return the slope of the surrogate, 1 / ((p + w) log(1 + u / p)): of its tangent, which lies above it."""
    value: Floats = 1 / ((p + weights) * np.log1p(top / p))
    return value


def penalised(
    goal: Objective, candidate: NDArray[np.bool_], holdings: Holdings, price: float, penalty: float
) -> Floats:
    """Return weights that minimise f(w) + penalty · Σ surrogate(w_i), to a point from which no step leads down."""
    quadratic, linear = goal.quadratic_form()
    weights = quadratic_minimum((quadratic, linear), candidate, holdings, price, goal.weights)
    for p in STAGES:
        for _ in range(STEPS):
            tilted = linear - penalty * slope(weights, p, holdings.high)
            moved = quadratic_minimum((quadratic, tilted), candidate, holdings, price, weights)
            step = float(np.abs(moved - weights).max())
            weights = moved
            if step < 1e-6:
                break
    return weights
