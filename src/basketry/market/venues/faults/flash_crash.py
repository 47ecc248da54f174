"""A flash crash on one venue: a market that falls, with a book that is eaten, and comes back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.market.tape import Ints
from basketry.market.venues.faults.edits import edit_books, edit_rows, in_window, reprice
from basketry.market.venues.faults.fault import VenueFault
from basketry.market.venues.feed import SimulatedVenues

FALL_SHARE = 0.3
"""Share of the window in which the price falls; the rest is the way back."""
BIDS_LEFT = 0.1
"""What is left of the size of every bid."""
VOLUME = 5
"""Multiple of the size of every trade."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlashCrash(VenueFault):
    """The asset (or one pair) falls on the venue and comes back.

    The logarithm of the price falls on a straight line over 3/10 of the window and returns on another. Nine tenths of
    the size of the bids are gone, trades are five times as large, and on the way down all are sells at the bid.

    Attributes:
        fall: Largest fall as a fraction of the price.
    """

    fall: float

    def apply(self, feed: SimulatedVenues, generator: np.random.Generator) -> SimulatedVenues:  # noqa: ARG002
        """Return the feed with the crash in trades, quotes and books."""
        if not 0 < self.fall < 1:
            raise DataError(f"FlashCrash.fall must lie between 0 and 1, was {self.fall!r}")
        markets = self.asset_markets(feed)
        feed = edit_books(reprice(feed, markets, self._factor), markets, self._eat)
        for market in markets:
            quotes = feed.frames.get("quotes", {}).get(market)
            feed = edit_rows(feed, [market], partial(self._sell, quotes), ("trades",))
        return feed

    def _factor(self, times: Ints) -> Floats:
        start, end = self.span
        passed = np.clip((times - start) / (end - start), 0.0, 1.0)
        depth = np.minimum(passed / FALL_SHARE, (1.0 - passed) / (1.0 - FALL_SHARE))
        return np.where(in_window(times, self.span), np.exp(np.log1p(-self.fall) * depth), 1.0)

    def _eat(self, times: Ints, side: str, prices: Floats, sizes: Ints) -> tuple[Floats, Ints]:
        eaten = in_window(times, self.span) & (side == "bid") & (sizes > 0)
        return prices, np.where(eaten, np.maximum((sizes * BIDS_LEFT).astype(np.int64), 1), sizes)

    def _sell(self, quotes: pl.DataFrame | None, frame: pl.DataFrame, _: str) -> pl.DataFrame:
        start, end = self.span
        bottom = start + round(FALL_SHARE * (end - start))
        falling = self.inside() & (pl.col("time").to_physical() < bottom)
        price = frame["price"] if quotes is None else _bids_at(frame, quotes)
        return frame.with_columns(
            side=pl.when(falling).then(pl.lit("sell")).otherwise("side"),
            price=pl.when(falling & price.is_not_null()).then(price).otherwise("price"),
            size=pl.when(self.inside()).then(pl.col("size") * VOLUME).otherwise("size"),
        )


def _bids_at(trades: pl.DataFrame, quotes: pl.DataFrame) -> pl.Series:
    """Return the best bid that holds at the time of each trade, null before the first quote."""
    ordered = quotes.sort("time")
    place = ordered["time"].search_sorted(trades["time"], side="right").cast(pl.Int64) - 1
    return ordered["bid"].gather(place.clip(0)).set(place < 0, None)
