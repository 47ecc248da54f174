"""Mean of the venues within a band around their median."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from basketry.core.numbers import Floats
from basketry.reference.quantiles import median
from basketry.reference.rate import RATES
from basketry.reference.venue_rate import VenueRate, equal_shares, volume_shares, weighted_mean


@RATES.register("band_mean")
class BandMean(VenueRate):
    """The mean of the venues whose price lies within `band` of the median of the venues; others weigh nothing.

    Attributes:
        band: Half width of the band, a fraction.
        by: Weights of the venues: equal or volume.
    """

    formula: ClassVar[str] = "P = Σ w_v p_v over the venues with |p_v / m - 1| ≤ b,  m = median_v(p_v)"
    source: ClassVar[str] = "BitMEX, index protection, 2017 (25%; since December 2020 10%, the band left out)"
    influence: ClassVar[str] = "a venue just inside the band moves it by the band times its weight"

    of: Literal["median", "vwap", "last"] = Field("last", description="the price of a venue")
    band: float = Field(0.25, gt=0, lt=1, description="half width of the band, a fraction")
    by: Literal["volume", "equal"] = Field("volume", description="weights of the venues")

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"the mean of {self.venue_words}, those further than {self.band:.4g} from their median left out"

    def weights(self, price: Floats, volume: Floats) -> Floats:
        """Return the weights of the venues within the band."""
        inside = np.where(np.abs(price / median(price)[:, None] - 1) <= self.band, price, np.nan)
        return volume_shares(inside, volume) if self.by == "volume" else equal_shares(inside)

    def combine(self, price: Floats, weight: Floats) -> Floats:
        """Return the weighted mean."""
        return weighted_mean(price, weight)
