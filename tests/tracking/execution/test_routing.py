"""Routing: exact on books, optimal on pools, never worse than the best single venue."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from basketry.core.errors import DataError
from basketry.tracking.execution.routing import route
from basketry.tracking.venues.concentrated import ConcentratedPool, Position
from basketry.tracking.venues.concentrated_venue import ConcentratedVenue
from basketry.tracking.venues.constant_product import ConstantProduct
from basketry.tracking.venues.order_book import OrderBook
from basketry.tracking.venues.proportional import ProportionalImpact
from basketry.tracking.venues.request_for_quote import Dealer, RequestForQuote
from basketry.tracking.venues.square_root import SquareRootImpact
from basketry.tracking.venues.stable_swap import StableSwapPool
from basketry.tracking.venues.stable_swap_venue import StableSwapVenue
from basketry.tracking.venues.terms import Terms
from basketry.tracking.venues.tick_math import Q96
from basketry.tracking.venues.venue import RoutableVenue, Side
from basketry.tracking.venues.weighted_pool import WeightedPool

ONE = 10**18
LEVELS = st.lists(st.tuples(st.integers(1, 40), st.floats(0.1, 5.0)), min_size=1, max_size=6)


def book(asks: list[tuple[int, float]], fee: float) -> OrderBook:
    held = dict(asks)
    steps = sorted(held)
    return OrderBook(
        np.array([90.0]),
        np.array([1.0]),
        np.array([100.0 + step / 10 for step in steps]),
        np.array([held[step] for step in steps]),
        Terms(taker_fee=fee),
    )


@given(
    asks=st.lists(LEVELS, min_size=1, max_size=4),
    share=st.floats(0.01, 0.999),
    fees=st.permutations([0, 1e-3, 2e-3, 3e-3]),
)
def test_books_are_merged_and_walked(asks: list[list[tuple[int, float]]], share: float, fees: list[float]) -> None:
    books = {str(number): book(levels, fees[number]) for number, levels in enumerate(asks)}
    merged = sorted(
        (price * (1 + venue.terms.taker_fee), size)
        for venue in books.values()
        for price, size in zip(venue.ask_price, venue.ask_size, strict=True)
    )
    size = sum(offered for _, offered in merged) * share
    left, paid = size, 0.0
    for price, offered in merged:
        paid += min(left, offered) * price
        left -= min(left, offered)
    found = route("buy", size, books)
    assert found.cash == pytest.approx(paid, rel=1e-12)
    assert found.size == pytest.approx(size, rel=1e-12)


MIXED: dict[str, RoutableVenue] = {
    "book": OrderBook(
        np.array([99.9, 99.0]), np.array([5.0, 50.0]), np.array([100.1, 101.0]), np.array([5.0, 50.0]), Terms(0.001)
    ),
    "pool": ConstantProduct(500.0, 50_000.0, Terms(0.003)),
    "weighted": WeightedPool(300.0, 7_500.0, Terms(0.002), base_weight=0.8, quote_weight=0.2),
    "ticks": ConcentratedVenue(ConcentratedPool.of(10 * Q96, [Position(42000, 50400, 10**22)]), quote_decimals=18),
    "dealers": RequestForQuote(100.0, (Dealer(0.002, 5.0), Dealer(0.006, 20.0))),
    "square": SquareRootImpact(100.0, 1e4, 0.03, half_spread=0.001),
    "flat": ProportionalImpact(100.0, 0.02, 100.0),
}


@settings(max_examples=25)
@given(side=st.sampled_from(["buy", "sell"]), size=st.floats(0.1, 150.0))
def test_marginal_prices_are_equal_and_no_shift_is_better(side: Side, size: float) -> None:
    found = route(side, size, MIXED)
    assert found.size == pytest.approx(size, rel=1e-12)
    sign = 1 if side == "buy" else -1
    step = size * 1e-4
    for one, other in itertools.permutations(MIXED, 2):
        sizes = {name: quote.size for name, quote in found.quotes.items()}
        if sizes.get(one, 0.0) <= step:
            continue
        sizes[one] -= step
        sizes[other] = sizes.get(other, 0.0) + step
        try:
            cash = sum(MIXED[name].quote(side, part).cash for name, part in sizes.items())
        except DataError:
            continue
        assert sign * cash >= sign * found.cash - 1e-9 * found.cash


@settings(max_examples=40)
@given(
    side=st.sampled_from(["buy", "sell"]),
    size=st.floats(0.1, 60.0),
    gas=st.lists(st.floats(0, 30.0), min_size=7, max_size=7),
)
def test_routing_is_never_worse_than_the_best_single_venue(side: Side, size: float, gas: list[float]) -> None:
    venues = {
        name: _with(venue, Terms(taker_fee=venue.terms.taker_fee, gas_units=units, gas_price=1.0))
        for (name, venue), units in zip(MIXED.items(), gas, strict=True)
    }
    found = route(side, size, venues)
    sign = 1 if side == "buy" else -1
    for venue in venues.values():
        try:
            single = venue.quote(side, size).cash
        except DataError:
            continue
        assert sign * found.cash <= sign * single


def _with(venue: RoutableVenue, terms: Terms) -> RoutableVenue:
    return replace(venue, terms=terms)  # type: ignore[type-var]


def test_two_pools_against_a_search_in_one_dimension() -> None:
    pools = {"a": ConstantProduct(100.0, 10_000.0, Terms(0.003)), "b": ConstantProduct(40.0, 4_100.0, Terms(0.0005))}

    def cost(part: float) -> float:
        return pools["a"].quote("buy", part).cash + pools["b"].quote("buy", 10 - part).cash

    best = minimize_scalar(cost, bounds=(1e-6, 10 - 1e-6), method="bounded", options={"xatol": 1e-10})
    assert route("buy", 10.0, pools).cash == pytest.approx(best.fun, rel=1e-12)


def test_gas_decides_which_venues_are_used() -> None:
    def pools(gas: float) -> dict[str, RoutableVenue]:
        terms = Terms(taker_fee=0.003, gas_units=1.0, gas_price=gas)
        return {name: ConstantProduct(100.0, 10_000.0, terms) for name in ("a", "b", "c")}

    assert len(route("sell", 6.0, pools(0.0)).quotes) == 3
    assert len(route("sell", 6.0, pools(6.0)).quotes) == 2
    assert len(route("sell", 6.0, pools(50.0)).quotes) == 1


def test_many_venues_with_gas_are_left_out_one_by_one() -> None:
    terms = Terms(taker_fee=0.003, gas_units=1.0, gas_price=2.0)
    many = {str(k): ConstantProduct(50.0 + k, 100 * (50.0 + k), terms) for k in range(12)}
    found = route("buy", 20.0, many)
    best = min(
        sum(many[str(k)].quote("buy", 20.0 * (50 + k) / sum(range(50 + first, 62))).cash for k in range(first, 12))
        for first in range(12)
    )
    assert found.cash <= best * (1 + 1e-12)


def test_lots_and_minimum_sizes_are_kept() -> None:
    venues: dict[str, RoutableVenue] = {
        "coarse": ConstantProduct(100.0, 10_000.0, Terms(lot=0.5)),
        "fine": ConstantProduct(100.0, 10_000.0, Terms(lot=0.01)),
        "large": ConstantProduct(1000.0, 101_000.0, Terms(minimum_size=5.0)),
    }
    found = route("buy", 3.21, venues)
    assert {name: round(quote.size, 9) for name, quote in found.quotes.items()} == {"coarse": 1.5, "fine": 1.71}
    assert "large" in route("buy", 20.0, venues).quotes
    with pytest.raises(DataError, match=r"no split trades 0\.123 base units; coarse: .*no whole number of lots"):
        route("buy", 0.123, {"coarse": venues["coarse"], "fine": venues["fine"]})


def test_stable_coins_over_two_kinds_of_pool() -> None:
    venues: dict[str, RoutableVenue] = {
        "curve": StableSwapVenue(StableSwapPool((10**24, 10**24), (ONE, ONE), 100)),
        "uniswap": ConcentratedVenue(ConcentratedPool.of(Q96, [Position(-60, 60, 10**26)], fee=500), quote_decimals=18),
    }
    found = route("sell", 400_000.0, venues)
    assert len(found.quotes) == 2
    assert found.cash > max(venue.quote("sell", 400_000.0).cash for name, venue in venues.items() if name == "curve")


def test_more_than_all_venues_hold_is_refused() -> None:
    with pytest.raises(DataError, match=r"no split trades 500 base units; a: .*would drain.*; b: .*larger than"):
        route(
            "buy",
            500.0,
            {"a": ConstantProduct(100.0, 10_000.0), "b": ProportionalImpact(100.0, 0.001, 300.0)},
        )
    with pytest.raises(DataError, match="there are no venues"):
        route("buy", 1.0, {})
    with pytest.raises(DataError, match="must be a positive number"):
        route("buy", 0.0, MIXED)
