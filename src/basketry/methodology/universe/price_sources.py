"""Number of price sources."""

from basketry.core.numbers import Floats
from basketry.market.panel import Panel
from basketry.methodology.universe import UNIVERSE
from basketry.methodology.universe._bounds import Bounded


@UNIVERSE.register("price_sources")
class PriceSources(Bounded):
    """Keep assets whose price comes from enough sources (the field `sources`).

    >>> PriceSources(min=3).words()
    'The number of price sources is at least 3.'
    """

    source = "CF Benchmarks, Nasdaq Crypto Index: a minimum of two or three core exchanges"

    def measured(self, view: Panel) -> Floats:
        """Return the number of price sources."""
        return view.latest("sources")

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"The number of price sources is {self.bounds_in_words()}."
