"""What assets do beside having a price: volume, price sources, staking yields and named metrics."""

import numpy as np
import polars as pl

from basketry.core.numbers import Floats
from basketry.core.time import DAY
from basketry.market.simulation.randomness import autoregression, steady_noise, stream
from basketry.market.simulation.roster import AssetSpec
from basketry.market.simulation.timeline import Timeline

TURNOVER = {
    "stablecoin": 0.30,
    "wrapped": 0.03,
    "leveraged": 0.25,
    "meme": 0.12,
    "real-world-asset": 0.03,
    "exchange": 0.03,
    "gaming": 0.10,
}
"""Median daily volume as a share of the capitalisation, by sector; others 6%, the two leaders 4.5%."""
METRIC_DAYS = 7
METRIC_LAG_DAYS = 1
YIELD_DAYS = 30


def simulate_volume(
    seed: int, timeline: Timeline, specs: tuple[AssetSpec, ...], price: Floats, cap: Floats, regime: Floats
) -> Floats:
    """Return the USD traded in the 24 hours before each stamp, shape (T, N), in whole dollars.

        v = turnover_i regime(t) exp(0.3 min(|r|/s, 6) - 0.3) exp(noise),   volume = cap v / (1 + v/2)

    with r the day's log return, s the asset's typical one, and noise an autoregression, so that volume is
    about log-normal, persistent and high on days of large moves, and below twice the capitalisation.
    """
    moves = np.abs(np.diff(np.log(price), axis=0, prepend=np.log(price[:1])))
    usual = np.maximum(np.median(moves, axis=0), 1e-4)
    excitement = 0.3 * np.minimum(moves / usual / 1.48, 6.0) - 0.3
    base = np.empty(len(specs))
    noise = np.empty_like(price)
    for place, spec in enumerate(specs):
        generator = stream(seed, "volume", spec.asset)
        typical = 0.045 if 1 <= spec.rank <= 2 else TURNOVER.get(spec.sector, 0.06)
        base[place] = typical * np.exp(0.35 * generator.standard_normal())
        noise[:, place] = generator.standard_normal(timeline.days) * 0.30
    noise = autoregression(noise, 0.75)
    turnover = base * regime[:, None] * np.exp(excitement + noise)
    return np.rint(cap * turnover / (1.0 + turnover / 2.0)) + 1.0


def count_sources(seed: int, timeline: Timeline, specs: tuple[AssetSpec, ...], cap: Floats) -> Floats:
    """Return the number of venues with a price, shape (T, N): larger assets trade on more, reviewed monthly."""
    month = np.arange(timeline.days) // 30 * 30
    sizes = np.empty_like(cap)
    for place, spec in enumerate(specs):
        taste = stream(seed, "sources", spec.asset).standard_normal() * 1.5
        seen = np.maximum(month, timeline.births[spec.asset])
        sizes[:, place] = 8.0 + 6.0 * np.log10(np.maximum(cap[seen, place], 1e6) / 1e9) + taste
    return np.clip(np.rint(sizes), 2.0, 40.0)


def yield_table(seed: int, timeline: Timeline, specs: tuple[AssetSpec, ...]) -> pl.DataFrame:
    """Return staking yields each month: around the asset's mean, falling as more is staked."""
    frames = []
    for spec in specs:
        if spec.staking_yield is None:
            continue
        days = np.arange(timeline.births[spec.asset], timeline.deaths.get(spec.asset, timeline.days), YIELD_DAYS)
        noise = steady_noise(stream(seed, "yield", spec.asset), len(days), 0.12, 0.9)
        age = (days - days[0]) / 365.0
        rate = spec.staking_yield * (0.85 + 0.35 * np.exp(-age / 2.0)) * np.exp(noise)
        frames.append(
            pl.DataFrame(
                {
                    "time": timeline.times[days],
                    "asset": pl.repeat(spec.asset, len(days), eager=True),
                    "staking_yield": np.round(rate, 5),
                }
            )
        )
    return pl.concat(frames).sort("time", "asset")


def metric_table(seed: int, timeline: Timeline, specs: tuple[AssetSpec, ...], cap: Floats) -> pl.DataFrame:
    """Return value locked, revenue, active users, developers and votes each week, known a day later.

    Value locked moves with the capitalisation (elasticity 0.9), revenue is a yearly 1 to 6% of it, users
    move with its square root, developers with its half-year average; applications with governance also
    report the units that stood behind them in votes.
    """
    frames = []
    for place, spec in enumerate(specs):
        if not spec.metrics:
            continue
        last = timeline.deaths.get(spec.asset, timeline.days)
        days = np.arange(timeline.births[spec.asset], last, METRIC_DAYS)
        for metric, values in _metrics(seed, spec, cap[days, place]).items():
            frames.append(
                pl.DataFrame(
                    {
                        "time": timeline.times[days],
                        "asset": pl.repeat(spec.asset, len(days), eager=True),
                        "metric": pl.repeat(metric, len(days), eager=True),
                        "value": values,
                        "known_at": timeline.times[days] + METRIC_LAG_DAYS * DAY,
                    }
                )
            )
    return pl.concat(frames).sort("time", "asset", "metric")


def _metrics(seed: int, spec: AssetSpec, cap: Floats) -> dict[str, Floats]:
    """Return the weekly metrics of one asset by name, each of the shape of its weekly capitalisation."""
    generator = stream(seed, "metrics", spec.asset)
    weeks = len(cap)
    locked_share, take, users, developers = np.exp(
        generator.uniform(np.log([0.10, 0.01, 2_000.0, 25.0]), np.log([0.60, 0.06, 60_000.0, 160.0]))
    )
    if spec.sector == "defi":
        locked_share *= 4.0
    noise = autoregression(generator.standard_normal((weeks, 4)) * [0.06, 0.15, 0.08, 0.03], 0.93)
    size = cap / 1e9
    half_year = autoregression(np.log(size)[:, None] - np.log(size[0]), 25.0 / 26.0)[:, 0] / 26.0
    tvl = locked_share * 1e9 * size**0.9 * np.exp(noise[:, 0])
    values = {
        "tvl": np.rint(tvl),
        "revenue": np.rint(tvl * take / 52.0 * np.exp(noise[:, 1])),
        "active_users": np.rint(users * np.sqrt(size) * np.exp(noise[:, 2])) + 1.0,
        "developers": np.rint(developers * np.exp(0.4 * half_year + noise[:, 3])) + 1.0,
    }
    if "governance" in spec.tags:
        votes = generator.uniform(1e6, 2e7) * size**0.3
        values["votes"] = np.rint(votes * np.exp(autoregression(noise[:, :1], 0.5)[:, 0])) + 1.0
    return values
