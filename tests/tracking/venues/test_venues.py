"""What holds on every venue: value is conserved, round trips do not gain, larger orders do not trade better."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketry.core.errors import DataError
from basketry.tracking.venues.concentrated import ConcentratedPool, Position
from basketry.tracking.venues.concentrated_venue import ConcentratedVenue
from basketry.tracking.venues.constant_product import ConstantProduct
from basketry.tracking.venues.dutch_auction import DutchAuction
from basketry.tracking.venues.order_book import OrderBook
from basketry.tracking.venues.proportional import ProportionalImpact
from basketry.tracking.venues.request_for_quote import Dealer, RequestForQuote
from basketry.tracking.venues.square_root import SquareRootImpact
from basketry.tracking.venues.stable_swap import StableSwapPool
from basketry.tracking.venues.stable_swap_venue import StableSwapVenue
from basketry.tracking.venues.terms import Terms
from basketry.tracking.venues.tick_math import Q96
from basketry.tracking.venues.venue import RoutableVenue, Side, Venue
from basketry.tracking.venues.weighted_pool import WeightedPool

ONE = 10**18
TERMS = Terms(taker_fee=0.003, gas_units=100_000, gas_price=1e-6)
# Each holds a few hundred base units at a price near 100 or 1.
VENUES: dict[str, RoutableVenue] = {
    "order book": OrderBook(
        np.array([99.5, 99.0, 97.0]),
        np.array([50.0, 100.0, 200.0]),
        np.array([100.5, 101.0, 104.0]),
        np.array([50.0, 100.0, 200.0]),
        TERMS,
    ),
    "constant product": ConstantProduct(1000.0, 100_000.0, TERMS),
    "weighted": WeightedPool(1000.0, 25_000.0, TERMS, base_weight=0.8, quote_weight=0.2),
    "concentrated, token 0": ConcentratedVenue(
        ConcentratedPool.of(10 * Q96, [Position(42000, 50400, 2 * 10**22), Position(45000, 47400, 10**22)]),
        quote_decimals=18,
        terms=TERMS,
    ),
    "concentrated, token 1": ConcentratedVenue(
        ConcentratedPool.of(Q96 // 10, [Position(-50400, -42000, 2 * 10**22), Position(-47400, -45000, 10**22)]),
        quote_decimals=18,
        base_is_token0=False,
        terms=TERMS,
    ),
    "stable swap": StableSwapVenue(
        StableSwapPool((1000 * ONE, 1000 * ONE), (ONE, ONE), 100), base_decimals=18, quote_decimals=18, terms=TERMS
    ),
    "stable swap of three": StableSwapVenue(
        StableSwapPool((1000 * 10**6, 3000 * ONE, 2000 * ONE), (10**30, ONE, ONE), 20000, precision=100),
        base_decimals=6,
        quote_coin=2,
        terms=TERMS,
    ),
    "proportional": ProportionalImpact(100.0, 0.001, 400.0, TERMS),
    "square root": SquareRootImpact(100.0, 10_000.0, 0.05, half_spread=0.0005, terms=TERMS),
    "request for quote": RequestForQuote(100.0, (Dealer(0.001, 200.0), Dealer(0.0005, 200.0)), TERMS),
}
ALL: dict[str, Venue] = {**VENUES, "auction": DutchAuction(100.0, terms=TERMS)}

each = pytest.mark.parametrize("name", VENUES)
sides = st.sampled_from(["buy", "sell"])
sizes = st.floats(0.01, 300.0)
some = settings(max_examples=40)


def free(venue: RoutableVenue) -> RoutableVenue:
    """The venue without gas, so that quotes are smooth in the size."""
    return replace(venue, terms=Terms(taker_fee=0.003))  # type: ignore[type-var]


@each
@some
@given(side=sides, size=st.floats(0.01, 150.0))
def test_a_round_trip_never_gains(name: str, side: Side, size: float) -> None:
    venue = free(VENUES[name])
    first, after = venue.fill(side, size)
    back: Side = "sell" if side == "buy" else "buy"
    second, _ = after.fill(back, size)
    paid, got = (first.cash, second.cash) if side == "buy" else (second.cash, first.cash)
    assert got < paid


@each
@some
@given(side=sides, size=sizes, more=st.floats(1.0001, 1.5))
def test_a_larger_order_has_no_better_mean_price(name: str, side: Side, size: float, more: float) -> None:
    venue = VENUES[name]
    small, large = venue.quote(side, size), venue.quote(side, min(size * more, 340.0))
    # A pool in whole units rounds the size and the fee by one of 10^-6.
    slack = small.price * (1e-9 + 2e-6 / size if name == "stable swap of three" else 1e-9)
    assert large.price >= small.price - slack if side == "buy" else large.price <= small.price + slack


@each
@some
@given(side=sides, size=sizes)
def test_a_quote_is_what_a_fill_gets(name: str, side: Side, size: float) -> None:
    venue = VENUES[name]
    quote = venue.quote(side, size)
    assert venue.fill(side, size)[0] == quote
    assert quote.gas == pytest.approx(0.1)
    assert quote.impact == pytest.approx(abs(quote.price / venue.mid - 1), abs=1e-12)
    assert quote.price >= venue.mid * (1 - 1e-9) if side == "buy" else quote.price <= venue.mid * (1 + 1e-9)
    assert quote.shortfall(venue.mid) == pytest.approx(
        quote.impact * quote.size * venue.mid + quote.fee + quote.gas, abs=1e-6
    )


@each
@some
@given(side=sides, size=sizes)
def test_depth_is_the_inverse_of_the_marginal_price(name: str, side: Side, size: float) -> None:
    venue = free(VENUES[name])
    step = 1e-3
    low, high = venue.quote(side, size), venue.quote(side, size + step)
    marginal = (high.cash - low.cash) / step
    worse, better = (1 + 1e-4, 1 - 1e-4) if side == "buy" else (1 - 1e-4, 1 + 1e-4)
    assert venue.depth(side, marginal * worse) >= size * (1 - 1e-6)
    assert venue.depth(side, marginal * better) <= (size + step) * (1 + 1e-6)


@each
def test_depth_grows_as_the_limit_gets_worse(name: str) -> None:
    venue = VENUES[name]
    limits_of: dict[Side, np.ndarray] = {"buy": np.linspace(0.9, 2.0, 56), "sell": np.linspace(1.1, 0.2, 56)}
    for side, limits in limits_of.items():
        depths = [venue.depth(side, venue.mid * float(limit)) for limit in limits]
        assert depths[0] == 0
        assert depths[-1] > 0
        assert all(later >= earlier for earlier, later in itertools.pairwise(depths))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("size", [0.0, -1.0, float("nan"), float("inf")])
def test_no_size_is_refused(name: str, size: float) -> None:
    with pytest.raises(DataError, match="must be a positive number of base units"):
        ALL[name].quote("buy", size)


@pytest.mark.parametrize("name", ALL)
def test_lots_and_minimum_sizes(name: str) -> None:
    venue = replace(ALL[name], terms=Terms(lot=0.1, minimum_size=0.5, minimum_notional=1.0))  # type: ignore[type-var]
    assert venue.quote("sell", 1.2).size == 1.2
    with pytest.raises(DataError, match=r"no whole number of lots of 0\.1 .* round it, for example to 1\.2"):
        venue.quote("sell", 1.25)
    with pytest.raises(DataError, match=r"size 0\.4 is below the minimum of 0\.5"):
        venue.quote("sell", 0.4)
    dear = replace(ALL[name], terms=Terms(minimum_notional=1e6))  # type: ignore[type-var]
    with pytest.raises(DataError, match="below the minimum of 1e\\+06"):
        dear.quote("sell", 1.0)


@pytest.mark.parametrize("name", [name for name in VENUES if name != "square root"])
def test_more_than_there_is_is_refused(name: str) -> None:
    with pytest.raises(DataError, match=r"larger than|would drain"):
        VENUES[name].quote("buy", 5_000.0)


def test_an_order_beyond_the_volume_is_refused() -> None:
    with pytest.raises(DataError, match="beyond 1 of the volume of 10000"):
        VENUES["square root"].quote("buy", 10_001.0)
    with pytest.raises(DataError, match="no positive price"):
        SquareRootImpact(100.0, 100.0, 2.0).quote("sell", 50.0)
    with pytest.raises(DataError, match="an asset that does not trade"):
        SquareRootImpact(100.0, 0.0, 0.02)


POOLS: dict[str, Callable[[], ConstantProduct | WeightedPool]] = {
    "constant product": lambda: ConstantProduct(1000.0, 100_000.0, Terms(taker_fee=0.003)),
    "weighted": lambda: WeightedPool(1000.0, 25_000.0, Terms(taker_fee=0.003), base_weight=0.8, quote_weight=0.2),
}


@pytest.mark.parametrize("name", POOLS)
@some
@given(side=sides, size=sizes)
def test_what_the_trader_pays_the_pool_holds(name: str, side: Side, size: float) -> None:
    pool = POOLS[name]()
    quote, after = pool.fill(side, size)
    sign = 1 if side == "buy" else -1
    assert after.base_reserve == pytest.approx(pool.base_reserve - sign * size, rel=1e-14)
    assert after.quote_reserve == pytest.approx(pool.quote_reserve + sign * quote.cash, rel=1e-14)


def test_a_pool_drained_is_none() -> None:
    with pytest.raises(DataError, match="drained pool cannot trade"):
        ConstantProduct(0.0, 100.0)
    with pytest.raises(DataError, match="drained pool cannot trade"):
        StableSwapPool((0, 10), (ONE, ONE), 100)
    with pytest.raises(DataError, match=r"weights 0 and 0\.5 must be positive"):
        WeightedPool(1.0, 1.0, base_weight=0.0)


def test_terms_out_of_range() -> None:
    with pytest.raises(DataError, match="fractions below 1"):
        Terms(taker_fee=30)
    with pytest.raises(DataError, match="lot must be a number from 0"):
        Terms(lot=-1)
