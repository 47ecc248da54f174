"""Interest and exchange rates of the simulated market: an overnight rate in steps, and EURUSD."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from basketry.core.numbers import Floats
from basketry.core.time import YEAR_DAYS
from basketry.market.simulation.randomness import stream
from basketry.market.simulation.timeline import Timeline

MEETING_DAYS = 45
OVERNIGHT_START, OVERNIGHT_MIN, OVERNIGHT_MAX = 0.0150, 0.0025, 0.0550
STEP = 0.0025
EURUSD_START, EURUSD_MEAN = 1.20, 1.10
EURUSD_VOLATILITY, EURUSD_REVERSION = 0.07, 0.5


@dataclass(frozen=True, slots=True)
class Rates:
    """Daily values.

    Attributes:
        overnight: USD overnight rate, simple fraction a year, shape (T,).
        eurusd: USD for one EUR, shape (T,).
    """

    overnight: Floats
    eurusd: Floats


def simulate_rates(seed: int, timeline: Timeline) -> Rates:
    """Return the rates: a cycle of quarter-point steps, and a mean-reverting exchange rate.

    The overnight rate changes every 45 days by a whole number of quarter points in the direction of a cycle
    (a persistent autoregression); log EURUSD is an Ornstein-Uhlenbeck process observed each day.
    """
    return Rates(_overnight(seed, timeline), _eurusd(seed, timeline))


def _overnight(seed: int, timeline: Timeline) -> Floats:
    meetings = timeline.days // MEETING_DAYS + 1
    shocks = stream(seed, "overnight rate").standard_normal(meetings)
    level, pace = OVERNIGHT_START, 0.0
    levels = np.empty(meetings)
    for meeting, shock in enumerate(shocks):
        levels[meeting] = level
        pace = 0.85 * pace + 0.55 * shock
        level = float(np.clip(level + STEP * round(pace), OVERNIGHT_MIN, OVERNIGHT_MAX))
    return np.round(np.repeat(levels, MEETING_DAYS)[: timeline.days], 4)


def _eurusd(seed: int, timeline: Timeline) -> Floats:
    shocks = stream(seed, "EURUSD").standard_normal(timeline.days) * EURUSD_VOLATILITY / np.sqrt(YEAR_DAYS)
    mean, level = np.log(EURUSD_MEAN), np.log(EURUSD_START)
    path = np.empty(timeline.days)
    for day, shock in enumerate(shocks):
        path[day] = level
        level += EURUSD_REVERSION / YEAR_DAYS * (mean - level) + shock
    return np.asarray(np.round(np.exp(path), 4), dtype=np.float64)


def rate_table(timeline: Timeline, rates: Rates) -> pl.DataFrame:
    """Return the rates as a table: the overnight rate on the days it changes, EURUSD each day."""
    changes = np.flatnonzero(np.diff(rates.overnight, prepend=np.nan) != 0.0)
    overnight = pl.DataFrame({"time": timeline.times[changes], "value": rates.overnight[changes]})
    euro = pl.DataFrame({"time": timeline.times, "value": rates.eurusd})
    return pl.concat(
        [
            overnight.with_columns(rate=pl.lit("USD_OVERNIGHT")),
            euro.with_columns(rate=pl.lit("EURUSD")),
        ]
    ).sort("time", "rate")
