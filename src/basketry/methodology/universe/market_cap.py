"""Size: bounds on market capitalisation."""

from basketry.core.numbers import Floats
from basketry.market.panel import Panel
from basketry.methodology.universe import UNIVERSE
from basketry.methodology.universe._bounds import Bounded


@UNIVERSE.register("market_cap")
class MarketCap(Bounded):
    """Keep assets whose market capitalisation lies within bounds, in the index currency.

    >>> MarketCap(min=1e7).words()
    'The market capitalisation is at least 10,000,000.'
    """

    formula = "min ≤ P·S ≤ max"
    source = "S&P Cryptocurrency Indices methodology (2021): 10 million to enter, 8 million to stay"

    def measured(self, view: Panel) -> Floats:
        """Return market capitalisation."""
        return view.latest("market_cap")

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"The market capitalisation is {self.bounds_in_words()}."
