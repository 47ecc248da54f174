"""Number of price sources."""

from basketry.methodology.universe import UNIVERSE
from basketry.methodology.universe._bounds import Bounded


@UNIVERSE.register("price_sources")
class PriceSources(Bounded):
    """Keep assets whose price comes from enough sources (the field `sources`).

    >>> PriceSources(min=3).words()
    'The number of price sources is at least 3.'
    """

    figure = "sources"
    source = "CF Benchmarks, Nasdaq Crypto Index: a minimum of two or three core exchanges"

    def words(self) -> str:
        """Return the rule as a sentence."""
        return self.sentence("number of price sources")
