"""Exclusion by name."""

import numpy as np
from pydantic import Field

from basketry.core.numbers import Bools
from basketry.core.rule import Reads
from basketry.market.panel import Panel
from basketry.methodology.universe import UNIVERSE, UniverseRule


@UNIVERSE.register("exclude_assets")
class ExcludeAssets(UniverseRule):
    """Leave out named assets.

    >>> ExcludeAssets(assets=["xrp"]).words()
    'The asset is none of: xrp.'
    """

    shorthand = "assets"
    source = "Providers' lists of ineligible assets"

    assets: tuple[str, ...] = Field(min_length=1)

    def passes(self, view: Panel) -> Bools:
        """Return which assets pass."""
        return ~np.isin(np.array(view.assets), self.assets)

    @property
    def reads(self) -> Reads:
        """What is named."""
        return Reads(assets=self.assets)

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"The asset is none of: {', '.join(self.assets)}."
