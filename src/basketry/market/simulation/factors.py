"""What moves all assets together: market regimes, the market factor and the sector factors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Floats
from basketry.core.time import YEAR_DAYS
from basketry.market.simulation.randomness import autoregression, garch, stream, student_t


@dataclass(frozen=True, slots=True)
class Regime:
    """One state of the market.

    Attributes:
        name: As it appears in `SimulatedMarket.regimes`.
        drift: Log drift of the market factor a year, beside its growth; only differences count.
        market_scale: Factor on the market factor's volatility.
        own_scale: Factor on sector and single-asset volatility.
        turnover_scale: Factor on traded volume.
        mean_days: Mean stay; the chance to leave on a day is its inverse.
        leaves_for: Where it goes when it leaves, as probabilities in the order of REGIMES.
    """

    name: str
    drift: float
    market_scale: float
    own_scale: float
    turnover_scale: float
    mean_days: float
    leaves_for: tuple[float, float, float, float]


REGIMES = (
    Regime("calm", 0.25, 0.60, 0.90, 0.8, 100.0, (0.0, 0.50, 0.40, 0.10)),
    Regime("bull", 1.20, 0.95, 1.15, 1.3, 170.0, (0.40, 0.0, 0.30, 0.30)),
    Regime("bear", -1.10, 1.05, 0.95, 0.8, 170.0, (0.45, 0.30, 0.0, 0.25)),
    Regime("stress", -3.50, 2.30, 1.25, 1.8, 14.0, (0.15, 0.15, 0.70, 0.0)),
)
STRESS = 3
GROWTH = 0.20
"""Log growth of the market factor a year, around which booms and busts revolve."""
HALF_LIFE_DAYS = 220.0
"""Half-life of the market's departure from that growth."""
MARKET_VOLATILITY = 0.50
MARKET_GARCH = (0.07, 0.90)
MARKET_DEGREES = 5.0
SECTOR_VOLATILITY = 0.30
SECTOR_GARCH = (0.06, 0.92)
SECTOR_DEGREES = 6.0


@dataclass(frozen=True, slots=True)
class Factors:
    """The common part of all returns.

    Attributes:
        regimes: Position in REGIMES for each day, shape (T,).
        departure: Log of the market factor over its growth path, D, shape (T,); the first is 0.
        sectors: Log returns of each sector factor, shape (T, S).
        own_scale: Factor of the regime on sector and single-asset volatility, shape (T,).
    """

    regimes: NDArray[np.int64]
    departure: Floats
    sectors: Floats
    own_scale: Floats


def simulate_factors(seed: int, days: int, sectors: Sequence[str], stressed: Sequence[int]) -> Factors:
    """Return the common factors over `days` days.

        log F(t) = g t + D(t)
        D(t) = rho D(t-1) + (drift(s_t) - mean drift)/365 + scale(s_t) sigma/sqrt(365) e_t

    with s a Markov chain over REGIMES, e GARCH(1,1) with Student-t shocks, and rho = 2^(-1/220): the market
    booms and busts around a path of steady growth g, as an Ornstein-Uhlenbeck process does.

    Args:
        seed: Seed of the market.
        days: Number of days T.
        sectors: Names of the sectors, S of them.
        stressed: Days on which a failure throws the market into stress, whatever the chain says.
    """
    regimes = regime_path(stream(seed, "regimes"), days, stressed)
    drift = np.array([regime.drift for regime in REGIMES])[regimes] / YEAR_DAYS
    scale = np.array([regime.market_scale for regime in REGIMES])[regimes]
    own_scale = np.array([regime.own_scale for regime in REGIMES])[regimes]
    shocks = student_t(stream(seed, "market factor"), MARKET_DEGREES, days)[:, None]
    moves = (drift - drift.mean())[:, None] + garch(shocks, *MARKET_GARCH) * (
        scale[:, None] * MARKET_VOLATILITY / np.sqrt(YEAR_DAYS)
    )
    moves[0] = 0.0
    departure = autoregression(moves, 2.0 ** (-1.0 / HALF_LIFE_DAYS))[:, 0]
    draws = [student_t(stream(seed, "sector", name), SECTOR_DEGREES, days) for name in sectors]
    sector_moves = garch(np.column_stack(draws), *SECTOR_GARCH) * own_scale[:, None]
    sector_moves *= SECTOR_VOLATILITY / np.sqrt(YEAR_DAYS)
    sector_moves[0] = 0.0
    return Factors(regimes, departure, sector_moves, own_scale)


def regime_path(generator: np.random.Generator, days: int, stressed: Sequence[int]) -> NDArray[np.int64]:
    """Return the regime of each day, shape (days,): a Markov chain with stress from 2 days before a failure.

    >>> regime_path(stream(7, "regimes"), 30, stressed=[10])[8:12].tolist()
    [3, 3, 3, 3]
    """
    leave = generator.random(days)
    where = generator.random(days)
    onward = np.cumsum([regime.leaves_for for regime in REGIMES], axis=1)
    onward[:, -1] = 1.0
    forced = {day + offset for day in stressed for offset in range(-2, 9)}
    path = np.empty(days, dtype=np.int64)
    state = 0
    for day in range(days):
        if day in forced:
            state = STRESS
        elif leave[day] < 1.0 / REGIMES[state].mean_days:
            state = int(np.searchsorted(onward[state], where[day], side="right"))
        path[day] = state
    return path
