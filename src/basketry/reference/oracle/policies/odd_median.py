"""Exact middle of an odd quorum: the form of Maker's Median."""

from __future__ import annotations

from typing import ClassVar

from pydantic import model_validator

from basketry.core.errors import DataError
from basketry.reference.oracle.policy import POLICIES, AggregationPolicy


@POLICIES.register("odd_median")
class OddMedian(AggregationPolicy):
    """The exact middle of exactly `quorum` reports, an odd number.

    Maker's contract takes exactly `bar` prices, in order, of as many signers, each younger than the last value. Where
    more reports than the quorum are at hand, those of the reporters first by name are taken, so that nobody chooses;
    Maker leaves the choice to the sender, who may take the lowest or the highest `bar`.

    >>> from basketry.reference.oracle.policy import Quote
    >>> OddMedian(faults=1).combine([Quote(10), Quote(13), Quote(12)]).price
    12
    """

    formula: ClassVar[str] = "P = p_((n-1)/2),  n = quorum, odd"
    source: ClassVar[str] = "Maker, Median.sol, 2019 (bar, val_[val_.length >> 1])"

    @model_validator(mode="after")
    def _odd(self) -> OddMedian:
        if self.least_reports % 2 == 0:
            raise ValueError(f"a quorum of {self.least_reports} has no exact middle; take {self.least_reports + 1}")
        return self

    @property
    def most_reports(self) -> int:
        """Exactly the quorum."""
        return self.least_reports

    def words(self) -> str:
        """Return the policy as a sentence."""
        return f"the middle of exactly {self.least_reports} reports"

    def middle(self, count: int) -> tuple[int, int]:
        """Return the middle place, twice.

        Raises:
            DataError: The number is even.
        """
        if count % 2 == 0:
            raise DataError(f"{self.name}: {count} reports have no exact middle; give {self.least_reports}")
        return count // 2, count // 2
