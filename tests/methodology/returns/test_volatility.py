"""Realised volatility against NumPy and closed forms."""

import math

import numpy as np
import pytest

from basketry.core.numbers import Floats
from basketry.methodology.returns._memory import MICROSECONDS_A_DAY
from basketry.methodology.returns._volatility import Measured, WeightedVolatility, WindowVolatility

DAYS = np.cumsum(np.array([0.0, 1.0, 1.0, 2.0, 1.0, 0.5, 3.0, 1.0]))
LEVELS = np.array([100.0, 103.0, 99.0, 101.0, 90.0, 95.0, 99.0, 97.0])
SQUARES = np.diff(np.log(LEVELS)) ** 2 * 365 / np.diff(DAYS)


def weighted_volatility(levels: Floats, days: Floats, half_life: float) -> list[float]:
    """The weighted volatility at each level but the first."""
    measure = WeightedVolatility((half_life,), 0, Measured(((0, float(levels[0])),)))
    return [
        measure.add(int(day * MICROSECONDS_A_DAY), float(now)) for day, now in zip(days[1:], levels[1:], strict=True)
    ]


def window_volatility(levels: Floats, days: Floats, window: float) -> list[float]:
    """The volatility over a window at each level but the first."""
    measure = WindowVolatility(window, 0, Measured(((0, float(levels[0])),)))
    return [
        measure.add(int(day * MICROSECONDS_A_DAY), float(now)) for day, now in zip(days[1:], levels[1:], strict=True)
    ]


def test_weights_halve_with_every_half_life() -> None:
    found = weighted_volatility(LEVELS, DAYS, 3.0)
    # A step's weight is what decay leaves of it; the last step of d days has 1 - 0.5^(d/3).
    edges = 0.5 ** ((DAYS[-1] - DAYS) / 3.0)
    weights = np.diff(edges)
    assert found[-1] == pytest.approx(math.sqrt(np.average(SQUARES, weights=weights)), rel=1e-12)


def test_a_window_counts_the_steps_that_end_in_it() -> None:
    found = window_volatility(LEVELS, DAYS, 3.0)
    assert found[2] == pytest.approx(math.sqrt(SQUARES[1:3].mean()), rel=1e-12)
    # The window of the step after a gap of 3 days holds that step alone.
    assert found[5] == pytest.approx(math.sqrt(SQUARES[5]), rel=1e-12)


def test_a_fall_to_zero_is_infinite_volatility() -> None:
    levels = np.array([1.0, 1.0, 0.0, 0.0])
    assert weighted_volatility(levels, np.arange(4.0), 5.0)[1:] == [math.inf] * 2
    assert window_volatility(levels, np.arange(4.0), 1.0) == [0.0, math.inf, 0.0]


def test_after_a_fall_to_zero_a_weighted_figure_is_infinite_for_good() -> None:
    measure = WeightedVolatility((5.0,), 0, Measured(((0, 1.0),)))
    measure.add(MICROSECONDS_A_DAY, 1.1)
    before = measure.memory()
    assert measure.add(2 * MICROSECONDS_A_DAY, 0.0) == math.inf
    # What is remembered stays finite.
    assert measure.memory() == Measured(((2 * MICROSECONDS_A_DAY, 0.0),), before.totals, fallen=True)
    assert measure.add(3 * MICROSECONDS_A_DAY, 5.0) == math.inf
    again = WeightedVolatility((5.0,), 0, measure.memory())
    assert again.add(4 * MICROSECONDS_A_DAY, 5.0) == math.inf


def test_a_measure_goes_on_from_its_memory() -> None:
    stamps = [int(day * MICROSECONDS_A_DAY) for day in DAYS]
    start = Measured(((0, float(LEVELS[0])),))
    for cut in range(1, len(stamps) - 1):
        window, weighted = WindowVolatility(3.0, 0, start), WeightedVolatility((2.0, 5.0), 0, start)
        for time, level in zip(stamps[1 : cut + 1], LEVELS[1 : cut + 1].tolist(), strict=True):
            window.add(time, level)
            weighted.add(time, level)
        later = WindowVolatility(3.0, 0, window.memory()), WeightedVolatility((2.0, 5.0), 0, weighted.memory())
        for time, level in zip(stamps[cut + 1 :], LEVELS[cut + 1 :].tolist(), strict=True):
            assert later[0].add(time, level) == window.add(time, level)
            assert later[1].add(time, level) == weighted.add(time, level)
