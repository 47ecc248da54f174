"""What corrupt reporters can do to a value: the honest votes between which it must lie, whatever they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from basketry.core.errors import MethodologyError
from basketry.reference.oracle.policy import AggregationPolicy, Quote


@dataclass(frozen=True)
class Bound:
    """The interval of a value under attack; both ends are reached.

    Attributes:
        low: Least value in whole units; none where corrupt reporters can put it as low as they like.
        high: Greatest value; none where they can put it as high as they like.
        low_places: Places among the ordered honest votes, from 0, whose mean rounded down is `low`.
        high_places: The same for `high`.
    """

    low: int | None
    high: int | None
    low_places: tuple[int, int] | None
    high_places: tuple[int, int] | None

    @property
    def width(self) -> int | None:
        """Length of the interval; none where it has an open end."""
        return None if self.low is None or self.high is None else self.high - self.low

    def holds(self, price: int) -> bool:
        """Return whether a price is within."""
        return (self.low is None or price >= self.low) and (self.high is None or price <= self.high)


def value_bound(policy: AggregationPolicy, honest: Sequence[Quote], corrupt: int) -> Bound:
    """Return the interval in which the price lies, for given honest reports and up to `corrupt` others.

    With h honest and c corrupt votes let a ≤ b be the places of the price among h + c votes. The votes at places a and
    b are at least the honest votes at a - c and b - c, and at most those at a and b, which corrupt votes below or
    above all honest ones reach; fewer corrupt reports reach less. A place below 0 or from h on is no honest vote: the
    value is then theirs.

    Limits, quorum and screening can only turn a value into none. Two more powers are outside the bound: whoever
    collects the reports can withhold honest ones (take the reports that were counted as `honest`), and honest
    reporters with one common source err together.

    Args:
        policy: The policy.
        honest: The honest reports that count.
        corrupt: Corrupt reports f.

    Raises:
        MethodologyError: `corrupt` is negative, there is no honest report, or the policy takes fewer reports.
        DataError: The policy needs an odd number of reports and this one is even.

    >>> from basketry.reference.oracle.policies.upper_median import UpperMedian
    >>> bound = value_bound(UpperMedian(faults=1), [Quote(100), Quote(101), Quote(103)], 1)
    >>> bound.low, bound.high
    (101, 103)
    """
    reports = len(honest) + corrupt
    if corrupt < 0 or not honest:
        raise MethodologyError(f"{len(honest)} honest and {corrupt} corrupt reports: give honest ones, and 0 or more")
    if policy.most_reports is not None and reports > policy.most_reports:
        raise MethodologyError(f"{policy.name} takes {policy.most_reports} reports, {reports} were given")
    votes = sorted(vote for quote in honest for vote in policy.votes(quote))
    middle = policy.middle(policy.votes_each * reports)
    shift = policy.votes_each * corrupt
    low_places = (middle[0] - shift, middle[1] - shift) if middle[0] >= shift else None
    high_places = middle if middle[1] < len(votes) else None
    return Bound(_mean(votes, low_places), _mean(votes, high_places), low_places, high_places)


def survives(policy: AggregationPolicy, reports: int) -> int:
    """Return the largest number of corrupt reports among those counted that keeps the price within the honest votes.

    For every policy here that is any minority, ⌊(n - 1) / 2⌋.

    >>> from basketry.reference.oracle.policies.median import Median
    >>> [survives(Median(), reports) for reports in (1, 2, 3, 4, 7, 10)]
    [0, 0, 1, 1, 3, 4]
    """
    low, high = policy.middle(policy.votes_each * reports)
    room = min(low, policy.votes_each * reports - 1 - high)
    return room // policy.votes_each


def confidence_survives(policy: AggregationPolicy, reports: int) -> int:
    """Return the largest number of corrupt reports that keeps both ends of the confidence within the honest votes.

    Fewer than for the price, ⌊n / 4⌋: from there on a minority can make the interval as wide as it likes, so a reader
    with a limit on the width stops, and is not deceived.

    >>> from basketry.reference.oracle.policies.three_vote_median import ThreeVoteMedian
    >>> [confidence_survives(ThreeVoteMedian(), reports) for reports in (3, 4, 7, 13)]
    [0, 1, 1, 3]
    """
    return min(reports // 4, survives(policy, reports))


def guaranteed(policy: AggregationPolicy) -> int:
    """Return the corrupt reporters that the price survives in every round that has a quorum, whoever is silent.

    >>> from basketry.reference.oracle.policies.median import Median
    >>> guaranteed(Median(faults=1)), guaranteed(Median(faults=1, quorum=5))
    (1, 2)
    """
    return survives(policy, policy.least_reports)


def _mean(votes: Sequence[int], places: tuple[int, int] | None) -> int | None:
    return None if places is None else (votes[places[0]] + votes[places[1]]) // 2
