"""The window over which a figure is compared: a length of time, or all since the previous review."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from basketry.core.errors import MethodologyError
from basketry.core.time import format_duration, parse_duration
from basketry.methodology.schedule.lag import duration_in_words

DAY = timedelta(days=1)
_CLOCK_CHANGE = timedelta(hours=2)
"""By so much at most are days of 23 and 25 hours no whole ones."""

Statistic = Literal["minimum", "maximum", "median", "mean"]

Window = Annotated[
    timedelta | Literal["review"],
    BeforeValidator(lambda value: value if value == "review" else _length(value)),
    PlainSerializer(lambda value: value if value == "review" else format_duration(value), return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^(review|\d+(\.\d+)?(w|d|h|m|s))$", "examples": ["30d", "review"]}),
]
"""A length of time written as 30d, or `review`: back to the previous scheduled determination."""


def _length(value: Any) -> timedelta:
    try:
        return parse_duration(value)
    except MethodologyError as error:
        raise MethodologyError(f"window: {error}, or review") from error


def check_window(rule: str, window: Any, days: float | None, statistic: str | None, stated: bool) -> None:
    """Raise MethodologyError where a window and what is made of it do not fit.

    Args:
        rule: Name of the rule, for the message.
        window: The window.
        days: Share of its days.
        statistic: Statistic of its figures.
        stated: Whether the statistic was given and is no default.
    """
    if window is None:
        if stated or days is not None:
            key = "days" if days is not None else "statistic"
            raise MethodologyError(f"{rule}.{key}: needs a window, such as window: 30d")
        return
    if not window:
        raise MethodologyError(f"{rule}.window: must be longer than 0, such as 30d")
    if days is not None and stated:
        raise MethodologyError(
            f"{rule}.days: excludes statistic: give a statistic of the whole window, or the share of its days on "
            "which the bounds hold"
        )
    if days is None and statistic is None:
        raise MethodologyError(
            f"{rule}.window: needs a statistic, such as statistic: median, or days: 1 for bounds that hold on every day"
        )
    if days is not None and window != "review" and window % DAY:
        raise MethodologyError(f"{rule}.window: with days it must be a whole number of days, such as 30d")


def back_to(now: np.datetime64, review: np.datetime64, *, whole: bool) -> timedelta:
    """Return the length of the window that begins after a review and ends at an instant.

    Args:
        now: The instant.
        review: The earlier instant of the review.
        whole: In whole days, rounded up; what a change of the clocks adds is no day.

    >>> march = np.datetime64("2021-03-01T16:00", "us")
    >>> back_to(np.datetime64("2021-04-01T15:00", "us"), march, whole=True)
    datetime.timedelta(days=31)
    """
    length: timedelta = (now - review).astype("timedelta64[us]").item()
    return max(math.ceil((length - _CLOCK_CHANGE) / DAY), 1) * DAY if whole else length


def window_in_words(window: timedelta | Literal["review"]) -> str:
    """Return a window in words.

    >>> window_in_words(timedelta(days=30)), window_in_words("review")
    ('30 days', 'since the previous review')
    """
    return "since the previous review" if isinstance(window, str) else duration_in_words(window)
