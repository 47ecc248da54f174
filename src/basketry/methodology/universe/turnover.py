"""Turnover: value traded relative to capitalisation."""

from datetime import timedelta
from typing import Literal

import numpy as np

from basketry.core.numbers import Floats
from basketry.core.rule import Duration
from basketry.core.time import YEAR_DAYS
from basketry.market.panel import Panel
from basketry.market.statistics import window_statistic
from basketry.methodology.universe import UNIVERSE
from basketry.methodology.universe._bounds import Bounded


@UNIVERSE.register("turnover")
class Turnover(Bounded):
    """Keep assets whose value traded over capitalisation, day by day, lies within bounds.

    Attributes:
        window: The days before the determination that count.
        statistic: Median or mean of the days.
        annualised: Times 365 (the annual traded value ratio), else a day's.

    >>> Turnover(min=0.05).words()
    'The median annual traded value ratio over 30 days is at least 0.05.'
    """

    formula = "min ≤ 365 · median(V / market cap over window) ≤ max"
    source = "Coin Metrics CMBI methodology: annual traded value ratio above 5% over 30 and 180 days"

    window: Duration = timedelta(days=30)
    statistic: Literal["median", "mean"] = "median"
    annualised: bool = True

    def measured(self, view: Panel) -> Floats:
        """Return the turnover ratio."""
        with np.errstate(divide="ignore", invalid="ignore"):
            daily = view.window("volume", self.window) / view.window("market_cap", self.window)
        ratio = window_statistic(daily, self.statistic)
        return ratio * YEAR_DAYS if self.annualised else ratio

    def words(self) -> str:
        """Return the rule as a sentence."""
        name = "annual traded value ratio" if self.annualised else "daily turnover"
        return f"The {self.statistic} {name} over {self.window.days} days is {self.bounds_in_words()}."
