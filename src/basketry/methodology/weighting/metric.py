"""Weights by any named metric."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from basketry.core.numbers import Floats
from basketry.core.rule import Duration, Reads
from basketry.core.time import format_duration
from basketry.market.panel import Panel
from basketry.methodology.metrics import metric
from basketry.methodology.weighting import WEIGHTING, WeightingRule
from basketry.methodology.weighting._proportional import in_proportion


@WEIGHTING.register("metric")
class Metric(WeightingRule):
    """Weight each asset by a power of a named metric, such as value locked.

    Attributes:
        metric: A metric or field of the data, or a derived figure such as return_90d.
        power: Less than 1 flattens the weights.
        window: Use a statistic over this window, for a metric or field of the data; else the latest value.
        statistic: Which one.

    >>> Metric(metric="tvl").words()
    'Assets are weighted by tvl.'
    """

    formula = "w_i ∝ m_i^p"
    source = "Fundamental indexation: Arnott, Hsu and Moore (2005)"

    metric: str = Field(min_length=1, examples=["tvl"])
    power: float = Field(1.0, gt=0, le=2)
    window: Duration | None = None
    statistic: Literal["median", "mean"] = "median"

    def weights(self, view: Panel, selected: NDArray[np.int64]) -> Floats:
        """Return the weights before capping."""
        if self.window is None:
            figures = metric(view, self.metric)
        else:
            figures = view.statistic(self.metric, self.statistic, self.window)
        return in_proportion(view, selected, figures, self.metric, self.power)

    @property
    def reads(self) -> Reads:
        """The figures."""
        return Reads(figures=(self.metric,)) if self.window is None else Reads(fields=(self.metric,))

    def words(self) -> str:
        """Return the rule as a sentence."""
        power = "" if self.power == 1 else f"the power {self.power:g} of "
        if self.window is None:
            return f"Assets are weighted by {power}{self.metric}."
        length = format_duration(self.window)
        return f"Assets are weighted by {power}the {self.statistic} of {self.metric} over {length}."
