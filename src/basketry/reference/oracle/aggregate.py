"""From the reports of a round to one answer with its status and its evidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Context, Decimal
from enum import StrEnum

from basketry.core.errors import DataError
from basketry.reference.oracle.feed import Feed
from basketry.reference.oracle.policy import Quote
from basketry.reference.oracle.report import Report, verify_ed25519
from basketry.reference.oracle.screen import LeftOut, Verifier, screen

# A price of 256 bits has 77 digits.
_EXACT = Context(prec=80)


class Status(StrEnum):
    """What an answer is good for; only a live one has a usable price."""

    LIVE = "live"
    BELOW_QUORUM = "below quorum"
    INVALID = "invalid"
    STALE = "stale"


@dataclass(frozen=True)
class Answer:
    """The outcome of one round.

    Attributes:
        feed: Id of the feed.
        round: Number of the round.
        status: Live, or why not.
        decimals: Prices are whole numbers of 10^-decimals.
        price: Aggregated price; none below the quorum. An invalid or stale one is kept as evidence: read `usable`.
        confidence: Half width of the interval, same units.
        observed_at: Lower median of the times of observation of the reports that count, microseconds since 1970 UTC;
            a minority of reporters cannot make it younger than the others say. None below the quorum.
        reporters: Who counts, by name.
        left_out: Who does not, and why.
        reason: Why the answer is not live.
    """

    feed: str
    round: int
    status: Status
    decimals: int
    price: int | None
    confidence: int | None
    observed_at: int | None
    reporters: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    reason: str = ""

    @property
    def usable(self) -> int:
        """The price in whole units.

        Raises:
            DataError: The answer is not live.
        """
        if self.status is not Status.LIVE or self.price is None:
            raise DataError(f"{self.feed}, round {self.round}: {self.status}: {self.reason}; do not use its price")
        return self.price

    def amount(self, units: int | None) -> Decimal | None:
        """Return whole units as an exact number.

        >>> answer = Answer("sol-usd", 1, Status.LIVE, 5, 12276250, 1500, 0, (), ())
        >>> print(answer.amount(answer.price), answer.amount(answer.confidence))
        122.76250 0.01500
        """
        return None if units is None else Decimal(units).scaleb(-self.decimals, _EXACT)


def aggregate(
    reports: Iterable[Report], feed: Feed, round_number: int, at: int, verify: Verifier = verify_ed25519
) -> Answer:
    """Return the answer of a round; the same reports in any order give the same answer.

    A value at a limit of the feed is invalid. It is not brought to the limit: in May 2022 a feed that stopped at its
    minimum priced LUNA at 0.107 while it traded near 0.01, and lenders paid out against it.

    Args:
        reports: As they came.
        feed: The rules.
        round_number: The round.
        at: Now, microseconds since 1970 UTC.
        verify: Checks a signature.

    >>> feed = Feed(id="a", domain="test", reporters={name: name.encode() * 32 for name in "rstu"})
    >>> reports = [
    ...     Report(feed="a", reporter=name, round=1, observed_at=0, decimals=8, price=price)
    ...     for name, price in [("r", 100), ("s", 101), ("t", 10**9), ("x", 1)]
    ... ]
    >>> answer = aggregate(reports, feed, 1, 0, verify=lambda report, domain, key: True)
    >>> answer.usable, answer.reporters, answer.left_out[0].reason.value
    (101, ('r', 's', 't'), 'unknown reporter')
    """
    screening = screen(reports, feed, round_number, at, verify)
    counted, policy = screening.counted, feed.policy
    answer = Answer(
        feed=feed.id,
        round=round_number,
        status=Status.BELOW_QUORUM,
        decimals=feed.decimals,
        price=None,
        confidence=None,
        observed_at=None,
        reporters=tuple(report.reporter for report in counted),
        left_out=screening.left_out,
        reason=f"{len(counted)} reports of {policy.least_reports}",
    )
    if len(counted) < policy.least_reports:
        return answer
    value = policy.combine([Quote(report.price, report.confidence) for report in counted])
    observed_at = sorted(report.observed_at for report in counted)[(len(counted) - 1) // 2]
    reason = _refusal(value.price, feed)
    return replace(
        answer,
        status=Status.INVALID if reason else Status.LIVE,
        price=value.price,
        confidence=value.confidence,
        observed_at=observed_at,
        reason=reason,
    )


def _refusal(price: int, feed: Feed) -> str:
    if feed.minimum is not None and price <= feed.minimum:
        return f"{price} is at or below the minimum {feed.minimum}"
    if feed.maximum is not None and price >= feed.maximum:
        return f"{price} is at or above the maximum {feed.maximum}"
    return ""
