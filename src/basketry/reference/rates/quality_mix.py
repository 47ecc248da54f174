"""Mean of the venues weighted by a mix of liquidity and quality."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from basketry.core.numbers import Floats
from basketry.reference.quantiles import median, weighted_quantile
from basketry.reference.rate import RATES, shares
from basketry.reference.venue_rate import VenueRate, volume_shares


@RATES.register("quality_mix")
class QualityMix(VenueRate):
    """The weighted median of the venues; the weight mixes liquidity and agreement with the others.

    Liquidity is the share of volume^`liquidity_power`; agreement is the share of 1 / (1 + (d / tolerance)^2), where d
    is the relative distance of the venue's price from the median of the venues. Both are shares, mixed linearly.

    Attributes:
        quality: Weight of agreement in the mix, 0 to 1.
        liquidity_power: Exponent of volume; 0.5 damps venues that report much.
        tolerance: Relative distance from the median at which agreement is one half.
    """

    formula: ClassVar[str] = "w_v = (1-a) V_v^b / Σ V^b + a g_v / Σ g,  g_v = 1 / (1 + (d_v / τ)²)"
    source: ClassVar[str] = "basketry; liquidity and quality scores mixed as in CCData's Exchange Benchmark, 2019"
    influence: ClassVar[str] = "a venue that reports enough volume holds up to (1 - a) of the weight"

    quality: float = Field(0.5, ge=0, le=1, description="weight of agreement in the mix")
    liquidity_power: float = Field(0.5, ge=0, le=1, description="exponent of volume")
    tolerance: float = Field(0.001, gt=0, description="relative distance at which agreement is one half")

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"the median of {self.venue_words}, weighted by liquidity and by agreement with the other venues"

    def weights(self, price: Floats, volume: Floats) -> Floats:
        """Return the mixed weights."""
        # Imported where it is used: Numba takes half a second to load.
        from basketry.core.elementary import power

        liquidity = volume_shares(price, power(volume, self.liquidity_power))
        distance = np.abs(price / median(price)[:, None] - 1) / self.tolerance
        agreement = shares(np.where(np.isfinite(price), 1 / (1 + np.square(distance)), 0.0))
        return (1 - self.quality) * liquidity + self.quality * agreement

    def combine(self, price: Floats, weight: Floats) -> Floats:
        """Return the weighted median."""
        return weighted_quantile(price, weight, 0.5)
