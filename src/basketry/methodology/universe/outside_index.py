"""Absence from another index."""

from pydantic import Field

from basketry.core.numbers import Bools
from basketry.market.membership import members_of
from basketry.market.panel import Panel
from basketry.methodology.universe import UNIVERSE, UniverseRule


@UNIVERSE.register("outside_index")
class OutsideIndex(UniverseRule):
    """Keep assets that are not in another index, one of `parents`, when the change takes effect.

    Attributes:
        index: Symbol of the parent.

    >>> OutsideIndex(index="CD20").words()
    'The asset is no member of CD20.'
    """

    shorthand = "index"
    formula = "i ∉ M(parent, effective instant), as known at the determination"
    source = "CoinDesk 80: the eighty that follow outside the CoinDesk 20"

    index: str = Field(min_length=1)

    def keep(self, view: Panel, members: Bools) -> Bools:
        """Return which assets are not in the parent."""
        del members
        return ~members_of(view, self.index)

    def told(self, view: Panel, members: Bools) -> list[str]:
        """Return the parent's symbol for each asset."""
        del members
        return [self.index] * len(view.assets)

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"The asset is no member of {self.index}."
