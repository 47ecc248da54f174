"""Faults of the feed: messages that do not come, come late, twice, out of order, or with a wrong clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from basketry.market.venues.books import condense, expand
from basketry.market.venues.faults.edits import by_arrival, edit_rows
from basketry.market.venues.faults.fault import VenueFault
from basketry.market.venues.feed import SimulatedVenues

_VALUES = {"trades": ("price", "size", "side"), "quotes": ("bid", "bid_size", "ask", "ask_size")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage(VenueFault):
    """The venue sends nothing on all its pairs; afterwards a book begins with a snapshot."""

    def apply(self, feed: SimulatedVenues, generator: np.random.Generator) -> SimulatedVenues:  # noqa: ARG002
        """Return the feed without the messages of the window."""
        return edit_rows(feed, self.all_markets(feed), self._drop)

    def _drop(self, frame: pl.DataFrame, table: str) -> pl.DataFrame:
        if table != "depth":
            return frame.filter(~self.inside())
        states, messages = expand(frame)
        lost = messages.filter(self.inside()).select("message")
        if not lost.height:
            return frame
        resumed = int(lost["message"].max()) + 1  # type: ignore[arg-type]
        snapshots = messages.with_columns(full=pl.col("full") | (pl.col("message") == resumed))
        # The levels of the lost messages still tell which levels the others change; their rows go at the end.
        return condense(states, snapshots).filter(~self.inside())


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleFeed(VenueFault):
    """The connection lives, but all pairs of the venue repeat the content of their last message.

    Times, ids and sequence numbers go on; prices, sizes and sides stand still, and so do the books.
    """

    def apply(self, feed: SimulatedVenues, generator: np.random.Generator) -> SimulatedVenues:  # noqa: ARG002
        """Return the feed with the content of the window replaced by the last one before it."""
        return edit_rows(feed, self.all_markets(feed), self._freeze)

    def _freeze(self, frame: pl.DataFrame, table: str) -> pl.DataFrame:
        if table == "depth":
            return self._freeze_book(frame)
        before = frame.filter(pl.col("time").to_physical() < self.span[0])
        last = before.tail(1) if before.height else frame.filter(self.inside()).head(1)
        if not last.height:
            return frame
        held = last.row(0, named=True)
        return frame.with_columns(
            pl.when(self.inside()).then(pl.lit(held[name], dtype=frame.schema[name])).otherwise(name).alias(name)
            for name in _VALUES[table]
        )

    def _freeze_book(self, frame: pl.DataFrame) -> pl.DataFrame:
        states, messages = expand(frame)
        frozen = messages.filter(self.inside())["message"]
        if not len(frozen):
            return frame
        last = max(int(frozen.min()) - 1, 0)  # type: ignore[arg-type]
        book = states.filter(pl.col("message") == last).drop("message")
        repeated = pl.DataFrame({"message": frozen}).join(book, how="cross")
        kept = states.filter(~pl.col("message").is_in(frozen.implode()))
        return condense(pl.concat([kept, repeated]).sort("message", "side", "price"), messages)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSkew(VenueFault):
    """The venue's clock is off by `offset` (negative: behind) on all its pairs; arrivals are unchanged."""

    offset: timedelta

    def apply(self, feed: SimulatedVenues, generator: np.random.Generator) -> SimulatedVenues:  # noqa: ARG002
        """Return the feed with the times of the window moved."""
        moved = pl.when(self.inside()).then(pl.col("time") + self.offset).otherwise("time")
        return edit_rows(feed, self.all_markets(feed), lambda frame, _: frame.with_columns(time=moved))


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyBurst(VenueFault):
    """Messages of all the venue's pairs arrive `delay` later, and those behind them wait their turn."""

    delay: timedelta

    def apply(self, feed: SimulatedVenues, generator: np.random.Generator) -> SimulatedVenues:  # noqa: ARG002
        """Return the feed with later arrivals."""
        arrival = pl.coalesce("received_at", "time")
        late = pl.when(self.inside()).then(arrival + self.delay).otherwise(arrival)
        return edit_rows(feed, self.all_markets(feed), lambda frame, _: frame.with_columns(received_at=late.cum_max()))


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfOrder(VenueFault):
    """Messages of all the venue's pairs overtake each other by up to `within`; rows come in order of arrival."""

    within: timedelta

    def apply(self, feed: SimulatedVenues, generator: np.random.Generator) -> SimulatedVenues:
        """Return the feed with each message of the window delayed by a random part of `within`."""

        def shuffle(frame: pl.DataFrame, table: str) -> pl.DataFrame:
            delays = _by_message(frame, table, generator) * (self.within / timedelta(microseconds=1))
            arrival = pl.coalesce("received_at", "time") + pl.Series(delays.cast(pl.Int64)).cast(pl.Duration("us"))
            return by_arrival(
                frame.with_columns(received_at=pl.when(self.inside()).then(arrival).otherwise("received_at"))
            )

        return edit_rows(feed, self.all_markets(feed), shuffle)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicates(VenueFault):
    """A share of the messages of all the venue's pairs comes one to three times more, within a second.

    Attributes:
        share: Share of the messages repeated, 0 to 1.
    """

    share: float = 1.0

    def apply(self, feed: SimulatedVenues, generator: np.random.Generator) -> SimulatedVenues:
        """Return the feed with the copies in it; they differ in their arrival alone."""

        def repeat(frame: pl.DataFrame, table: str) -> pl.DataFrame:
            chosen = _by_message(frame, table, generator) < self.share
            again = frame.with_columns(
                copies=(_by_message(frame, table, generator) * 3.0).cast(pl.Int64) + 1,
                later=_by_message(frame, table, generator) * 1e6,
            ).filter(self.inside() & pl.Series(chosen))
            arrival = pl.coalesce("received_at", "time")
            copies = []
            for number in (1, 2, 3):
                later = (pl.col("later") * (number / 3)).cast(pl.Int64).cast(pl.Duration("us"))
                copies.append(again.filter(pl.col("copies") >= number).with_columns(received_at=arrival + later))
            return by_arrival(pl.concat([frame, *(copy.select(frame.columns) for copy in copies)]))

        return edit_rows(feed, self.all_markets(feed), repeat)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap(VenueFault):
    """A share of the messages of all the venue's pairs is lost; the sequence numbers show it.

    Attributes:
        share: Share of the messages lost, 0 to 1.
    """

    share: float = 0.01

    def apply(self, feed: SimulatedVenues, generator: np.random.Generator) -> SimulatedVenues:
        """Return the feed without the lost messages; nothing is sent again."""

        def lose(frame: pl.DataFrame, table: str) -> pl.DataFrame:
            lost = _by_message(frame, table, generator) < self.share
            return frame.filter(~(self.inside() & pl.Series(lost)))

        return edit_rows(feed, self.all_markets(feed), lose)


def _by_message(frame: pl.DataFrame, table: str, generator: np.random.Generator) -> pl.Series:
    """Return a uniform draw for each message, as a column: the rows of one message of a book share it."""
    if table != "depth":
        return pl.Series(generator.random(frame.height))
    sequence = frame["sequence"].to_numpy()
    first = int(sequence.min()) if len(sequence) else 0
    draws = generator.random(int(sequence.max()) - first + 1 if len(sequence) else 0)
    return pl.Series(draws[sequence - first])
