"""Volatility target on a few days, by hand: which exposure is held when, and what becomes of the level."""

import math
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from basketry.core.errors import BasketryError
from basketry.market.panel import Panel
from basketry.methodology.path import IndexPath, PanelKnown, Segment
from basketry.methodology.returns.volatility_target import VolatilityTarget

AT_ONCE: dict[str, Any] = {"lag": "0d", "warm_up": "0d", "tolerance": 0}
"""Exposure follows each level at once."""

STEP = math.log(1.1) * math.sqrt(365)
"""Volatility a year of a day of 10 %."""


def path(levels: list[float], every: int = 24, start: int = 0) -> IndexPath:
    """Return levels so many hours apart."""
    times = np.datetime64("2022-01-01", "us") + (start + np.arange(len(levels))) * np.timedelta64(every, "h")
    price = np.array(levels)[:, None]
    known = PanelKnown(Panel(times, ("a",), {"price": price.copy()}), times)
    return IndexPath(times, price[:, 0], (Segment(0, len(levels) - 1, np.array([0]), np.ones(1), price, 1.0),), known)


def level(levels: list[float], every: int = 24, **fields: Any) -> list[float]:
    return VolatilityTarget.model_validate({"target": 0.4, **fields}).level(path(levels, every)).tolist()


def close(*values: float) -> object:
    return pytest.approx(list(values), rel=1e-12)


def test_half_is_held_in_cash_where_no_more_is_allowed() -> None:
    # Doubled on day 1, the index is two thirds of the value; set back to a half, a fall by half takes a quarter.
    assert level([100.0, 200.0, 100.0], max_leverage=0.5) == close(100.0, 150.0, 112.5)
    # Left as it is, it goes back to what it was.
    assert level([100.0, 200.0, 100.0], max_leverage=0.5, tolerance=1) == close(100.0, 150.0, 100.0)
    # A half is a quarter off two thirds: exactly that does not count.
    assert level([100.0, 200.0, 100.0], max_leverage=0.5, tolerance=0.25) == close(100.0, 150.0, 100.0)
    assert level([100.0, 200.0, 100.0], max_leverage=0.5, tolerance=0.2499) == close(100.0, 150.0, 112.5)


def test_cash_earns_a_rate_a_day() -> None:
    flat = [100.0] * 3
    assert level(flat, max_leverage=0.5, tolerance=1, rate=0.36) == close(100.0, 100.05, 50 + 50 * 1.001**2)
    paid = level(flat, max_leverage=0.5, tolerance=1, rate=0.365, day_count="act/365")
    assert paid == close(100.0, 100.05, 50 + 50 * 1.001**2)
    assert level(flat, max_leverage=0.5) == [100.0] * 3
    # Set back to a half on day 1, at a money of 1.001: a half of that day's level each.
    again = level(flat, max_leverage=0.5, tolerance=0, rate=0.36)
    assert again == close(100.0, 100.05, 100.05 * (0.5 + 0.5 * 1.001))


def test_a_still_index_is_held_at_the_largest_exposure_a_lag_later() -> None:
    def after(lag: str, *levels: float) -> float:
        return level([100.0, 100.0, *levels], max_leverage=2, lag=lag, warm_up="0d")[-1]

    assert after("0d", 110.0) == pytest.approx(120.0)
    assert after("1d", 110.0) == pytest.approx(110.0)
    assert after("1d", 100.0, 110.0) == pytest.approx(120.0)
    assert after("2d", 100.0, 110.0) == pytest.approx(110.0)
    assert after("36h", 100.0, 110.0) == pytest.approx(110.0)
    assert after("2d", 100.0, 100.0, 110.0) == pytest.approx(120.0)
    # Without leverage it is all of the value.
    assert level([100.0, 100.0, 110.0], **AT_ONCE) == close(100.0, 100.0, 110.0)


def test_levels_count_once_they_span_the_warm_up() -> None:
    still = [100.0, 100.0, 100.0, 110.0]
    assert level(still, max_leverage=2, lag="0d", warm_up="2d")[-1] == pytest.approx(120.0)
    assert level(still, max_leverage=2, lag="0d", warm_up="3d")[-1] == pytest.approx(110.0)


def test_the_larger_of_two_weighted_volatilities_counts() -> None:
    lives: dict[str, Any] = {"half_life_short": "1d", "half_life_long": "2d", **AT_ONCE}
    root = math.sqrt(0.5)
    # After a day of 10 % and a still one the weights of the first are 1/3 and r / (1 + r).
    first = level([100.0, 110.0, 110.0, 121.0], **lives)
    assert first[1] == pytest.approx(110.0)
    assert first[3] / first[2] - 1 == pytest.approx(0.1 * 0.4 / (STEP * math.sqrt(root / (1 + root))))
    # After a still day and one of 10 % those of the second are 2/3 and 1 / (1 + r).
    second = level([100.0, 100.0, 110.0, 121.0], **lives)
    assert second[3] / second[2] - 1 == pytest.approx(0.1 * 0.4 / (STEP * math.sqrt(2 / 3)))


def test_steps_within_a_window_count_alike() -> None:
    found = level([100.0, 110.0, 110.0, 121.0], window="2d", **AT_ONCE)
    assert found[2] / found[1] == 1.0
    assert found[3] / found[2] - 1 == pytest.approx(0.1 * 0.4 / (STEP / math.sqrt(2)))
    # Two days later the window holds nothing but still days.
    still = level([100.0, 110.0, 110.0, 110.0, 121.0], window="2d", max_leverage=1.5, **AT_ONCE)
    assert still[4] / still[3] - 1 == pytest.approx(0.15)


def test_exposure_is_set_at_whole_days_only() -> None:
    # Twelve hours apart: set on day 1 and not half a day later, when 10 % are twice that.
    found = level([100.0, 100.0, 100.0, 110.0, 121.0], every=12, max_leverage=2, **AT_ONCE)
    assert found == close(100.0, 100.0, 100.0, 120.0, 142.0)
    # A day of the data that begins late is observed then.
    late = level([100.0, 100.0, 110.0], every=36, max_leverage=2, **AT_ONCE)
    assert late == close(100.0, 100.0, 120.0)


@pytest.mark.parametrize("low", [50.0, 40.0])
def test_a_level_that_reaches_zero_stays_there(low: float) -> None:
    rule = VolatilityTarget.model_validate({"target": 0.4, "max_leverage": 2, **AT_ONCE})
    levels = [100.0, 100.0, low, 100.0, 200.0]
    assert rule.level(path(levels)).tolist() == [100.0, 100.0, 0.0, 0.0, 0.0]
    memory, before = rule.extend(None, path(levels[:3]))
    assert (before.tolist(), memory.dead, memory.level, memory.struck) == ([100.0, 100.0, 0.0], True, 0.0, 0.0)
    again, after = rule.extend(memory, path(levels[2:], start=2))
    assert (after.tolist(), again) == ([0.0, 0.0, 0.0], memory)


def test_wherever_a_path_is_cut_the_levels_are_the_same() -> None:
    levels = [100.0, 104.0, 97.0, 99.0, 120.0, 118.0, 90.0, 95.0]
    for fields in ({}, {"window": "3d"}, {"lag": "30h", "rate": 0.05}):
        rule = VolatilityTarget.model_validate({"target": 0.4, "max_leverage": 1.5, "warm_up": "2d", **fields})
        whole = rule.level(path(levels)).tolist()
        for cut in range(1, 7):
            memory, before = rule.extend(None, path(levels[: cut + 1]))
            after = rule.extend(memory, path(levels[cut:], start=cut))[1]
            assert before.tolist()[:-1] + after.tolist() == whole


@pytest.mark.parametrize(
    "fields",
    [
        {"target": 0}, {"target": 10.5}, {"max_leverage": 0}, {"max_leverage": 10.5}, {"tolerance": -0.1},
        {"tolerance": 1.5}, {"half_life_short": "23h"}, {"half_life_long": "23h"}, {"window": "23h"},
        {"half_life_short": "24d"}, {"window": "5d", "half_life_short": "5d"},
        {"window": "5d", "half_life_long": "30d"},
    ],
)  # fmt: skip
def test_parameters_out_of_bounds_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises((ValidationError, BasketryError)):
        VolatilityTarget.model_validate({"target": 0.4, **fields})


def test_parameters_at_their_bounds_are_taken() -> None:
    edge = {"target": 10, "max_leverage": 10, "tolerance": 1, "half_life_short": "1d", "half_life_long": "1d"}
    assert VolatilityTarget.model_validate(edge).column() == "volatility_target_1000pct"
    assert VolatilityTarget.model_validate({"target": 0.125, "window": "1d"}).column() == "volatility_target_12p5pct"
