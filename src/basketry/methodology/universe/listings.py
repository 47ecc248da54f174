"""Number of venues that list an asset."""

from basketry.core.numbers import Floats
from basketry.market.panel import Panel
from basketry.methodology.metrics import metric
from basketry.methodology.universe import UNIVERSE
from basketry.methodology.universe._bounds import Bounded


@UNIVERSE.register("listings")
class Listings(Bounded):
    """Keep assets that enough venues list (the metric `listings`).

    >>> Listings(min=2).words()
    'The number of venues that list the asset is at least 2.'
    """

    source = "Kaiko and CoinDesk eligibility criteria: pairs on at least three vetted venues"

    def measured(self, view: Panel) -> Floats:
        """Return the number of listings."""
        return metric(view, "listings")

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"The number of venues that list the asset is {self.bounds_in_words()}."
