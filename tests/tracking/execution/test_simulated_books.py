"""Orders on the books of simulated venues: snapshots in time, latency and routing."""

from __future__ import annotations

import polars as pl
import pytest

from basketry.market.tape import Market
from basketry.market.venues.simulate import simulate_venues
from basketry.tracking.execution.execute import execute
from basketry.tracking.execution.paths import Snapshots
from basketry.tracking.execution.routing import route
from basketry.tracking.execution.schedules import at_once, twap
from basketry.tracking.venues.order_book import OrderBook
from basketry.tracking.venues.terms import Terms

Books = dict[Market, tuple[list[int], list[OrderBook]]]


@pytest.fixture(scope="module")
def books() -> Books:
    """Books of the dollar markets after each of the first messages."""
    feed = simulate_venues(11, hours=0.05, levels=20)
    found: Books = {}
    for market, depth in feed.frames["depth"].items():
        if market.quote != "usd" or market.base != feed.asset or not depth.height:
            continue
        last = depth.filter(pl.col("sequence") <= pl.col("sequence").min() + 40)
        stamps = last.group_by("sequence").agg(pl.col("time").first()).sort("sequence")
        times = stamps["time"].dt.timestamp("us").to_list()
        unit = 10.0**-8
        states = [
            OrderBook.of_depth(last.filter(pl.col("sequence") <= number), unit, Terms(taker_fee=0.001))
            for number in stamps["sequence"]
        ]
        found[market] = (times, states)
    return found


def test_an_order_over_simulated_books(books: Books) -> None:
    latest = {market.venue: states[-1] for market, (_, states) in books.items()}
    assert len(latest) >= 2
    size = 0.5 * min(float(book.ask_size.sum()) for book in latest.values())
    found = route("buy", size, latest)
    assert found.size == pytest.approx(size)
    assert found.cash <= min(book.quote("buy", size).cash for book in latest.values())


def test_a_schedule_over_snapshots_with_latency(books: Books) -> None:
    times, states = max(books.values(), key=lambda entry: len(set(entry[0])))
    keep = [k for k in range(len(times)) if k + 1 == len(times) or times[k + 1] > times[k]]
    path = Snapshots([times[k] for k in keep], [states[k] for k in keep])
    size = 0.1 * float(states[0].bid_size.sum())
    start, end = times[0], times[-1]
    slow = execute(twap("sell", size, start=start, end=end, slices=5), path, latency=250_000)
    assert slow.shortfall == pytest.approx(slow.timing + slow.latency + slow.impact + slow.fee + slow.gas, abs=1e-6)
    assert slow.fee == pytest.approx(0.001 * slow.price * size)
    whole = execute(at_once("sell", size, time=start), path)
    assert whole.impact >= 0
    assert slow.impact <= whole.impact * 1.5
