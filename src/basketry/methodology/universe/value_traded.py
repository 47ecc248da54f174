"""Liquidity: value traded over a window."""

from datetime import timedelta
from typing import Literal

from basketry.core.numbers import Floats
from basketry.core.rule import Duration
from basketry.market.panel import Panel
from basketry.methodology.universe import UNIVERSE
from basketry.methodology.universe._bounds import Bounded


@UNIVERSE.register("value_traded")
class ValueTraded(Bounded):
    """Keep assets whose value traded in 24 hours, over a window, lies within bounds.

    Attributes:
        window: The days before the determination that count.
        statistic: Median or mean of the days; the median is hard to raise by a few days of wash trading.

    >>> ValueTraded(min=1e6).words()
    'The median value traded a day over 30 days is at least 1,000,000.'
    """

    formula = "min ≤ median(V over window) ≤ max"
    source = "S&P Cryptocurrency Indices methodology (2021): three-month median daily value traded"

    window: Duration = timedelta(days=30)
    statistic: Literal["median", "mean"] = "median"

    def measured(self, view: Panel) -> Floats:
        """Return the median or mean value traded a day."""
        return view.statistic("volume", self.statistic, self.window)

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"The {self.statistic} value traded a day over {self.window.days} days is {self.bounds_in_words()}."
