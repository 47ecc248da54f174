"""Mean of the venues, each clamped to a band around their median."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from basketry.core.numbers import Floats
from basketry.core.rule import Duration
from basketry.core.time import parse_duration
from basketry.reference.quantiles import median
from basketry.reference.rate import RATES
from basketry.reference.venue_rate import VenueRate, equal_shares, volume_shares, weighted_mean


@RATES.register("clamped_mean")
class ClampedMean(VenueRate):
    """The mean of the venues' prices, each brought into median x (1 - band) to median x (1 + band).

    Deribit clamps at 0.5%, FTX clamped at 0.3%. Deribit leaves a venue out that is delayed for more than 3 minutes,
    which is the window here.

    Attributes:
        band: Half width of the band, a fraction.
        by: Weights of the venues: equal or volume.
    """

    formula: ClassVar[str] = "P = Σ w_v clip(p_v, m(1 - b), m(1 + b)),  m = median_v(p_v)"
    source: ClassVar[str] = "Deribit, index methodology, December 2019 on (0.5%); FTX, 2020 (0.3%)"
    influence: ClassVar[str] = "a minority of the venues moves it by at most the band times their weight"

    window: Duration = Field(parse_duration("3m"), description="length of the window", gt=timedelta(0))
    of: Literal["median", "vwap", "last"] = Field("last", description="the price of a venue")
    band: float = Field(0.005, gt=0, lt=1, description="half width of the band, a fraction")
    by: Literal["volume", "equal"] = Field("equal", description="weights of the venues")

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"the mean of {self.venue_words}, each clamped to within {self.band:.4g} of their median"

    def weights(self, price: Floats, volume: Floats) -> Floats:
        """Return equal weights or shares of volume."""
        return volume_shares(price, volume) if self.by == "volume" else equal_shares(price)

    def combine(self, price: Floats, weight: Floats) -> Floats:
        """Return the mean of the clamped prices.

        >>> prices = np.array([[100, 100.1, 100.2, 100.3, 115]])
        >>> ClampedMean(band=0.003).combine(prices, np.full((1, 5), 0.2)).round(5)
        array([100.22012])
        """
        middle = median(price)[:, None]
        return weighted_mean(np.clip(price, middle * (1 - self.band), middle * (1 + self.band)), weight)
