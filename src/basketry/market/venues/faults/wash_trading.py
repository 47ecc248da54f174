"""Wash trading: volume that a venue invents, inside the spread and with sizes that no people choose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.market.tape import Ints, Market
from basketry.market.venues.faults.edits import by_arrival, new_ids, usual_delay
from basketry.market.venues.faults.fault import VenueFault
from basketry.market.venues.feed import SimulatedVenues

SIZE_RANGE = (0.5, 1.5)
"""Sizes of invented trades are uniform between these multiples of the mean honest size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WashTrading(VenueFault):
    """Invented trades bring the volume of the asset (or one pair) on the venue to a multiple of the honest one.

    They come evenly in time with alternating sides at prices inside the spread; their sizes are uniform in a narrow
    range, so that first digits break Benford's law and round numbers are missing. The honest trades are unchanged.

    Attributes:
        multiple: Volume with the invented trades over the volume without, above 1.
    """

    multiple: float

    def apply(self, feed: SimulatedVenues, generator: np.random.Generator) -> SimulatedVenues:
        """Return the feed with the invented trades."""
        if not self.multiple > 1:
            raise DataError(f"WashTrading.multiple must be above 1, was {self.multiple!r}")
        changed = {}
        for market in self.asset_markets(feed):
            frame = feed.frames["trades"][market]
            invented = self._invent(feed, market, frame, generator)
            changed[market] = by_arrival(pl.concat([frame, invented]))
        return feed.with_frames("trades", changed)

    def _invent(
        self, feed: SimulatedVenues, market: Market, frame: pl.DataFrame, generator: np.random.Generator
    ) -> pl.DataFrame:
        honest = frame.filter(self.inside())
        count = round((self.multiple - 1.0) * honest.height)
        if not count:
            return frame.clear()
        start, end = self.span
        times = start + ((np.arange(count) + generator.random(count)) * ((end - start) / count)).astype(np.int64)
        mean = float(honest["size"].mean())  # type: ignore[arg-type]
        sizes = np.maximum(generator.uniform(*SIZE_RANGE, count) * mean, 1.0).astype(np.int64)
        stamp = frame.schema["time"]
        return pl.DataFrame(
            {
                "time": pl.Series(times).cast(stamp),
                "trade_id": new_ids(frame, count),
                "side": pl.Series(["buy", "sell"]).gather(np.arange(count) % 2),
                "price": _inside_prices(feed, market, honest, times, generator),
                "size": sizes,
                "received_at": pl.Series(times + usual_delay(frame)).cast(stamp),
                "known_at": pl.Series([None], dtype=frame.schema["known_at"]).new_from_index(0, count),
            }
        )


def _inside_prices(
    feed: SimulatedVenues, market: Market, honest: pl.DataFrame, times: Ints, generator: np.random.Generator
) -> Floats:
    """Return prices between bid and ask at the times, or those of the last honest trades where there are no quotes."""
    quotes = feed.frames.get("quotes", {}).get(market)
    held = (quotes if quotes is not None and quotes.height else honest).sort("time")
    place = np.maximum(np.searchsorted(held["time"].to_physical().to_numpy(), times, side="right") - 1, 0)
    if "bid" not in held.columns:
        return held["price"].to_numpy()[place]
    bid, ask = held["bid"].to_numpy()[place], held["ask"].to_numpy()[place]
    grid = feed.grids.get(market)
    prices = bid + (ask - bid) * generator.random(len(times))
    return prices if grid is None else np.clip(grid.nearest(prices), bid, ask)
