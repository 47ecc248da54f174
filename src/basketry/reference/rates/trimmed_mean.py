"""Mean of the venues without the lowest and highest."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from basketry.core.numbers import Floats
from basketry.market.tape import Ints
from basketry.reference.rate import RATES, Sources, shares
from basketry.reference.venue_rate import VenueRate, weighted_mean


@RATES.register("trimmed_mean")
class TrimmedMean(VenueRate):
    """The mean of the venues' prices without the `trim` lowest and highest, each venue counting once.

    Of n venues at most (n - 1) // 2 are left out at an end, so that one remains.

    Attributes:
        trim: Venues left out at either end.
    """

    formula: ClassVar[str] = "P = 1/(n - 2j) Σ_{i=j+1}^{n-j} p_(i)"
    source: ClassVar[str] = "Deribit index until December 2019 (highest and lowest left out); Tukey, 1962"
    influence: ClassVar[str] = "`trim` corrupt groups are bounded; more on one side move it by their share of the mean"

    trim: int = Field(1, ge=1, le=20, description="venues left out at either end")

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"the mean of {self.venue_words} without the {self.trim} lowest and highest"

    def weights(self, price: Floats, volume: Floats) -> Floats:
        """Return equal weights of the venues that remain."""
        del volume
        known = np.isfinite(price)
        rank = np.argsort(np.argsort(np.where(known, price, np.inf), axis=1, kind="stable"), axis=1, kind="stable")
        count = np.count_nonzero(known, axis=1, keepdims=True)
        trim = np.minimum(self.trim, np.maximum((count - 1) // 2, 0))
        return shares(((rank >= trim) & (rank < count - trim)).astype(np.float64))

    def combine(self, price: Floats, weight: Floats) -> Floats:
        """Return the mean of those that remain."""
        return weighted_mean(price, weight)

    def survives(self, price: Floats, sources: Sources) -> Ints:
        """Return how many groups can be trimmed away whole."""
        known = np.isfinite(price)
        trim = np.minimum(self.trim, np.maximum((np.count_nonzero(known, axis=1) - 1) // 2, 0))
        of_group = np.zeros((len(price), int(sources.group.max(initial=-1)) + 1))
        for place, group in enumerate(sources.group):
            of_group[:, group] += known[:, place]
        held = np.cumsum(-np.sort(-of_group, axis=1), axis=1)
        return np.count_nonzero((held <= trim[:, None]) & (held > 0), axis=1).astype(np.int64)
