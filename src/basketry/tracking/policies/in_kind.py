"""Never trade; take and give assets."""

from basketry.tracking.policies import AIMS, FLOWS, POLICIES, TRIGGERS, Plan, Policy
from basketry.tracking.policies._due import every_row
from basketry.tracking.target import Target


@POLICIES.register("in_kind")
class InKind(Policy):
    """Never trade: creations deliver the target's basket, redemptions take a slice of what is held.

    Creations therefore move the portfolio towards its target at no cost to it; redemptions leave its weights as they
    are.

    >>> InKind().words()
    'The portfolio never trades; creations deliver the basket of the target and redemptions take a slice of holdings.'
    """

    formula = "q_i += w_i F / p_i for F > 0, q_i *= 1 + F / V for F < 0"
    source = "In-kind creation and redemption of exchange-traded funds: U.S. SEC rule 6c-11 (2019), custom baskets"

    def plan(self, target: Target) -> Plan:
        """Return what to do at each row."""
        return Plan(every_row(target), TRIGGERS["always"], AIMS["none"], FLOWS["in_kind"])

    def words(self) -> str:
        """Return the rule as a sentence."""
        return (
            "The portfolio never trades; creations deliver the basket of the target and redemptions take a slice of "
            "holdings."
        )
