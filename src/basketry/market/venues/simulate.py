"""Seeded simulated venues: what five to eight venues would have sent while one true price moved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl

from basketry.core.errors import DataError, nearest_hint
from basketry.core.time import to_instant
from basketry.market.tape import Market
from basketry.market.venues.faults.fault import inject
from basketry.market.venues.feed import TRUTH, SimulatedVenues, reference_tables
from basketry.market.venues.scenario import Scenario
from basketry.market.venues.scenarios import scenario as scenario_of
from basketry.market.venues.specs import ASSET, CONVERSIONS, DEFAULT_VENUES, PairSpec, VenueSpec
from basketry.market.venues.tables import depth_table, instants, quote_table, trade_table
from basketry.market.venues.top import simulate_top
from basketry.market.venues.truth import CURRENCIES, Truth, simulate_truth

__all__ = ["SimulatedVenues", "simulate_venues"]

SECOND = timedelta(seconds=1)


def simulate_venues(
    seed: int = 7,
    *,
    asset: str = "sim-aurum",
    price: float = 250.0,
    quotes: Sequence[str] | None = None,
    venues: Sequence[VenueSpec] = DEFAULT_VENUES,
    start: str | date | datetime = date(2025, 1, 6),
    hours: float = 2.0,
    turnover: float = 10e6,
    step: timedelta = SECOND,
    levels: int = 0,
    scenario: str | Scenario | None = None,
) -> SimulatedVenues:
    """Return what simulated venues sent: the same arguments give the same frames, bit for bit.

    The model, its sources and the measured properties are in docs/concepts/simulated-venues.md. A market depends on
    the seed and its own venue and pair alone: another venue more leaves it as it is.

    Args:
        seed: Any non-negative whole number.
        asset: Stable id of the asset.
        price: Its true price in USD at the start.
        quotes: Quote currencies of the asset's markets, None for all that the venues list. A venue's volume goes to
            those of its quotes that are chosen; the markets that bring them to USD come with them.
        venues: The venues.
        start: First instant, UTC.
        hours: Length of the period.
        turnover: USD of the asset traded an hour by venues whose shares sum to 1; the default five.
        step: Spacing of the true prices and of the books, which change once a step.
        levels: Prices on each side of the books in the table depth; 0 for no such table.
        scenario: A name of `scenarios()` or a scenario: its faults are injected.

    Raises:
        DataError: An argument is outside its bounds, or two venues have one id.
        UnknownRuleError: No scenario has the name.

    >>> feed = simulate_venues(7, quotes=["usd"], hours=0.1)
    >>> [str(market) for market in feed.markets()][:2]
    ['sim-alder:sim-aurum-usd', 'sim-birch:sim-aurum-usd']
    >>> feed.frames["trades"][feed.markets()[0]].columns
    ['time', 'trade_id', 'side', 'price', 'size', 'received_at', 'known_at']
    """
    chosen = _chosen_quotes(quotes, venues)
    _check(seed, asset, venues, hours, step, levels, {"price": price, "turnover": turnover})
    microseconds = step // timedelta(microseconds=1)
    origin = int(to_instant(start).astype(np.int64))
    steps = max(1, round(hours * 3.6e9 / microseconds))
    truth = simulate_truth(seed, asset, price, origin, microseconds, steps)
    frames: dict[str, dict[Market, pl.DataFrame]] = {"trades": {}, "quotes": {}}
    if levels:
        frames["depth"] = {}
    grids = {}
    for market, spec, pair, share in _listed(asset, venues, chosen):
        top = simulate_top(seed, market, spec, pair, share, truth)
        volume = turnover * hours * spec.share * share * pair.turnover
        frames["trades"][market] = trade_table(seed, top, spec, volume, truth)
        frames["quotes"][market] = quote_table(seed, top, spec)
        if levels:
            frames["depth"][market] = depth_table(seed, top, spec, levels)
        grids[market] = top.grid
    feed = SimulatedVenues(
        seed,
        asset,
        np.datetime64(origin, "us"),
        np.datetime64(origin + steps * microseconds, "us"),
        frames,
        reference_tables(sorted(grids), {spec.venue: spec.name for spec in venues}),
        _truth_table(truth, (asset, *sorted(set(chosen) - {"usd"}))),
        specs={spec.venue: spec for spec in venues},
        grids=grids,
    )
    if scenario is None:
        return feed
    named = scenario_of(scenario) if isinstance(scenario, str) else scenario
    return inject(feed, named.faults_for(feed))


def _chosen_quotes(quotes: Sequence[str] | None, venues: Sequence[VenueSpec]) -> tuple[str, ...]:
    known = {"usd", *CURRENCIES}
    chosen = {quote for spec in venues for quote in spec.quotes} if quotes is None else set(quotes)
    for quote in sorted(chosen):
        if quote not in known:
            raise DataError(f"quotes: {quote!r} is not simulated{nearest_hint(quote, known)}; {sorted(known)}")
    return tuple(sorted(chosen))


def _check(
    seed: int,
    asset: str,
    venues: Sequence[VenueSpec],
    hours: float,
    step: timedelta,
    levels: int,
    positive: dict[str, float],
) -> None:
    names = [spec.venue for spec in venues]
    if not names or len(set(names)) != len(names):
        raise DataError(f"venues must be some with different ids, were {names}")
    if seed < 0 or levels < 0:
        raise DataError(f"seed and levels must not be negative, were {seed} and {levels}")
    if asset in {"usd", *CURRENCIES} or not asset:
        raise DataError(f"asset {asset!r} is a quote currency; take another id, for example sim-aurum")
    if not 0 < hours <= 24 * 31 or not timedelta(milliseconds=10) <= step <= timedelta(minutes=1):
        raise DataError(f"hours must be above 0 and at most 744, step 10 ms to 1 min; were {hours} and {step}")
    for name, value in positive.items():
        if not (value > 0 and np.isfinite(value)):
            raise DataError(f"{name} must be positive, was {value!r}")


def _listed(
    asset: str, venues: Sequence[VenueSpec], quotes: Sequence[str]
) -> list[tuple[Market, VenueSpec, PairSpec, float]]:
    """Return each market with its venue, its pair's figures and its share of the venue's volume of its base."""
    listed = []
    for spec in venues:
        total = sum(share for quote, share in spec.quotes.items() if quote in quotes)
        for quote, share in spec.quotes.items():
            if quote in quotes:
                market = Market(spec.venue, f"{asset}-{quote}", asset, quote, spec.group)
                listed.append((market, spec, ASSET, share / total))
        for pair in spec.conversions:
            base, quote = pair.split("-")
            if base in quotes and (quote in quotes or quote == "usd"):
                listed.append((Market(spec.venue, pair, base, quote, spec.group), spec, CONVERSIONS[pair], 1.0))
    return listed


def _truth_table(truth: Truth, assets: Sequence[str]) -> pl.DataFrame:
    times = instants(truth.times)
    parts = [
        pl.DataFrame({"time": times, "asset": pl.repeat(name, len(times), eager=True), "mid": truth.mids[name]})
        for name in assets
    ]
    return pl.concat(parts).select(pl.col(name).cast(dtype) for name, dtype in TRUTH.items())
