"""The documented figures of the venues, measured: each within four standard errors of its estimate."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl
import pytest

from basketry.core.numbers import Floats
from basketry.market.tape import Market
from basketry.market.venues.arrivals import BRANCHING, simulate_arrivals
from basketry.market.venues.books import expand
from basketry.market.venues.feed import SimulatedVenues
from basketry.market.venues.simulate import simulate_venues
from basketry.market.venues.sizes import DEVIATION, simulate_sizes
from basketry.market.venues.specs import BASIS_POINT, DEFAULT_VENUES
from basketry.market.venues.top import BASIS_SECONDS
from basketry.market.venues.truth import simulate_truth

HOURS = 24.0


@cache
def day() -> SimulatedVenues:
    return simulate_venues(5, quotes=["usd"], hours=HOURS)


def deviations(market: Market) -> Floats:
    """The log distance of each trade from the true price at the book that it met."""
    trades, quotes = day().frames["trades"][market], day().frames["quotes"][market]
    _, mids = day().mid(market.base)
    place = quotes["time"].search_sorted(trades["time"], side="right").to_numpy().astype(np.int64) - 1
    return np.log(trades["price"].to_numpy() / mids[place])


MARKETS = day().markets()


def test_the_shares_of_volume_are_those_of_the_table() -> None:
    volume = {m.venue: float((f["price"] * f["size"]).sum()) for m, f in day().frames["trades"].items()}
    total = sum(volume.values())
    for spec in DEFAULT_VENUES:
        # The relative error of a sum of n lognormal sizes; clusters make the count's variance larger.
        count = 10e6 * HOURS * spec.share / spec.trade
        error = np.sqrt((np.exp(DEVIATION**2) - 1.0 + (1.0 - BRANCHING) ** -2) / count)
        assert volume[spec.venue] / total == pytest.approx(spec.share, rel=4.0 * 1.2 * error)
    # Children after the end of the period are lost, and sizes have heavy tails: 3%.
    assert total * 1e-8 / HOURS == pytest.approx(10e6, rel=0.03)


@pytest.mark.parametrize("market", MARKETS, ids=str)
def test_the_spread_is_that_of_the_table(market: Market) -> None:
    quotes = day().frames["quotes"][market]
    half = ((quotes["ask"] - quotes["bid"]) / (quotes["ask"] + quotes["bid"])).mean()
    # Ticks are at most 1 bp; rounding both sides is without bias.
    assert half == pytest.approx(day().specs[market.venue].half_spread, rel=0.02)


@pytest.mark.parametrize("market", MARKETS, ids=str)
def test_basis_and_noise_are_those_of_the_table(market: Market) -> None:
    quotes = day().frames["quotes"][market]
    mid = ((quotes["bid"] + quotes["ask"]) / 2.0).to_numpy()
    deviation = np.log(mid / day().mid(market.base)[1])
    minutes = deviation.reshape(-1, 60).mean(axis=1)
    # A mean over a minute keeps nearly all of the basis and little of the noise, whose time is 4 s.
    independent = HOURS * 3_600.0 / BASIS_SECONDS
    error = 1.0 / np.sqrt(independent)
    assert minutes.std() == pytest.approx(2.0 * BASIS_POINT, rel=4.0 * error)
    assert abs(minutes.mean()) < 4.0 * 2.0 * BASIS_POINT * np.sqrt(2.0 / independent)
    around = deviations(market) - np.repeat(minutes, 60)[_places(market)]
    # The minute's mean takes away about a twelfth of the variance of the noise.
    assert around.std() == pytest.approx(3.0 * BASIS_POINT, rel=0.10)


def _places(market: Market) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    quotes, trades = day().frames["quotes"][market], day().frames["trades"][market]
    return quotes["time"].search_sorted(trades["time"], side="right").to_numpy().astype(np.int64) - 1


@pytest.mark.parametrize("market", MARKETS, ids=str)
def test_the_latency_is_that_of_the_table(market: Market) -> None:
    for table in ("trades", "quotes"):
        frame = day().frames[table][market]
        mean = (frame["received_at"] - frame["time"]).dt.total_microseconds().mean()
        assert mean == pytest.approx(day().specs[market.venue].latency * 1e6, rel=0.02)


def test_the_depth_is_that_of_the_table() -> None:
    feed = simulate_venues(5, quotes=["usd"], hours=0.15, levels=140)
    for market, depth in feed.frames["depth"].items():
        states, messages = expand(depth)
        quotes = feed.frames["quotes"][market]
        mids = ((quotes["bid"] + quotes["ask"]) / 2.0).to_numpy()
        near = states.with_columns(mid=pl.Series(mids[states["message"].to_numpy()])).filter(
            (pl.col("price") / pl.col("mid") - 1.0).abs() <= 0.01
        )
        resting = float((near["price"] * near["size"]).sum()) * 1e-8 / messages.height / 2.0
        # The best level lies off the grid of the others: up to one level of a hundred more.
        assert resting == pytest.approx(feed.specs[market.venue].depth, rel=0.06), market


def test_arrivals_are_clustered_as_stated() -> None:
    steps = 40_000
    counts = []
    for seed in range(20):
        times, _ = simulate_arrivals(np.random.default_rng(seed), 8_000.0, np.ones(steps), 1_000_000)
        counts.append(np.bincount(times // 100_000_000, minlength=steps // 100))
    pooled = np.concatenate(counts)
    # In windows much longer than a cluster the variance of the count is the mean over (1 - n)^2.
    assert pooled.var() / pooled.mean() == pytest.approx((1.0 - BRANCHING) ** -2, rel=0.10)
    assert pooled.mean() == pytest.approx(20.0, rel=0.02)


def test_sizes_keep_to_benford_and_like_round_numbers() -> None:
    sizes = simulate_sizes(np.random.default_rng(2), 200_000, 1.0)
    assert sizes.mean() == pytest.approx(1.0, rel=4.0 * np.sqrt((np.exp(DEVIATION**2) - 1.0) / len(sizes)))
    digits = (sizes / 10.0 ** np.floor(np.log10(sizes)) + 1e-9).astype(int)
    expected = np.log10(1.0 + 1.0 / np.arange(1, 10))
    assert np.abs(np.bincount(digits, minlength=10)[1:] / len(sizes) - expected).max() < 0.01
    mantissa = sizes / 10.0 ** np.floor(np.log10(sizes))
    assert np.mean(np.abs(mantissa - np.rint(mantissa)) < 1e-9) == pytest.approx(0.30, abs=0.01)


def test_the_truth_has_regimes_and_pegs() -> None:
    truth = simulate_truth(1, "a", 100.0, 0, 1_000_000, 86_400 * 3)
    moves = np.diff(np.log(truth.mids["a"]))
    calm, stressed = (moves[truth.agitation[1:] == level].std() for level in (0.6, 2.5))
    assert stressed > 2.0 * calm
    assert np.abs(truth.mids["usdc"] - 1.0).max() < 2e-3
    assert truth.activity.mean() == pytest.approx(1.0)
    assert np.corrcoef(moves, np.diff(np.log(truth.mids["btc"])))[0, 1] > 0.3
