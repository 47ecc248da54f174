"""When a new answer is published, and whether a published one may still be read."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from basketry.core.errors import DataError
from basketry.core.rule import Duration
from basketry.core.time import format_duration, parse_duration
from basketry.reference.oracle.aggregate import Answer, Status
from basketry.reference.oracle.feed import microseconds


class Due(StrEnum):
    """Why a new answer is published."""

    FIRST = "first"
    STATUS = "status"
    DEVIATION = "deviation"
    HEARTBEAT = "heartbeat"


class UpdateRule(BaseModel):
    """Publish when the price has moved, or when the last one has become old: as Chainlink's feeds do.

    Attributes:
        deviation_bp: Least move from the published price, basis points of it.
        heartbeat: Age of the published price at which a new one is published whatever it says.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    deviation_bp: int = Field(50, ge=1, le=10_000)
    heartbeat: Duration = parse_duration("1h")

    def due(self, published: Answer | None, new: Answer) -> Due | None:
        """Return why a new answer is to be published; none where it is not.

        A live answer that follows an invalid one, and an invalid one that follows a live one, are published at once,
        so that readers stop. An answer below the quorum is never published: the last one grows stale.

        Raises:
            DataError: The answers are of different feeds or units, or the round is not later: a replay.
        """
        if published is not None:
            if (published.feed, published.decimals) != (new.feed, new.decimals):
                raise DataError(
                    f"an answer of {new.feed} in 10^-{new.decimals} does not follow one of {published.feed} "
                    f"in 10^-{published.decimals}"
                )
            if new.round <= published.round:
                raise DataError(f"{new.feed}: round {new.round} does not follow round {published.round}; do not replay")
        if new.price is None or new.observed_at is None:
            return None
        if published is None or published.price is None or published.observed_at is None:
            return Due.FIRST
        if published.status is not new.status:
            return Due.STATUS
        if abs(new.price - published.price) * 10_000 >= self.deviation_bp * abs(published.price):
            return Due.DEVIATION
        if new.observed_at - published.observed_at >= microseconds(self.heartbeat):
            return Due.HEARTBEAT
        return None


class ReadRule(BaseModel):
    """What a reader asks of a published answer before use.

    Attributes:
        max_age: Greatest age of the observation; above the heartbeat of the feed, or every quiet hour looks stale.
        max_confidence_bp: Greatest half width of the interval, basis points of the price; none for no limit. Two of
            Pyth's publishers near zero in September 2021 showed as a wide interval.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_age: Duration = parse_duration("65m")
    max_confidence_bp: int | None = Field(None, ge=1)

    def read(self, published: Answer, at: int) -> Answer:
        """Return the answer as it may be used at an instant, microseconds since 1970 UTC.

        It keeps its price as evidence, and is `stale` if too old, `invalid` if its interval is too wide; one that was
        not live stays what it was. Use `Answer.usable`, which refuses what is not live.
        """
        if published.status is not Status.LIVE or published.observed_at is None or published.price is None:
            return published
        age = at - published.observed_at
        if age > microseconds(self.max_age):
            reason = f"observed {age / 1e6:g} s ago, more than {format_duration(self.max_age)}"
            return replace(published, status=Status.STALE, reason=reason)
        limit, width = self.max_confidence_bp, published.confidence or 0
        if limit is not None and width * 10_000 > limit * abs(published.price):
            reason = f"half width {width} is more than {limit} bp of {published.price}"
            return replace(published, status=Status.INVALID, reason=reason)
        return published
