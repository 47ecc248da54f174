"""Median of three votes a venue, price and price plus and minus its uncertainty: the form of Pyth."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from basketry.core.numbers import Floats
from basketry.market.tape import Ints
from basketry.reference.quantiles import median
from basketry.reference.rate import RATES, Sources
from basketry.reference.venue_rate import VenueRate, equal_shares, minority_groups


@RATES.register("three_vote_median")
class ThreeVoteMedian(VenueRate):
    """The median of the votes p - c, p and p + c of every venue, where c is `uncertainty` x p.

    Pyth's publishers state their own uncertainty; venues do not, so one fraction holds for all. The whole-number
    form over signed reports is in `basketry.reference.oracle`.

    Attributes:
        uncertainty: Half width of a venue's votes, as a fraction of its price.
    """

    formula: ClassVar[str] = "P = median{ p_v - c_v, p_v, p_v + c_v },  c_v = u p_v"
    source: ClassVar[str] = "Pyth, Price aggregation, 2021; pyth-client, upd_aggregate.h"
    influence: ClassVar[str] = "a minority of the venues stays within the votes of the others"

    uncertainty: float = Field(0.0005, gt=0, lt=1, description="half width of the votes, fraction of the price")

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"the median of three votes a venue, {self.venue_words} and that x (1 ± {self.uncertainty:g})"

    def weights(self, price: Floats, volume: Floats) -> Floats:
        """Return equal weights."""
        del volume
        return equal_shares(price)

    def combine(self, price: Floats, weight: Floats) -> Floats:
        """Return the median of the votes."""
        del weight
        votes = price[:, :, None] * np.array([1 - self.uncertainty, 1.0, 1 + self.uncertainty])
        return median(votes.reshape(len(price), -1))

    def survives(self, price: Floats, sources: Sources) -> Ints:
        """Return how many groups are a minority of the venues."""
        return minority_groups(price, sources)
