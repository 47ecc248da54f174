"""The true prices that no observer sees: jump-diffusions with volatility regimes, and currencies near their pegs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from basketry.core.numbers import Floats
from basketry.core.time import YEAR_DAYS
from basketry.market.simulation.randomness import stream

YEAR_SECONDS = YEAR_DAYS * 86_400.0
VOLATILITY = 0.70
"""A year, of the asset in the normal regime."""
BTC_PRICE, BTC_VOLATILITY, BTC_CORRELATION = 60_000.0, 0.45, 0.6
EUR_PRICE, EUR_VOLATILITY = 1.08, 0.07
PEG_DEVIATION: Mapping[str, float] = {"usdt": 3e-4, "usdc": 2e-4}
PEG_SECONDS = 7_200.0
"""Mean time in which a stablecoin's price returns to its peg."""
REGIMES = (("calm", 0.6, 5_400.0), ("normal", 1.0, 3_600.0), ("stressed", 2.5, 600.0))
"""Name, multiple of the volatility, mean stay in seconds; each of the others is as likely to follow."""
JUMPS_PER_HOUR, JUMP_DEVIATION = 0.5, 15e-4
DIURNAL_SWING, DIURNAL_PEAK_HOUR = 0.45, 15.0
CURRENCIES = ("usdt", "usdc", "eur", "btc")


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """True prices on a grid of T steps; each holds over its step.

    Attributes:
        origin: Microseconds since 1970 of the first step.
        step: Microseconds.
        mids: USD for one unit, by asset, shape (T,); 'usd' is 1.
        activity: Intensity of trading relative to its mean over the period, shape (T,).
        agitation: Multiple of the normal volatility, shape (T,).
    """

    origin: int
    step: int
    mids: Mapping[str, Floats]
    activity: Floats
    agitation: Floats

    @property
    def times(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Microseconds since 1970 of each step, shape (T,)."""
        return self.origin + np.arange(len(self.activity), dtype=np.int64) * self.step

    def cross(self, base: str, quote: str) -> Floats:
        """Return the true price of a pair, shape (T,)."""
        return self.mids[base] / self.mids[quote]


def simulate_truth(seed: int, asset: str, price: float, origin: int, step: int, steps: int) -> Truth:
    """Return the true prices of the asset and of the quote currencies.

    The asset follows Merton's jump-diffusion (Option pricing when underlying stock returns are discontinuous, 1976)
    whose volatility a Markov chain of three regimes multiplies; bitcoin shares its shocks in part. Stablecoins are
    Ornstein-Uhlenbeck processes in log price around 1.

    Args:
        seed: Seed of the market.
        asset: Stable id.
        price: USD at the start.
        origin: Microseconds since 1970 of the first step.
        step: Microseconds a step.
        steps: Number of steps T.
    """
    seconds = step / 1e6
    agitation = _agitation(stream(seed, "regimes"), steps, seconds)
    deviation = agitation * np.sqrt(seconds / YEAR_SECONDS)
    common = stream(seed, "mid", "btc").standard_normal(steps)
    own = stream(seed, "mid", asset).standard_normal(steps)
    mixed = BTC_CORRELATION * common + np.sqrt(1.0 - BTC_CORRELATION**2) * own
    moves = VOLATILITY * deviation * mixed + _jumps(stream(seed, "jumps", asset), steps, seconds)
    mids = {"usd": np.ones(steps)}
    mids["btc"] = _path(BTC_PRICE, BTC_VOLATILITY * deviation * common)
    euro = stream(seed, "mid", "eur").standard_normal(steps)
    mids["eur"] = _path(EUR_PRICE, EUR_VOLATILITY * np.sqrt(seconds / YEAR_SECONDS) * euro)
    for currency, spread in PEG_DEVIATION.items():
        generator = stream(seed, "mid", currency)
        mids[currency] = np.exp(reverting(generator, steps, spread, PEG_SECONDS / seconds))
    mids[asset] = _path(price, moves)
    return Truth(origin, step, mids, _activity(agitation, origin, step), agitation)


def reverting(generator: np.random.Generator, steps: int, deviation: float, mean_steps: float) -> Floats:
    """Return a stationary Ornstein-Uhlenbeck path sampled at its exact transition, shape (steps,).

        x_t = a x_{t-1} + s sqrt(1 - a^2) e_t,   a = exp(-1 / mean_steps),   x_0 = s e_0

    Args:
        generator: Source of the shocks.
        steps: Length.
        deviation: Stationary standard deviation s.
        mean_steps: Steps in which a deviation falls to 1/e of itself.
    """
    kept = np.exp(-1.0 / mean_steps)
    shocks = generator.standard_normal(steps) * deviation
    shocks[1:] *= np.sqrt(1.0 - kept**2)
    return np.asarray(lfilter([1.0], [1.0, -kept], shocks))


def _path(price: float, moves: Floats) -> Floats:
    moves[0] = 0.0
    return price * np.exp(np.cumsum(moves))


def _jumps(generator: np.random.Generator, steps: int, seconds: float) -> Floats:
    count = int(generator.poisson(JUMPS_PER_HOUR * steps * seconds / 3_600.0))
    jumps = np.zeros(steps)
    np.add.at(jumps, generator.integers(0, steps, count), generator.normal(0.0, JUMP_DEVIATION, count))
    return jumps


def _agitation(generator: np.random.Generator, steps: int, seconds: float) -> Floats:
    levels, lengths = [], []
    regime, total = 1, 0
    while total < steps:
        _, level, stay = REGIMES[regime]
        length = 1 + int(generator.exponential(stay / seconds))
        levels.append(level)
        lengths.append(length)
        total += length
        regime = (regime + int(generator.integers(1, len(REGIMES)))) % len(REGIMES)
    return np.repeat(levels, lengths)[:steps]


def _activity(agitation: Floats, origin: int, step: int) -> Floats:
    """Return the intensity of trading: follows volatility and the clock, mean 1."""
    hour = (origin + np.arange(len(agitation)) * step) / 3.6e9 % 24.0
    level = agitation * (1.0 + DIURNAL_SWING * np.cos((hour - DIURNAL_PEAK_HOUR) * np.pi / 12.0))
    return np.asarray(level / level.mean())
