"""Exclusion by tag."""

from pydantic import Field

from basketry.core.numbers import Bools
from basketry.core.rule import Reads
from basketry.market.panel import Panel
from basketry.methodology.universe import UNIVERSE, UniverseRule


@UNIVERSE.register("exclude_tags")
class ExcludeTags(UniverseRule):
    """Leave out assets that carry any of the tags at the determination.

    >>> ExcludeTags(tags=["stablecoin"]).words()
    'The asset carries none of these tags: stablecoin.'
    """

    shorthand = "tags"
    source = "CF Benchmarks DACS, CoinDesk DACS and MarketVector taxonomies screen by class"

    tags: tuple[str, ...] = Field(min_length=1)

    def passes(self, view: Panel) -> Bools:
        """Return which assets pass."""
        return ~view.tagged(*self.tags)

    @property
    def reads(self) -> Reads:
        """What is named."""
        return Reads(facts={"tag": self.tags})

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"The asset carries none of these tags: {', '.join(self.tags)}."
