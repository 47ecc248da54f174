"""Rebalance to the target at fixed intervals."""

from datetime import timedelta

from basketry.core.rule import Duration
from basketry.tracking.policies import AIMS, POLICIES, TRIGGERS, Plan, Policy
from basketry.tracking.policies._due import every
from basketry.tracking.target import Target


@POLICIES.register("calendar")
class Calendar(Policy):
    """Trade all the way to the target at fixed intervals.

    Attributes:
        every: Length of the interval, counted from the first instant.

    >>> Calendar(every="7d").words()
    'Every 7 days the portfolio is brought to its target.'
    """

    shorthand = "every"
    formula = "x_t = w_t at t = 0, P, 2P, …"
    source = "Perold and Sharpe (1988), Dynamic strategies for asset allocation: constant mix, periodically reviewed"

    every: Duration = timedelta(days=30)

    def plan(self, target: Target) -> Plan:
        """Return what to do at each row."""
        return Plan(every(target, self.every), TRIGGERS["always"], AIMS["target"])

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"Every {self.every / timedelta(days=1):g} days the portfolio is brought to its target."
