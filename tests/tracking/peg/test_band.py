"""The no-arbitrage band against brute force over sizes and prices."""

from __future__ import annotations

import math

import numpy as np
import pytest

from basketry.core.errors import DataError
from basketry.tracking.peg.band import depth_for_gas, no_arbitrage_band
from basketry.tracking.peg.traders import best_purchase, best_sale, purchase_cost, sale_proceeds
from basketry.tracking.venues.constant_product import ConstantProduct
from basketry.tracking.venues.terms import Terms

COSTS = {"create_cost": 0.002, "redeem_cost": 0.004, "pool_fee": 0.003}


def pool_at(premium: float, depth: float = 1e6, nav: float = 100.0, fee: float = 0.003) -> ConstantProduct:
    """A pool whose sides are worth `depth` at net asset value, at a premium."""
    root = math.sqrt(1 + premium)
    return ConstantProduct(depth / nav / root, depth * root, Terms(taker_fee=fee))


def gain(pool: ConstantProduct, *, sell: bool) -> float:
    """The most that any of many sizes gains at a net asset value of 100."""
    sizes = [float(pool.base_reserve * part) for part in np.geomspace(1e-7, 0.5, 4000)]
    if sell:
        return max(sale_proceeds(pool, size) - size * 100.2 for size in sizes)
    return max(size * 99.6 - purchase_cost(pool, size) for size in sizes)


@pytest.mark.parametrize("gas", [0.0, 1.0, 50.0])
def test_beyond_the_band_a_round_pays_and_within_it_none_does(gas: float) -> None:
    band = no_arbitrage_band(**COSTS, gas=gas, depth=1e6)
    assert gain(pool_at(band.high + 2e-5), sell=True) > gas >= gain(pool_at(band.high - 2e-5), sell=True)
    assert gain(pool_at(band.low - 2e-5), sell=False) > gas >= gain(pool_at(band.low + 2e-5), sell=False)


def test_the_best_sizes_are_best() -> None:
    for premium in (0.03, 0.2):
        pool = pool_at(premium)
        size = best_sale(pool, 100.2)
        assert sale_proceeds(pool, size) - size * 100.2 >= gain(pool, sell=True)
        pool = pool_at(-premium)
        size = best_purchase(pool, 99.6)
        assert size * 99.6 - purchase_cost(pool, size) >= gain(pool, sell=False)
    assert best_sale(pool_at(0.0), 100.2) == best_purchase(pool_at(0.0), 99.6) == 0.0


@pytest.mark.parametrize("limit", [0.01, 0.02, 0.1])
def test_the_depth_for_gas_puts_the_band_at_the_limit(limit: float) -> None:
    depth = depth_for_gas(limit, **COSTS, gas=25.0)
    assert no_arbitrage_band(**COSTS, gas=25.0, depth=depth).width == pytest.approx(limit, rel=1e-9)


def test_wrong_costs_are_refused() -> None:
    with pytest.raises(DataError, match="must be fractions below 1"):
        no_arbitrage_band(create_cost=1.0, redeem_cost=0.0, pool_fee=0.0)
    with pytest.raises(DataError, match="depth 0 positive"):
        no_arbitrage_band(create_cost=0.0, redeem_cost=0.0, pool_fee=0.0, depth=0.0)
