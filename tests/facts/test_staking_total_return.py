"""Staking total return against the providers' stated rules."""

from itertools import pairwise

import numpy as np
import pytest

from basketry.market.panel import Panel
from basketry.methodology.path import IndexPath, PanelKnown, Segment
from basketry.methodology.returns import RETURNS


def staked(prices: list[list[float]], yields: list[list[float]], *bounds: int) -> IndexPath:
    """A path of equal-weighted baskets, set anew at each bound; daily rows."""
    price, income = np.array(prices), np.array(yields)
    count, assets = price.shape
    times = (np.datetime64("2022-01-01", "us") + np.arange(count) * np.timedelta64(1, "D")).astype("datetime64[us]")
    levels = np.full(count, 1000.0)
    segments = []
    edges = [0, *bounds, count - 1]
    for start, end in pairwise(edges):
        units = 1.0 / price[start]
        divisor = assets / levels[start]
        segments.append(Segment(start, end, np.arange(assets), units, price[start : end + 1], divisor))
        levels[start + 1 : end + 1] = (price[start + 1 : end + 1] @ units) / divisor
    names = tuple("abcdefgh"[:assets])
    view = Panel(times, names, {"price": price.copy(), "staking_yield": income})
    return IndexPath(times, levels, tuple(segments), PanelKnown(view, times))


def test_quantities_grow_simply_between_rebalances() -> None:
    """Vinter: Q_t+1 = Q_t + Y_t Q_r U; 100 units at 5% a year, 80% utilised, are 100.3288 after 30 days."""
    path = staked([[10.0]] * 31, [[0.05]] * 31)
    levels = RETURNS.build("total", {"utilisation": 0.8}).level(path)
    assert levels[-1] / levels[0] * 100 == pytest.approx(100.32876712328758, rel=1e-14)


def test_rate_method_compounds_every_step() -> None:
    """CMBIETHS: TR_t = TR_t-1 (P_t/P_t-1 + rate): the same income compounded gives 100.329290..."""
    path = staked([[10.0]] * 31, [[0.05]] * 31)
    levels = RETURNS.build("total", {"utilisation": 0.8, "method": "rate"}).level(path)
    assert levels[-1] / levels[0] * 100 == pytest.approx(100.3292900825048, rel=1e-13)


def test_income_compounds_from_basket_to_basket() -> None:
    path = staked([[10.0]] * 31, [[0.05]] * 31, 10, 20)
    levels = RETURNS.build("total", None).level(path)
    assert levels[-1] / levels[0] == pytest.approx((1 + 10 * 0.05 / 365) ** 3, rel=1e-14)


def test_the_yield_of_the_day_before_counts() -> None:
    """The first day's 36.5% a year is paid at the end of that day; the last day's never is."""
    path = staked([[10.0]] * 3, [[0.365], [0.0], [9.9]])
    levels = RETURNS.build("total", None).level(path)
    assert levels == pytest.approx([1000.0, 1001.0, 1001.0], rel=1e-15)
    late = RETURNS.build("total", {"lag": "2d"}).level(path)
    assert late == pytest.approx([1000.0, 1000.0, 1001.0], rel=1e-15)


def test_grown_quantities_are_valued_at_the_day_s_prices() -> None:
    """Two assets, one with 36.5% a year: its grown units, 0.1 x 1.002, at their price of 20 on day 2."""
    path = staked([[10.0, 1.0], [12.0, 1.0], [20.0, 2.0]], [[0.365, np.nan]] * 3)
    levels = RETURNS.build("total", None).level(path)
    assert levels[-1] == pytest.approx((0.1 * 1.002 * 20 + 1.0 * 2) / 2 * 1000, rel=1e-15)


def test_nothing_is_earned_while_unbonding() -> None:
    """Vinter: U = 0 in the days before a rebalance: 10 days held, 4 of them unbonding, pay for 6."""
    path = staked([[10.0]] * 21, [[0.365]] * 21, 10)
    levels = RETURNS.build("total", {"pause_before_rebalance": "4d"}).level(path)
    assert levels[10] == pytest.approx(1000.0 * 1.006, rel=1e-15)
    assert levels[20] == pytest.approx(1000.0 * 1.006**2, rel=1e-15)


def test_an_unknown_yield_is_no_income_and_a_missing_field_is_an_error() -> None:
    path = staked([[10.0]] * 3, [[np.nan]] * 3)
    assert RETURNS.build("total", None).level(path).tolist() == path.levels.tolist()
    with pytest.raises(Exception, match="no field 'reward'"):
        RETURNS.build("total", {"yield_field": "reward"}).level(path)


def test_rate_method_adds_income_as_a_share_of_the_value_at_the_start_of_the_step() -> None:
    """The basket of 0.1 x 10 + 1 x 1 earns 0.1% on its first half; prices of the step's end do not matter."""
    path = staked([[10.0, 1.0], [30.0, 1.0]], [[0.365, 0.0]] * 2)
    levels = RETURNS.build("total", {"method": "rate"}).level(path)
    assert levels[-1] == pytest.approx(1000.0 * (4 / 2 + 0.5 * 0.001), rel=1e-15)
