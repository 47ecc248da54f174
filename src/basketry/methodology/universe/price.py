"""Price: bounds on the price of one unit."""

from basketry.methodology.universe import UNIVERSE
from basketry.methodology.universe._bounds import Bounded


@UNIVERSE.register("price")
class Price(Bounded):
    """Keep assets whose price lies within bounds, in the index currency.

    >>> Price(min=0.01).words()
    'The price is at least 0.01.'
    >>> Price(min=0.01, window="30d", days=1).words()
    'The price is at least 0.01 on every day of 30 days.'
    """

    figure = "price"
    formula = "min ≤ P ≤ max"
    source = "Coin Metrics CMBI methodology: a price too small for the tick of a market; Bitwise 10: a cent for 30 days"

    def words(self) -> str:
        """Return the rule as a sentence."""
        return self.sentence("price")
