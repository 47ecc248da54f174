"""Upper median of the reports: the form of Chainlink's Offchain Reporting."""

from __future__ import annotations

from typing import ClassVar

from basketry.reference.oracle.policy import POLICIES, AggregationPolicy


@POLICIES.register("upper_median")
class UpperMedian(AggregationPolicy):
    """Element ⌊n/2⌋ of the ordered prices, counted from 0: the upper of the two middle ones where n is even.

    A price that a reporter said, never a mean of two. The contract asks for n > 3 f oracles, and for more than 2 f
    observations (first version) or more than f of which 2 f + 1 were gathered before (second version); the quorum
    here is 2 f + 1.

    >>> from basketry.reference.oracle.policy import Quote
    >>> UpperMedian().combine([Quote(10), Quote(13), Quote(1000), Quote(12)]).price
    13
    """

    formula: ClassVar[str] = "P = p_(⌊n/2⌋)"
    source: ClassVar[str] = "Chainlink, Offchain Reporting Protocol, 2021; libocr, OCR2Aggregator.sol"

    def words(self) -> str:
        """Return the policy as a sentence."""
        return f"the upper median of at least {self.least_reports} reports"

    def middle(self, count: int) -> tuple[int, int]:
        """Return the upper middle place, twice."""
        return count // 2, count // 2
