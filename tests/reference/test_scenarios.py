"""Every named incident at the simulated venues, and what the default price does in it."""

from functools import cache

import numpy as np
import polars as pl
import pytest

from basketry.core.numbers import Floats
from basketry.market.tape import Tape
from basketry.market.venues.feed import SimulatedVenues
from basketry.market.venues.scenarios import scenarios
from basketry.market.venues.simulate import simulate_venues
from basketry.reference.fixing import Fixings, MemoryTapes, fix
from basketry.reference.price_rules import PriceRules

SEEDS = (7, 8)
ASSET = "sim-aurum"
MINUTES = np.array([60, 70, 80, 90, 100, 110, 120])
UNFILTERED = {"deviation": None, "stuck": None}


def tapes(feed: SimulatedVenues) -> MemoryTapes:
    """Return the feed as tapes; what is no price at all is refused where trades are imported."""
    frames: dict[str, dict[object, pl.DataFrame]] = {}
    for market, trades in feed.frames["trades"].items():
        sound = trades.filter(pl.col("price").is_finite() & (pl.col("price") > 0) & (pl.col("size") >= 0))
        frames.setdefault(market.base, {})[market] = sound
    return MemoryTapes({asset: Tape.from_frames(asset, held) for asset, held in frames.items()})  # type: ignore[arg-type]


@cache
def fixings(seed: int, scenario: str | None, rate: str = "capped_median", filtered: bool = True) -> Fixings:
    feed = simulate_venues(seed, hours=2, scenario=scenario)
    rules = PriceRules.parse({"rate": rate, "min_venues": 3, **({} if filtered else {"health": UNFILTERED})})
    return fix(tapes(feed), ASSET, feed.start.astype(np.int64) + MINUTES * 60_000_000, rules)


def displacement(seed: int, scenario: str, rate: str = "capped_median", filtered: bool = True) -> Floats:
    """Return how far the scenario moves the price from that of the same market without it, basis points."""
    price = fixings(seed, scenario, rate, filtered).table["price"].to_numpy()
    return np.asarray((price / fixings(seed, None, rate, filtered).table["price"].to_numpy() - 1) * 1e4)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("filtered", [True, False], ids=["filtered", "unfiltered"])
@pytest.mark.parametrize("name", sorted(set(scenarios()) - {"quorum-lost-and-scale"}))
def test_the_default_price_moves_by_less_than_five_basis_points(name: str, seed: int, filtered: bool) -> None:
    assert np.abs(displacement(seed, name, filtered=filtered)).max() < 5


def test_pooled_forms_and_averages_follow_what_the_default_does_not() -> None:
    # A test that could not fail would show nothing: the same incidents move the pooled rates by percent.
    assert np.abs(displacement(7, "largest-venue-crash", "partitioned_median", filtered=False)).max() > 300
    assert np.abs(displacement(7, "settlement-window", "partitioned_median", filtered=False)).max() > 300
    assert np.abs(displacement(7, "minute-crash", "vwap", filtered=False)).max() > 5
    assert np.abs(displacement(7, "venue-local-mark", "vwap", filtered=False)).max() > 1_000
    assert np.abs(displacement(7, "thin-venue-pump", "vwap", filtered=False)).max() > 10_000


@pytest.mark.parametrize("seed", SEEDS)
def test_a_lost_quorum_is_carried_and_never_the_mean_of_the_two_left(seed: int) -> None:
    found = fixings(seed, "quorum-lost-and-scale")
    live = (found.table["status"] == "live").to_numpy()
    assert np.abs(displacement(seed, "quorum-lost-and-scale"))[live].max() < 10
    price = found.table["price"].to_numpy()
    carried = np.flatnonzero(~live)
    assert len(carried) >= 1
    for place in carried:
        assert price[place] == price[place - 1]
    assert {"too few venues", "previous price"} <= set(found.events["step"].to_list())


def test_a_depeg_without_conversion_would_be_off_by_percent() -> None:
    # All pairs are in usdc here, so nothing but the conversion holds the price.
    prices = {}
    for scenario in (None, "usdc-depeg"):
        feed = simulate_venues(7, hours=2, quotes=["usdc"], scenario=scenario)
        instants = feed.start.astype(np.int64) + MINUTES * 60_000_000
        for currency in ("usd", "usdc"):
            rules = PriceRules.parse({"min_venues": 1, "currency": currency})
            prices[scenario, currency] = fix(tapes(feed), ASSET, instants, rules).table["price"].to_numpy()
    assert np.abs(prices["usdc-depeg", "usd"] / prices[None, "usd"] - 1).max() < 10e-4
    assert np.abs(prices["usdc-depeg", "usdc"] / prices[None, "usdc"] - 1).max() > 0.05


def test_the_failing_venue_is_suspended_within_fifteen_minutes_with_the_reason() -> None:
    feed = simulate_venues(7, hours=2, scenario="failing-venue-premium")
    rules = PriceRules.parse({"rate": {"capped_median": {"window": "15m", "parts": 5}}, "health": {"deviation": 0.02}})
    instants = feed.start.astype(np.int64) + np.arange(60, 121) * 60_000_000
    events = fix(tapes(feed), ASSET, instants, rules).events.filter(pl.col("step") == "left out")
    said = events.filter(pl.col("evidence").str.contains("sim-cedar.*deviates"))
    first = said["time"].dt.replace_time_zone(None).to_numpy().min()
    assert feed.start + np.timedelta64(65, "m") < first <= feed.start + np.timedelta64(80, "m")


def test_a_stale_feed_is_found_stuck() -> None:
    feed = simulate_venues(7, hours=2, scenario="stale-feed")
    rules = PriceRules.parse(
        {"rate": {"capped_median": {"window": "20m", "parts": 4}}, "health": {"stuck_move": 0.002}}
    )
    instants = feed.start.astype(np.int64) + np.arange(60, 121) * 60_000_000
    found = fix(tapes(feed), ASSET, instants, rules)
    stuck = found.sources.filter(pl.col("reason").is_in(["stuck", "silent"]))
    assert set(stuck["venue"].to_list()) <= set(scenarios()["stale-feed"].venues)
    assert stuck.height
