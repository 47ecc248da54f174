"""A weight that drifts out of its band."""

import numpy as np
from pydantic import Field

from basketry.core.numbers import Bools, Floats
from basketry.methodology.triggers import TRIGGERS, Holding, Moment, TriggerRule


@TRIGGERS.register("drift")
class Drift(TriggerRule):
    """Rebalance when any weight is further than a band from the weight it was given.

    Attributes:
        band: Width of the band, a fraction of the index; with `relative`, of the weight itself.
        relative: Whether the band is relative to the weight given; what was credited since was given none, and has no
            such band.

    >>> Drift(band=0.05).words()
    'An extra rebalance when any weight drifts by more than 5 points.'
    """

    shorthand = "band"
    formula = "max_i |w_it − w_i0| > band, w_i0 the weight given at the last change"
    source = "Tolerance-band rebalancing: Masters (2003), Rebalancing"

    band: float = Field(gt=0)
    relative: bool = False

    def fires(self, moment: Moment) -> bool:
        """Return whether a weight is out of its band."""
        return bool(self._outside(moment.weights, moment.given).any())

    def first_row(self, holding: Holding) -> int | None:
        """Return the first row at which a weight is out of its band."""
        rows = np.flatnonzero(self._outside(holding.weights, holding.given).any(axis=1))
        return int(rows[0]) if len(rows) else None

    def _outside(self, weights: Floats, given: Floats) -> Bools:
        # A weight that was not given, as that of a credited fork, has no relative band.
        limit = np.where(given > 0, self.band * given, np.inf) if self.relative else np.full_like(given, self.band)
        return np.abs(weights - given) > limit

    def words(self) -> str:
        """Return the rule as a sentence."""
        size = f"{self.band * 100:g}% of itself" if self.relative else f"{self.band * 100:g} points"
        return f"An extra rebalance when any weight drifts by more than {size}."
