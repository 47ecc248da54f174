"""Median of the venues, weighted by their volume."""

from __future__ import annotations

from typing import ClassVar

from basketry.core.numbers import Floats
from basketry.reference.quantiles import weighted_quantile
from basketry.reference.rate import RATES
from basketry.reference.venue_rate import VenueRate, volume_shares


@RATES.register("weighted_venue_median")
class WeightedVenueMedian(VenueRate):
    """The volume-weighted median over the venues, without caps; a tie takes the lower price."""

    formula: ClassVar[str] = "P = min{ p : Σ_{v: p_v ≤ p} V_v ≥ 1/2 Σ_v V_v }"
    source: ClassVar[str] = "weighted median: Edgeworth, On observations relating to several quantities, 1887"
    influence: ClassVar[str] = "a venue that reports more than half of the volume sets it"

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"the median of {self.venue_words}, weighted by volume"

    def weights(self, price: Floats, volume: Floats) -> Floats:
        """Return shares of volume."""
        return volume_shares(price, volume)

    def combine(self, price: Floats, weight: Floats) -> Floats:
        """Return the weighted median."""
        return weighted_quantile(price, weight, 0.5)
