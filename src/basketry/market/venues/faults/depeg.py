"""A stablecoin that loses its peg: its own price falls, and prices quoted in it rise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import polars as pl

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.market.tape import Ints
from basketry.market.venues.faults.edits import in_window, reprice
from basketry.market.venues.faults.fault import microseconds
from basketry.market.venues.feed import SimulatedVenues

FALL_SHARE, HOLD_SHARE = 0.4, 0.2
"""Shares of the window in which the currency falls and stays low; in the rest it returns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Depeg:
    """The true price of a quote currency falls to `low` times itself on every venue and returns.

    Pairs quoted in it rise accordingly, its own pairs fall, the true price of the asset stays. The path is a smooth
    fall over 2/5 of the window, a floor over 1/5, and a smooth return.

    Attributes:
        currency: The quote currency, for example usdc.
        low: Lowest multiple of its price, 0 to 1.
        start: First instant, UTC.
        end: End, exclusive.
    """

    currency: str
    low: float
    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if not 0 < self.low < 1:
            raise DataError(f"Depeg.low must lie between 0 and 1, was {self.low!r}")
        if microseconds(self.start) >= microseconds(self.end):
            raise DataError(f"Depeg of {self.currency}: start {self.start} is not before end {self.end}")

    def multiple(self, times: Ints) -> Floats:
        """Return the currency's price relative to that without the depeg, by microseconds since 1970."""
        start, end = microseconds(self.start), microseconds(self.end)
        passed = np.clip((times - start) / (end - start), 0.0, 1.0)
        down = np.clip(passed / FALL_SHARE, 0.0, 1.0)
        back = np.clip((passed - FALL_SHARE - HOLD_SHARE) / (1.0 - FALL_SHARE - HOLD_SHARE), 0.0, 1.0)
        depth = (np.cos(np.pi * back) - np.cos(np.pi * down)) / 2.0
        return np.where(in_window(times, (start, end)), 1.0 - (1.0 - self.low) * depth, 1.0)

    def apply(self, feed: SimulatedVenues, generator: np.random.Generator) -> SimulatedVenues:  # noqa: ARG002
        """Return the feed with the currency's pairs and its true price moved."""
        quoted = [market for market in feed.markets() if market.quote == self.currency]
        own = [market for market in feed.markets() if market.base == self.currency]
        if not quoted and not own:
            raise DataError(f"no market of the feed trades in {self.currency!r}; a depeg would change nothing")
        feed = reprice(feed, quoted, lambda times: 1.0 / self.multiple(times))
        feed = reprice(feed, own, self.multiple)
        moved = pl.Series(feed.truth["mid"].to_numpy() * self.multiple(feed.truth["time"].to_physical().to_numpy()))
        truth = feed.truth.with_columns(mid=pl.when(pl.col("asset") == self.currency).then(moved).otherwise("mid"))
        return replace(feed, truth=truth)
