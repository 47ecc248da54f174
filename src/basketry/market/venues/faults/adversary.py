"""An adversary who wants to move the price: a venue that prints what it likes, or a trader with a budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from basketry.core.errors import DataError
from basketry.market.tape import SIZE_DECIMALS, Ints, Market
from basketry.market.venues.faults.edits import edit_rows, in_window, reprice
from basketry.market.venues.faults.fault import markets_of, microseconds, within
from basketry.market.venues.faults.pushes import cost_row, push, usd_value
from basketry.market.venues.feed import COSTS, SimulatedVenues


@dataclass(frozen=True, slots=True, kw_only=True)
class Adversary:
    """Moves the prices of the asset on some venues to a multiple of themselves, in some windows.

    Without a budget it is the operator of the venues: every trade of the windows is printed at `price_factor` times
    its price with `volume_multiple` times its size, and quotes and books follow. It pays nobody but itself.

    With a budget it trades through the books of the venues, every ten seconds, until the price is at `price_factor`
    times the mid or the budget is gone. It pays what it takes from the book above the mid (below, when it sells), and
    the taker's fee to buy and to sell again: `pushes.py` has the formula. What it reached and paid is in `costs`.

    Attributes:
        venues: Stable ids of the venues.
        price_factor: Multiple of the price that it wants.
        windows: Windows (start, end), UTC.
        volume_multiple: Multiple of the size of trades printed; only without a budget.
        budget: USD that it can lose over all windows; None for the operator.
        pair: The one pair concerned; None for all of the asset.
    """

    venues: tuple[str, ...]
    price_factor: float
    windows: tuple[tuple[datetime, datetime], ...]
    volume_multiple: float = 1.0
    budget: float | None = None
    pair: str | None = None

    def __post_init__(self) -> None:
        if not (self.price_factor > 0 and self.volume_multiple > 0 and self.venues and self.windows):
            raise DataError("Adversary needs venues, windows, and a positive price_factor and volume_multiple")
        if self.budget is not None and not (self.budget > 0 and self.volume_multiple == 1.0):
            raise DataError("Adversary with a budget needs it positive, and trades real volume: leave volume_multiple")
        if any(start >= end for start, end in self.spans):
            raise DataError("Adversary: each window must start before it ends")

    @property
    def spans(self) -> list[tuple[int, int]]:
        """The windows in microseconds since 1970."""
        return [(microseconds(start), microseconds(end)) for start, end in self.windows]

    def apply(self, feed: SimulatedVenues, generator: np.random.Generator) -> SimulatedVenues:  # noqa: ARG002
        """Return the feed with the attack in it and its cost in `costs`."""
        markets = [market for venue in self.venues for market in markets_of(feed, venue, self.pair, feed.asset)]
        if self.budget is not None:
            return push(feed, markets, self.spans, self.price_factor, self.budget)
        return self._print(feed, markets)

    def _print(self, feed: SimulatedVenues, markets: Sequence[Market]) -> SimulatedVenues:
        def attacked(times: Ints) -> NDArray[np.bool_]:
            return np.any([in_window(times, span) for span in self.spans], axis=0)

        def inflate(frame: pl.DataFrame, _: str) -> pl.DataFrame:
            mask = pl.Series(attacked(frame["time"].to_physical().to_numpy()))
            larger = (pl.col("size") * self.volume_multiple).round().cast(pl.Int64).clip(1)
            return frame.with_columns(size=pl.when(mask).then(larger).otherwise("size"))

        feed = reprice(feed, markets, lambda times: np.where(attacked(times), self.price_factor, 1.0))
        feed = edit_rows(feed, markets, inflate, ("trades",))
        rows = [self._record(feed, market, span) for market in markets for span in self.spans]
        return replace(feed, costs=pl.concat([feed.costs, pl.DataFrame(rows, schema=COSTS)]))

    def _record(self, feed: SimulatedVenues, market: Market, span: tuple[int, int]) -> Mapping[str, object]:
        frame = feed.frames["trades"][market]
        printed = frame.filter(within(*span))
        quoted = float((printed["price"] * printed["size"]).sum()) * 10.0**-SIZE_DECIMALS
        value = usd_value(feed, market.quote, span[0])
        return cost_row(market, span, self.price_factor, None if value is None else quoted * value, 0.0, 0.0)
