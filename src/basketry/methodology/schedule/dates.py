"""Rebalance dates without a rulebook."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal

import numpy as np
from pydantic import ValidationError

from basketry.core.errors import MethodologyError
from basketry.core.time import to_instant
from basketry.methodology.schedule.schedule import RebalanceDate, Schedule

Moment = str | date | datetime | np.datetime64


def rebalance_dates(
    start: Moment,
    end: Moment,
    *,
    every: str = "month",
    on: str | int = "first_day",
    months: Sequence[int] | None = None,
    at: str = "00:00",
    zone: str = "UTC",
    calendar: str | None = None,
    roll: Literal["forward", "backward", "none"] = "none",
    determine: str = "1d",
    announce: str = "0d",
    base: Moment | None = None,
) -> tuple[RebalanceDate, ...]:
    """Return the changes of a schedule that take effect in [start, end), in order.

    Args:
        start: First instant; a bare date is 00:00 UTC.
        end: Instant before which the last change takes effect.
        every: day, week, month, quarter, year, or a number of days such as 10d.
        on: Day rule such as first_day, last_day, 15, third_friday, friday (of a week), 5th_business_day.
        months: Months in which a monthly or quarterly schedule acts.
        at: Local fixing time, HH:MM.
        zone: Its time zone, an IANA name.
        calendar: Exchange calendar of the business days, such as XNYS.
        roll: Where a day goes that is no business day: forward, backward or none.
        determine: Lag from determination to effect: 1d, 12h, 5bd, or a day rule: the last such day before.
        announce: Lag from announcement to effect, in the same words.
        base: Instant from which a number of days is counted; `start` unless given.

    Raises:
        MethodologyError: A parameter is unknown or does not fit the others.

    >>> year, months = ("2021-01-01", "2022-01-01"), [3, 6, 9, 12]
    >>> dates = rebalance_dates(*year, every="quarter", on="third_friday", months=months)
    >>> [str(date.effective_at.astype("datetime64[D]")) for date in dates]
    ['2021-03-19', '2021-06-18', '2021-09-17', '2021-12-17']
    """
    values: dict[str, Any] = {
        "every": every,
        "on": on,
        "months": months,
        "at": at,
        "zone": zone,
        "calendar": calendar,
        "roll": roll,
        "determine": determine,
        "announce": announce,
    }
    try:
        schedule = Schedule.model_validate(values)
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(str(part) for part in problem["loc"])
        raise MethodologyError(f"{place}: {problem['msg']}, was {problem['input']!r}") from error
    return schedule.dates(to_instant(start), to_instant(end), None if base is None else to_instant(base))
