"""Liquidity: value traded over a window."""

from datetime import timedelta

from basketry.methodology.universe import UNIVERSE
from basketry.methodology.universe._bounds import Bounded
from basketry.methodology.universe._window import Statistic, Window


@UNIVERSE.register("value_traded")
class ValueTraded(Bounded):
    """Keep assets whose value traded in 24 hours, over a window, lies within bounds.

    Attributes:
        window: The time before the determination that counts.
        statistic: Of the days; the median is hard to raise by a few days of wash trading. None where `days` is given.

    >>> ValueTraded(min=1e6).words()
    'The median value traded a day over 30 days is at least 1,000,000.'
    """

    formula = "min ≤ median(V over window) ≤ max"
    source = "S&P Cryptocurrency Indices methodology (2021): three-month median daily value traded"

    figure = "volume"
    window: Window = timedelta(days=30)
    statistic: Statistic = "median"

    def words(self) -> str:
        """Return the rule as a sentence."""
        return self.sentence("value traded a day")
