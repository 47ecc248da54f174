"""Edits that faults share: rows, prices and sizes of trades, quotes and books, kept consistent with each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from basketry.core.numbers import Floats
from basketry.market.tape import Ints, Market
from basketry.market.venues.books import condense, expand
from basketry.market.venues.feed import FEED_TABLES, SimulatedVenues

Factor = Callable[[Ints], Floats]
"""Times in microseconds since 1970 -> what prices are multiplied by; exactly 1 leaves a price as it is."""
BookChange = Callable[[Ints, str, Floats, Ints], tuple[Floats, Ints]]
"""Times, side, prices and sizes of levels -> new prices and sizes."""


def edit_rows(
    feed: SimulatedVenues,
    markets: Sequence[Market],
    change: Callable[[pl.DataFrame, str], pl.DataFrame],
    tables: Sequence[str] = tuple(FEED_TABLES),
) -> SimulatedVenues:
    """Return the feed with `change(frame, table)` in place of the markets' frames."""
    for table in tables:
        held = feed.frames.get(table, {})
        feed = feed if not held else feed.with_frames(table, {m: change(held[m], table) for m in markets if m in held})
    return feed


def edit_books(feed: SimulatedVenues, markets: Sequence[Market], change: BookChange) -> SimulatedVenues:
    """Return the feed with the quotes and depth of markets changed level by level; merged levels are added up."""
    return edit_rows(
        feed,
        markets,
        lambda frame, table: _edit_quotes(frame, change) if table == "quotes" else _edit_depth(frame, change),
        ("quotes", "depth"),
    )


def reprice(feed: SimulatedVenues, markets: Sequence[Market], factor: Factor, *, grid: bool = True) -> SimulatedVenues:
    """Return the feed with the prices of markets multiplied by a factor of time, in every table.

    A trade takes the factor of the book that holds at its time, and bids and sells are rounded down to ticks, asks
    and buys up, so that trades stay at or inside the book.

    Args:
        feed: The feed.
        markets: The markets to change.
        factor: Factor by time.
        grid: Whether prices stay on the ticks of their market, where these are known.
    """
    for market in markets:
        change = _priced(feed, market, factor, grid)
        trades = partial(_reprice_trades, feed, market, change)
        feed = edit_books(edit_rows(feed, [market], trades, ("trades",)), [market], change)
    return feed


def book_times(feed: SimulatedVenues, market: Market, times: Ints) -> Ints:
    """Return the time of the quote that holds at each time; the time itself where there is none."""
    quotes = feed.frames.get("quotes", {}).get(market)
    if quotes is None or not quotes.height:
        return times
    changes = np.sort(quotes["time"].to_physical().to_numpy())
    place = np.searchsorted(changes, times, side="right") - 1
    return np.where(place >= 0, changes[np.maximum(place, 0)], times)


def by_arrival(frame: pl.DataFrame) -> pl.DataFrame:
    """Return rows in the order in which they arrived; one whose arrival is not known came at its time."""
    return frame.sort(pl.coalesce("received_at", "time"), maintain_order=True)


def new_ids(frame: pl.DataFrame, count: int) -> pl.Series:
    """Return trade ids that the frame does not have, counting on from its largest."""
    largest = frame["trade_id"].cast(pl.Int64, strict=False).max()
    first = int(largest) + 1 if isinstance(largest, int) else 10**12
    return pl.int_range(first, first + count, eager=True).cast(pl.String)


def usual_delay(frame: pl.DataFrame) -> int:
    """Return the median microseconds from a row's time to its arrival, 0 where arrivals are not known."""
    delay = (frame["received_at"] - frame["time"]).dt.total_microseconds().median()
    return round(delay) if isinstance(delay, float) else 0


def in_window(times: Ints, span: tuple[int, int]) -> NDArray[np.bool_]:
    """Return which times lie in [start, end)."""
    return (times >= span[0]) & (times < span[1])


def _priced(feed: SimulatedVenues, market: Market, factor: Factor, grid: bool) -> BookChange:
    ticks = feed.grids.get(market) if grid else None

    def change(times: Ints, side: str, prices: Floats, sizes: Ints) -> tuple[Floats, Ints]:
        multiple = factor(times)
        new = prices * multiple
        if ticks is not None:
            # Two parts in 10^9 keep a price that is on the grid but for rounding where it is.
            steps = new / ticks.width
            whole = np.ceil(steps - 2e-9 * steps) if side == "ask" else np.floor(steps + 2e-9 * steps)
            new = ticks.prices(np.maximum(whole, 2.0 if side == "ask" else 1.0).astype(np.int64))
        return np.where(multiple == 1.0, prices, new), sizes

    return change


def _reprice_trades(
    feed: SimulatedVenues, market: Market, change: BookChange, frame: pl.DataFrame, _: str
) -> pl.DataFrame:
    times = book_times(feed, market, frame["time"].to_physical().to_numpy())
    price, size = frame["price"].to_numpy(), frame["size"].to_numpy()
    buys = (frame["side"] == "buy").fill_null(value=False).to_numpy()
    new = np.where(buys, change(times, "ask", price, size)[0], change(times, "bid", price, size)[0])
    return frame.with_columns(price=pl.Series(new))


def _edit_quotes(frame: pl.DataFrame, change: BookChange) -> pl.DataFrame:
    times = frame["time"].to_physical().to_numpy()
    columns = {}
    for side in ("bid", "ask"):
        sizes = frame[f"{side}_size"].fill_null(0).to_numpy()
        price, size = change(times, side, frame[side].to_numpy(), sizes)
        columns[side] = pl.Series(side, price, nan_to_null=True)
        columns[f"{side}_size"] = pl.Series(f"{side}_size", size)
    return frame.with_columns(**columns)


def _edit_depth(frame: pl.DataFrame, change: BookChange) -> pl.DataFrame:
    states, messages = expand(frame)
    parts = []
    for side in ("ask", "bid"):
        own = states.filter(pl.col("side") == side)
        times = messages["time"].to_physical().to_numpy()[own["message"].to_numpy()]
        price, size = change(times, side, own["price"].to_numpy(), own["size"].to_numpy())
        parts.append(own.with_columns(price=pl.Series(price), size=pl.Series(size)))
    merged = pl.concat(parts).group_by("message", "side", "price").agg(pl.col("size").sum())
    return condense(merged.filter(pl.col("size") > 0).sort("message", "side", "price"), messages)
