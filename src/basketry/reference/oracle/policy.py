"""What an aggregation policy is: votes of every report, put in order, and the place of the price among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field, model_validator

from basketry.core.errors import DataError
from basketry.core.rule import Registry, Rule


@dataclass(frozen=True)
class Quote:
    """The price of one report and its half width, whole units; none where the reporter states no width."""

    price: int
    confidence: int | None = None


@dataclass(frozen=True)
class Value:
    """An aggregated price and the half width of its interval, whole units."""

    price: int
    confidence: int


class AggregationPolicy(Rule):
    """From the quotes of the reporters that count to one value: an order statistic of their votes.

    The confidence is that of Pyth for every policy: with the n votes in order, the larger of the distances from the
    price to vote ⌊n/4⌋ from below and to vote ⌊n/4⌋ from above. Chainlink and Maker publish none.

    Attributes:
        faults: Corrupt reporters f to survive.
        quorum: Least number of reports; 2 f + 1 unless given.
    """

    votes_each: ClassVar[int] = 1
    needs_confidence: ClassVar[bool] = False

    faults: int = Field(1, ge=0, le=1000, description="corrupt reporters f to survive")
    quorum: int | None = Field(None, ge=1, le=10_000, description="least number of reports; 2 f + 1 unless given")

    @model_validator(mode="after")
    def _enough(self) -> AggregationPolicy:
        if self.least_reports < 2 * self.faults + 1:
            raise ValueError(
                f"a quorum of {self.least_reports} does not survive {self.faults} corrupt reporters; "
                f"raise it to {2 * self.faults + 1} or lower faults"
            )
        return self

    @property
    def least_reports(self) -> int:
        """Reports that must count for a value: the quorum."""
        return 2 * self.faults + 1 if self.quorum is None else self.quorum

    @property
    def least_reporters(self) -> int:
        """Reporters a feed must have so that f silent ones do not stop it: quorum + f, 3 f + 1 by default."""
        return self.least_reports + self.faults

    @property
    def most_reports(self) -> int | None:
        """Reports that the policy takes at most; none for no limit."""
        return None

    def votes(self, quote: Quote) -> tuple[int, ...]:
        """Return the votes of one report."""
        return (quote.price,)

    def middle(self, count: int) -> tuple[int, int]:
        """Return the two places among `count` ordered votes, from 0, whose mean rounded down is the price."""
        raise NotImplementedError(f"{type(self).__name__} must say where its price stands")

    def combine(self, quotes: Sequence[Quote]) -> Value:
        """Return the value of the quotes, in any order.

        Raises:
            DataError: There are no quotes, or one lacks the confidence that the policy needs.
        """
        if not quotes:
            raise DataError(f"{self.name}: there are no quotes; test for the quorum before")
        if self.needs_confidence and any(quote.confidence is None for quote in quotes):
            raise DataError(f"{self.name}: a quote states no confidence; leave it out or take another policy")
        votes = sorted(vote for quote in quotes for vote in self.votes(quote))
        low, high = self.middle(len(votes))
        price = (votes[low] + votes[high]) // 2
        quarter = len(votes) // 4
        return Value(price, max(price - votes[quarter], votes[len(votes) - 1 - quarter] - price))


POLICIES: Registry[AggregationPolicy] = Registry(
    "aggregation policy", "aggregation_policies", "basketry.reference.oracle.policies"
)
