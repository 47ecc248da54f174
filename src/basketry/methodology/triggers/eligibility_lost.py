"""A member that is no longer eligible."""

import numpy as np

from basketry.methodology.triggers import TRIGGERS, Holding, TriggerRule


@TRIGGERS.register("eligibility_lost")
class EligibilityLost(TriggerRule):
    """Rebalance when a member fails the rules of the universe.

    >>> EligibilityLost().words()
    'An extra rebalance when a member is no longer eligible.'
    """

    source = "Extraordinary removal: S&P, CF Benchmarks and Coin Metrics policies"

    def first_row(self, holding: Holding) -> int | None:
        """Return the first row at which a member is not eligible."""
        columns = holding.segment.columns
        for row in range(1, len(holding.levels)):
            if not bool(np.all(holding.eligible(row)[columns])):
                return row
        return None

    def words(self) -> str:
        """Return the rule as a sentence."""
        return "An extra rebalance when a member is no longer eligible."
