"""The best weights of a given choice of assets: bounds on holdings, a limit on turnover, and every loss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from basketry.core.errors import MethodologyError
from basketry.core.numbers import Floats
from basketry.tracking.sampling.objective import Objective

ROUNDS = 200
SETTLED = 1e-12


@dataclass(frozen=True)
class Holdings:
    """What a sample may hold and what it trades from.

    Attributes:
        assets: k, the most assets that it may hold.
        low: Lower bound of a weight that is held.
        high: Upper bound of a weight.
        previous: Weights before the trade, shape (N,), or None where the sample is built from cash; what they lack
            to 1 was held outside the N assets and is sold.
    """

    assets: int
    low: float
    high: float
    previous: Floats | None = None

    def turnover(self, weights: Floats) -> float:
        """Return the traded fraction of the value, one way: ½ Σ |w - p|; 1 from cash."""
        if self.previous is None:
            return 1.0
        left = max(1.0 - float(self.previous.sum()), 0.0)
        return 0.5 * (float(np.abs(weights - self.previous).sum()) + left)

    def forced(self, support: NDArray[np.bool_]) -> float:
        """Return the least turnover of any weights on a support."""
        if self.previous is None:
            return 1.0
        floor, ceiling = self.bounds(support)
        nearest = np.clip(self.previous, floor, ceiling)
        # Beyond the nearest weights within the bounds, only what their sum lacks or has too much is traded.
        return self.turnover(nearest) + 0.5 * abs(1.0 - float(nearest.sum()))

    def bounds(self, support: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        """Return lower and upper bounds of every weight, shape (N,) each."""
        return np.where(support, self.low, 0.0), np.where(support, self.high, 0.0)


def check_holdings(holdings: Holdings, candidates: int, count: int) -> Holdings:
    """Return the holdings, with fewer assets where the lower bound leaves no room for more.

    Raises:
        MethodologyError: No weights within the bounds sum to 1, with the arithmetic.
    """
    assets, low, high = holdings.assets, holdings.low, holdings.high
    if assets > count:
        raise MethodologyError(f"assets: {assets} are more than the {count} of the index; ask for at most {count}")
    if low > high:
        raise MethodologyError(f"min_weight {low:g} is above max_weight {high:g}")
    fitting = assets if low == 0 else min(assets, int(1 / low + 1e-9))
    most = min(fitting, candidates)
    if most * high < 1 - 1e-12:
        raise MethodologyError(
            f"{most} assets x max_weight {high:g} = {most * high:g} < 1: "
            f"raise max_weight to at least {1 / max(most, 1):g}, or allow more assets"
            + (f"; {candidates} of {count} assets may be chosen" if candidates < count else "")
        )
    return Holdings(fitting, low, high, holdings.previous)


def refit(
    objective: Objective, support: NDArray[np.bool_], holdings: Holdings, price: float, limit: float | None = None
) -> Floats:
    """Return the weights on a support that minimise the objective and the price of turnover, shape (N,).

    Args:
        objective: What is minimised.
        support: Which assets may be held, shape (N,); their bounds must leave weights that sum to 1.
        holdings: Bounds and previous weights.
        price: Added to the objective for each unit of one-way turnover.
        limit: The most turnover, not below `holdings.forced(support)`.
    """
    weights = _settled(objective, support, holdings, price)
    if limit is None or holdings.previous is None or holdings.turnover(weights) <= limit + SETTLED:
        return weights
    # Turnover falls as its price rises: bracket the price at which it meets the limit, then bisect.
    cheap, dear = price, max(price, objective.value(weights), SETTLED * objective.scale)
    within = _settled(objective, support, holdings, dear)
    while holdings.turnover(within) > limit + SETTLED and dear < 1e12:
        cheap, dear = dear, dear * 8
        within = _settled(objective, support, holdings, dear)
    for _ in range(60):
        middle = 0.5 * (cheap + dear)
        tried = _settled(objective, support, holdings, middle, within)
        if holdings.turnover(tried) <= limit + SETTLED:
            dear, within = middle, tried
        else:
            cheap = middle
        if dear - cheap <= 1e-9 * dear:
            break
    return within


def _settled(
    objective: Objective,
    support: NDArray[np.bool_],
    holdings: Holdings,
    price: float,
    start: Floats | None = None,
) -> Floats:
    """Return the minimum on a support; of losses other than the square by quadratics that lie above them."""
    weights = objective.weights if start is None else start
    weights = quadratic_minimum(objective.quadratic_form(), support, holdings, price, weights)
    if objective.loss == "squared":
        return weights
    reached = objective.value(weights) + price * holdings.turnover(weights)
    for _ in range(ROUNDS):
        form = objective.quadratic_form(weights)
        weights = quadratic_minimum(form, support, holdings, price, weights)
        before, reached = reached, objective.value(weights) + price * holdings.turnover(weights)
        if before - reached <= 1e-10 * before:
            break
    return weights


def quadratic_minimum(
    form: tuple[Floats, Floats],
    support: NDArray[np.bool_],
    holdings: Holdings,
    price: float,
    start: Floats,
    floor: Floats | None = None,
) -> Floats:
    """Return the minimum of ½ wᵀ Q w - cᵀ w + price · turnover on a support within the bounds, shape (N,).

    `floor` stands in for the lower bounds where it is given, shape (N,).
    """
    from basketry.tracking.sampling.kernels import minimise

    places = np.flatnonzero(support)
    low, high = holdings.bounds(support)
    low = low if floor is None else floor
    traded = holdings.previous is not None and price > 0
    kink = holdings.previous[places] if traded and holdings.previous is not None else np.zeros(len(places))
    found = minimise(
        np.ascontiguousarray(form[0][np.ix_(places, places)]),
        form[1][places],
        low[places],
        high[places],
        kink,
        0.5 * price if traded else 0.0,
        start[places],
    )
    weights = np.zeros(len(support))
    weights[places] = found
    return weights
