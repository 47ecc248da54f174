"""Prices and units of every asset on every day: free assets from factors, the others from what binds them."""

from dataclasses import dataclass

import numpy as np

from basketry.core.numbers import Floats
from basketry.core.time import YEAR_DAYS
from basketry.market.simulation import roster as cast
from basketry.market.simulation import timeline as plan
from basketry.market.simulation.factors import GROWTH, REGIMES, STRESS, Factors
from basketry.market.simulation.randomness import (
    autoregression,
    garch,
    round_significant,
    steady_noise,
    stream,
    student_t,
)
from basketry.market.simulation.rates import Rates
from basketry.market.simulation.roster import AssetSpec
from basketry.market.simulation.supply import Issuance
from basketry.market.simulation.timeline import Timeline

MARKET_START = 0.50e12
"""Capitalisation of all assets of the roster at the start, listed or not, in USD."""
SHARE_FIRST, SHARE_SECOND, SHARE_SCALE, SHARE_EXPONENT = 0.47, 0.175, 0.10, 1.05
OWN_DEGREES = 4.2
OWN_GARCH = (0.07, 0.90)
HALF_LIFE_DAYS = 450.0
"""Half-life of an asset's departure from its long-run share of the market."""
PRICE_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Prices:
    """What is true of every asset on every day, also before and after it is listed; shape (T, N) each.

    Attributes:
        price: USD for one unit.
        units: Units in circulation.
    """

    price: Floats
    units: Floats


def mean_share(rank: int) -> float:
    """Return the long-run share of the market of a rank: two leaders, then a power law.

    >>> mean_share(1), round(mean_share(10), 4)
    (0.47, 0.0089)
    """
    if rank <= 2:
        return (SHARE_FIRST, SHARE_SECOND)[rank - 1]
    return SHARE_SCALE * float(rank**-SHARE_EXPONENT)


def simulate_prices(
    seed: int,
    timeline: Timeline,
    specs: tuple[AssetSpec, ...],
    factors: Factors,
    sectors: tuple[str, ...],
    issuance: Issuance,
    rates: Rates,
) -> Prices:
    """Return prices and units of all assets.

    The logarithm of a free asset's capitalisation is

        log c_i(t) = log(M share_i) + trend_i (t - b_i) + g t + beta_i D(t) + x_i(t)
        x_i(t) = rho x_i(t-1) + sector(t) + sigma_i e_i(t),   rho = 2^(-1/450)

    with g the growth and D the departure of the market factor, e GARCH(1,1) with Student-t shocks, x zero at listing
    b_i. Its price is that capitalisation over the units that were expected, so that issuance dilutes it
    gradually. Then come the incidents of the timeline and the assets bound to others.
    """
    column = {spec.asset: place for place, spec in enumerate(specs)}
    level = _log_capitalisations(seed, timeline, specs, factors, sectors)
    price = np.empty_like(level)
    units = np.empty_like(level)
    for place, spec in enumerate(specs):
        if spec.peg != "none":
            price[:, place] = 1.0
            units[:, place] = _pegged_units(timeline, spec, issuance.true[:, place])
            continue
        birth = timeline.births[spec.asset]
        born_of = _BORN_OF.get(spec.asset)
        if born_of is None:
            first_units = float(round_significant(np.exp(level[birth, place : place + 1]) / spec.price, 4)[0])
        else:
            parent, ratio, share = born_of
            first_units = float(units[birth, column[parent]]) * ratio
            first_price = float(price[birth, column[parent]]) / ratio * share
            offset = np.log(first_price * first_units) - level[birth, place]
            age = np.maximum(np.arange(timeline.days) - birth, 0)
            level[:, place] += offset * _persistence() ** age
        price[:, place] = np.exp(level[:, place]) / (first_units * issuance.expected[:, place])
        units[:, place] = first_units * issuance.true[:, place]
    _apply_incidents(timeline, column, price, units)
    _bind_pegged(seed, timeline, specs, factors, rates, price)
    return Prices(round_significant(price, PRICE_DIGITS), units)


_BORN_OF = {
    cast.FORK_CHILD: (cast.FORK_PARENT, 1.0, plan.FORK_SHARE),
    cast.AIRDROP_CHILD: (cast.AIRDROP_PARENT, plan.AIRDROP_RATIO, plan.AIRDROP_SHARE),
    cast.MIGRATED_TO: (cast.MIGRATED, plan.MIGRATION_RATIO, 1.0),
}
"""Assets that begin as units of another: parent, new units for one old, value as a share of the parent's."""


def _persistence() -> float:
    return float(2.0 ** (-1.0 / HALF_LIFE_DAYS))


def _log_capitalisations(
    seed: int,
    timeline: Timeline,
    specs: tuple[AssetSpec, ...],
    factors: Factors,
    sectors: tuple[str, ...],
) -> Floats:
    days = timeline.days
    births = np.array([timeline.births[spec.asset] for spec in specs])
    volatility = np.array([spec.volatility for spec in specs]) / np.sqrt(YEAR_DAYS)
    shocks = np.column_stack([student_t(stream(seed, "own", s.asset), OWN_DEGREES, days) for s in specs])
    own = garch(shocks, *OWN_GARCH) * volatility * factors.own_scale[:, None]
    # The leaders are the market: their sector moves them little.
    loading = np.array([0.3 if 1 <= spec.rank <= 2 else 1.0 for spec in specs])
    own += factors.sectors[:, [sectors.index(spec.sector) for spec in specs]] * loading
    own[np.arange(days)[:, None] <= births] = 0.0
    departure = autoregression(own, _persistence())
    years = timeline.years[:, None]
    # Shares are of the roster and not of the assets asked for, so that one more asset changes no other.
    share = np.log([mean_share(max(spec.rank, 1)) for spec in specs])
    trend = np.array([spec.trend for spec in specs]) * np.maximum(years - births / YEAR_DAYS, 0.0)
    beta = np.array([spec.beta for spec in specs])
    market = GROWTH * years + beta * factors.departure[:, None]
    return np.asarray(np.log(MARKET_START) + share + trend + market + departure)


def _pegged_units(timeline: Timeline, spec: AssetSpec, relative: Floats) -> Floats:
    if spec.asset != cast.ALGORITHMIC:
        return spec.units * relative / relative[-1]
    return spec.units * relative / relative[timeline.collapse] * _held(timeline, timeline.collapse, plan.PEG_SUPPLY)


def _held(timeline: Timeline, day: int, factors: tuple[float, ...]) -> Floats:
    """Return 1 before the day, the factors from it on, and the last one ever after, shape (T,)."""
    path = np.ones(timeline.days)
    path[day:] = factors[-1]
    path[day : day + len(factors)] = factors
    return path


def _apply_incidents(timeline: Timeline, column: dict[str, int], price: Floats, units: Floats) -> None:
    """Change prices and units, in place, by the failures and the events."""
    line = timeline
    price[:, column[cast.BACKING]] *= _held(line, line.collapse, plan.COLLAPSE_PRICE)
    units[:, column[cast.BACKING]] *= _held(line, line.collapse, plan.COLLAPSE_SUPPLY)
    price[:, column[cast.FAILED_EXCHANGE]] *= _held(line, line.exchange_run, plan.EXCHANGE_RUN)
    price[line.fork :, column[cast.FORK_PARENT]] *= 1.0 - plan.FORK_SHARE
    price[line.airdrop :, column[cast.AIRDROP_PARENT]] *= 1.0 - plan.AIRDROP_SHARE
    old, new = column[cast.MIGRATED], column[cast.MIGRATED_TO]
    price[:, new] = price[:, old] / plan.MIGRATION_RATIO
    units[:, new] = units[:, old] * plan.MIGRATION_RATIO
    price[line.redenomination :, column[cast.REDENOMINATED]] /= plan.REDENOMINATION_RATIO
    units[line.redenomination :, column[cast.REDENOMINATED]] *= plan.REDENOMINATION_RATIO


def _bind_pegged(
    seed: int,
    timeline: Timeline,
    specs: tuple[AssetSpec, ...],
    factors: Factors,
    rates: Rates,
    price: Floats,
) -> None:
    """Set the prices of the assets bound to others, in place."""
    column = {spec.asset: place for place, spec in enumerate(specs)}
    largest, second = price[:, column[cast.LARGEST]], price[:, column[cast.SECOND]]
    strain = np.where(factors.regimes == STRESS, 3.0, 1.0)
    for place, spec in enumerate(specs):
        noise = steady_noise(stream(seed, "peg", spec.asset), timeline.days, 1.0, 0.6) * strain
        age = np.maximum(timeline.years - timeline.births[spec.asset] / YEAR_DAYS, 0.0)
        match spec.peg:
            case "usd":
                price[:, place] = np.exp(0.0006 * noise)
            case "eur":
                price[:, place] = rates.eurusd * np.exp(0.0009 * noise)
            case "algorithmic":
                walk = _walk(seed, spec, timeline, 0.9, -0.5)
                fallen = timeline.collapse + len(plan.PEG_LOSS)
                walk -= walk[min(fallen, timeline.days - 1)]
                walk[:fallen] = 0.0
                price[:, place] = _held(timeline, timeline.collapse, plan.PEG_LOSS) * np.exp(0.0012 * noise + walk)
            case "gold":
                price[:, place] = 1_310.0 * np.exp(_walk(seed, spec, timeline, 0.14, 0.07) + 0.001 * noise)
            case "bills":
                price[:, place] = 100.0 * np.exp(np.cumsum(rates.overnight) / YEAR_DAYS + 0.0001 * noise)
            case "wrapped":
                price[:, place] = largest * np.exp(0.0005 * noise)
            case "staked":
                price[:, place] = second * np.exp(np.log1p(0.042) * age + 0.0025 * noise)
            case "leveraged":
                returns = np.diff(largest, prepend=largest[0]) / np.roll(largest, 1)
                held = np.where(age > 0, np.maximum(2.0 * returns - 0.03 / YEAR_DAYS, -0.95), 0.0)
                price[:, place] = 100.0 * np.cumprod(1.0 + held)
            case "none":
                pass


def _walk(seed: int, spec: AssetSpec, timeline: Timeline, volatility: float, drift: float) -> Floats:
    """Return a Gaussian random walk of log price, shape (T,); volatility and drift a year."""
    shocks = stream(seed, "walk", spec.asset).standard_normal(timeline.days)
    steps = drift / YEAR_DAYS + volatility / np.sqrt(YEAR_DAYS) * shocks
    return np.asarray(np.cumsum(steps) - steps[0])


def turnover_scale(factors: Factors) -> Floats:
    """Return the factor of each day's regime on traded volume, shape (T,)."""
    return np.array([regime.turnover_scale for regime in REGIMES])[factors.regimes]
