"""Simulated venues: the same for the same seed, independent of each other, true to their schemas."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import DataError, UnknownRuleError
from basketry.core.frames import MARKETS, VENUES
from basketry.market.venues.faults.price_faults import BadPrint
from basketry.market.venues.feed import FEED_TABLES, SimulatedVenues
from basketry.market.venues.simulate import simulate_venues
from basketry.market.venues.specs import DEFAULT_VENUES, ROSTER

HOUR: dict[str, Any] = {"quotes": ["usd", "usdt"], "hours": 0.5, "levels": 5}


def test_the_same_seed_gives_the_same_frames_bit_for_bit_and_another_others() -> None:
    one, again, other = simulate_venues(3, **HOUR), simulate_venues(3, **HOUR), simulate_venues(4, **HOUR)
    assert one.truth.equals(again.truth)
    for table, held in one.frames.items():
        for market, frame in held.items():
            assert frame.equals(again.frames[table][market]), (table, market)
            assert not frame.equals(other.frames[table][market]), (table, market)


def test_another_venue_leaves_the_others_as_they_are() -> None:
    five = simulate_venues(3, **HOUR)
    eight = simulate_venues(3, venues=ROSTER, **HOUR)
    assert len(eight.markets()) > len(five.markets())
    assert eight.truth.equals(five.truth)
    for table, held in five.frames.items():
        for market, frame in held.items():
            assert frame.equals(eight.frames[table][market]), (table, market)


def test_every_frame_keeps_its_schema_its_key_and_its_range(feed: SimulatedVenues) -> None:
    start, end = (pl.lit(instant).dt.replace_time_zone("UTC") for instant in (feed.start, feed.end))
    for table, held in feed.frames.items():
        schema = FEED_TABLES[table]
        for market, frame in held.items():
            schema.conform(schema.check(frame, str(market)))
            assert not frame.select(schema.key).is_duplicated().any(), (table, market)
            assert frame.filter((pl.col("time") < start) | (pl.col("time") >= end)).is_empty()
            assert frame["time"].is_sorted()
            assert frame["received_at"].is_sorted()
            assert (frame["received_at"] > frame["time"]).all()
            for name in {"price", "size", "bid", "ask", "bid_size", "ask_size"} & set(frame.columns):
                low = 0 if table == "depth" and name == "size" else 1e-9
                assert (frame[name] >= low).all(), (table, market, name)


def test_the_reference_tables_name_every_market_and_venue(feed: SimulatedVenues) -> None:
    markets = MARKETS.check(feed.tables["markets"])
    assert set(markets.select("venue", "pair").rows()) == {(m.venue, m.pair) for m in feed.markets()}
    venues = VENUES.check(feed.tables["venues"])
    assert dict(venues.select("venue", "group").rows()) == {spec.venue: spec.group for spec in DEFAULT_VENUES}
    groups = venues["group"].to_list()
    assert len(set(groups)) == len(groups) - 1, "two of the venues have one owner"


def test_trades_lie_at_or_inside_the_book_and_on_its_grid(feed: SimulatedVenues) -> None:
    for market, trades in feed.frames["trades"].items():
        quotes = feed.frames["quotes"][market]
        assert (quotes["bid"] < quotes["ask"]).all()
        beside = trades.join_asof(quotes, on="time")
        assert (beside["price"] >= beside["bid"]).all(), market
        assert (beside["price"] <= beside["ask"]).all(), market
        grid = feed.grids[market]
        assert np.array_equal(grid.prices(grid.ticks(trades["price"].to_numpy())), trades["price"].to_numpy())


def test_the_pairs_that_lead_to_usd_come_with_the_quotes() -> None:
    everything = {market.pair for market in simulate_venues(1, hours=0.05).markets()}
    assert everything == {
        *(f"sim-aurum-{quote}" for quote in ("usd", "usdt", "usdc", "eur", "btc")),
        *("usdt-usd", "usdc-usd", "usdc-usdt", "eur-usd", "btc-usd"),
    }
    assert {market.pair for market in simulate_venues(1, hours=0.05, quotes=["usd"]).markets()} == {"sim-aurum-usd"}
    assert {market.pair for market in simulate_venues(1, hours=0.05, quotes=["usdc"]).markets()} == {
        "sim-aurum-usdc",
        "usdc-usd",
    }


def test_the_step_of_books_can_be_shorter() -> None:
    quick = simulate_venues(1, hours=0.05, quotes=["usd"], step=timedelta(milliseconds=200))
    assert {frame.height for frame in quick.frames["quotes"].values()} == {900}


def test_it_is_a_source_of_tapes(feed: SimulatedVenues) -> None:
    start = int(feed.start.astype(np.int64))
    tape = feed.tape("sim-aurum", start, start + 60_000_000)
    assert {market.base for market in tape.markets} == {"sim-aurum"}
    assert len(tape) == sum(
        frame.filter(pl.col("time").to_physical() < start + 60_000_000).height
        for market, frame in feed.frames["trades"].items()
        if market.base == "sim-aurum"
    )


def test_the_truth_is_known_by_asset(feed: SimulatedVenues) -> None:
    times, mids = feed.mid("sim-aurum")
    assert mids[0] == pytest.approx(250.0)
    assert len(times) == 3_600
    assert set(np.diff(times)) == {1_000_000}
    with pytest.raises(DataError, match="did you mean 'usdc'"):
        feed.mid("usdd")


def test_recorded_frames_take_faults_too(feed: SimulatedVenues) -> None:
    trades = {market: frame for market, frame in feed.frames["trades"].items() if market.base == "sim-aurum"}
    recorded = SimulatedVenues.recorded("sim-aurum", {"trades": trades})
    market = recorded.markets()[0]
    at = trades[market]["time"][500]
    attacked = BadPrint(venue=market.venue, at=at, price_factor=2.0).apply(recorded, np.random.default_rng(1))
    assert attacked.frames["trades"][market].height == trades[market].height + 1
    assert recorded.truth.is_empty()
    with pytest.raises(DataError, match=r"'trade'.*did you mean 'trades'"):
        SimulatedVenues.recorded("sim-aurum", {"trade": trades})
    with pytest.raises(DataError, match="no rows"):
        SimulatedVenues.recorded("sim-aurum", {"trades": {}})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": -1}, "must not be negative"),
        ({"quotes": ["usdq"]}, "'usdq' is not simulated"),
        ({"venues": ()}, "some with different ids"),
        ({"venues": (ROSTER[0], ROSTER[0])}, "some with different ids"),
        ({"asset": "btc"}, "is a quote currency"),
        ({"hours": 0.0}, "hours must be above 0"),
        ({"step": timedelta(hours=1)}, "step 10 ms to 1 min"),
        ({"turnover": float("inf")}, "turnover must be positive"),
        ({"price": -1.0}, "price must be positive"),
        ({"hours": 0.5, "scenario": "usdc-depeg"}, "needs 2 hours"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        simulate_venues(**{"hours": 0.05, **arguments})


def test_a_misspelt_scenario_gets_a_hint() -> None:
    with pytest.raises(UnknownRuleError, match="did you mean 'usdc-depeg'"):
        simulate_venues(1, hours=0.05, scenario="usdc-depg")
