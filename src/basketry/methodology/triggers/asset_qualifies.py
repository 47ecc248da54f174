"""An asset that newly qualifies."""

from basketry.methodology.triggers import TRIGGERS, Moment, TriggerRule


@TRIGGERS.register("asset_qualifies")
class AssetQualifies(TriggerRule):
    """Rebalance when an asset that is not a member would be selected.

    >>> AssetQualifies().words()
    'An extra rebalance when an asset that is not a member qualifies.'
    """

    reviews = True
    source = "Fast entry rules: FTSE Russell and S&P for large new listings"

    def fires(self, moment: Moment) -> bool:
        """Return whether somebody else would be selected."""
        return moment.standing().newcomers > 0

    def words(self) -> str:
        """Return the rule as a sentence."""
        return "An extra rebalance when an asset that is not a member qualifies."
