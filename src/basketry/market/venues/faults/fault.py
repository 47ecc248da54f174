"""What every fault is, and how faults are injected into a feed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
import polars as pl

from basketry.core.errors import DataError, nearest_hint
from basketry.core.time import to_instant
from basketry.market.simulation.randomness import stream
from basketry.market.tape import Market
from basketry.market.venues.feed import SimulatedVenues


class Fault(Protocol):
    """Something that changes what some venues sent, and nothing else."""

    def apply(self, feed: SimulatedVenues, generator: np.random.Generator) -> SimulatedVenues:
        """Return the feed with the fault in it; frames that it does not concern are the same objects."""
        ...


def inject(feed: SimulatedVenues, faults: Sequence[Fault]) -> SimulatedVenues:
    """Return the feed with faults applied one after the other, each drawing from its own stream of the feed's seed.

    Raises:
        DataError: A fault names a venue or pair that the feed does not have.
    """
    for place, fault in enumerate(faults):
        feed = fault.apply(feed, stream(feed.seed, "fault", place, type(fault).__name__))
    return feed


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueFault:
    """A fault of one venue in the window [start, end).

    Attributes:
        venue: Stable id of the venue.
        start: First instant, UTC.
        end: End, exclusive.
        pair: The one pair concerned; None for those that the fault names in its docstring.
    """

    venue: str
    start: datetime
    end: datetime
    pair: str | None = None

    def __post_init__(self) -> None:
        first, last = self.span
        if first >= last:
            raise DataError(f"{type(self).__name__} at {self.venue}: start {self.start} is not before end {self.end}")

    @property
    def span(self) -> tuple[int, int]:
        """Start and end in microseconds since 1970."""
        return microseconds(self.start), microseconds(self.end)

    def inside(self) -> pl.Expr:
        """Return whether a row's time lies in the window."""
        return within(*self.span)

    def all_markets(self, feed: SimulatedVenues) -> tuple[Market, ...]:
        """Return the venue's markets, or the one of the pair."""
        return markets_of(feed, self.venue, self.pair, None)

    def asset_markets(self, feed: SimulatedVenues) -> tuple[Market, ...]:
        """Return the venue's markets of the feed's asset, or the one of the pair."""
        return markets_of(feed, self.venue, self.pair, feed.asset)


def microseconds(instant: datetime) -> int:
    """Return an instant in microseconds since 1970."""
    return int(to_instant(instant).astype(np.int64))


def within(start: int, end: int) -> pl.Expr:
    """Return whether a row's time lies in [start, end), microseconds since 1970."""
    time = pl.col("time").to_physical()
    return (time >= start) & (time < end)


def markets_of(feed: SimulatedVenues, venue: str, pair: str | None, base: str | None) -> tuple[Market, ...]:
    """Return the markets of a venue: the one of a pair, or those of a base, or all.

    Raises:
        DataError: The feed has no such venue or pair.
    """
    own = [market for market in feed.markets() if market.venue == venue]
    if not own:
        venues = sorted({market.venue for market in feed.markets()})
        raise DataError(f"no venue {venue!r} in the feed{nearest_hint(venue, venues)}; it has {', '.join(venues)}")
    chosen = tuple(m for m in own if (m.pair == pair if pair else base is None or m.base == base))
    if not chosen:
        pairs = [market.pair for market in own]
        wanted = repr(pair) if pair else f"of {base!r}"
        raise DataError(f"{venue} has no pair {wanted}{nearest_hint(pair or '', pairs)}; it has {', '.join(pairs)}")
    return chosen
