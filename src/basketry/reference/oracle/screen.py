"""Which reports of a round count, and why the others do not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from basketry.reference.oracle.feed import Feed, microseconds
from basketry.reference.oracle.report import Report, verify_ed25519

Verifier = Callable[[Report, str, bytes], bool]
"""Whether a report bears the signature of the holder of a key, for a domain; `verify_ed25519` unless another scheme."""


class Reason(StrEnum):
    """Why a report does not count; the first that applies, in this order."""

    WRONG_FEED = "wrong feed"
    UNKNOWN_REPORTER = "unknown reporter"
    WRONG_ROUND = "wrong round"
    BAD_SIGNATURE = "bad signature"
    EQUIVOCATION = "equivocation"
    REPEATED = "repeated"
    WRONG_DECIMALS = "wrong decimals"
    NOT_POSITIVE = "not positive"
    NO_CONFIDENCE = "no confidence"
    FROM_THE_FUTURE = "from the future"
    OLD = "old"
    BEYOND_QUORUM = "beyond quorum"


@dataclass(frozen=True)
class LeftOut:
    """A report that does not count.

    Attributes:
        reporter: Who it says it is from; for a bad signature that is not known to be so.
        reason: Why.
        detail: The figures.
    """

    reporter: str
    reason: Reason
    detail: str = ""


@dataclass(frozen=True)
class Screening:
    """The reports that count, by name of the reporter, and the others."""

    counted: tuple[Report, ...]
    left_out: tuple[LeftOut, ...]


def screen(
    reports: Iterable[Report], feed: Feed, round_number: int, at: int, verify: Verifier = verify_ed25519
) -> Screening:
    """Return the reports that count in a round, and the others with the reason; the order of the input is of no matter.

    Only reports with a good signature can be equivocation: nobody removes a reporter by forging a second report. Two
    validly signed reports of one reporter in one round that say different things remove both; the same message twice,
    whatever its signatures, counts once.

    Args:
        reports: As they came.
        feed: The rules.
        round_number: The round that is aggregated.
        at: Now, microseconds since 1970 UTC.
        verify: Checks a signature.
    """
    left_out: list[LeftOut] = []
    signed: dict[str, dict[bytes, Report]] = {}
    # In the order of signatures, so that of copies of one message the same is kept, however they came.
    for report in sorted(reports, key=lambda report: report.signature):
        problem = _not_of_this_round(report, feed, round_number)
        if problem is None and not verify(report, feed.domain, feed.reporters[report.reporter]):
            problem = LeftOut(report.reporter, Reason.BAD_SIGNATURE)
        if problem is None:
            messages = signed.setdefault(report.reporter, {})
            message = report.message(feed.domain)
            if message in messages:
                problem = LeftOut(report.reporter, Reason.REPEATED)
            else:
                messages[message] = report
        if problem is not None:
            left_out.append(problem)
    counted: list[Report] = []
    for reporter, messages in sorted(signed.items()):
        if len(messages) > 1:
            prices = ", ".join(str(report.price) for _, report in sorted(messages.items()))
            left_out += [LeftOut(reporter, Reason.EQUIVOCATION, f"signed {prices}")] * len(messages)
            continue
        (report,) = messages.values()
        problem = _unusable(report, feed, at)
        if problem is None and len(counted) == feed.policy.most_reports:
            problem = LeftOut(reporter, Reason.BEYOND_QUORUM)
        if problem is None:
            counted.append(report)
        else:
            left_out.append(problem)
    left_out.sort(key=lambda entry: (entry.reporter, entry.reason, entry.detail))
    return Screening(tuple(counted), tuple(left_out))


def _not_of_this_round(report: Report, feed: Feed, round_number: int) -> LeftOut | None:
    if report.feed != feed.id:
        return LeftOut(report.reporter, Reason.WRONG_FEED, f"{report.feed}, not {feed.id}")
    if report.reporter not in feed.reporters:
        return LeftOut(report.reporter, Reason.UNKNOWN_REPORTER)
    if report.round != round_number:
        return LeftOut(report.reporter, Reason.WRONG_ROUND, f"{report.round}, not {round_number}")
    return None


def _unusable(report: Report, feed: Feed, at: int) -> LeftOut | None:
    if report.decimals != feed.decimals:
        return LeftOut(report.reporter, Reason.WRONG_DECIMALS, f"{report.decimals}, not {feed.decimals}")
    if report.price <= 0:
        return LeftOut(report.reporter, Reason.NOT_POSITIVE, f"price {report.price}")
    if report.confidence is None:
        if feed.policy.needs_confidence:
            return LeftOut(report.reporter, Reason.NO_CONFIDENCE)
    elif report.confidence <= 0:
        return LeftOut(report.reporter, Reason.NOT_POSITIVE, f"confidence {report.confidence}")
    age = at - report.observed_at
    if -age > microseconds(feed.max_ahead):
        return LeftOut(report.reporter, Reason.FROM_THE_FUTURE, f"{-age / 1e6:g} s ahead")
    if age > microseconds(feed.max_age):
        return LeftOut(report.reporter, Reason.OLD, f"{age / 1e6:g} s")
    return None
