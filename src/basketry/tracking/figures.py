"""How close a portfolio stayed and what it cost, with confidence intervals by a block bootstrap."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.tracking.target import Target

Interval = tuple[float, float]


@dataclass(frozen=True)
class Figures:
    """Figures of a portfolio against its index; fractions, a year having 365 days.

    Attributes:
        tracking_error: Standard deviation of the difference of simple returns a step, times the root of steps a year.
        tracking_difference: Growth a year of the portfolio less that of the index.
        turnover: Half of what was bought and sold a year, over the mean value.
        cost: Trading costs a year over the mean value: spread and fees of venues, impact and gas.
        max_deviation: Largest |level / index - 1|.
        trades: Trades a year.
        tracking_error_interval: 95% interval.
        tracking_difference_interval: 95% interval of the arithmetic mean difference of returns a year.
        cost_interval: 95% interval.
    """

    tracking_error: float
    tracking_difference: float
    turnover: float
    cost: float
    max_deviation: float
    trades: float
    tracking_error_interval: Interval = (np.nan, np.nan)
    tracking_difference_interval: Interval = (np.nan, np.nan)
    cost_interval: Interval = (np.nan, np.nan)

    def table(self) -> pl.DataFrame:
        """Return one row a figure: figure, value, low, high."""
        intervals = {name: getattr(self, f"{name}_interval", (np.nan, np.nan)) for name in NAMES}
        return pl.DataFrame(
            {
                "figure": NAMES,
                "value": [getattr(self, name) for name in NAMES],
                "low": [intervals[name][0] for name in NAMES],
                "high": [intervals[name][1] for name in NAMES],
            }
        )


NAMES = ["tracking_error", "tracking_difference", "turnover", "cost", "max_deviation", "trades"]


def return_differences(target: Target, level: Floats) -> Floats:
    """Return the portfolio's simple return less the index's at each row, shape (T,).

    The first is what trading at the first row cost: a share is worth 1 before it.
    """
    own = level / np.concatenate([[1.0], level[:-1]])
    index = target.level / np.concatenate([target.level[:1], target.level[:-1]])
    difference: Floats = own - index
    return difference


def figures_of(target: Target, log: Floats, *, seed: int = 0, draws: int = 1000, block: int | None = None) -> Figures:
    """Return the figures of a simulation's log.

    Intervals are the 2.5% and 97.5% quantiles over draws of a circular block bootstrap, which keeps the dependence
    between neighbouring rows; blocks have the cube root of T rows times 3 unless stated.

    Args:
        target: The index.
        log: Of the simulation, shape (T, 12).
        seed: Of the bootstrap's generator.
        draws: Number of draws, 0 for no intervals.
        block: Rows of a block.

    Source: Politis and Romano (1992), A circular block-resampling procedure for stationary data.

    Raises:
        DataError: The block is longer than the rows.
    """
    steps = len(target.times) - 1
    a_year = steps / target.years
    difference = return_differences(target, log[:, 0])[1:]
    spent = log[:, 3:6].sum(axis=1)
    value = float(log[:, 1].mean())
    level, index = log[:, 0], target.level / target.level[0]
    growth = (level[-1] ** (1 / target.years)) - (index[-1] ** (1 / target.years))
    figures = Figures(
        tracking_error=float(difference.std(ddof=1) * np.sqrt(a_year)) if steps > 1 else np.nan,
        tracking_difference=float(growth),
        turnover=float(log[:, 6:8].sum() / 2 / value / target.years),
        cost=float(spent.sum() / value / target.years),
        max_deviation=float(np.abs(level / index - 1).max()),
        trades=float(log[:, 8].sum() / target.years),
    )
    if not draws or steps < 3:
        return figures
    length = min(steps, max(1, round(3 * steps ** (1 / 3)))) if block is None else block
    if not 1 <= length <= steps:
        raise DataError(f"a block of the bootstrap has 1 to {steps} rows, was {length}")
    rows = _blocks(np.random.default_rng(seed), steps, length, draws)
    share = spent[1:] / log[1:, 1]
    errors = difference[rows].std(axis=1, ddof=1) * np.sqrt(a_year)
    means = difference[rows].mean(axis=1) * a_year
    costs = share[rows].mean(axis=1) * a_year
    return replace(
        figures,
        tracking_error_interval=_interval(errors),
        tracking_difference_interval=_interval(means),
        cost_interval=_interval(costs),
    )


def _blocks(
    rng: np.random.Generator, rows: int, length: int, draws: int
) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Return rows of each draw, shape (draws, rows): blocks that begin anywhere and wrap around the end."""
    starts = rng.integers(0, rows, (draws, -(-rows // length)))
    return ((starts[:, :, None] + np.arange(length)).reshape(draws, -1)[:, :rows]) % rows


def _interval(values: Floats) -> Interval:
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
