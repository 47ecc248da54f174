"""Day counts."""

import numpy as np
import pytest

from basketry.methodology.day_count import DayCount, year_fraction


@pytest.mark.parametrize(("convention", "year"), [("act/360", 360), ("act/365", 365)])
def test_a_year_of_the_convention_is_one(convention: DayCount, year: int) -> None:
    assert year_fraction(np.array([0.0, float(year), year / 2]), convention).tolist() == [0.0, 1.0, 0.5]
