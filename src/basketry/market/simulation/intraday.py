"""Prices within the day: Brownian bridges in log price between the daily closes, which they meet exactly."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.core.time import DAY
from basketry.market.simulation.randomness import stream

COMMON_SHARE = 0.35
"""Share of the variance within the day that all assets have in common."""
VOLATILITY_DAYS = 11
"""The volatility of a day's bridge is the root mean square of the daily log returns of the days around it."""
DIURNAL_SWING = 0.45
DIURNAL_PEAK_HOUR = 15.0


@dataclass(frozen=True, slots=True, eq=False)
class IntradayPaths:
    """Prices within the day as arrays.

    Attributes:
        times: datetime64[us] UTC, evenly spaced, both ends included, shape (T,).
        assets: Stable ids, length N.
        prices: USD for one unit, row-major, shape (T, N); NaN where one of a day's closes is unknown.
    """

    times: NDArray[np.datetime64]
    assets: tuple[str, ...]
    prices: Floats


def steps_a_day(step: timedelta) -> int:
    """Return the number of steps in a day.

    Raises:
        DataError: The step is not positive or does not divide a day.

    >>> steps_a_day(timedelta(minutes=1))
    1440
    """
    if step <= timedelta(0) or timedelta(days=1) % step:
        raise DataError(f"the intraday step must divide a day, was {step}; take for example 1 or 5 minutes")
    return timedelta(days=1) // step


def day_volatility(closes: Floats) -> Floats:
    """Return the standard deviation of the log price over each day, shape (D,), from closes of shape (D + 1,)."""
    squares = np.square(np.diff(np.log(closes)))
    known = ~np.isnan(squares)
    window = np.ones(min(VOLATILITY_DAYS, len(squares)))
    total = np.convolve(np.where(known, squares, 0.0), window, mode="same")
    count = np.convolve(known.astype(np.float64), window, mode="same")
    return np.sqrt(total / np.maximum(count, 1.0))


def bridge(closes: Floats, volatility: Floats, shocks: Floats) -> Floats:
    """Return paths that meet the closes, shape (D, K): from each day's opening close up to the next, excluded.

        log p(v) = log p0 + v log(p1 / p0) + s (W(v) - v W(1))

    with v the share of the day's variance that has passed and s the day's volatility: a Brownian motion
    conditioned on both of its ends. Activity follows the clock: it is highest at 15:00 UTC.

    Args:
        closes: Prices at 00:00 of D + 1 days, shape (D + 1,).
        volatility: Standard deviation of the log price over each day, shape (D,).
        shocks: Standard normal draws, shape (D, K), K steps a day.

    >>> bridge(np.array([100.0, 110.0]), np.zeros(1), np.zeros((1, 2))).round(6)
    array([[100.      , 103.302494]])
    """
    steps = shocks.shape[1]
    variance = _diurnal(steps)
    clock = np.cumsum(variance)
    walk = np.cumsum(shocks * np.sqrt(variance), axis=1)
    walk -= clock * walk[:, -1:]
    walk *= volatility[:, None]
    logs = np.log(closes)
    walk += logs[:-1, None] + clock * np.diff(logs)[:, None]
    path = np.empty_like(shocks)
    path[:, 0] = closes[:-1]
    np.exp(walk[:, :-1], out=path[:, 1:])
    return path


def _diurnal(steps: int) -> Floats:
    """Return the share of the day's variance in each step, shape (steps,); sums to 1."""
    hour = (np.arange(steps) + 0.5) * 24.0 / steps
    level = 1.0 + DIURNAL_SWING * np.cos((hour - DIURNAL_PEAK_HOUR) * np.pi / 12.0)
    return np.asarray(level / level.sum())


def simulate_paths(
    seed: int,
    times: NDArray[np.datetime64],
    closes: dict[str, Floats],
    references: dict[str, str],
    chosen: tuple[str, ...],
    window: tuple[int, int],
    steps: int,
) -> IntradayPaths:
    """Return the paths of the chosen assets over the days [first, last) of the window, and the last close.

    A day's path depends on the seed, the asset and the day alone, not on the window or the other assets.

    Args:
        seed: Seed of the market.
        times: Days of the closes, shape (T,).
        closes: Daily prices by asset, each of shape (T,), NaN where unknown.
        references: For assets bound to another, the other: the bridge is then of the ratio of the two.
        chosen: Assets wanted.
        window: First day and last day as positions in `times`.
        steps: Steps a day.
    """
    first, last = window
    numbers = [int(day) for day in times[first:last].astype("datetime64[D]").astype(np.int64)]
    common = np.sqrt(COMMON_SHARE) * _shocks(seed, "market", numbers, steps)
    prices = np.empty(((last - first) * steps + 1, len(chosen)))
    for column, asset in enumerate(chosen):
        path = _path(seed, asset, closes, references, window, common, numbers)
        prices[:-1, column] = path.ravel()
        prices[:-1:steps, column] = closes[asset][first:last]
        prices[-1, column] = closes[asset][last]
    grid = times[first] + np.arange(len(prices)) * (DAY // steps)
    return IntradayPaths(grid, chosen, prices)


def _path(
    seed: int,
    asset: str,
    closes: dict[str, Floats],
    references: dict[str, str],
    window: tuple[int, int],
    common: Floats,
    numbers: list[int],
) -> Floats:
    first, last = window
    reference = references.get(asset)
    shocks = _shocks(seed, asset, numbers, common.shape[1])
    if reference is None:
        own = closes[asset]
        shocks *= np.sqrt(1.0 - COMMON_SHARE)
        shocks += common
        return bridge(own[first : last + 1], day_volatility(own)[first:last], shocks)
    ratio = closes[asset] / closes[reference] if reference in closes else closes[asset]
    path = bridge(ratio[first : last + 1], day_volatility(ratio)[first:last], shocks)
    if reference in closes:
        path *= _path(seed, reference, closes, references, window, common, numbers)
    return path


def _shocks(seed: int, asset: str, numbers: list[int], steps: int) -> Floats:
    """Return standard normal shocks of the asset on the days with these numbers, shape (days, steps)."""
    shocks = np.empty((len(numbers), steps))
    for row, number in enumerate(numbers):
        stream(seed, "intraday", asset, number).standard_normal(out=shocks[row])
    return shocks
