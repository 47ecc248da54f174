"""Rebalance when the index does."""

from basketry.tracking.policies import AIMS, POLICIES, TRIGGERS, Plan, Policy
from basketry.tracking.target import Target


@POLICIES.register("with_index")
class WithIndex(Policy):
    """Trade all the way to the target whenever the index changes its basket, at the prices at which it does.

    Between, the units held are those of the index, so that nothing needs trading: full replication.

    >>> WithIndex().words()
    'The portfolio is brought to its target whenever the index changes its basket.'
    """

    formula = "x_t = w_t where w_t ≠ w_{t-1}(1 + r_t) / Σ w_{t-1}(1 + r_t)"
    source = "Full replication; Roll (1992), A mean/variance analysis of tracking error"

    def plan(self, target: Target) -> Plan:
        """Return what to do at each row."""
        due = target.changes
        due[0] = True
        return Plan(due, TRIGGERS["always"], AIMS["target"])

    def words(self) -> str:
        """Return the rule as a sentence."""
        return "The portfolio is brought to its target whenever the index changes its basket."
