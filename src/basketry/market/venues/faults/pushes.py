"""Moving a price by trading through books, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.core.time import to_datetime
from basketry.market.tape import SIZE_DECIMALS, Ints, Market
from basketry.market.venues.faults.edits import by_arrival, edit_books, edit_rows, in_window, new_ids, usual_delay
from basketry.market.venues.feed import COSTS, SimulatedVenues

REFILL = 10_000_000
"""Microseconds from one push to the next: so long the book takes to be full again."""
EATEN = 5_000_000
"""Microseconds for which the eaten side stays away after a push."""
SLICES = 10
"""Trades of one push in one market, of equal value at evenly spaced prices."""


def push(
    feed: SimulatedVenues, markets: Sequence[Market], spans: Sequence[tuple[int, int]], factor: float, budget: float
) -> SimulatedVenues:
    """Return the feed with every market pushed by the same distance again and again, and with what it cost.

    A book holds D dollars on each side within 1% of the mid, evenly spread. A push to the distance x takes
    V = 100 x D dollars at x/2 from the mid on average; what was bought is sold again at the mid, so that one push costs

        V (x / 2 + 2 f),   f the taker's fee

    and x is the lesser of |factor - 1| and what the budget pays for over all pushes and markets.

    Args:
        feed: The feed; the depth and fee of its venues must be known.
        markets: The markets to trade on.
        spans: Windows in microseconds since 1970.
        factor: Multiple of the mid that is wanted.
        budget: USD that can be lost.

    Raises:
        DataError: The venue's figures or the dollar value of a quote currency are not known.
    """
    depths = {market: _depth(feed, market, markets) for market in markets}
    fees = {market: feed.specs[market.venue].taker_fee for market in markets}
    pushes = sum(len(_starts(span)) for span in spans)
    square = pushes * 50.0 * sum(depths.values())
    linear = pushes * 200.0 * sum(depths[market] * fees[market] for market in markets)
    affordable = (np.sqrt(linear**2 + 4.0 * square * budget) - linear) / (2.0 * square)
    reached = 1.0 + np.sign(factor - 1.0) * min(abs(factor - 1.0), float(affordable))
    rows = []
    for market in markets:
        feed = _eat(feed, market, spans, reached)
        for span in spans:
            feed, notional = _trade(feed, market, span, reached, depths[market])
            slippage = notional * abs(reached - 1.0) / 2.0
            rows.append(cost_row(market, span, reached, notional, slippage, 2.0 * fees[market] * notional))
    return replace(feed, costs=pl.concat([feed.costs, pl.DataFrame(rows, schema=COSTS)]))


def usd_value(feed: SimulatedVenues, currency: str, instant: int) -> float | None:
    """Return the true price of a currency in USD at an instant, None where it is not known."""
    if currency == "usd":
        return 1.0
    if currency not in feed.truth["asset"]:
        return None
    times, mids = feed.mid(currency)
    return float(mids[max(int(np.searchsorted(times, instant, side="right")) - 1, 0)])


def cost_row(
    market: Market, span: tuple[int, int], factor: float, notional: float | None, slippage: float, fees: float
) -> Mapping[str, object]:
    """Return one row of the table of costs."""
    start, end = (to_datetime(np.datetime64(instant, "us")) for instant in span)
    return {
        "fault": "Adversary",
        "venue": market.venue,
        "pair": market.pair,
        "start": start,
        "end": end,
        "price_factor": factor,
        "notional": notional,
        "slippage": slippage,
        "fees": fees,
    }


def _depth(feed: SimulatedVenues, market: Market, markets: Sequence[Market]) -> float:
    spec = feed.specs.get(market.venue)
    if spec is None:
        raise DataError(
            f"an adversary with a budget needs the depth and fee of {market.venue}; give its VenueSpec in specs"
        )
    listed = [other.quote for other in feed.markets() if (other.venue, other.base) == (market.venue, market.base)]
    total = sum(spec.quotes.get(quote, 0.0) for quote in listed)
    share = spec.quotes.get(market.quote, 0.0) / total if total else 1.0 / len(markets)
    return spec.depth * share


def _starts(span: tuple[int, int]) -> Ints:
    return np.arange(span[0], span[1], REFILL, dtype=np.int64)


def _eat(feed: SimulatedVenues, market: Market, spans: Sequence[tuple[int, int]], reached: float) -> SimulatedVenues:
    """Move the eaten side of the book away after each push, and honest takers on that side with it."""
    eaten_side, taker = ("ask", "buy") if reached > 1 else ("bid", "sell")
    grid = feed.grids.get(market)

    def away(times: Ints) -> Floats:
        eaten = np.zeros(len(times), np.bool_)
        for span in spans:
            eaten |= in_window(times, span) & ((times - span[0]) % REFILL < EATEN)
        return np.where(eaten, reached, 1.0)

    def moved(times: Ints, prices: Floats) -> Floats:
        multiple = away(times)
        new = prices * multiple
        return np.where(multiple == 1.0, prices, new if grid is None else grid.nearest(new))

    def trades(frame: pl.DataFrame, _: str) -> pl.DataFrame:
        new = pl.Series(moved(frame["time"].to_physical().to_numpy(), frame["price"].to_numpy()))
        return frame.with_columns(price=pl.when(pl.col("side") == taker).then(new).otherwise("price"))

    def book(times: Ints, side: str, prices: Floats, sizes: Ints) -> tuple[Floats, Ints]:
        return (moved(times, prices) if side == eaten_side else prices), sizes

    return edit_books(edit_rows(feed, [market], trades, ("trades",)), [market], book)


def _trade(
    feed: SimulatedVenues, market: Market, span: tuple[int, int], reached: float, depth: float
) -> tuple[SimulatedVenues, float]:
    """Return the feed with the trades of one market and window, and their value in USD at the mid."""
    frame = feed.frames["trades"][market]
    starts = _starts(span)
    value = usd_value(feed, market.quote, span[0])
    if value is None:
        raise DataError(f"{market}: what {market.quote} is worth in USD is not known; attack a pair in usd")
    mids = _mids(feed, market, starts)
    each = 100.0 * abs(reached - 1.0) * depth / SLICES
    distance = (np.arange(SLICES) + 0.5) / SLICES * (reached - 1.0)
    price = (mids[:, None] * (1.0 + distance)).ravel()
    size = np.rint(each / value / np.repeat(mids, SLICES) * 10.0**SIZE_DECIMALS).astype(np.int64)
    times = (starts[:, None] + np.arange(SLICES) * 1_000).ravel()
    inside = (times < span[1]) & (size > 0)
    grid, stamp, count = feed.grids.get(market), frame.schema["time"], int(inside.sum())
    rows = pl.DataFrame(
        {
            "time": pl.Series(times[inside]).cast(stamp),
            "trade_id": new_ids(frame, count),
            "side": pl.repeat("buy" if reached > 1 else "sell", count, eager=True),
            "price": price[inside] if grid is None else grid.nearest(price[inside]),
            "size": size[inside],
            "received_at": pl.Series(times[inside] + usual_delay(frame)).cast(stamp),
            "known_at": pl.Series([None], dtype=frame.schema["known_at"]).new_from_index(0, count),
        }
    )
    return feed.with_frames("trades", {market: by_arrival(pl.concat([frame, rows]))}), each * count


def _mids(feed: SimulatedVenues, market: Market, times: Ints) -> Floats:
    """Return the mid of the book just before each time, or the last trade where there are no quotes."""
    quotes = feed.frames.get("quotes", {}).get(market)
    if quotes is not None and quotes.height:
        held = quotes.sort("time")
        prices = ((held["bid"] + held["ask"]) / 2.0).to_numpy()
    else:
        held = feed.frames["trades"][market].sort("time")
        prices = held["price"].to_numpy()
    # The quote just before a push is whole: the book of the push before has filled up again.
    place = np.searchsorted(held["time"].to_physical().to_numpy(), times, side="left") - 1
    return prices[np.maximum(place, 0)]
