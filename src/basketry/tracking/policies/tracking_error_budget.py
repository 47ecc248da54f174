"""Rebalance when the expected tracking error exceeds a budget."""

from pydantic import Field

from basketry.tracking.policies import AIMS, POLICIES, TRIGGERS, Plan, Policy
from basketry.tracking.policies._due import every_row
from basketry.tracking.target import Target


@POLICIES.register("tracking_error_budget")
class TrackingErrorBudget(Policy):
    """Trade when the tracking error expected from the weights and past returns is above a budget.

    Every weight then goes the same part of the way to its target.

    Attributes:
        budget: Expected tracking error a year at which to trade, fraction.
        restore: What is left of the budget after trading; 0 trades to the target.
        window: Rows of returns for the covariance, the newest included, taken about zero.
        shrinkage: Share by which correlations are shrunk towards zero.

    >>> TrackingErrorBudget(budget=0.01).words()
    'Whenever the tracking error expected a year is above 1%, all weights move towards the target until it is 1%.'
    """

    shorthand = "budget"
    formula = "if √(365 d'Σd) > B: x = w + (q·B / √(365 d'Σd))·d, d = y - w"
    source = "Donohue and Yip (2003), Optimal portfolio rebalancing with transaction costs; Roll (1992)"

    budget: float = Field(gt=0)
    restore: float = Field(1.0, ge=0, le=1)
    window: int = Field(90, ge=2)
    shrinkage: float = Field(0.1, ge=0, le=1)

    def plan(self, target: Target) -> Plan:
        """Return what to do at each row."""
        return Plan(
            every_row(target),
            TRIGGERS["error"],
            AIMS["inside"],
            budget=self.budget,
            restore=self.restore,
            window=self.window,
            shrinkage=self.shrinkage,
        )

    def words(self) -> str:
        """Return the rule as a sentence."""
        left = f"until it is {self.budget * self.restore * 100:g}%" if self.restore else "all the way"
        return (
            f"Whenever the tracking error expected a year is above {self.budget * 100:g}%, all weights move towards "
            f"the target {left}."
        )
