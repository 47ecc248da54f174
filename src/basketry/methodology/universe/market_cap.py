"""Size: bounds on market capitalisation."""

from basketry.methodology.universe import UNIVERSE
from basketry.methodology.universe._bounds import Bounded


@UNIVERSE.register("market_cap")
class MarketCap(Bounded):
    """Keep assets whose market capitalisation lies within bounds, in the index currency.

    >>> MarketCap(min=1e7).words()
    'The market capitalisation is at least 10,000,000.'
    >>> MarketCap(min=1e7, window="90d", statistic="median").words()
    'The median market capitalisation over 90 days is at least 10,000,000.'
    """

    figure = "market_cap"
    formula = "min ≤ P·S ≤ max"
    source = "S&P Cryptocurrency Indices methodology (2021): 10 million to enter, 8 million to stay"

    def words(self) -> str:
        """Return the rule as a sentence."""
        return self.sentence("market capitalisation")
