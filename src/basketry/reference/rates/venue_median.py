"""Median of the venues: each counts once."""

from __future__ import annotations

from typing import ClassVar

from basketry.core.numbers import Floats
from basketry.market.tape import Ints
from basketry.reference.quantiles import median
from basketry.reference.rate import RATES, Sources
from basketry.reference.venue_rate import VenueRate, equal_shares, minority_groups


@RATES.register("venue_median")
class VenueMedian(VenueRate):
    """The median over the venues; of an even number the mean of the two middle ones.

    With `of: last` and a window of 60 seconds it is the real-time form of Vinter.
    """

    formula: ClassVar[str] = "P = median_v(p_v)"
    source: ClassVar[str] = "Vinter, index methodology: median of the exchanges' last prices of 60 seconds, 2021"
    influence: ClassVar[str] = "a minority of the venues stays within the prices of the others, whatever their volume"

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"the median of {self.venue_words}"

    def weights(self, price: Floats, volume: Floats) -> Floats:
        """Return equal weights."""
        del volume
        return equal_shares(price)

    def combine(self, price: Floats, weight: Floats) -> Floats:
        """Return the median."""
        del weight
        return median(price)

    def survives(self, price: Floats, sources: Sources) -> Ints:
        """Return how many groups are a minority of the venues."""
        return minority_groups(price, sources)
