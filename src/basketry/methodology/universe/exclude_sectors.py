"""Exclusion by sector."""

import numpy as np
from pydantic import Field

from basketry.core.numbers import Bools
from basketry.core.rule import Reads
from basketry.market.panel import Panel
from basketry.methodology.universe import UNIVERSE, UniverseRule


@UNIVERSE.register("exclude_sectors")
class ExcludeSectors(UniverseRule):
    """Leave out assets of these sectors at the determination.

    >>> ExcludeSectors(sectors=["gaming"]).words()
    'The sector of the asset is none of: gaming.'
    """

    shorthand = "sectors"
    source = "CF Benchmarks DACS, CoinDesk DACS and MarketVector taxonomies screen by class"

    sectors: tuple[str, ...] = Field(min_length=1)

    def passes(self, view: Panel) -> Bools:
        """Return which assets pass."""
        return ~np.isin(np.array([sector or "" for sector in view.sectors()]), self.sectors)

    @property
    def reads(self) -> Reads:
        """What is named."""
        return Reads(facts={"sector": self.sectors})

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"The sector of the asset is none of: {', '.join(self.sectors)}."
