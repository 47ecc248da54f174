"""Inclusion by sector."""

import numpy as np
from pydantic import Field

from basketry.core.numbers import Bools
from basketry.core.rule import Reads
from basketry.market.panel import Panel
from basketry.methodology.universe import UNIVERSE, UniverseRule


@UNIVERSE.register("include_sectors")
class IncludeSectors(UniverseRule):
    """Keep only assets of these sectors at the determination.

    >>> IncludeSectors(sectors=["defi"]).words()
    'The sector of the asset is one of: defi.'
    """

    shorthand = "sectors"
    source = "CF Benchmarks DACS, CoinDesk DACS and MarketVector taxonomies screen by class"

    sectors: tuple[str, ...] = Field(min_length=1)

    def passes(self, view: Panel) -> Bools:
        """Return which assets pass."""
        return np.isin(np.array([sector or "" for sector in view.sectors()]), self.sectors)

    @property
    def reads(self) -> Reads:
        """What is named."""
        return Reads(facts={"sector": self.sectors})

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"The sector of the asset is one of: {', '.join(self.sectors)}."
