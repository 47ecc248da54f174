"""Bounds on any named metric."""

from pydantic import Field

from basketry.methodology.universe import UNIVERSE
from basketry.methodology.universe._bounds import Bounded
from basketry.methodology.universe._window import Statistic, window_in_words


@UNIVERSE.register("metric")
class Metric(Bounded):
    """Keep assets whose figure in a named metric lies within bounds.

    Attributes:
        metric: Name of a metric or field, such as tvl, revenue or developers; also written `name`.
        statistic: Of the figures in the window. None where `days` is given, or no window.

    >>> Metric(name="tvl", min=1e8).words()
    'The metric tvl is at least 100,000,000.'
    """

    formula = "min ≤ metric ≤ max"
    source = "Fundamental screens of DeFi indices (DeFi Pulse Index criteria, 2020: value locked, usage)"

    metric: str = Field(alias="name", min_length=1)
    statistic: Statistic = "median"

    def compared(self) -> str:
        """Return the name of the metric."""
        return self.metric

    def words(self) -> str:
        """Return the rule as a sentence."""
        if self.window is None or self.days is not None:
            return self.sentence(f"metric {self.metric}")
        since = window_in_words(self.window)
        over = since if self.window == "review" else f"over {since}"
        return f"The metric {self.metric} ({self.statistic} {over}) is {self.bounds_in_words()}."
