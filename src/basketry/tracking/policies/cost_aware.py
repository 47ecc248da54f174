"""Rebalance to the point where what trading costs is worth the tracking risk that it takes away."""

from pydantic import Field

from basketry.tracking.policies import AIMS, POLICIES, TRIGGERS, Plan, Policy
from basketry.tracking.policies._due import every_row
from basketry.tracking.target import Target


@POLICIES.register("cost_aware")
class CostAware(Policy):
    """Trade at each row to the weights with the least sum of tracking risk and trading cost.

    Costs are those of the simulation, in proportion and with the power 3/2. Over several periods the target is
    taken to stand still, trades are planned for each, and the first is made; without impact that is one period with
    the aversion times the number of periods, since what is worth trading is then traded at once.

    Attributes:
        aversion: Weight of the variance of one step against cost; larger follows more closely and trades more.
        horizon: Periods planned.
        window: Rows of returns for the covariance, the newest included, taken about zero.
        shrinkage: Share by which correlations are shrunk towards zero.

    With fewer than 20 rows of returns, assets count as independent with a volatility of 4% a step.

    >>> CostAware(aversion=100).words()
    'Each day the portfolio trades to the weights that minimise 50 times the variance of its deviation plus cost.'
    """

    shorthand = "aversion"
    formula = "min Σ_h ½γ(x_h - w)'Σ(x_h - w) + Σ_i c_i|u_hi| + k_i|u_hi|^(3/2), u_h = x_h - x_{h-1}, Σx = 1, x ≥ 0"
    source = (
        "Boyd, Busseti, Diamond, Kahn, Koh, Nystrup and Speth (2017), Multi-period trading via convex optimization; "
        "Gârleanu and Pedersen (2013), Dynamic trading with predictable returns and transaction costs"
    )

    aversion: float = Field(100.0, gt=0)
    horizon: int = Field(1, ge=1, le=10)
    window: int = Field(90, ge=2)
    shrinkage: float = Field(0.1, ge=0, le=1)

    def plan(self, target: Target) -> Plan:
        """Return what to do at each row."""
        return Plan(
            every_row(target),
            TRIGGERS["always"],
            AIMS["optimum"],
            aversion=self.aversion,
            horizon=self.horizon,
            window=self.window,
            shrinkage=self.shrinkage,
        )

    def words(self) -> str:
        """Return the rule as a sentence."""
        words = "Each day the portfolio trades to the weights that minimise "
        words += f"{self.aversion / 2:g} times the variance of its deviation plus cost"
        return words + (f", planned over {self.horizon} days." if self.horizon > 1 else ".")
