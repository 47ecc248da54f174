"""Feeds of simulated venues that several tests read."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache

import polars as pl
import pytest

from basketry.core.time import to_datetime
from basketry.market.tape import Market
from basketry.market.venues.faults.fault import Fault, inject
from basketry.market.venues.feed import SimulatedVenues
from basketry.market.venues.simulate import simulate_venues


@cache
def _feed() -> SimulatedVenues:
    return simulate_venues(11, quotes=["usd", "usdc"], hours=1.0, levels=8)


@pytest.fixture
def feed() -> SimulatedVenues:
    """An hour of five venues in USD and USDC, with books of eight levels."""
    return _feed()


class Injection:
    """A clean feed, the feed with faults, and what one may ask of the two."""

    def __init__(self, clean: SimulatedVenues, *faults: Fault) -> None:
        self.clean = clean
        self.feed = inject(clean, faults)

    def changed(self) -> set[tuple[str, Market]]:
        """The frames that differ."""
        return {
            (table, market)
            for table, held in self.clean.frames.items()
            for market, frame in held.items()
            if not frame.equals(self.feed.frames[table][market])
        }

    def rows(self, table: str, market: Market, span: tuple[datetime, datetime]) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The clean and the changed rows with times in the span."""
        inside = (pl.col("time") >= span[0]) & (pl.col("time") < span[1])
        return (
            self.clean.frames[table][market].filter(inside),
            self.feed.frames[table][market].filter(inside),
        )

    def same_outside(self, span: tuple[datetime, datetime]) -> bool:
        """Whether every frame is the same but for rows with times in the span."""
        outside = (pl.col("time") < span[0]) | (pl.col("time") >= span[1])
        return all(
            frame.filter(outside).equals(self.feed.frames[table][market].filter(outside))
            for table, held in self.clean.frames.items()
            for market, frame in held.items()
        )


class Harness:
    """Makes faults at minutes of the feed."""

    def __init__(self, feed: SimulatedVenues) -> None:
        self.feed = feed
        self.usd = Market("sim-birch", "sim-aurum-usd", "sim-aurum", "usd")
        self.span = (self.at(20), self.at(30))

    def at(self, minutes: float) -> datetime:
        """Return the instant of a minute."""
        return to_datetime(self.feed.start) + timedelta(minutes=minutes)

    def inject(self, *faults: Fault) -> Injection:
        """Return the feed with faults, beside the clean one."""
        return Injection(self.feed, *faults)


@pytest.fixture
def harness(feed: SimulatedVenues) -> Harness:
    """Faults at minutes 20 to 30 of the feed."""
    return Harness(feed)
