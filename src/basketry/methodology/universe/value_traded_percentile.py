"""Liquidity relative to the market: a percentile of value traded."""

from datetime import timedelta

import numpy as np
from pydantic import Field

from basketry.core.numbers import Bools, Floats
from basketry.core.rule import Duration, Reads
from basketry.market.panel import Panel
from basketry.methodology.universe import UNIVERSE, UniverseRule


@UNIVERSE.register("value_traded_percentile")
class ValueTradedPercentile(UniverseRule):
    """Keep assets whose mean value traded is at or above a percentile of all assets that trade.

    Attributes:
        window: The days before the determination that count.
        min: The percentile as a fraction; 0.25 leaves out the least liquid quarter.

    >>> ValueTradedPercentile().words()
    'The mean value traded a day over 30 days is at or above the 25th percentile of all assets.'
    """

    formula = "ADTV ≥ q(ADTV of all assets)"
    source = "Trimborn and Härdle, CRIX an index for cryptocurrencies (2018): ADTV at or above the 25th percentile"

    window: Duration = timedelta(days=30)
    min: float = Field(0.25, ge=0, le=1)

    def passes(self, view: Panel) -> Bools:
        """Return which assets trade enough."""
        traded = self.measured(view)
        known = ~np.isnan(traded) & ~np.isnan(view.latest("price"))
        if not known.any():
            return known
        with np.errstate(invalid="ignore"):
            return known & (traded >= np.quantile(traded[known], self.min))

    def measured(self, view: Panel) -> Floats:
        """Return the mean value traded a day."""
        return view.statistic("volume", "mean", self.window)

    @property
    def reads(self) -> Reads:
        """The figures."""
        return Reads(fields=("volume", "price"))

    def words(self) -> str:
        """Return the rule as a sentence."""
        return (
            f"The mean value traded a day over {self.window.days} days is at or above the "
            f"{self.min * 100:g}th percentile of all assets."
        )
