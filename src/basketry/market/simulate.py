"""A seeded, documented, simulated crypto market in the declared tables: data without a download."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from basketry.core.errors import DataError, nearest_hint
from basketry.core.frames import LAKE_TABLES
from basketry.core.numbers import Floats
from basketry.core.time import to_instant
from basketry.market.simulation.activity import count_sources, metric_table, simulate_volume, yield_table
from basketry.market.simulation.factors import REGIMES, Factors, simulate_factors
from basketry.market.simulation.intraday import IntradayPaths, simulate_paths, steps_a_day
from basketry.market.simulation.observations import (
    Observations,
    daily_table,
    intraday_table,
    observe,
    references,
)
from basketry.market.simulation.prices import Prices, simulate_prices, turnover_scale
from basketry.market.simulation.rates import Rates, rate_table, simulate_rates
from basketry.market.simulation.reference import alias_table, asset_table, classification_table
from basketry.market.simulation.roster import AssetSpec, roster
from basketry.market.simulation.supply import report, simulate_issuance, supply_table
from basketry.market.simulation.timeline import Timeline, event_table, make_timeline

__all__ = ["IntradayPaths", "SimulatedMarket", "simulate_intraday", "simulate_market"]

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedMarket:
    """A simulated market as tables of a lake.

    Attributes:
        seed: Seed that it was made from.
        tables: Frames by table name (daily, intraday, assets, aliases, classifications, supply, yields,
            events, metrics, rates), each in its schema of `basketry.core.frames` and ordered by its key.
        regimes: What the generator knew and no observer does: columns time and regime.
    """

    seed: int
    tables: Mapping[str, pl.DataFrame]
    regimes: pl.DataFrame


def simulate_market(
    seed: int = 7,
    *,
    assets: int = 64,
    start: date = date(2018, 1, 1),
    years: float = 7.0,
    intraday_days: int = 14,
    intraday_step: timedelta = MINUTE,
) -> SimulatedMarket:
    """Return a simulated market: the same arguments give the same frames, bit for bit.

    Prices are in USD at 00:00 UTC. Every id starts with 'sim-' and no name is that of a real asset. The model,
    its sources and the measured properties are in docs/concepts/simulated-market.md.

    Args:
        seed: Any non-negative whole number.
        assets: Number of assets ever listed, 32 to 3000; more assets leave the first ones as they are.
        start: First day.
        years: Length in years of 365.25 days, 1 to 40; events happen at fixed fractions of it.
        intraday_days: Whole days of intraday prices at the end, 0 for none.
        intraday_step: Their spacing; must divide a day.

    Raises:
        DataError: An argument is outside its bounds.

    >>> market = simulate_market(7, assets=32, years=1, intraday_days=0)
    >>> market.tables["events"]["kind"].to_list()
    ['hard_fork', 'airdrop', 'redenomination', 'delisting', 'halt', 'migration']
    """
    if seed < 0 or intraday_days < 0:
        raise DataError(f"seed and intraday_days must not be negative, were {seed} and {intraday_days}")
    specs = roster(assets)
    timeline = make_timeline(start, years, specs)
    sectors = tuple(sorted({spec.sector for spec in specs}))
    factors = simulate_factors(seed, timeline.days, sectors, (timeline.collapse, timeline.exchange_run))
    rates = simulate_rates(seed, timeline)
    issuance = simulate_issuance(seed, timeline, specs)
    prices = simulate_prices(seed, timeline, specs, factors, sectors, issuance, rates)
    tables = _tables(seed, timeline, specs, factors, rates, prices, intraday_days, intraday_step)
    names = pl.Series([regime.name for regime in REGIMES])
    regimes = pl.DataFrame(
        {"time": pl.Series(timeline.times).dt.replace_time_zone("UTC"), "regime": names[factors.regimes]}
    )
    conformed = {name: LAKE_TABLES[name].conform(frame, "simulated market") for name, frame in tables.items()}
    return SimulatedMarket(seed, conformed, regimes)


def _tables(
    seed: int,
    timeline: Timeline,
    specs: tuple[AssetSpec, ...],
    factors: Factors,
    rates: Rates,
    prices: Prices,
    intraday_days: int,
    intraday_step: timedelta,
) -> dict[str, pl.DataFrame]:
    reports = [report(seed, timeline, spec, prices.units[:, place]) for place, spec in enumerate(specs)]
    known = np.column_stack([own.as_known(timeline.days) for own in reports])
    cap = prices.price * prices.units
    observed: Observations = observe(
        timeline,
        specs,
        prices.price,
        known,
        simulate_volume(seed, timeline, specs, prices.price, cap, turnover_scale(factors)),
        count_sources(seed, timeline, specs, cap),
    )
    intraday = (
        intraday_table(seed, timeline, specs, observed, intraday_days, intraday_step)
        if intraday_days
        else LAKE_TABLES["intraday"].empty()
    )
    return {
        "daily": daily_table(timeline, specs, observed),
        "intraday": intraday,
        "assets": asset_table(specs),
        "aliases": alias_table(timeline, specs),
        "classifications": classification_table(timeline, specs),
        "supply": supply_table(seed, timeline, specs, reports),
        "yields": yield_table(seed, timeline, specs),
        "events": event_table(timeline),
        "metrics": metric_table(seed, timeline, specs, cap),
        "rates": rate_table(timeline, rates),
    }


def simulate_intraday(
    market: SimulatedMarket,
    *,
    assets: int | Sequence[str] = 30,
    end: date | None = None,
    days: int = 365,
    step: timedelta = MINUTE,
) -> IntradayPaths:
    """Return prices within the day as arrays, from the daily closes of a simulated market.

    The paths meet the closes exactly and agree with the market's own intraday table where the two overlap.

    Args:
        market: The market whose closes are bridged.
        assets: Ids, or how many of the largest that are observed on every day of the window.
        end: Last day, whose close ends the paths; None for the last of the market.
        days: Number of whole days.
        step: Spacing; must divide a day.

    Raises:
        DataError: The window is not in the market, the step does not divide a day, or an asset is not known.

    >>> market = simulate_market(7, assets=32, years=1, intraday_days=0)
    >>> paths = simulate_intraday(market, assets=3, days=2)
    >>> paths.assets, paths.prices.shape
    (('sim-aethra', 'sim-anchorage', 'sim-aurum'), (2881, 3))
    """
    daily = market.tables["daily"]
    times = daily["time"].unique(maintain_order=True).dt.replace_time_zone(None).to_numpy()
    last = len(times) - 1 if end is None else int(np.searchsorted(times, to_instant(end)))
    first = last - days
    if days < 1 or first < 0 or last >= len(times) or (end is not None and times[last] != to_instant(end)):
        raise DataError(
            f"{days} days up to {end or times[-1].astype('datetime64[D]')} are not in the simulated market, "
            f"which lasts from {times[0].astype('datetime64[D]')} to {times[-1].astype('datetime64[D]')}"
        )
    closes = _closes(daily, times)
    chosen = _largest(daily, closes, times, assets, (first, last)) if isinstance(assets, int) else tuple(assets)
    for asset in chosen:
        if asset not in closes:
            raise DataError(f"the simulated market has no asset {asset!r}{nearest_hint(asset, closes)}")
    bound = references(roster(len(market.tables["assets"])))
    return simulate_paths(market.seed, times, closes, bound, chosen, (first, last), steps_a_day(step))


def _closes(daily: pl.DataFrame, times: np.ndarray[tuple[int], np.dtype[np.datetime64]]) -> dict[str, Floats]:
    closes = {}
    stamped = daily.select(pl.col("time").dt.replace_time_zone(None), "asset", "price")
    for (asset,), rows in stamped.group_by("asset", maintain_order=True):
        path = np.full(len(times), np.nan)
        path[np.searchsorted(times, rows["time"].to_numpy())] = rows["price"].to_numpy()
        closes[str(asset)] = path
    return closes


def _largest(
    daily: pl.DataFrame,
    closes: Mapping[str, Floats],
    times: np.ndarray[tuple[int], np.dtype[np.datetime64]],
    count: int,
    window: tuple[int, int],
) -> tuple[str, ...]:
    """Return in ascending order the ids of the largest at the end of those observed on every day."""
    first, last = window
    whole = [asset for asset, path in closes.items() if not np.isnan(path[first : last + 1]).any()]
    if not 1 <= count <= len(whole):
        raise DataError(f"{count} assets were asked for; {len(whole)} are observed on every day of the window")
    final = daily.filter(pl.col("time").dt.replace_time_zone(None) == times[last], pl.col("asset").is_in(whole)).sort(
        "market_cap", "asset", descending=[True, False]
    )
    return tuple(sorted(final["asset"].head(count).to_list()))
