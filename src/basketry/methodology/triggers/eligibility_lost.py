"""A member that is no longer eligible."""

from basketry.methodology.triggers import TRIGGERS, Moment, TriggerRule


@TRIGGERS.register("eligibility_lost")
class EligibilityLost(TriggerRule):
    """Rebalance when a member fails the rules of the universe.

    >>> EligibilityLost().words()
    'An extra rebalance when a member is no longer eligible.'
    """

    reviews = True
    source = "Extraordinary removal: S&P, CF Benchmarks and Coin Metrics policies"

    def fires(self, moment: Moment) -> bool:
        """Return whether a member is not eligible."""
        return not bool(moment.standing().eligible.all())

    def words(self) -> str:
        """Return the rule as a sentence."""
        return "An extra rebalance when a member is no longer eligible."
