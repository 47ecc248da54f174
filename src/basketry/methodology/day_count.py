"""Day counts: the share of a year that a number of days is."""

from typing import Literal

from basketry.core.numbers import Floats

DayCount = Literal["act/360", "act/365"]


def year_fraction(days: Floats, day_count: DayCount) -> Floats:
    """Return days over 360 or 365, same shape.

    >>> import numpy as np
    >>> year_fraction(np.array([36.0]), "act/360").tolist()
    [0.1]
    """
    return days / (360.0 if day_count == "act/360" else 365.0)
