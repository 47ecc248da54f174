"""Rebalance with what comes in and goes out."""

import numpy as np
from pydantic import Field

from basketry.tracking.policies import AIMS, FLOWS, POLICIES, TRIGGERS, Plan, Policy
from basketry.tracking.policies._due import every_row
from basketry.tracking.target import Target


@POLICIES.register("flow_driven")
class FlowDriven(Policy):
    """Buy what is short with creations, sell what is over for redemptions; otherwise trade only outside a band.

    Attributes:
        relative: Half width of a band to whose edge weights are traded without flows, as a fraction of the target
            weight; none, and only flows move the portfolio.

    >>> FlowDriven(relative=0.5).words()
    'Creations buy what is below its target and redemptions sell what is above; a weight more than 50% of its target
    away from it is traded back to that distance.'
    """

    shorthand = "relative"
    formula = "x_i = y_i + F·(w_i - y_i)⁺ / Σ_j (w_j - y_j)⁺ for a creation of F, likewise for a redemption"
    source = (
        "Rebalancing with cash flows: Jaconetti, Kinniry and Zilbering, Vanguard (2010), Best practices for rebalancing"
    )

    relative: float | None = Field(None, gt=0)

    def plan(self, target: Target) -> Plan:
        """Return what to do at each row."""
        aim = AIMS["none"] if self.relative is None else AIMS["edge"]
        width = np.inf if self.relative is None else self.relative
        return Plan(every_row(target), TRIGGERS["band"], aim, FLOWS["towards"], relative=width)

    def words(self) -> str:
        """Return the rule as a sentence."""
        words = "Creations buy what is below its target and redemptions sell what is above"
        if self.relative is None:
            return words + "; nothing else is traded."
        return (
            f"{words}; a weight more than {self.relative * 100:g}% of its target away from it is traded back to that "
            "distance."
        )
