"""What the samplers share that minimise the error over past rows: the fit, the loss, and turnover."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from basketry.core.errors import MethodologyError
from basketry.core.numbers import Floats
from basketry.tracking.sampling.objective import Fit, Loss, Objective, Shrinkage, objective
from basketry.tracking.sampling.pro_forma import ProForma
from basketry.tracking.sampling.refit import Holdings, refit
from basketry.tracking.sampling.samplers import Sample, Sampler

# Prices of turnover at which a choice of assets is looked for under a limit, in units of the error from cash.
PRICES = (0.0, 0.25, 1.0, 4.0, 16.0, 64.0, 256.0, 1024.0)
REWEIGHTED = 3


class FittedSampler(Sampler):
    """Base of the samplers that minimise the mean loss of the difference in return over past rows.

    Attributes:
        fit: What is followed in the past. pro_forma: what today's composition would have returned; realised: what
            the index returned, whose composition may have been another.
        loss: squared; downside: the square where the sample falls short of the index, 0 otherwise; huber: the square
            of small differences and a line beyond a threshold, so that single days count for less.
        huber_threshold: Where Huber's line begins, a return of one row.
        shrinkage: ledoit_wolf: second moments are shrunk towards equal variances without correlation, by as much as
            the rows call for; none.
        history: Share of the rows in which an asset must have a return to be chosen.
        turnover: The most one-way turnover from the previous weights, a fraction; None for no limit.
        turnover_penalty: Added to the objective for a turnover of 1, as a multiple of the mean square return of what
            is followed; keeps a refit from trading for an error that is within noise.
    """

    fit: Fit = "pro_forma"
    loss: Loss = "squared"
    huber_threshold: float = Field(0.01, gt=0)
    shrinkage: Shrinkage = "ledoit_wolf"
    history: float = Field(0.0, ge=0, le=1)
    turnover: float | None = Field(None, ge=0, le=1)
    turnover_penalty: float = Field(0.0, ge=0)

    def sample(self, target: ProForma, previous: Floats | None = None) -> Sample:
        """Return the portfolio of the chosen assets with the least objective."""
        candidate = (~np.isnan(target.returns)).mean(axis=0) >= self.history
        holdings = self.holdings(target, previous, int(candidate.sum()))
        goal = objective(target, self.fit, self.loss, self.huber_threshold, self.shrinkage)
        price = self.turnover_penalty * float((goal.followed**2).mean()) if previous is not None else 0.0
        weights = self._best(goal, candidate, holdings, price)
        return Sample(weights, goal.value(weights), holdings.turnover(weights), self.bound(goal, candidate, holdings))

    def support(
        self, goal: Objective, candidate: NDArray[np.bool_], holdings: Holdings, price: float
    ) -> NDArray[np.bool_]:
        """Return which assets are held, at most `holdings.assets`, shape (N,).

        Args:
            goal: The objective, of which `quadratic_form()` is to be minimised.
            candidate: Assets that may be held, shape (N,).
            holdings: Limits and previous weights.
            price: Of a unit of one-way turnover.
        """
        raise NotImplementedError

    def bound(self, goal: Objective, candidate: NDArray[np.bool_], holdings: Holdings) -> float:
        """Return a proved lower bound of the objective, NaN where the sampler proves none."""
        del goal, candidate, holdings
        return float("nan")

    def _best(self, goal: Objective, candidate: NDArray[np.bool_], holdings: Holdings, price: float) -> Floats:
        """Return the best weights over the choices of assets that the limits allow."""
        if self.turnover is None or holdings.previous is None:
            chosen = self._support(goal, candidate, holdings, price)
            return _prune(goal, refit(goal, chosen, holdings, price), holdings, price, None)
        unit = float((goal.followed**2).mean()) * 1e-3
        choices = [self._support(goal, candidate, holdings, price + unit * more) for more in PRICES]
        stays = candidate & (holdings.previous > 0)
        if 0 < stays.sum() <= holdings.assets:
            choices.append(stays)
        allowed = {mask.tobytes(): mask for mask in choices if _fits(mask, holdings, self.turnover)}
        if not allowed:
            least = min((holdings.forced(mask) for mask in choices if _fits(mask, holdings, 1.0)), default=1.0)
            raise MethodologyError(
                f"{self.name}: turnover: no choice of {holdings.assets} assets trades {self.turnover:g} or less; "
                f"raise it to {least:.4g}, which assets that left, the bounds and the number of assets force"
            )
        found = [
            _prune(goal, refit(goal, mask, holdings, price, self.turnover), holdings, price, self.turnover)
            for mask in allowed.values()
        ]
        return min(found, key=lambda weights: goal.value(weights) + price * holdings.turnover(weights))

    def _support(
        self, goal: Objective, candidate: NDArray[np.bool_], holdings: Holdings, price: float
    ) -> NDArray[np.bool_]:
        """Return the choice for the loss: made for a quadratic that lies above it, again and again while better.

        The first of them touches the loss at the fit of all assets, so that one wild day does not choose.
        """
        first = goal
        if goal.loss != "squared":
            loose = replace(holdings, assets=len(candidate), low=0.0)
            first = _at(goal, refit(goal, candidate, loose, price))
        chosen = enough(self.support(first, candidate, holdings, price), candidate, holdings, goal.weights)
        if goal.loss == "squared":
            return chosen
        weights = refit(goal, chosen, holdings, price)
        for _ in range(REWEIGHTED):
            again = self.support(_at(goal, weights), candidate, holdings, price)
            again = enough(again, candidate, holdings, goal.weights)
            tried = refit(goal, again, holdings, price)
            if goal.value(tried) >= goal.value(weights) * (1 - 1e-9):
                break
            chosen, weights = again, tried
        return chosen


def enough(
    chosen: NDArray[np.bool_], candidate: NDArray[np.bool_], holdings: Holdings, weights: Floats
) -> NDArray[np.bool_]:
    """Return a choice with the largest assets added that it takes to reach a sum of 1 within the upper bounds."""
    needed = int(np.ceil(1 / holdings.high - 1e-9)) - int(chosen.sum())
    if needed <= 0:
        return chosen
    order = np.argsort(np.where(candidate & ~chosen, -weights, np.inf), kind="stable")
    result = chosen.copy()
    result[order[:needed]] = True
    return result


def _at(goal: Objective, weights: Floats) -> Objective:
    """Return the quadratic that lies above the objective and touches it at the weights, as an objective."""
    short = goal.followed - goal.returns @ weights
    if goal.loss == "downside":
        return replace(goal, followed=goal.followed - np.minimum(short, 0.0), loss="squared")
    root = np.sqrt(goal.threshold / np.maximum(np.abs(short), goal.threshold))
    return replace(goal, returns=goal.returns * root[:, None], followed=goal.followed * root, loss="squared")


def _fits(mask: NDArray[np.bool_], holdings: Holdings, limit: float) -> bool:
    count = int(mask.sum())
    within = count * holdings.low <= 1 + 1e-12 and count * holdings.high >= 1 - 1e-12
    return within and holdings.forced(mask) <= limit + 1e-12


def _prune(goal: Objective, weights: Floats, holdings: Holdings, price: float, limit: float | None) -> Floats:
    """Return the weights without the assets that only a lower bound keeps in, as long as that lowers the objective."""
    while holdings.low > 0:
        held = weights > 0
        pinned = np.flatnonzero(held & (weights <= holdings.low * (1 + 1e-9)))
        tried = []
        for place in pinned:
            fewer = held.copy()
            fewer[place] = False
            if _fits(fewer, holdings, 1.0 if limit is None else limit):
                tried.append(refit(goal, fewer, holdings, price, limit))
        total = [goal.value(each) + price * holdings.turnover(each) for each in tried]
        if not total or min(total) >= goal.value(weights) + price * holdings.turnover(weights):
            break
        weights = tried[int(np.argmin(total))]
    return weights
