"""Confidence intervals of figures by a block bootstrap, which keeps the dependence between neighbouring returns."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import polars as pl

from basketry.core.errors import DataError
from basketry.core.numbers import Bools, Floats
from basketry.evaluation.metrics import HEADLINE, METRICS, chosen
from basketry.evaluation.metrics.sample import Sample

AT_ONCE = 250
LEAST_STEPS = 20

Blocks = Literal["stationary", "circular"]


@dataclass(frozen=True)
class Bootstrap:
    """How histories are resampled.

    Attributes:
        seed: Of the generator: the same seed gives the same intervals.
        draws: Histories.
        confidence: Of the interval, between its two equal tails.
        blocks: `stationary`, of random length (Politis and Romano, 1994), or `circular`, of equal length (Politis and
            Romano, 1992).
        length: Mean steps of a block; None for that of `block_length`.
    """

    seed: int = 0
    draws: int = 1000
    confidence: float = 0.95
    blocks: Blocks = "stationary"
    length: float | None = None

    def __post_init__(self) -> None:
        if self.draws < 2:
            raise DataError(f"an interval needs at least two draws, was {self.draws}")
        if not 0 < self.confidence < 1:
            raise DataError(f"confidence must be between 0 and 1, was {self.confidence}")
        if self.blocks not in ("stationary", "circular"):
            raise DataError(f"blocks are stationary or circular, was {self.blocks!r}")
        if self.length is not None and not self.length >= 1:
            raise DataError(f"a block has at least one step, was {self.length}")


@dataclass(frozen=True)
class BlockLengths:
    """Mean block lengths that make the error of the bootstrap's variance smallest.

    Attributes:
        stationary, circular: In steps.
    """

    stationary: float
    circular: float


def block_length(values: Floats) -> BlockLengths:
    """Return the automatic block lengths of a series, shape (T,).

    They are b = (2 G² / D)^(1/3) T^(1/3), with G and the spectral density at zero in D estimated by a flat-top window
    up to twice the lag from which autocorrelations stay small; at least 1, at most min(3 √T, T / 3).

    Source: Politis and White (2004), Automatic block-length selection for the dependent bootstrap; corrected by
    Patton, Politis and White (2009).

    Raises:
        DataError: Fewer than 20 values.

    >>> noise = np.random.default_rng(0).normal(size=2000)
    >>> lengths = block_length(np.convolve(noise, np.ones(5), mode="valid"))
    >>> lengths.circular > lengths.stationary > 5
    True
    """
    count = len(values)
    if count < LEAST_STEPS:
        raise DataError(f"a block length needs at least {LEAST_STEPS} returns, there are {count}")
    longest = math.ceil(min(3 * math.sqrt(count), count / 3))
    if np.ptp(values) == 0:
        return BlockLengths(1.0, 1.0)
    off = values - values.mean()
    quiet = max(5, math.ceil(math.sqrt(math.log10(count))))
    most = min(math.ceil(math.sqrt(count)) + quiet, count - 1)
    covariances = np.array([off[lag:] @ off[: count - lag] / count for lag in range(most + 1)])
    correlations = np.array(
        [
            off[lag:]
            @ off[: count - lag]
            / math.sqrt((off[lag:] @ off[lag:]) * (off[: count - lag] @ off[: count - lag]))
            for lag in range(1, most + 1)
        ]
    )
    small = np.abs(correlations) < 2 * math.sqrt(math.log10(count) / count)
    width = min(2 * _first_small(small, quiet), most)
    lags = np.arange(1, width + 1)
    window = np.minimum(1, 2 * (1 - lags / width))
    density = covariances[0] + 2 * (window * covariances[1 : width + 1]).sum()
    slope = 2 * (window * lags * covariances[1 : width + 1]).sum()

    def length(constant: float) -> float:
        spread = constant * density**2
        best = ((2 * slope**2) / spread * count) ** (1 / 3) if spread > 0 else 1.0
        return float(min(max(best, 1.0), longest))

    return BlockLengths(length(2.0), length(4 / 3))


def chosen_length(sample: Sample, plan: Bootstrap, series: int = 0) -> float:
    """Return the mean block length used for one series: as stated, or the longer of two automatic ones.

    The two are of the returns and of their squares, since risk clusters where returns hardly depend on each other.

    Raises:
        DataError: As `block_length`; a stated length is longer than the series.
    """
    if plan.length is not None:
        if plan.length > sample.steps:
            raise DataError(f"a block of {plan.length} steps is longer than the {sample.steps} returns")
        return plan.length
    returns = sample.returns[:, series]
    squares = (returns - returns.mean()) ** 2
    return max(getattr(block_length(values), plan.blocks) for values in (returns, squares))


def resample(
    steps: int, length: float, plan: Bootstrap, rng: np.random.Generator, draws: int
) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Return the rows of resampled histories, shape (steps, draws); blocks wrap around the end."""
    from basketry.evaluation.kernels import resample_rows

    starts = rng.integers(0, steps, (steps, draws))
    if plan.blocks == "circular":
        return resample_rows(starts, np.empty((0, 0)), 0.0, max(1, round(length)))
    return resample_rows(starts, rng.random((steps, draws)), 1 / length, 0)


def intervals(
    sample: Sample, plan: Bootstrap | None = None, names: Iterable[str] | None = None, series: int = 0
) -> pl.DataFrame:
    """Return figures of one series with percentile intervals: metric, value, low, high, block, convention.

    Histories of the same length are drawn in blocks, jointly with the series compared with, and every figure is
    calculated anew on each; the interval lies between the quantiles of what was found. Figures that are not defined
    on a history do not count; where fewer than half are, the interval is NaN.

    Args:
        sample: Of which one series is resampled.
        plan: How; 1,000 draws at 95% with seed 0 unless stated.
        names: Metrics, by default the headline figures that the sample has the series for.
        series: Column of the sample.

    Source: Politis and Romano (1994), The stationary bootstrap; Efron (1979) for the percentile interval.

    Raises:
        DataError: Fewer than 20 returns; a name is not known.

    >>> levels = np.cumprod(1 + 0.01 * np.sin(np.arange(500.0) ** 2))
    >>> row = intervals(Sample(levels), names=["volatility"]).row(0, named=True)
    >>> row["low"] < row["value"] < row["high"]
    True
    """
    from basketry.evaluation.kernels import grow

    plan = plan or Bootstrap()
    if names is None:
        names = [name for name in HEADLINE if sample.against is not None or not METRICS[name].compares]
    metrics = chosen(sample, names)
    if sample.steps < LEAST_STEPS:
        raise DataError(f"an interval needs at least {LEAST_STEPS} returns, there are {sample.steps}")
    own = sample.returns[:, series]
    other = None if sample.against is None else np.ascontiguousarray(sample.other_returns[:, series])
    length = chosen_length(sample, plan, series)
    rng = np.random.default_rng(plan.seed)
    found: dict[str, list[Floats]] = {metric.name: [] for metric in metrics}
    # Draws come in lots, so that long histories need little memory.
    for first in range(0, plan.draws, AT_ONCE):
        rows = resample(sample.steps, length, plan, rng, min(AT_ONCE, plan.draws - first))
        against = None if other is None else grow(other, rows)
        drawn = Sample(grow(np.ascontiguousarray(own), rows), sample.per_year, against, sample.terms)
        for metric in metrics:
            found[metric.name].append(metric(drawn))
    alone = _one(sample, series)
    tail = (1 - plan.confidence) / 2
    bounds = [_bounds(np.concatenate(found[metric.name]), tail) for metric in metrics]
    text = f"{plan.confidence:.4g} percentile interval, {plan.blocks} blocks of {length:.1f} steps, {plan.draws} draws"
    return pl.DataFrame(
        {
            "metric": [metric.name for metric in metrics],
            "value": [float(metric(alone)[0]) for metric in metrics],
            "low": [low for low, _ in bounds],
            "high": [high for _, high in bounds],
            "block": [length] * len(metrics),
            "convention": [text] * len(metrics),
        }
    )


def _one(sample: Sample, series: int) -> Sample:
    against = sample.against
    if against is not None and against.shape[1] > 1:
        against = against[:, [series]]
    return replace(sample, level=sample.level[:, [series]], against=against)


def _bounds(values: Floats, tail: float) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if len(known) < len(values) / 2:
        return np.nan, np.nan
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)


def _first_small(small: Bools, quiet: int) -> int:
    """Return the first lag from which `quiet` autocorrelations in a row are small, or the last large one.

    The paper names the lag before it; the code that its authors gave out, and all others, take this one.
    """
    for lag in range(1, len(small) - quiet + 2):
        if small[lag - 1 : lag - 1 + quiet].all():
            return lag
    large = np.flatnonzero(~small)
    return int(large[-1]) + 1 if len(large) else len(small)
