"""Price: bounds on the price of one unit."""

from basketry.core.numbers import Floats
from basketry.market.panel import Panel
from basketry.methodology.universe import UNIVERSE
from basketry.methodology.universe._bounds import Bounded


@UNIVERSE.register("price")
class Price(Bounded):
    """Keep assets whose price lies within bounds, in the index currency.

    >>> Price(min=0.01).words()
    'The price is at least 0.01.'
    """

    formula = "min ≤ P ≤ max"
    source = "Coin Metrics CMBI methodology: a price too small for the tick of a market is screened out"

    def measured(self, view: Panel) -> Floats:
        """Return the price."""
        return view.latest("price")

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"The price is {self.bounds_in_words()}."
