"""Bounds on any named metric."""

from typing import Literal

from pydantic import Field

from basketry.core.numbers import Floats
from basketry.core.rule import Duration
from basketry.market.panel import Panel
from basketry.methodology.metrics import metric
from basketry.methodology.universe import UNIVERSE
from basketry.methodology.universe._bounds import Bounded


@UNIVERSE.register("metric")
class Metric(Bounded):
    """Keep assets whose figure in a named metric lies within bounds.

    Attributes:
        metric: Name of a metric or field, such as tvl, revenue or developers; also written `name`.
        window: Take the statistic over this window instead of the latest figure.
        statistic: Median or mean over the window.

    >>> Metric(name="tvl", min=1e8).words()
    'The metric tvl is at least 100,000,000.'
    """

    formula = "min ≤ metric ≤ max"
    source = "Fundamental screens of DeFi indices (DeFi Pulse Index criteria, 2020: value locked, usage)"

    metric: str = Field(alias="name", min_length=1)
    window: Duration | None = None
    statistic: Literal["median", "mean"] = "median"

    def measured(self, view: Panel) -> Floats:
        """Return the metric."""
        if self.window is None:
            return metric(view, self.metric)
        return view.statistic(self.metric, self.statistic, self.window)

    def words(self) -> str:
        """Return the rule as a sentence."""
        over = "" if self.window is None else f" ({self.statistic} over {self.window.days} days)"
        return f"The metric {self.metric}{over} is {self.bounds_in_words()}."
