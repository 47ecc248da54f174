"""Membership of another index."""

from pydantic import Field

from basketry.core.numbers import Bools
from basketry.market.membership import members_of
from basketry.market.panel import Panel
from basketry.methodology.universe import UNIVERSE, UniverseRule


@UNIVERSE.register("in_index")
class InIndex(UniverseRule):
    """Keep assets that are in another index, one of `parents`, when the change takes effect.

    Attributes:
        index: Symbol of the parent.

    >>> InIndex(index="CD20").words()
    'The asset is a member of CD20.'
    """

    shorthand = "index"
    formula = "i ∈ M(parent, effective instant), as known at the determination"
    source = "CoinDesk 5: the five largest of the CoinDesk 20, which are chosen from the CoinDesk Market Index"

    index: str = Field(min_length=1)

    def keep(self, view: Panel, members: Bools) -> Bools:
        """Return which assets are in the parent."""
        del members
        return members_of(view, self.index)

    def told(self, view: Panel, members: Bools) -> list[str]:
        """Return the parent's symbol for each asset."""
        del members
        return [self.index] * len(view.assets)

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"The asset is a member of {self.index}."
