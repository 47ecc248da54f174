"""Plain median: the middle report, or the mean of the two middle ones."""

from __future__ import annotations

from typing import ClassVar

from basketry.reference.oracle.policy import POLICIES, AggregationPolicy


@POLICIES.register("median")
class Median(AggregationPolicy):
    """The median of the prices; with an even number the mean of the two middle ones, rounded down.

    >>> from basketry.reference.oracle.policy import Quote
    >>> Median().combine([Quote(10), Quote(13), Quote(1000), Quote(12)])
    Value(price=12, confidence=1)
    """

    formula: ClassVar[str] = "P = ⌊(p_(⌊(n-1)/2⌋) + p_(⌊n/2⌋)) / 2⌋"
    source: ClassVar[str] = "sample median; rounding of basketry"

    def words(self) -> str:
        """Return the policy as a sentence."""
        return f"the median of at least {self.least_reports} reports"

    def middle(self, count: int) -> tuple[int, int]:
        """Return the two middle places."""
        return (count - 1) // 2, count // 2
