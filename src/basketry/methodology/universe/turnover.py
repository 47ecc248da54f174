"""Turnover: value traded relative to capitalisation."""

from datetime import timedelta

import numpy as np

from basketry.core.numbers import Floats
from basketry.core.rule import Reads
from basketry.core.time import YEAR_DAYS
from basketry.market.panel import Panel
from basketry.market.statistics import window_statistic
from basketry.methodology.universe import UNIVERSE
from basketry.methodology.universe._bounds import Bounded
from basketry.methodology.universe._window import Statistic, Window


@UNIVERSE.register("turnover")
class Turnover(Bounded):
    """Keep assets whose value traded over capitalisation, day by day, lies within bounds.

    Attributes:
        window: The time before the determination that counts.
        statistic: Of the days. None where `days` is given.
        annualised: Times 365 (the annual traded value ratio), else a day's.

    >>> Turnover(min=0.05).words()
    'The median annual traded value ratio over 30 days is at least 0.05.'
    """

    formula = "min ≤ 365 · median(V / market cap over window) ≤ max"
    source = "Coin Metrics CMBI methodology: annual traded value ratio above 5% over 30 and 180 days"

    window: Window = timedelta(days=30)
    statistic: Statistic = "median"
    annualised: bool = True

    def rows(self, view: Panel, length: timedelta) -> Floats:
        """Return the turnover ratio at each row."""
        return self._a_year(_daily(view, length))

    def summary(self, view: Panel, length: timedelta, statistic: str) -> Floats:
        """Return a statistic of the turnover ratio."""
        return self._a_year(window_statistic(_daily(view, length), statistic))

    def _a_year(self, ratio: Floats) -> Floats:
        return ratio * YEAR_DAYS if self.annualised else ratio

    @property
    def reads(self) -> Reads:
        """The figures."""
        return Reads(fields=("volume", "market_cap"))

    def words(self) -> str:
        """Return the rule as a sentence."""
        name = "annual traded value ratio" if self.annualised else "daily turnover"
        return self.sentence(name)


def _daily(view: Panel, length: timedelta) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return view.window("volume", length) / view.window("market_cap", length)
