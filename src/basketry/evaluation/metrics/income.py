"""Income: what a total return level earns above the price level of the same constituents."""

from __future__ import annotations

import numpy as np

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.core.time import DAY, YEAR_DAYS
from basketry.evaluation.levels import Levels, together


def income(total: Levels, price: Levels) -> Floats:
    """Return the income of each step over the price at its end, (1 + r_total) / (1 + r_price) − 1, shape (T−1,).

    Compounded, price returns and income give the total return exactly.

    Raises:
        DataError: The series are not at the same instants.

    >>> total = Levels.of(["2024-01-01", "2024-01-02"], [100.0, 111.1])
    >>> income(total, Levels.of(["2024-01-01", "2024-01-02"], [100.0, 110.0])).round(6).tolist()
    [0.01]
    """
    level = together([total, price]).level
    share = level[:, 0] / level[:, 1]
    return share[1:] / share[:-1] - 1


def trailing_yield(total: Levels, price: Levels, days: int = 365) -> Floats:
    """Return income compounded over the days before each level and annualised by 365 days, shape (T,).

    NaN where the series do not reach back that far.

    Raises:
        DataError: As `income`; fewer than one day.
    """
    if days < 1:
        raise DataError(f"a trailing yield takes at least one day, was {days}")
    joined = together([total, price])
    share = joined.level[:, 0] / joined.level[:, 1]
    before = np.searchsorted(joined.times, joined.times - days * DAY, side="right") - 1
    grown = (share / share[np.maximum(before, 0)]) ** (YEAR_DAYS / days) - 1
    return np.where(before >= 0, grown, np.nan)
