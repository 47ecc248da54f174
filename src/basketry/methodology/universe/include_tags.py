"""Inclusion by tag."""

from pydantic import Field

from basketry.core.numbers import Bools
from basketry.core.rule import Reads
from basketry.market.panel import Panel
from basketry.methodology.universe import UNIVERSE, UniverseRule


@UNIVERSE.register("include_tags")
class IncludeTags(UniverseRule):
    """Keep only assets that carry at least one of the tags at the determination.

    >>> IncludeTags(tags=["defi"]).words()
    'The asset carries one of these tags: defi.'
    """

    shorthand = "tags"
    source = "CF Benchmarks DACS, CoinDesk DACS and MarketVector taxonomies screen by class"

    tags: tuple[str, ...] = Field(min_length=1)

    def passes(self, view: Panel) -> Bools:
        """Return which assets pass."""
        return view.tagged(*self.tags)

    @property
    def reads(self) -> Reads:
        """What is named."""
        return Reads(facts={"tag": self.tags})

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"The asset carries one of these tags: {', '.join(self.tags)}."
