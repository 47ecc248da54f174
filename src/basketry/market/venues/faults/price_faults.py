"""Faults of prices on one venue: a premium, a wrong exponent, a crossed book, a print off the market and its bust."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.market.tape import Ints
from basketry.market.venues.faults.edits import (
    Factor,
    by_arrival,
    edit_books,
    edit_rows,
    in_window,
    new_ids,
    reprice,
    usual_delay,
)
from basketry.market.venues.faults.fault import VenueFault, markets_of, microseconds
from basketry.market.venues.feed import SimulatedVenues


@dataclass(frozen=True, slots=True, kw_only=True)
class PersistentPremium(VenueFault):
    """The venue lives, but its markets of the asset (or one pair) trade at a premium.

    Attributes:
        premium: Fraction of the price; negative for a discount.
    """

    premium: float = 0.05

    def apply(self, feed: SimulatedVenues, generator: np.random.Generator) -> SimulatedVenues:  # noqa: ARG002
        """Return the feed with trades, quotes and books of the window at the premium."""
        return reprice(feed, self.asset_markets(feed), constant(self.span, 1.0 + self.premium))


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongScale(VenueFault):
    """Prices of the asset (or one pair) come with a wrong exponent; they are off the ticks.

    Attributes:
        factor: Multiple of the price, for example 1000 or 1e-8.
    """

    factor: float = 1_000.0

    def apply(self, feed: SimulatedVenues, generator: np.random.Generator) -> SimulatedVenues:  # noqa: ARG002
        """Return the feed with prices in the window scaled in every table."""
        return reprice(feed, self.asset_markets(feed), constant(self.span, self.factor), grid=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossedBook(VenueFault):
    """Bids of the asset (or one pair) come above asks; trades are unchanged.

    Attributes:
        by: Every bid is raised and every ask lowered by this fraction; more than the half-spread crosses the book.
    """

    by: float = 0.001

    def apply(self, feed: SimulatedVenues, generator: np.random.Generator) -> SimulatedVenues:  # noqa: ARG002
        """Return the feed with crossed quotes and books in the window."""

        def cross(times: Ints, side: str, prices: Floats, sizes: Ints) -> tuple[Floats, Ints]:
            shift = self.by if side == "bid" else -self.by
            return np.where(in_window(times, self.span), prices * (1.0 + shift), prices), sizes

        return edit_books(feed, self.asset_markets(feed), cross)


@dataclass(frozen=True, slots=True, kw_only=True)
class BadPrint:
    """A single trade off the market, on the venue's markets of the asset (or one pair).

    Attributes:
        venue: Stable id of the venue.
        at: When, UTC.
        price_factor: Multiple of the last price before.
        size_multiple: Multiple of the median size before.
        pair: The one pair concerned; None for all of the asset.
    """

    venue: str
    at: datetime
    price_factor: float
    size_multiple: float = 1.0
    pair: str | None = None

    def apply(self, feed: SimulatedVenues, generator: np.random.Generator) -> SimulatedVenues:  # noqa: ARG002
        """Return the feed with one trade more in each market that has traded before."""
        instant = microseconds(self.at)
        for market in markets_of(feed, self.venue, self.pair, feed.asset):
            frame = feed.frames["trades"][market]
            before = frame.filter(pl.col("time").to_physical() < instant)
            if not before.height:
                raise DataError(f"{market} has no trade before {self.at} that a print could be off from")
            price = np.array([before["price"][-1] * self.price_factor])
            size = max(1, round(float(before["size"].median()) * self.size_multiple))  # type: ignore[arg-type]
            grid = feed.grids.get(market)
            row = pl.DataFrame(
                {
                    "time": pl.Series([instant]).cast(frame.schema["time"]),
                    "trade_id": new_ids(frame, 1),
                    "side": ["buy" if self.price_factor > 1 else "sell"],
                    "price": price if grid is None else grid.nearest(price),
                    "size": [size],
                    "received_at": pl.Series([instant + usual_delay(frame)]).cast(frame.schema["time"]),
                    "known_at": pl.Series([None], dtype=frame.schema["known_at"]),
                }
            )
            feed = feed.with_frames("trades", {market: by_arrival(pl.concat([frame, row]))})
        return feed


@dataclass(frozen=True, slots=True, kw_only=True)
class Bust(VenueFault):
    """Trades of the asset (or one pair) are retracted later: a row with size 0, known `delay` after the trade.

    Attributes:
        delay: From the trade to its retraction.
        beyond: Only trades off the market's median of the window and the minute around it by more than this fraction.
    """

    delay: timedelta
    beyond: float = 0.0

    def apply(self, feed: SimulatedVenues, generator: np.random.Generator) -> SimulatedVenues:  # noqa: ARG002
        """Return the feed with the retractions; the trades themselves stay."""
        return edit_rows(feed, self.asset_markets(feed), self._retract, ("trades",))

    def _retract(self, frame: pl.DataFrame, _: str) -> pl.DataFrame:
        start, end = self.span
        time = pl.col("time").to_physical()
        around = frame.filter((time >= start - 60_000_000) & (time < end + 60_000_000))
        if not around.height:
            return frame
        median = float(around["price"].median())  # type: ignore[arg-type]
        wrong = frame.filter(self.inside() & ((pl.col("price") / median - 1.0).abs() >= self.beyond))
        known = pl.col("time") + self.delay
        retracted = wrong.with_columns(
            size=pl.lit(0, pl.Int64),
            known_at=known,
            received_at=known + (pl.col("received_at") - pl.col("time")),
        )
        return by_arrival(pl.concat([frame, retracted]))


def constant(span: tuple[int, int], factor: float) -> Factor:
    """Return the factor that holds in [start, end) and is 1 elsewhere.

    Raises:
        DataError: The factor is not positive.
    """
    if not factor > 0:
        raise DataError(f"prices can be multiplied by positive factors only, was {factor!r}")
    return lambda times: np.where(in_window(times, span), factor, 1.0)
