"""Number of venues that list an asset."""

from basketry.methodology.universe import UNIVERSE
from basketry.methodology.universe._bounds import Bounded


@UNIVERSE.register("listings")
class Listings(Bounded):
    """Keep assets that enough venues list (the metric `listings`).

    >>> Listings(min=2).words()
    'The number of venues that list the asset is at least 2.'
    >>> Listings(min=3, window="90d", days=0.95).words()
    'The number of venues that list the asset is at least 3 on at least 95% of 90 days.'
    """

    figure = "listings"
    source = "Kaiko and CoinDesk eligibility criteria: pairs on at least three vetted venues"

    def words(self) -> str:
        """Return the rule as a sentence."""
        return self.sentence("number of venues that list the asset")
