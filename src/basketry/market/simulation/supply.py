"""Units in circulation: what they truly are, what sources report, and when it is known."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from basketry.core.numbers import Floats
from basketry.core.time import DAY, YEAR_DAYS
from basketry.market.simulation import roster as cast
from basketry.market.simulation import timeline as plan
from basketry.market.simulation.randomness import round_significant, steady_noise, stream
from basketry.market.simulation.roster import AssetSpec
from basketry.market.simulation.timeline import Timeline

REPORT_DAYS = 7
"""Supplies are counted once a week, and on the days on which an event changes them."""
LAG_DAYS_MAX = 3
HALVING_DAYS = 1_461


@dataclass(frozen=True, slots=True)
class Issuance:
    """Units of every asset relative to those at its first day.

    Attributes:
        true: What circulates, with its cliffs, shape (T, N).
        expected: The same without steps, which is what prices bear: unlocks are known in advance, shape (T, N).
    """

    true: Floats
    expected: Floats


def simulate_issuance(seed: int, timeline: Timeline, specs: tuple[AssetSpec, ...]) -> Issuance:
    """Return the relative units of every asset; before its first day an asset has its first units."""
    true = np.ones((timeline.days, len(specs)))
    expected = np.ones_like(true)
    for column, spec in enumerate(specs):
        age = np.maximum(np.arange(timeline.days) - timeline.births[spec.asset], 0)
        true[:, column], expected[:, column] = _relative_units(seed, timeline, spec, age)
    return Issuance(true, expected)


def _relative_units(seed: int, timeline: Timeline, spec: AssetSpec, age: NDArray[np.int64]) -> tuple[Floats, Floats]:
    rate, years = spec.issuance_rate, age / YEAR_DAYS
    if spec.issuance == "halving":
        blocks = np.arange(timeline.days) + HALVING_DAYS * 2 // 5
        issued = np.where(age > 0, rate / YEAR_DAYS * 0.5 ** (blocks // HALVING_DAYS), 0.0)
        path = 1.0 + np.cumsum(issued)
        return path, path
    if spec.issuance == "inflation":
        path = np.exp(rate * years)
        return path, path
    if spec.issuance == "burn":
        quarters = np.floor(years * 4.0)
        return np.exp(-rate * quarters / 4.0), np.exp(-rate * years)
    if spec.issuance == "unlock":
        return _unlocks(rate, years)
    if spec.issuance == "growth":
        path = _growth(seed, timeline, spec)
        return path, path
    return np.ones(len(age)), np.ones(len(age))


def _unlocks(rate: float, years: Floats) -> tuple[Floats, Floats]:
    """A cliff after one year frees a quarter of the later units, twelve quarters the rest."""
    knots = np.concatenate([[0.0, 1.0], 1.0 + np.arange(1, 13) / 4.0])
    freed = np.concatenate([[0.0, 0.25], 0.25 + 0.75 * np.arange(1, 13) / 12.0])
    reached = np.searchsorted(knots, years, side="right") - 1
    return 1.0 + rate * freed[reached], 1.0 + rate * np.interp(years, knots, freed)


def _growth(seed: int, timeline: Timeline, spec: AssetSpec) -> Floats:
    """Return units of a pegged asset: logistic growth with slow noise, rising to the collapse if it has one."""
    birth = timeline.births[spec.asset]
    end = timeline.collapse if spec.asset == cast.ALGORITHMIC else timeline.days
    progress = np.clip((np.arange(timeline.days) - birth) / max(end - birth, 1), 0.0, 1.0)
    logistic = 1.0 / (1.0 + np.exp(-9.0 * (progress - 0.62)))
    noise = steady_noise(stream(seed, "growth of units", spec.asset), timeline.days, 0.06, 0.995)
    path = (0.03 + logistic) * np.exp(noise - noise[birth])
    return np.asarray(path / path[birth])


def free_float(seed: int, timeline: Timeline, spec: AssetSpec) -> Floats:
    """Return the share of the units that trades freely, shape (T,): rises each quarter, to two decimals."""
    if spec.peg != "none":
        return np.ones(timeline.days)
    low, high = (0.80, 0.95) if spec.sector in ("currency", "privacy", "meme") else (0.45, 0.80)
    first, last = stream(seed, "free float", spec.asset).uniform((low, high), (high, 0.97))
    quarter = np.maximum(np.arange(timeline.days) - timeline.births[spec.asset], 0) // 91
    return np.round(last - (last - first) * 0.93**quarter, 2)


@dataclass(frozen=True, slots=True)
class Reports:
    """The supply table of one asset as day numbers and figures, in the order (time, known).

    Attributes:
        day: Day that the figure describes.
        known: Day on which it was known.
        units: Units reported; a restated day has two rows.
    """

    day: NDArray[np.int64]
    known: NDArray[np.int64]
    units: Floats

    def as_known(self, days: int) -> Floats:
        """Return the units as known on each day, shape (days,): the latest day's figure, NaN before the first.

        Of two figures for one day the one known last counts.
        """
        order = np.lexsort((self.day, self.known))
        current = order[self.day[order] >= np.maximum.accumulate(self.day[order])]
        place = np.searchsorted(self.known[current], np.arange(days), side="right") - 1
        return np.where(place >= 0, self.units[current][np.maximum(place, 0)], np.nan)


def report(seed: int, timeline: Timeline, spec: AssetSpec, units: Floats) -> Reports:
    """Return what sources reported of the true units, shape (T,), with their lag and their one mistake."""
    first, last = timeline.births[spec.asset], timeline.deaths.get(spec.asset, timeline.days)
    lag = int(stream(seed, "report lag", spec.asset).integers(0, LAG_DAYS_MAX + 1))
    prompt = _event_days(timeline, spec)
    day = np.union1d(np.arange(first, last, REPORT_DAYS), prompt)
    known = np.where(np.isin(day, prompt), day, day + lag)
    figures = round_significant(units[day], 10)
    if spec.asset != cast.RESTATED:
        return Reports(day, known, figures)
    wrong_from, corrected = timeline.overstated
    wrong = (day >= wrong_from) & (known < corrected)
    again = day[wrong]
    overstated = round_significant(figures * (1.0 + plan.RESTATED_EXCESS), 10)
    days = np.concatenate([day, again])
    knowns = np.concatenate([known, np.full(len(again), corrected)])
    order = np.lexsort((knowns, days))
    return Reports(
        days[order],
        knowns[order],
        np.concatenate([np.where(wrong, overstated, figures), figures[wrong]])[order],
    )


def _event_days(timeline: Timeline, spec: AssetSpec) -> NDArray[np.int64]:
    """Return the days on which the units are known at once: the first, and those of an event."""
    days = {timeline.births[spec.asset]}
    if spec.asset in (cast.BACKING, cast.ALGORITHMIC):
        days |= set(range(timeline.collapse, timeline.collapse + len(plan.COLLAPSE_SUPPLY)))
    if spec.asset == cast.REDENOMINATED:
        days.add(timeline.redenomination)
    return np.array(sorted(days))


def supply_table(seed: int, timeline: Timeline, specs: tuple[AssetSpec, ...], reports: list[Reports]) -> pl.DataFrame:
    """Return the supply table of all assets, ordered by time and asset."""
    frames = []
    for spec, own in zip(specs, reports, strict=True):
        frames.append(
            pl.DataFrame(
                {
                    "time": timeline.times[0] + own.day * DAY,
                    "asset": pl.repeat(spec.asset, len(own.day), eager=True),
                    "supply": own.units,
                    "free_float": free_float(seed, timeline, spec)[own.day],
                    "known_at": timeline.times[0] + own.known * DAY,
                }
            )
        )
    return pl.concat(frames).sort("time", "asset", "known_at")
