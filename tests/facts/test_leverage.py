"""Leverage and inverse against the providers' stated rules."""

import numpy as np
import pytest

from basketry.market.panel import Panel
from basketry.methodology.path import IndexPath, PanelKnown, Segment
from basketry.methodology.returns import RETURNS


def path_of(*levels: float, step: str = "1d") -> IndexPath:
    length = {"1d": np.timedelta64(1, "D"), "1h": np.timedelta64(1, "h")}[step]
    times = (np.datetime64("2022-01-01", "us") + np.arange(len(levels)) * length).astype("datetime64[us]")
    price = np.array(levels)[:, None]
    view = Panel(times, ("a",), {"price": price.copy()})
    segment = Segment(0, len(levels) - 1, np.array([0]), np.array([1.0]), price, 1.0)
    return IndexPath(times, price[:, 0], (segment,), PanelKnown(view, times))


def test_daily_leverage_without_cost_depends_on_the_path() -> None:
    """Vinter: V_t = V_t-1 (1 + L r_t). +10% and back leaves 981.8181... of 1000 at a factor of 2."""
    levels = RETURNS.build("leverage", 2).level(path_of(1000.0, 1100.0, 1000.0))
    assert levels == pytest.approx([1000.0, 1200.0, 981.8181818181818], rel=1e-14)


def test_leverage_pays_the_rate_on_what_it_borrows_act_360() -> None:
    """S&P: 1000 [1 + 2 x 3% - 1 x 5% x 1/360] = 1059.861111..."""
    rule = RETURNS.build("leverage", {"factor": 2, "financing": 0.05, "day_count": "act/360"})
    assert rule.level(path_of(1000.0, 1030.0))[-1] == pytest.approx(1059.861111111111, rel=1e-14)


def test_double_short_earns_three_times_the_overnight_rate() -> None:
    """ShortDAX x2 (Deutsche Boerse): with the DAX unchanged, (K + 1) = 3 times the rate comes in."""
    rule = RETURNS.build("leverage", {"factor": -2, "financing": 0.036, "day_count": "act/360"})
    assert rule.level(path_of(1000.0, 1000.0))[-1] == pytest.approx(1000.0 * (1 + 3 * 0.0001), rel=1e-15)


def test_inverse_earns_twice_the_rate_and_loses_what_the_index_gains() -> None:
    """S&P inverse: 1 - K r + (K + 1) rate d/360 with K = 1."""
    rule = RETURNS.build("leverage", {"factor": -1, "financing": 0.036})
    assert rule.level(path_of(1000.0, 1020.0))[-1] == pytest.approx(1000.0 * (1 - 0.02 + 2 * 0.0001), rel=1e-15)


def test_the_spread_costs_in_both_directions() -> None:
    flat = path_of(1000.0, 1000.0)
    long = RETURNS.build("leverage", {"factor": 3, "spread": 0.036}).level(flat)[-1]
    short = RETURNS.build("leverage", {"factor": -1, "spread": 0.036}).level(flat)[-1]
    assert long == pytest.approx(1000.0 * (1 - 2 * 0.0001), rel=1e-15)
    assert short == pytest.approx(1000.0 * (1 - 2 * 0.0001), rel=1e-15)


def test_a_fall_by_half_ends_a_double_long_for_good() -> None:
    levels = RETURNS.build("leverage", 2).level(path_of(1000.0, 500.0, 2000.0, 4000.0))
    assert levels.tolist() == [1000.0, 0.0, 0.0, 0.0]


def test_between_resets_the_position_drifts() -> None:
    """Hourly levels, reset once a day: 1000 [1 + 2 (P/P_0 - 1)], not the compounded hourly returns."""
    levels = RETURNS.build("leverage", 2).level(path_of(1000.0, 1100.0, 1000.0, step="1h"))
    assert levels == pytest.approx([1000.0, 1200.0, 1000.0], rel=1e-14)


def test_intraday_reset_saves_a_double_long_from_a_fall_by_half() -> None:
    """Fall by exactly 25%: reset at once; the later falls count from there (STOXX-like rule)."""
    crash = path_of(1000.0, 750.0, 500.0, 600.0, step="1h")
    with_reset = RETURNS.build("leverage", {"factor": 2, "intraday_reset": 0.25}).level(crash)
    without = RETURNS.build("leverage", 2).level(crash)
    # 1000 -> 500 at the reset; 500/750 is a fall by a third: 500 (1 - 2/3), again a reset; then +20% twice.
    assert with_reset == pytest.approx([1000.0, 500.0, 500 / 3, 500 / 3 * 1.4], rel=1e-12)
    assert without.tolist() == [1000.0, 500.0, 0.0, 0.0]


def test_a_move_just_short_of_the_threshold_does_not_reset() -> None:
    levels = RETURNS.build("leverage", {"factor": 2, "intraday_reset": 0.25}).level(
        path_of(1000.0, 751.0, 1000.0, step="1h")
    )
    assert levels == pytest.approx([1000.0, 502.0, 1000.0], rel=1e-14)


def test_an_inverse_index_resets_on_a_rise() -> None:
    rising = path_of(1000.0, 1250.0, 2200.0, step="1h")
    levels = RETURNS.build("leverage", {"factor": -1, "intraday_reset": 0.25}).level(rising)
    assert levels == pytest.approx([1000.0, 750.0, 750.0 * (1 - 0.76)], rel=1e-12)
