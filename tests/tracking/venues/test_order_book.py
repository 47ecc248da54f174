"""Books walked level by level, against a plain loop and against recorded depth."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.core.errors import DataError
from basketry.tracking.venues.order_book import OrderBook
from basketry.tracking.venues.terms import Terms

LEVELS = st.lists(st.tuples(st.integers(1, 50), st.floats(0.1, 10.0)), min_size=1, max_size=8)


def book(asks: list[tuple[int, float]], bids: list[tuple[int, float]]) -> OrderBook:
    def side(levels: list[tuple[int, float]], sign: int) -> tuple[np.ndarray, np.ndarray]:
        held = dict(levels)
        steps = sorted(held)
        return np.array([1000.0 + sign * step for step in steps]), np.array([held[step] for step in steps])

    return OrderBook(*side(bids, -1), *side(asks, 1), Terms(taker_fee=0.001, maker_fee=-0.0001))


@given(asks=LEVELS, bids=LEVELS, share=st.floats(0.01, 1.0))
def test_a_walk_is_a_plain_loop(asks: list[tuple[int, float]], bids: list[tuple[int, float]], share: float) -> None:
    venue = book(asks, bids)
    size = float(venue.ask_size.sum()) * share * (1 - 1e-12)
    left, paid = size, 0.0
    for price, offered in zip(venue.ask_price, venue.ask_size, strict=True):
        taken = min(left, offered)
        paid += taken * price
        left -= taken
    quote, after = venue.fill("buy", size)
    assert quote.notional == pytest.approx(paid, rel=1e-12)
    assert quote.fee == pytest.approx(paid * 0.001, rel=1e-12)
    assert after.ask_size.sum() == pytest.approx(venue.ask_size.sum() - size, abs=1e-9)
    assert (after.bid_size == venue.bid_size).all()


def test_slices_get_what_one_order_gets() -> None:
    venue = book([(1, 2.0), (3, 2.0), (9, 2.0)], [(1, 1.0)])
    whole = venue.quote("buy", 5.0).notional
    first, after = venue.fill("buy", 2.5)
    second, after = after.fill("buy", 2.5)
    assert first.notional + second.notional == pytest.approx(whole, rel=1e-14)
    last, empty = after.fill("buy", 1.0)
    assert last.price == 1009
    with pytest.raises(DataError, match="no mid price"):
        empty.quote("sell", 0.5)
    with pytest.raises(DataError, match="an order for 1 base units is larger than what there is, 0"):
        empty.quote("buy", 1.0)


def test_a_resting_order_pays_the_makers_fee() -> None:
    quote = book([(1, 2.0)], [(1, 1.0)]).rest("sell", 0.5)
    assert quote.price == 1001.0
    assert quote.fee == pytest.approx(-0.0001 * 0.5 * 1001)


def test_the_last_snapshot_and_the_deltas_after_it_count() -> None:
    rows = [
        (1, "snapshot", "bid", 90.0, 100),
        (1, "snapshot", "ask", 95.0, 100),
        (2, "delta", "ask", 94.0, 70),
        (3, "snapshot", "bid", 99.0, 200),
        (3, "snapshot", "bid", 98.0, 300),
        (3, "snapshot", "ask", 101.0, 400),
        (4, "delta", "bid", 98.0, 0),
        (5, "delta", "ask", 101.0, 50),
        (5, "delta", "ask", 102.0, 60),
    ]
    depth = pl.DataFrame(rows, schema=["sequence", "kind", "side", "price", "size"], orient="row")
    venue = OrderBook.of_depth(depth, unit=0.1)
    assert venue.bid_price.tolist() == [99.0]
    assert venue.ask_price.tolist() == [101.0, 102.0]
    assert venue.ask_size.tolist() == [5.0, 6.0]
    with pytest.raises(DataError, match="no snapshot"):
        OrderBook.of_depth(depth.filter(pl.col("kind") == "delta"), unit=0.1)


def test_what_is_no_book_is_refused() -> None:
    one = np.array([1.0])
    with pytest.raises(DataError, match="crosses"):
        OrderBook(np.array([101.0]), one, np.array([100.0]), one)
    with pytest.raises(DataError, match="strictly from the best to the worst"):
        OrderBook(np.array([99.0, 99.5]), np.array([1.0, 1.0]), np.array([100.0]), one)
    with pytest.raises(DataError, match="must be positive"):
        OrderBook(np.array([99.0]), np.array([0.0]), np.array([100.0]), one)
