"""The largest assets of the index, in the index's proportions."""

import numpy as np

from basketry.core.errors import MethodologyError
from basketry.core.numbers import Floats
from basketry.methodology.cap_weights import cap_weights
from basketry.tracking.sampling.pro_forma import ProForma
from basketry.tracking.sampling.samplers import SAMPLERS, Sample, Sampler


@SAMPLERS.register("largest")
class Largest(Sampler):
    """Hold the assets with the largest weights, in proportion to them.

    >>> Largest(assets=20).words()
    'The 20 largest assets of the index, in proportion to their weights.'
    """

    formula = "w_i = b_i / Σ b_j over the k largest b"
    source = "The plain way of sampling, beside which the others are measured"

    def sample(self, target: ProForma, previous: Floats | None = None) -> Sample:
        """Return the largest assets."""
        holdings = self.holdings(target, previous, int((target.weights > 0).sum()))
        order = np.argsort(-target.weights, kind="stable")[: holdings.assets]
        order = np.sort(order[target.weights[order] > 0])
        weights = np.zeros(len(target.weights))
        try:
            cap, floor = min(holdings.high, 1.0), holdings.low or None
            weights[order] = cap_weights(target.weights[order], cap=cap, floor=floor)
        except MethodologyError as error:
            raise type(error)(f"{self.name}: {error}") from error
        return Sample(weights, float("nan"), holdings.turnover(weights))

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"The {self.assets} largest assets of the index, in proportion to their weights{self.limits_in_words()}."
