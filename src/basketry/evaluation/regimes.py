"""Bull, bear and sideways markets by a stated rule, crises by date, and how indices did in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.core.time import DAY, YEAR_DAYS, to_instant

Times = NDArray[np.datetime64]
Regime = Literal["bull", "bear", "sideways", "unknown"]
NAMES: tuple[Regime, ...] = ("bull", "bear", "sideways", "unknown")


@dataclass(frozen=True)
class RegimeRule:
    """A market is a bull market where its level is far above that of a window before, a bear market far below.

    bull: I_t / I_(t−window) − 1 ≥ threshold; bear: ≤ −threshold / (1 + threshold), the fall that undoes such a rise;
    sideways: between; unknown: in the first window. Only the past is looked at, so the label was known at the time.

    Attributes:
        window: How far back the level is compared.
        threshold: Rise that makes a bull market, a fraction.
    """

    window: timedelta = timedelta(days=90)
    threshold: float = 0.2

    def __post_init__(self) -> None:
        """Refuse what cannot be a rule."""
        if self.window <= timedelta(0) or not self.threshold > 0:
            raise DataError("a regime rule needs a window longer than 0 and a threshold above 0")

    def words(self) -> str:
        """Return the rule as a sentence.

        >>> RegimeRule().words()
        'Bull: 20% or more above the level 90 days before; bear: 16.7% or more below it; sideways: between.'
        """
        fall = self.threshold / (1 + self.threshold)
        return (
            f"Bull: {self.threshold * 100:.3g}% or more above the level {self.window.days} days before; bear: "
            f"{fall * 100:.3g}% or more below it; sideways: between."
        )


@dataclass(frozen=True)
class Crisis:
    """A span known by a name, [start, end)."""

    name: str
    start: str
    end: str


CRISES = (
    Crisis("After the 2017 top", "2017-12-17", "2018-02-07"),
    Crisis("Bitcoin Cash split", "2018-11-14", "2018-12-16"),
    Crisis("COVID-19 crash", "2020-03-07", "2020-03-14"),
    Crisis("May 2021 deleveraging", "2021-05-12", "2021-05-24"),
    Crisis("Terra collapse", "2022-05-07", "2022-05-14"),
    Crisis("Three Arrows and Celsius", "2022-06-10", "2022-06-20"),
    Crisis("FTX collapse", "2022-11-05", "2022-11-11"),
    Crisis("USDC depeg", "2023-03-09", "2023-03-14"),
    Crisis("Yen carry unwind", "2024-08-01", "2024-08-07"),
    Crisis("October 2025 liquidations", "2025-10-10", "2025-10-12"),
)
"""Crises of the crypto market, from the day before the fall to the day after the low, by date."""


def regimes(levels: ArrayLike, times: Times, rule: RegimeRule = RegimeRule()) -> list[Regime]:
    """Return the regime at each instant, length T.

    The level a window before is the last one at or before that instant.

    Raises:
        DataError: Levels are not positive numbers, or times do not increase.

    >>> days = np.datetime64("2020-01-01", "us") + np.arange(4) * np.timedelta64(90, "D")
    >>> regimes([100.0, 130.0, 131.0, 90.0], days)
    ['unknown', 'bull', 'sideways', 'bear']
    """
    values = _levels(levels, times)
    rows = np.searchsorted(times, times - np.timedelta64(rule.window), side="right") - 1
    growth = values / values[np.maximum(rows, 0)] - 1
    fall = -rule.threshold / (1 + rule.threshold)
    choices = np.select([rows < 0, growth >= rule.threshold, growth <= fall], [3, 0, 1], default=2)
    return [NAMES[choice] for choice in choices]


def by_regime(levels: Mapping[str, ArrayLike], times: Times, labels: Sequence[str]) -> pl.DataFrame:
    """Return how each index did in each regime: one row an index and regime.

    A return belongs to the regime known when it began. Columns: index, regime, days, log_growth (Σ of log returns),
    annual_return (exp of the mean log return a day × 365, less one), volatility (standard deviation, n − 1, of
    simple returns × √(365 / mean step in days)), worst (smallest simple return). The log growths of an index over
    all regimes add up to that of its whole path.

    Raises:
        DataError: Levels, times and labels are of different lengths, or there are fewer than two.
    """
    if len(labels) != len(times) or len(times) < 2:
        raise DataError(f"expected two or more instants with a label each, were {len(times)} and {len(labels)}")
    begins = np.array(labels[:-1])
    steps = np.diff(times) / DAY
    rows = []
    for name, series in levels.items():
        values = _levels(series, times)
        simple, logs = values[1:] / values[:-1] - 1, np.diff(np.log(values))
        for regime in (known for known in dict.fromkeys([*NAMES, *labels]) if (begins == known).any()):
            inside = begins == regime
            days = float(steps[inside].sum())
            per_year = YEAR_DAYS * inside.sum() / days
            rows.append(
                {
                    "index": name,
                    "regime": regime,
                    "days": days,
                    "log_growth": float(logs[inside].sum()),
                    "annual_return": float(np.expm1(logs[inside].sum() / days * YEAR_DAYS)),
                    "volatility": float(simple[inside].std(ddof=1) * np.sqrt(per_year)) if inside.sum() > 1 else np.nan,
                    "worst": float(simple[inside].min()),
                }
            )
    return pl.DataFrame(rows)


def in_crises(levels: Mapping[str, ArrayLike], times: Times, crises: Sequence[Crisis] = CRISES) -> pl.DataFrame:
    """Return how each index did in each crisis that the instants cover: one row an index and crisis.

    Columns: index, crisis, start, end, change (last level over first, less one), drawdown (largest fall from a high
    within the span). A crisis that begins before the first instant or ends after the last is left out.
    """
    rows = []
    for crisis in crises:
        start, end = to_instant(crisis.start), to_instant(crisis.end)
        inside = (times >= start) & (times < end)
        if times[0] > start or times[-1] < end or inside.sum() < 2:
            continue
        for name, series in levels.items():
            values = _levels(series, times)[inside]
            rows.append(
                {
                    "index": name,
                    "crisis": crisis.name,
                    "start": crisis.start,
                    "end": crisis.end,
                    "change": float(values[-1] / values[0] - 1),
                    "drawdown": float((values / np.maximum.accumulate(values) - 1).min()),
                }
            )
    columns = dict.fromkeys(("index", "crisis", "start", "end"), pl.String)
    return pl.DataFrame(rows, schema={**columns, "change": pl.Float64, "drawdown": pl.Float64})


def _levels(levels: ArrayLike, times: Times) -> Floats:
    values = np.asarray(levels, dtype=np.float64)
    if values.shape != times.shape or not (np.isfinite(values) & (values > 0)).all():
        raise DataError(f"levels: expected {len(times)} positive numbers, one an instant, was shape {values.shape}")
    if (np.diff(times) <= np.timedelta64(0)).any():
        raise DataError("times must increase; sort the levels and keep one an instant")
    return values
