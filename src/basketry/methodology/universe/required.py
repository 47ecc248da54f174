"""Fields that must be known."""

import numpy as np
from pydantic import Field

from basketry.core.numbers import Bools
from basketry.core.rule import Reads
from basketry.market.panel import Panel
from basketry.methodology.metrics import metric
from basketry.methodology.universe import UNIVERSE, UniverseRule


@UNIVERSE.register("required")
class Required(UniverseRule):
    """Keep assets of which all named fields or metrics are known.

    >>> Required(fields=["price", "tvl"]).words()
    'These figures are known: price, tvl.'
    """

    shorthand = "fields"
    source = "IOSCO Principles for Financial Benchmarks (2013), principle 7: data sufficiency"

    fields: tuple[str, ...] = Field(min_length=1)

    def passes(self, view: Panel) -> Bools:
        """Return which assets have all figures."""
        known = np.ones(len(view.assets), dtype=bool)
        for name in self.fields:
            known &= ~np.isnan(metric(view, name))
        return known

    @property
    def reads(self) -> Reads:
        """The figures."""
        return Reads(figures=self.fields)

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"These figures are known: {', '.join(self.fields)}."
