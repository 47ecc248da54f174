"""Weights by exponentially smoothed capitalisation."""

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from basketry.core.numbers import Floats
from basketry.core.rule import Duration, Reads
from basketry.market.panel import Panel
from basketry.methodology.metrics import smoothed
from basketry.methodology.weighting import WEIGHTING, WeightingRule
from basketry.methodology.weighting._proportional import in_proportion


@WEIGHTING.register("smoothed_market_cap")
class SmoothedMarketCap(WeightingRule):
    """Weight each asset by a power of its exponentially weighted mean capitalisation.

    Attributes:
        half_life: Age at which an observation counts half.
        window: Observations that count; unknown days are left out.
        power: 1 for the mean itself, 0.5 for its square root (CCi30).

    >>> SmoothedMarketCap(power=0.5).words()
    'Assets are weighted by the power 0.5 of market capitalisation smoothed with a half-life of 15 days.'
    """

    formula = "w_i ∝ (Σ_s 2^(-s/h) M_i,t-s / Σ_s 2^(-s/h))^p"
    source = "Rivin and Scevola (2018), The CCI30 Index, arXiv 1804.06711: power 0.5"

    half_life: Duration = timedelta(days=15)
    window: Duration = timedelta(days=90)
    power: float = Field(1.0, gt=0, le=1)

    def weights(self, view: Panel, selected: NDArray[np.int64]) -> Floats:
        """Return the weights before capping."""
        caps = smoothed(view, "market_cap", self.half_life, self.window)
        return in_proportion(view, selected, caps, "market_cap", self.power)

    @property
    def reads(self) -> Reads:
        """The figures."""
        return Reads(fields=("market_cap",))

    def words(self) -> str:
        """Return the rule as a sentence."""
        days = self.half_life.total_seconds() / 86_400
        power = "" if self.power == 1 else f"the power {self.power:g} of "
        return f"Assets are weighted by {power}market capitalisation smoothed with a half-life of {days:g} days."
