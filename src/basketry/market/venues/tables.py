"""The frames of one simulated market: trades, quotes and depth in their declared schemas."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from basketry.core.frames import QUOTES, TRADES
from basketry.core.numbers import Floats
from basketry.market.simulation.randomness import stream
from basketry.market.tape import SIZE_DECIMALS, Ints
from basketry.market.venues.arrivals import simulate_arrivals
from basketry.market.venues.books import condense
from basketry.market.venues.sizes import simulate_sizes
from basketry.market.venues.specs import VenueSpec
from basketry.market.venues.top import AT_TOUCH, Top, whole_lots
from basketry.market.venues.truth import Truth

LATENCY_FLOOR = 0.8
"""Share of the mean latency that every message takes; the rest is exponential."""
SNAPSHOT_STEPS = 60
"""Steps from one snapshot of the book to the next."""


def trade_table(seed: int, top: Top, venue: VenueSpec, turnover: float, truth: Truth) -> pl.DataFrame:
    """Return the trades of a market, `turnover` USD in expectation over the whole period.

    A buy takes the best ask or a price between it and the mid, a sell the best bid or likewise: every trade lies at
    or inside the book that holds at its time.
    """
    names = (top.market.venue, top.market.pair)
    arrivals = stream(seed, "arrivals", *names)
    offsets, buys = simulate_arrivals(arrivals, turnover / venue.trade, truth.activity, truth.step)
    times = truth.origin + offsets
    place = offsets // truth.step
    place -= times < top.times[place]
    price = _trade_prices(stream(seed, "trade prices", *names), top, place, buys)
    unit = 10.0**SIZE_DECIMALS
    sizes = simulate_sizes(stream(seed, "trade sizes", *names), len(times), venue.trade / top.base[place] * unit)
    first = int(stream(seed, "trade ids", *names).integers(10**6, 10**8))
    return pl.DataFrame(
        {
            "time": instants(times),
            "trade_id": pl.int_range(first, first + len(times), eager=True).cast(pl.String),
            "side": _sides(buys),
            "price": price,
            "size": whole_lots(sizes, top.lot),
            "received_at": instants(_arrive(stream(seed, "trade latency", *names), times, venue.latency)),
            "known_at": pl.Series([None], dtype=TRADES.dtypes["known_at"]).new_from_index(0, len(times)),
        }
    )


def quote_table(seed: int, top: Top, venue: VenueSpec) -> pl.DataFrame:
    """Return the best bid and ask at every step."""
    names = (top.market.venue, top.market.pair)
    bid_size, ask_size = top.touch()
    first = int(stream(seed, "quote numbers", *names).integers(10**6, 10**8))
    return pl.DataFrame(
        {
            "time": instants(top.times),
            "sequence": first + np.arange(len(top.times), dtype=np.int64),
            "bid": top.grid.prices(top.bid),
            "bid_size": bid_size,
            "ask": top.grid.prices(top.ask),
            "ask_size": ask_size,
            "received_at": instants(_arrive(stream(seed, "quote latency", *names), top.times, venue.latency)),
        },
        schema=QUOTES.dtypes,
    )


def depth_table(seed: int, top: Top, venue: VenueSpec, levels: int) -> pl.DataFrame:
    """Return the book as a snapshot every minute of steps and deltas between, `levels` prices on each side.

    The best levels are those of the quotes; behind them the levels are evenly spaced and keep their size for a
    while, each its own.
    """
    names = (top.market.venue, top.market.pair)
    steps = len(top.times)
    received = _arrive(stream(seed, "depth latency", *names), top.times, venue.latency)
    bid_size, ask_size = top.touch()
    sides = [
        _side(top, levels, "bid", top.bid, bid_size, -1),
        _side(top, levels, "ask", top.ask, ask_size, 1),
    ]
    states = pl.concat(sides).sort("message", "side", "price")
    first = int(stream(seed, "depth numbers", *names).integers(10**6, 10**8))
    messages = pl.DataFrame(
        {
            "message": np.arange(steps, dtype=np.int64),
            "sequence": first + np.arange(steps, dtype=np.int64),
            "time": instants(top.times),
            "received_at": instants(received),
            "full": np.arange(steps) % SNAPSHOT_STEPS == 0,
        }
    )
    return condense(states, messages)


def instants(microseconds: Ints) -> pl.Series:
    """Return microseconds since 1970 as UTC instants."""
    return pl.Series(microseconds).cast(pl.Datetime("us", "UTC"))


def _side(top: Top, levels: int, side: str, best: Ints, best_size: Ints, direction: int) -> pl.DataFrame:
    behind = np.arange(levels - 1, dtype=np.int64)
    # The first level behind is the nearest multiple of the gap strictly beyond the best.
    first = -((-best - 1) // top.gap) if direction > 0 else (best - 1) // top.gap
    places = np.maximum(first[:, None] + direction * behind, 1)
    period = 5 + places % 26
    epoch = (np.arange(len(best))[:, None] + places * 7) // period
    sizes = top.sizes(places * top.gap, epoch, top.level[:, None])
    ticks = np.concatenate([best[:, None], places * top.gap], axis=1)
    message = np.repeat(np.arange(len(best), dtype=np.int64), levels)
    frame = pl.DataFrame(
        {
            "message": message,
            "side": pl.repeat(side, len(message), eager=True),
            "price": top.grid.prices(ticks.ravel()),
            "size": np.concatenate([best_size[:, None], sizes], axis=1).ravel(),
        }
    )
    # Levels below the first multiple of the gap are folded onto it; a price is one level.
    return frame.unique(["message", "side", "price"], keep="first") if places.min() <= 1 else frame


def _trade_prices(generator: np.random.Generator, top: Top, place: Ints, buys: NDArray[Any]) -> Floats:
    bid, ask = top.bid[place], top.ask[place]
    inside = generator.random(len(place)) >= AT_TOUCH
    improvement = (generator.random(len(place)) * inside * (ask - bid) / 2.0).astype(np.int64)
    return top.grid.prices(np.where(buys, ask - improvement, bid + improvement))


def _sides(buys: NDArray[Any]) -> pl.Series:
    return pl.Series(["sell", "buy"]).gather(buys.astype(np.uint32))


def _arrive(generator: np.random.Generator, times: Ints, latency: float) -> Ints:
    """Return when messages arrive: after the latency, in their order."""
    delay = latency * 1e6 * (LATENCY_FLOOR + (1.0 - LATENCY_FLOOR) * generator.standard_exponential(len(times)))
    return np.maximum.accumulate(times + delay.astype(np.int64))
