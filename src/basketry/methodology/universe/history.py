"""Age: days since the first price."""

from pydantic import Field

from basketry.core.numbers import Bools, Floats
from basketry.core.rule import Reads
from basketry.market.panel import Panel
from basketry.methodology.universe import UNIVERSE, UniverseRule


@UNIVERSE.register("history")
class History(UniverseRule):
    """Keep assets that have had a price for a number of days.

    Attributes:
        min_days: Least days from the first price in the data to the determination.

    >>> History(min_days=30).words()
    'The first price is at least 30 days old.'
    """

    shorthand = "min_days"
    formula = "t − t(first price) ≥ min_days"
    source = "Coin Metrics CMBI methodology: 30 days"

    min_days: float = Field(ge=0)

    def passes(self, view: Panel) -> Bools:
        """Return which assets are old enough."""
        return self.measured(view) >= self.min_days

    def measured(self, view: Panel) -> Floats:
        """Return days since the first price."""
        return view.age_days()

    @property
    def reads(self) -> Reads:
        """The figures."""
        return Reads(fields=("price",))

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"The first price is at least {self.min_days:g} days old."
