"""Mean of the venues that lie near their median, near being measured in median absolute deviations."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from basketry.core.numbers import Floats
from basketry.reference.quantiles import median
from basketry.reference.rate import RATES
from basketry.reference.venue_rate import VenueRate, equal_shares, volume_shares, weighted_mean

NORMAL_CONSISTENCY = 1.4826
"""Times the median absolute deviation it estimates the standard deviation of a normal law."""


@RATES.register("deviation_filter")
class DeviationFilter(VenueRate):
    """The mean of the venues within `deviations` robust standard deviations of the median of the venues.

    The robust standard deviation is 1.4826 x the median absolute deviation, at least `floor` x the median, so that
    venues that agree to the last digit do not exclude a fair one.

    Attributes:
        deviations: Venues further away are left out.
        floor: Least robust standard deviation, as a fraction of the price.
        by: Weights of those that remain: volume or equal.
    """

    formula: ClassVar[str] = "P = mean{ p_v : |p_v - med| ≤ c max(1.4826 MAD, f med) }"
    source: ClassVar[str] = "Leys, Ley, Klein, Bernard and Licata, Detecting outliers, 2013"
    influence: ClassVar[str] = "a minority of the venues moves it to the edge of the filter, weighted by volume"

    deviations: float = Field(3.0, gt=0, description="venues further away are left out")
    floor: float = Field(0.0002, ge=0, lt=1, description="least robust standard deviation, fraction of the price")
    by: Literal["volume", "equal"] = Field("volume", description="weights of those that remain")

    def words(self) -> str:
        """Return the rule as a sentence."""
        return (
            f"the {'volume-weighted ' if self.by == 'volume' else ''}mean of {self.venue_words} within "
            f"{self.deviations:g} robust standard deviations of their median"
        )

    def weights(self, price: Floats, volume: Floats) -> Floats:
        """Return the weights of the venues near the median."""
        middle = median(price)[:, None]
        distance = np.abs(price - middle)
        scale = np.maximum(NORMAL_CONSISTENCY * median(distance)[:, None], self.floor * middle)
        near = np.where(distance <= self.deviations * scale, price, np.nan)
        return volume_shares(near, volume) if self.by == "volume" else equal_shares(near)

    def combine(self, price: Floats, weight: Floats) -> Floats:
        """Return the weighted mean."""
        return weighted_mean(price, weight)
