"""The daily and intraday tables: what sources show of the simulated prices, with gaps and stale runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from basketry.core.numbers import Floats
from basketry.market.simulation import roster as cast
from basketry.market.simulation.intraday import simulate_paths, steps_a_day
from basketry.market.simulation.roster import AssetSpec
from basketry.market.simulation.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Observations:
    """What sources show on each day; shape (T, N) each, in the order of the specs.

    Attributes:
        seen: Whether there is an observation.
        price: USD for one unit.
        units: Units in circulation as known on the day.
        volume: USD traded in the 24 hours before.
        sources: Number of price sources.
    """

    seen: NDArray[np.bool_]
    price: Floats
    units: Floats
    volume: Floats
    sources: Floats


def observe(
    timeline: Timeline,
    specs: tuple[AssetSpec, ...],
    price: Floats,
    units: Floats,
    volume: Floats,
    sources: Floats,
) -> Observations:
    """Return what sources show: nothing before birth, after death, in a gap or a halt; one run is stale."""
    column = {spec.asset: place for place, spec in enumerate(specs)}
    seen = np.column_stack([timeline.listed(spec) for spec in specs])
    for asset, (start, end) in ((cast.GAP, timeline.gap), (cast.HALTED, timeline.halt)):
        seen[start:end, column[asset]] = False
    price, volume, units = price.copy(), volume.copy(), units.copy()
    start, end = timeline.stale
    for values in (price, volume, units):
        values[start:end, column[cast.STALE]] = values[start - 1, column[cast.STALE]]
    return Observations(seen, price, units, volume, sources)


def daily_table(timeline: Timeline, specs: tuple[AssetSpec, ...], observed: Observations) -> pl.DataFrame:
    """Return the daily table, ordered by time and asset; market_cap is price times units as known."""
    order = sorted(range(len(specs)), key=lambda place: specs[place].asset)
    rows, columns = np.nonzero(observed.seen[:, order])
    places = np.array(order)[columns]
    price = observed.price[rows, places]
    return pl.DataFrame(
        {
            "time": timeline.times[rows],
            "asset": pl.Series([spec.asset for spec in specs])[places],
            "price": price,
            "market_cap": price * observed.units[rows, places],
            "volume": observed.volume[rows, places],
            "sources": observed.sources[rows, places].astype(np.uint32),
        }
    )


def intraday_table(
    seed: int,
    timeline: Timeline,
    specs: tuple[AssetSpec, ...],
    observed: Observations,
    days: int,
    step: timedelta,
) -> pl.DataFrame:
    """Return the prices within the last `days` days, ordered by time and asset, both ends included.

    market_cap uses the units known at 00:00 of the day, volume moves in proportion from each stamp to the next.
    """
    steps = steps_a_day(step)
    last = timeline.days - 1
    first = max(last - days, 0)
    prices = np.where(observed.seen, observed.price, np.nan)
    closes = {spec.asset: prices[:, place] for place, spec in enumerate(specs)}
    order = sorted(range(len(specs)), key=lambda place: specs[place].asset)
    chosen = tuple(specs[place].asset for place in order)
    paths = simulate_paths(seed, timeline.times, closes, references(specs), chosen, (first, last), steps)
    rows, columns = np.nonzero(~np.isnan(paths.prices))
    price = paths.prices[rows, columns]
    day, within = first + rows // steps, rows % steps / steps
    places = np.array(order)[columns]
    after = np.minimum(day + 1, last)
    start, end = observed.volume[day, places], observed.volume[after, places]
    return pl.DataFrame(
        {
            "time": paths.times[rows],
            "asset": pl.Series(chosen)[columns],
            "price": price,
            "market_cap": price * observed.units[day, places],
            "volume": np.rint(start + within * (end - start)),
            "sources": observed.sources[day, places].astype(np.uint32),
        }
    )


def references(specs: Sequence[AssetSpec]) -> dict[str, str]:
    """Return by asset what it moves with within the day; '' for assets that hold a peg of their own."""
    bound = {"wrapped": cast.LARGEST, "leveraged": cast.LARGEST, "staked": cast.SECOND, "none": None}
    pairs = {spec.asset: bound.get(spec.peg, "") for spec in specs}
    return {asset: reference for asset, reference in pairs.items() if reference is not None}
