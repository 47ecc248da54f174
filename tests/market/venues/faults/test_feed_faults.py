"""Faults of the feed: each does what it says to its venue in its window, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from basketry.core.errors import DataError
from basketry.market.tape import Tape
from basketry.market.venues.books import expand
from basketry.market.venues.faults.fault import Fault
from basketry.market.venues.faults.feed_faults import (
    ClockSkew,
    Duplicates,
    Gap,
    LatencyBurst,
    Outage,
    OutOfOrder,
    StaleFeed,
)
from basketry.market.venues.feed import FEED_TABLES

if TYPE_CHECKING:
    from tests.market.venues.conftest import Harness

BIRCH = "sim-birch"
FIVE_SECONDS = timedelta(seconds=5)
FAULTS: list[tuple[Callable[..., Fault], dict[str, Any]]] = [
    (Outage, {}),
    (StaleFeed, {}),
    (ClockSkew, {"offset": -FIVE_SECONDS}),
    (LatencyBurst, {"delay": timedelta(seconds=30)}),
    (OutOfOrder, {"within": FIVE_SECONDS}),
    (Duplicates, {}),
    (Gap, {"share": 0.2}),
]


def make(harness: Harness, kind: Callable[..., Fault], **extra: Any) -> Fault:
    return kind(venue=BIRCH, start=harness.span[0], end=harness.span[1], **extra)


@pytest.mark.parametrize(("kind", "extra"), FAULTS, ids=lambda value: getattr(value, "__name__", ""))
def test_every_pair_of_the_venue_changes_and_no_other(
    harness: Harness, kind: Callable[..., Fault], extra: dict[str, Any]
) -> None:
    done = harness.inject(make(harness, kind, **extra))
    own = {(table, m) for table, held in harness.feed.frames.items() for m in held if m.venue == BIRCH}
    assert done.changed() == own
    for table, held in harness.feed.frames.items():
        for market, frame in held.items():
            if market.venue != BIRCH:
                assert done.feed.frames[table][market] is frame
            FEED_TABLES[table].check(done.feed.frames[table][market])
    assert done.feed.truth is harness.feed.truth
    again = harness.inject(make(harness, kind, **extra))
    assert all(again.feed.frames[table][m].equals(done.feed.frames[table][m]) for table, m in own)


@pytest.mark.parametrize(("kind", "extra"), FAULTS, ids=lambda value: getattr(value, "__name__", ""))
def test_one_pair_can_be_chosen(harness: Harness, kind: Callable[..., Fault], extra: dict[str, Any]) -> None:
    done = harness.inject(make(harness, kind, pair="sim-aurum-usd", **extra))
    assert done.changed() == {(table, harness.usd) for table in harness.feed.frames}


def test_an_outage_leaves_nothing_and_the_book_begins_anew(harness: Harness) -> None:
    done = harness.inject(make(harness, Outage))
    for table in ("trades", "quotes", "depth"):
        clean, left = done.rows(table, harness.usd, harness.span)
        assert clean.height > left.height == 0
        before = (harness.at(0), harness.at(20))
        was, now = done.rows(table, harness.usd, before)
        assert was.equals(now)
    _, after = done.rows("depth", harness.usd, (harness.at(30), harness.at(60)))
    assert after["kind"][0] == "snapshot"
    was_states, was_messages = expand(done.rows("depth", harness.usd, (harness.at(0), harness.at(60)))[0])
    later = was_messages.filter(pl.col("time") >= harness.at(30))
    states, messages = expand(after)
    wanted = was_states.join(later.select("message", "sequence"), on="message").drop("message")
    found = states.join(messages.select("message", "sequence"), on="message").drop("message")
    assert found.select(wanted.columns).equals(wanted)


def test_a_stale_feed_stands_still_while_its_time_goes_on(harness: Harness) -> None:
    done = harness.inject(make(harness, StaleFeed))
    assert done.same_outside((harness.at(20), harness.at(31)))
    for table, columns in (("trades", ["price", "size", "side"]), ("quotes", ["bid", "ask", "bid_size", "ask_size"])):
        clean, stale = done.rows(table, harness.usd, harness.span)
        assert stale.drop(columns).equals(clean.drop(columns))
        assert stale.select(columns).n_unique() == 1
        last = harness.feed.frames[table][harness.usd].filter(pl.col("time") < harness.at(20))
        assert stale.select(columns).row(0) == last.select(columns).row(-1)
    states, messages = expand(done.feed.frames["depth"][harness.usd])
    inside = messages.filter(pl.col("time").is_between(*harness.span, closed="left"))["message"]
    books = states.filter(pl.col("message").is_in(inside.implode())).group_by("message").agg(pl.struct("price", "size"))
    assert len(inside) == 600
    assert books["price"].n_unique() == 1
    sequence = done.feed.frames["depth"][harness.usd]["sequence"].unique().sort()
    assert sequence.diff().drop_nulls().unique().to_list() == [1]


def test_a_skewed_clock_moves_times_alone(harness: Harness) -> None:
    done = harness.inject(make(harness, ClockSkew, offset=-FIVE_SECONDS))
    for table in harness.feed.frames:
        clean, skewed = harness.feed.frames[table][harness.usd], done.feed.frames[table][harness.usd]
        assert clean.drop("time").equals(skewed.drop("time"))
        inside = pl.Series(clean["time"].is_between(*harness.span, closed="left"))
        moved = clean["time"] - skewed["time"]
        assert set(moved.filter(inside)) == {FIVE_SECONDS}
        assert set(moved.filter(~inside)) == {timedelta(0)}


def test_a_burst_of_latency_delays_arrivals_alone_and_keeps_their_order(harness: Harness) -> None:
    done = harness.inject(make(harness, LatencyBurst, delay=timedelta(seconds=30)))
    for table in harness.feed.frames:
        clean, late = harness.feed.frames[table][harness.usd], done.feed.frames[table][harness.usd]
        assert clean.drop("received_at").equals(late.drop("received_at"))
        assert late["received_at"].is_sorted()
        inside = clean["time"].is_between(*harness.span, closed="left")
        assert set((late["received_at"] - clean["received_at"]).filter(inside)) == {timedelta(seconds=30)}
        far = (clean["time"] < harness.at(20)) | (clean["time"] >= harness.at(31))
        assert late["received_at"].filter(far).equals(clean["received_at"].filter(far))


def test_out_of_order_changes_the_order_and_no_tape(harness: Harness) -> None:
    done = harness.inject(make(harness, OutOfOrder, within=FIVE_SECONDS))
    for table in harness.feed.frames:
        clean, shuffled = harness.feed.frames[table][harness.usd], done.feed.frames[table][harness.usd]
        assert not shuffled["time"].is_sorted()
        assert shuffled["received_at"].is_sorted()
        key = list(FEED_TABLES[table].key)
        together = clean.sort(key).hstack([shuffled.sort(key)["received_at"].alias("new")])
        assert clean.sort(key).drop("received_at").equals(shuffled.sort(key).drop("received_at"))
        added = (together["new"] - together["received_at"]).dt.total_microseconds()
        assert added.min() == 0
        assert 4_000_000 < added.max() < 5_000_000  # type: ignore[operator]
    depth = done.feed.frames["depth"][harness.usd]
    assert (depth["sequence"].rle().struct.field("value").n_unique()) == len(depth["sequence"].rle())
    assert same_tape(harness, done.feed.frames["trades"])


def test_duplicates_are_copies_and_leave_the_tape(harness: Harness) -> None:
    done = harness.inject(make(harness, Duplicates))
    for table in ("trades", "quotes"):
        clean, doubled = done.rows(table, harness.usd, harness.span)
        key = list(FEED_TABLES[table].key)
        copies = doubled.group_by(key).len()["len"]
        assert (copies.min(), copies.max()) == (2, 4)
        once = doubled.sort("received_at").unique(key, keep="first", maintain_order=True)
        assert once.sort(key).equals(clean.sort(key))
    assert same_tape(harness, done.feed.frames["trades"])


def test_a_gap_loses_about_its_share_of_the_messages_and_shows_in_the_sequence(harness: Harness) -> None:
    done = harness.inject(make(harness, Gap, share=0.2))
    assert done.same_outside(harness.span)
    for table in harness.feed.frames:
        clean, left = done.rows(table, harness.usd, harness.span)
        assert left.join(clean, on=clean.columns, how="anti", nulls_equal=True).is_empty()
        name = "trade_id" if table == "trades" else "sequence"
        messages = clean[name].n_unique()
        lost = 1.0 - left[name].n_unique() / messages
        assert lost == pytest.approx(0.2, abs=4.0 * (0.16 / messages) ** 0.5)
    assert done.feed.frames["quotes"][harness.usd]["sequence"].diff().max() > 1  # type: ignore[operator]


def same_tape(harness: Harness, trades: Any) -> bool:
    """Whether the tape of the market is the same as without the fault."""
    clean = Tape.from_frames("sim-aurum", {harness.usd: harness.feed.frames["trades"][harness.usd]})
    other = Tape.from_frames("sim-aurum", {harness.usd: trades[harness.usd]})
    return all((getattr(clean, name) == getattr(other, name)).all() for name in ("time", "price", "size"))


def test_a_fault_of_nobody_or_of_no_time_is_refused(harness: Harness) -> None:
    with pytest.raises(DataError, match=r"no venue 'sim-burch'.*did you mean 'sim-birch'"):
        harness.inject(Outage(venue="sim-burch", start=harness.at(1), end=harness.at(2)))
    with pytest.raises(DataError, match="sim-birch has no pair 'btc-eur'"):
        harness.inject(Outage(venue=BIRCH, start=harness.at(1), end=harness.at(2), pair="btc-eur"))
    with pytest.raises(DataError, match="is not before end"):
        Outage(venue=BIRCH, start=harness.at(2), end=harness.at(2))
