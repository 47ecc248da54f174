"""An asset that newly qualifies."""

import numpy as np

from basketry.methodology.triggers import TRIGGERS, Holding, TriggerRule


@TRIGGERS.register("asset_qualifies")
class AssetQualifies(TriggerRule):
    """Rebalance when an asset that is not a member would be selected.

    >>> AssetQualifies().words()
    'An extra rebalance when an asset that is not a member qualifies.'
    """

    source = "Fast entry rules: FTSE Russell and S&P for large new listings"

    def first_row(self, holding: Holding) -> int | None:
        """Return the first row at which somebody else would be selected."""
        columns = holding.segment.columns
        for row in range(1, len(holding.levels)):
            newcomers = holding.selected(row).copy()
            newcomers[columns] = False
            if bool(np.any(newcomers)):
                return row
        return None

    def words(self) -> str:
        """Return the rule as a sentence."""
        return "An extra rebalance when an asset that is not a member qualifies."
