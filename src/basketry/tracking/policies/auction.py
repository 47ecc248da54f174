"""Rebalance in chunks with pauses, as an auction on chain does."""

from datetime import timedelta

from pydantic import Field

from basketry.core.rule import Duration
from basketry.tracking.policies import AIMS, POLICIES, TRIGGERS, Plan, Policy
from basketry.tracking.policies._due import every
from basketry.tracking.target import Target


@POLICIES.register("auction")
class Auction(Policy):
    """At fixed intervals begin to trade to the target, in chunks of a largest size with pauses between them.

    A rebalance goes on until every weight is within 0.01% of the portfolio of its target; each asset is traded by at
    most a chunk, then rests for the cool-off. The target is that of the present row, which moves with the index.

    Attributes:
        every: Interval at which a rebalance begins.
        chunk: Most that is traded of an asset at once, fraction of the portfolio.
        cool_off: Rows from one trade of an asset to the next.

    >>> Auction(every="30d", chunk=0.01).words()
    'Every 30 days the portfolio begins to trade to its target, in chunks of at most 1% of the portfolio, 1 row apart.'
    """

    shorthand = "chunk"
    formula = "u_i = clip(w_i - y_i, -m, m) every k rows until max|w - y| < 0.0001"
    source = "Set Protocol (2021), General Index Module, as Index Coop rebalances: maxSize and coolOffPeriod of each"

    every: Duration = timedelta(days=30)
    chunk: float = Field(0.01, gt=0, le=1)
    cool_off: int = Field(1, ge=1)

    def plan(self, target: Target) -> Plan:
        """Return what to do at each row."""
        return Plan(
            every(target, self.every), TRIGGERS["always"], AIMS["target"], chunk=self.chunk, cool_off=self.cool_off
        )

    def words(self) -> str:
        """Return the rule as a sentence."""
        rows = "1 row" if self.cool_off == 1 else f"{self.cool_off} rows"
        return (
            f"Every {self.every / timedelta(days=1):g} days the portfolio begins to trade to its target, in chunks of "
            f"at most {self.chunk * 100:g}% of the portfolio, {rows} apart."
        )
