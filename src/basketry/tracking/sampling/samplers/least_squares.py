"""Least squares over all assets, and again over those with the largest weights."""

import numpy as np
from numpy.typing import NDArray

from basketry.tracking.sampling.fitted import FittedSampler
from basketry.tracking.sampling.objective import Objective
from basketry.tracking.sampling.refit import Holdings, quadratic_minimum
from basketry.tracking.sampling.samplers import SAMPLERS


@SAMPLERS.register("least_squares")
class LeastSquares(FittedSampler):
    """Fit non-negative weights of all assets, keep those with the largest, and fit them again.

    A fit to the pro-forma index finds the index itself at first, so it keeps the k largest and fits their weights.

    >>> LeastSquares(assets=20).words()
    'The 20 assets with the largest weights in a least-squares fit to the pro-forma index, fitted again.'
    """

    formula = "min mean (y_t - x_t w)², w ≥ 0, Σ w = 1; the k largest w_i; again on them"
    source = "C. Lawson and R. Hanson, Solving Least Squares Problems (1974); relax, keep the largest, refit"

    def support(
        self, goal: Objective, candidate: NDArray[np.bool_], holdings: Holdings, price: float
    ) -> NDArray[np.bool_]:
        """Return the largest weights of the fit without a limit on their number."""
        loose = Holdings(len(candidate), 0.0, holdings.high, holdings.previous)
        weights = quadratic_minimum(goal.quadratic_form(), candidate, loose, price, goal.weights)
        # Of equal weights the asset of the larger index weight is kept.
        order = np.lexsort((-goal.weights, -weights))[: holdings.assets]
        chosen = np.zeros(len(candidate), dtype=np.bool_)
        chosen[order[weights[order] > 0]] = True
        return chosen

    def words(self) -> str:
        """Return the rule as a sentence."""
        return (
            f"The {self.assets} assets with the largest weights in a least-squares fit to the "
            f"{self.fit.replace('_', '-')} index, fitted again{self.limits_in_words()}."
        )
