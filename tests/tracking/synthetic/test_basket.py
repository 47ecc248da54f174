"""The basket that is followed."""

from dataclasses import replace

import numpy as np
import pytest

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.market.panel import Panel
from basketry.methodology.path import IndexPath, PanelKnown, Segment
from basketry.tracking.synthetic.basket import Basket

DAYS = np.datetime64("2024-01-01", "us") + np.arange(4) * np.timedelta64(1, "D")


def test_levels_compound_the_returns_of_the_weights(basket: tuple[Basket, Floats]) -> None:
    target, _ = basket
    weights = target.units * target.prices / target.levels[:, None]
    returns = (weights[:-1] * (target.prices[1:] / target.prices[:-1] - 1)).sum(axis=1)
    assert target.levels[1:] == pytest.approx(np.cumprod(1 + returns), rel=1e-12)
    assert weights.sum(axis=1) == pytest.approx(1.0, abs=1e-12)


def test_a_calculated_index_becomes_a_target_with_its_levels() -> None:
    prices = np.array([[10.0, 100.0], [11.0, 100.0], [11.0, 90.0], [12.0, 95.0]])
    first = Segment(0, 2, np.array([0]), np.array([100.0]), prices[:3, :1], 1.0)
    # At row 2 the level is 1,100; the next basket holds both assets at a divisor of 2.
    second = Segment(2, 3, np.array([0, 1]), np.array([100.0, 12.2222222222222222]), prices[2:], 2.0)
    levels = np.array([1000.0, 1100.0, 1100.0, (1200.0 + 95 * 12.2222222222222222) / 2])
    market = Panel(DAYS, ("a", "b"), {"price": prices.copy()})
    path = IndexPath(DAYS, levels, (first, second), PanelKnown(market, DAYS))
    target = Basket.of_path(path, market.assets)
    assert target.assets == ("a", "b")
    assert target.units[:, 0].tolist() == [100.0, 100.0, 50.0, 50.0]
    assert target.units[:2, 1].tolist() == [0.0, 0.0]
    assert (target.levels == levels).all()


def test_what_is_no_basket_is_refused(basket: tuple[Basket, Floats]) -> None:
    target, _ = basket
    holes = target.prices.copy()
    holes[5, 1] = np.nan
    with pytest.raises(DataError, match=r"price of asset-1 at 2023-01-06.*carried forward"):
        replace(target, prices=holes)
    with pytest.raises(DataError, match="units must be those per index point"):
        replace(target, units=target.units * 2)
    with pytest.raises(DataError, match="strictly increasing"):
        replace(target, times=target.times[::-1])
    with pytest.raises(DataError, match="one row a time"):
        replace(target, prices=target.prices[:-1])
    with pytest.raises(DataError, match="only long baskets"):
        replace(target, units=-target.units, levels=-target.levels)
