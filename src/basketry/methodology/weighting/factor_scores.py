"""Weights by a mix of scores."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from basketry.core.numbers import Floats, normalise
from basketry.core.rule import Reads
from basketry.market.panel import Panel
from basketry.methodology.metrics import metric
from basketry.methodology.scores import positive_score, standardise
from basketry.methodology.weighting import WEIGHTING, WeightingRule


@WEIGHTING.register("factor_scores")
class FactorScores(WeightingRule):
    """Weight each asset by the score of a weighted sum of z-scores of named figures.

    Attributes:
        factors: Coefficient of each figure; a negative one prefers small figures.

    z-scores are taken among the selected and clipped at 3; an unknown figure scores as the average one.

    >>> FactorScores(factors={"return_90d": 0.5, "volatility_90d": -0.5}).words()
    'Assets are weighted by the score of 0.5 return_90d, -0.5 volatility_90d.'
    """

    formula = "w_i ∝ s(Σ_k b_k z_ik), s(z) = 1 + z for z ≥ 0, else 1 / (1 - z)"
    source = "MSCI Diversified Multiple-Factor and S&P Quality, Value and Momentum multi-factor methodologies"

    factors: dict[str, float] = Field(min_length=1, examples=[{"return_90d": 0.5, "volatility_90d": -0.5}])

    def weights(self, view: Panel, selected: NDArray[np.int64]) -> Floats:
        """Return the weights before capping."""
        total = np.zeros(len(selected))
        for name, coefficient in sorted(self.factors.items()):
            total = total + coefficient * standardise(metric(view, name)[selected])
        return normalise(positive_score(total))

    @property
    def reads(self) -> Reads:
        """The figures."""
        return Reads(figures=tuple(self.factors))

    def words(self) -> str:
        """Return the rule as a sentence."""
        parts = ", ".join(f"{coefficient:g} {name}" for name, coefficient in self.factors.items())
        return f"Assets are weighted by the score of {parts}."
