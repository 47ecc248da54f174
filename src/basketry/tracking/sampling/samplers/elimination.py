"""Backward elimination: give up one asset after the other, always the one that costs the least to lose."""

import numpy as np
from numpy.typing import NDArray

from basketry.tracking.sampling.fitted import FittedSampler
from basketry.tracking.sampling.objective import Objective
from basketry.tracking.sampling.refit import Holdings
from basketry.tracking.sampling.samplers import SAMPLERS


@SAMPLERS.register("elimination")
class Elimination(FittedSampler):
    """Begin with all assets and give up, one after the other, the one whose loss raises the objective least.

    What is left is improved by exchanges of one asset for another until none lowers the objective. The objective
    counts the error and, with previous weights and a turnover penalty, what the trades cost.

    Attributes:
        exchanges: Whether exchanges follow the elimination.

    >>> Elimination(assets=20, max_weight=0.2).words()
    'Assets given up one by one until 20 are left, each time the one that the fit to the pro-forma index loses \
least by, at most 20% each.'
    """

    formula = "i* = argmin w_i² / 2 P_ii, P = Q⁻¹ - Q⁻¹ 1 1ᵀ Q⁻¹ / 1ᵀ Q⁻¹ 1; w ← w - P_i w_i / P_ii"
    source = "Backward selection in regression; losses as in B. Hassibi and D. Stork, optimal brain surgeon (1993)"

    exchanges: bool = True

    def support(
        self, goal: Objective, candidate: NDArray[np.bool_], holdings: Holdings, price: float
    ) -> NDArray[np.bool_]:
        """Return the assets that are left."""
        from basketry.tracking.sampling.elimination_kernels import eliminate
        from basketry.tracking.sampling.exchange_kernels import exchange

        quadratic, linear = goal.quadratic_form()
        traded = holdings.previous is not None and price > 0
        previous = holdings.previous if traded and holdings.previous is not None else np.zeros(len(candidate))
        cost = 0.5 * price if traded else 0.0
        limits = (holdings.high, previous, cost)
        left = eliminate(quadratic, linear, candidate, *limits, holdings.assets, goal.weights)
        return exchange(quadratic, linear, candidate, *limits, left) if self.exchanges else left

    def words(self) -> str:
        """Return the rule as a sentence."""
        return (
            f"Assets given up one by one until {self.assets} are left, each time the one that the fit to the "
            f"{self.fit.replace('_', '-')} index loses least by{self.limits_in_words()}."
        )
