"""Divisor mathematics by hand, and what has no level."""

from collections.abc import Callable

import numpy as np
import pytest

from basketry.core.errors import DataError
from basketry.index.divisor import base_divisor, basket_value, chained_divisor, index_level, units_for_weights

nan, inf = float("nan"), float("inf")


def test_a_basket_is_worth_its_units_at_their_prices() -> None:
    assert basket_value([12.0, 18.0], [100, 50]) == 2100.0
    assert basket_value([], []) == 0.0
    assert index_level([12.0, 18.0], [100, 50], 2.1) == 1000.0
    assert base_divisor([12.0, 18.0], [100, 50], 1000.0) == 2.1
    assert base_divisor([12.0, 18.0], [100, 50], 0.5) == 4200.0


def test_the_sum_does_not_depend_on_the_order() -> None:
    prices, units = np.array([1e16, 1.0, -1e16, 1.0]), np.ones(4)
    values = {basket_value(prices[order], units) for order in ([0, 1, 2, 3], [3, 2, 1, 0], [0, 2, 1, 3])}
    assert values == {2.0}


def test_a_change_of_the_basket_leaves_the_level() -> None:
    # 3200 / 3 before; after, 3600 / 3.375.
    assert chained_divisor(3.0, 3200.0, 3600.0) == 3.375
    assert 3600.0 / 3.375 == 3200.0 / 3.0
    assert chained_divisor(3.0, 3600.0, 3200.0) == pytest.approx(8 / 3)


def test_units_give_each_asset_its_weight() -> None:
    units = units_for_weights([0.7, 0.2, 0.1], [100.0, 10.0, 0.5], 200.0)
    assert units.tolist() == [1.4, 4.0, 40.0]
    assert (units * [100.0, 10.0, 0.5]).tolist() == [140.0, 40.0, 20.0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: basket_value([nan], [1]), "basket_value: prices and units must be finite"),
        (lambda: basket_value([inf], [1]), "must be finite"),
        (lambda: basket_value([1.0], [nan]), "must be finite"),
        (lambda: index_level([1.0], [1], 0.0), r"the divisor must be positive, was 0\.0"),
        (lambda: index_level([1.0], [1], -1.0), "the divisor must be positive"),
        (lambda: index_level([1.0], [1], nan), "the divisor must be positive"),
        (lambda: base_divisor([1.0], [1], 0.0), "the base level must be positive"),
        (lambda: base_divisor([1.0], [1], -1.0), "the base level must be positive"),
        (lambda: chained_divisor(0.0, 1.0, 1.0), "must be positive"),
        (lambda: chained_divisor(1.0, 0.0, 1.0), "must be positive"),
        (lambda: chained_divisor(1.0, 1.0, 0.0), "must be positive"),
        (lambda: chained_divisor(1.0, 1.0, nan), "must be positive"),
        (lambda: units_for_weights([1.0], [0.0], 1.0), "prices must be positive and finite"),
        (lambda: units_for_weights([1.0], [inf], 1.0), "prices must be positive and finite"),
        (lambda: units_for_weights([0.5, 0.5], [1.0, -1.0], 1.0), "prices must be positive and finite"),
    ],
)
def test_what_has_no_value_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        call()


def test_figures_below_one_are_positive_too() -> None:
    assert index_level([1.0], [1], 0.5) == 2.0
    assert chained_divisor(0.5, 0.5, 0.25) == 0.25
