"""Median of three votes a reporter: the form of Pyth."""

from __future__ import annotations

from typing import ClassVar

from basketry.reference.oracle.policy import POLICIES, AggregationPolicy, Quote


@POLICIES.register("three_vote_median")
class ThreeVoteMedian(AggregationPolicy):
    """The median of the votes p - c, p and p + c of every reporter, whole numbers throughout.

    With n = 3 N votes in order the price is the middle one, or the mean of the two middle ones rounded down; the
    confidence is the larger of the distances to vote ⌊n/4⌋ and to vote n - 1 - ⌊n/4⌋. A report without a positive
    confidence does not count. The place of a vote does not depend on how small its confidence is, so a reporter gains
    no weight by claiming to be sure.

    >>> ThreeVoteMedian().combine([Quote(10_000, 1000), Quote(15_000, 1000), Quote(20_000, 1000)])
    Value(price=15000, confidence=4000)
    """

    votes_each: ClassVar[int] = 3
    needs_confidence: ClassVar[bool] = True
    formula: ClassVar[str] = "P = median{ p_i - c_i, p_i, p_i + c_i },  C = max(P - v_(⌊n/4⌋), v_(n-1-⌊n/4⌋) - P)"
    source: ClassVar[str] = "Pyth, Price aggregation, 2021; pyth-client, upd_aggregate.h and price_model.c"

    def words(self) -> str:
        """Return the policy as a sentence."""
        return (
            f"the median of three votes of each of at least {self.least_reports} reports, price and price ± confidence"
        )

    def votes(self, quote: Quote) -> tuple[int, ...]:
        """Return price minus confidence, price, price plus confidence."""
        half = quote.confidence or 0
        return quote.price - half, quote.price, quote.price + half

    def middle(self, count: int) -> tuple[int, int]:
        """Return the two middle places."""
        return (count - 1) // 2, count // 2
