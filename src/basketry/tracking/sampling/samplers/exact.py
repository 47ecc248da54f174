"""The best choice of few assets, proved by branch and bound, for small indices."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from basketry.core.numbers import Floats
from basketry.tracking.sampling.fitted import FittedSampler, enough
from basketry.tracking.sampling.objective import Objective, objective
from basketry.tracking.sampling.pro_forma import ProForma
from basketry.tracking.sampling.refit import Holdings, quadratic_minimum, refit
from basketry.tracking.sampling.samplers import SAMPLERS, Sample
from basketry.tracking.sampling.samplers.elimination import Elimination

Mask = NDArray[np.bool_]


@SAMPLERS.register("exact")
class Exact(FittedSampler):
    """Search all choices of at most k assets; give up those that a bound shows to be no better.

    Begins with what backward elimination finds, so that a search cut short is never worse; `Sample.gap` says how far
    the proof came. A node fixes some assets in and some out; its bound is the fit without a limit on their number.
    The effort grows fast with the number of assets: an index of 20 takes seconds, of 100 it proves little.

    Attributes:
        nodes: The most nodes to look at.
        tolerance: The gap, as a fraction of the objective, at which the search stops.

    >>> Exact(assets=5).words()
    'The best 5 assets for the fit to the pro-forma index, searched by branch and bound over at most 20000 nodes.'
    """

    formula = "min f(w), |{i: w_i > 0}| ≤ k; bound of a node: min f(w) over what it leaves open"
    source = "G. Furnival and R. Wilson, Regressions by leaps and bounds, Technometrics 16 (1974)"

    loss: Literal["squared"] = "squared"
    turnover: None = None
    nodes: int = Field(20_000, ge=1)
    tolerance: float = Field(1e-9, ge=0, lt=1)

    def sample(self, target: ProForma, previous: Floats | None = None) -> Sample:
        """Return the best portfolio found, with the bound that was proved."""
        candidate = (~np.isnan(target.returns)).mean(axis=0) >= self.history
        holdings = self.holdings(target, previous, int(candidate.sum()))
        goal = objective(target, self.fit, self.loss, self.huber_threshold, self.shrinkage)
        price = self.turnover_penalty * float((goal.followed**2).mean()) if previous is not None else 0.0
        shared = {name: getattr(self, name) for name in FittedSampler.model_fields}
        weights = Elimination(**shared).sample(target, previous).weights
        search = _Search(goal, candidate, holdings, price, weights)
        bound = search.run(self.nodes, self.tolerance)
        weights = search.best
        # The bound is on the objective with the price of turnover; the price of these weights is no part of the value.
        traded = price * holdings.turnover(weights)
        return Sample(weights, goal.value(weights), holdings.turnover(weights), bound - traded)

    def words(self) -> str:
        """Return the rule as a sentence."""
        return (
            f"The best {self.assets} assets for the fit to the {self.fit.replace('_', '-')} index, searched by branch "
            f"and bound over at most {self.nodes} nodes{self.limits_in_words()}."
        )


class _Search:
    """Best-first search over which assets are held, from a first portfolio on."""

    def __init__(self, goal: Objective, candidate: Mask, holdings: Holdings, price: float, first: Floats) -> None:
        self.goal, self.holdings, self.price = goal, holdings, price
        self.candidate = candidate
        self.loose = replace(holdings, assets=len(candidate), low=0.0)
        self.best, self.value = first, self._total(first)

    def run(self, nodes: int, tolerance: float) -> float:
        """Search, and return the lower bound that is proved for every choice."""
        nobody = np.zeros_like(self.candidate)
        count = 0
        queue: list[tuple[float, int, Mask, Mask, Floats]] = []
        for entry in self._node(nobody, self.candidate):
            heapq.heappush(queue, (entry[0], count, *entry[1:]))
        while queue and count < nodes:
            bound, _, forced, allowed, relaxed = heapq.heappop(queue)
            if bound >= self.value - tolerance * abs(self.value):
                return min(bound, self.value)
            place = int(np.argmax(np.where(allowed & ~forced, relaxed, -1.0)))
            held, without = forced.copy(), allowed.copy()
            held[place], without[place] = True, False
            for child in (*self._node(held, allowed), *self._node(forced, without)):
                count += 1
                heapq.heappush(queue, (child[0], count, *child[1:]))
        return min(queue[0][0], self.value) if queue else self.value

    def _node(self, forced: Mask, allowed: Mask) -> Iterator[tuple[float, Mask, Mask, Floats]]:
        """Yield the node with its bound, unless no choice in it can be better than the best that is known."""
        limit, low, high = self.holdings.assets, self.holdings.low, self.holdings.high
        if forced.sum() == limit:
            allowed = forced
        if min(int(allowed.sum()), limit) * high < 1 - 1e-12 or forced.sum() * low > 1 + 1e-12:
            return
        floor = np.where(forced, low, 0.0)
        relaxed = self._relaxed(allowed, floor)
        bound = self._total(relaxed)
        if bound >= self.value:
            return
        support = relaxed > 0
        if support.sum() <= limit and (relaxed[support] >= low - 1e-12).all():
            self.best, self.value = relaxed, bound
            return
        self._round(forced, allowed, relaxed)
        if (allowed & ~forced).any():
            yield bound, forced, allowed, relaxed

    def _relaxed(self, allowed: Mask, floor: Floats) -> Floats:
        """Return the best weights of all that are allowed, whatever their number."""
        form = self.goal.quadratic_form()
        return quadratic_minimum(form, allowed, self.loose, self.price, self.goal.weights, floor)

    def _round(self, forced: Mask, allowed: Mask, relaxed: Floats) -> None:
        """Fit the fixed assets and the largest of the others; keep them where they are better than the best."""
        order = np.argsort(np.where(forced, -2.0, np.where(allowed, -relaxed, 1.0)), kind="stable")
        chosen = np.zeros_like(forced)
        chosen[order[: self.holdings.assets]] = True
        chosen = enough(chosen & allowed & (forced | (relaxed > 0)), allowed, self.holdings, self.goal.weights)
        if chosen.sum() > self.holdings.assets or chosen.sum() * self.holdings.low > 1 + 1e-12:
            return
        weights = refit(self.goal, chosen, self.holdings, self.price)
        total = self._total(weights)
        if total < self.value:
            self.best, self.value = weights, total

    def _total(self, weights: Floats) -> float:
        return self.goal.value(weights) + self.price * self.holdings.turnover(weights)
