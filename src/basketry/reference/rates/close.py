"""Close: the venues' last prices of a day, weighted by volume."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Literal

from pydantic import Field

from basketry.core.numbers import Floats
from basketry.core.rule import Duration
from basketry.core.time import parse_duration
from basketry.reference.rate import RATES
from basketry.reference.venue_rate import VenueRate, volume_shares, weighted_mean


@RATES.register("close")
class Close(VenueRate):
    """The last price of each venue in the window, weighted by the volume of the window."""

    formula: ClassVar[str] = "P = Σ V_v last_v / Σ V_v"
    source: ClassVar[str] = "the volume-weighted last price of data aggregators, for example CoinGecko, 2018"
    influence: ClassVar[str] = "unbounded: one print at the end of the window moves it by its venue's share of volume"

    window: Duration = Field(parse_duration("24h"), description="length of the window", gt=timedelta(0))
    of: Literal["median", "vwap", "last"] = Field("last", description="the price of a venue")

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"the volume-weighted mean of {self.venue_words}"

    def weights(self, price: Floats, volume: Floats) -> Floats:
        """Return shares of volume."""
        return volume_shares(price, volume)

    def combine(self, price: Floats, weight: Floats) -> Floats:
        """Return the weighted mean."""
        return weighted_mean(price, weight)
