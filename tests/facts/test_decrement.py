"""Decrement indices against the providers' stated rules."""

from itertools import pairwise

import numpy as np
import pytest

from basketry.market.panel import Panel
from basketry.methodology.path import IndexPath, PanelKnown, Segment
from basketry.methodology.returns import RETURNS


def path_of(*levels: float) -> IndexPath:
    times = (np.datetime64("2022-01-01", "us") + np.arange(len(levels)) * np.timedelta64(1, "D")).astype(
        "datetime64[us]"
    )
    price = np.array(levels)[:, None]
    view = Panel(times, ("a",), {"price": price.copy()})
    segment = Segment(0, len(levels) - 1, np.array([0]), np.array([1.0]), price, 1.0)
    return IndexPath(times, price[:, 0], (segment,), PanelKnown(view, times))


@pytest.mark.parametrize(("day_count", "expected"), [("act/365", 999.8630136986301), ("act/360", 999.8611111111111)])
def test_fifty_points_a_year_over_one_day(day_count: str, expected: float) -> None:
    """Euronext: D_t = D_t-1 U_t/U_t-1 - 50 d/365; over 360 since 18 September 2023."""
    rule = RETURNS.build("decrement", {"points": 50, "day_count": day_count})
    assert rule.level(path_of(1000.0, 1000.0))[-1] == pytest.approx(expected, rel=1e-15)


def test_a_share_is_taken_from_the_grown_level() -> None:
    levels = RETURNS.build("decrement", 0.0365).level(path_of(1000.0, 1100.0, 990.0))
    assert levels == pytest.approx([1000.0, 1100 * 0.9999, 990 * 0.9999**2], rel=1e-14)


def test_points_weigh_more_on_a_lower_level_and_end_it_at_zero() -> None:
    """365 points a year are a point a day: three days end a level of 3 for good."""
    levels = RETURNS.build("decrement", {"points": 365}).level(path_of(3.0, 3.0, 3.0, 3.0, 300.0))
    assert levels == pytest.approx([3.0, 2.0, 1.0, 0.0, 0.0], abs=1e-15)
    assert levels[-1] == 0.0


def test_points_against_the_recursion_step_by_step() -> None:
    rng = np.random.default_rng(5)
    underlying = 1000 * np.exp(np.cumsum(rng.normal(0, 0.04, 400)))
    levels = RETURNS.build("decrement", {"points": 50}).level(path_of(*underlying))
    expected = [float(underlying[0])]
    for before, now in pairwise(underlying):
        expected.append(max(expected[-1] * now / before - 50 / 365, 0.0))
    assert levels == pytest.approx(expected, rel=1e-12)
