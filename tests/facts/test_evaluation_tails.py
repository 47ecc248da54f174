"""Figures of tails and of the longest drawdown against plain calculations from their definitions."""

import math
import statistics
from itertools import pairwise

import numpy as np
import pytest

from basketry.core.numbers import Floats
from basketry.evaluation.metrics import METRICS, Sample, measure


def pair(seed: int, steps: int = 400) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    common = rng.standard_t(4, steps) * 0.02
    moves = common[:, None] + rng.standard_t(4, (steps, 2)) * 0.015
    level = np.asarray(100 * np.cumprod(1 + np.clip(moves, -0.5, 1), axis=0), dtype=np.float64)
    return level[:, 0], level[:, 1]


def returns(level: Floats) -> list[float]:
    values = level.tolist()
    return [after / before - 1 for before, after in pairwise(values)]


def quantile(values: list[float], share: float) -> float:
    """Return the quantile that interpolates between the values in order (Hyndman and Fan 1996, type 7)."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    return ordered[low] + (place - low) * (ordered[min(low + 1, len(ordered) - 1)] - ordered[low])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_tail_correlation_is_pearsons_over_the_steps_on_which_both_are_low(seed: int) -> None:
    level, against = pair(seed)
    own, other = returns(level), returns(against)
    limits = quantile(own, 0.25), quantile(other, 0.25)
    both = [(a, b) for a, b in zip(own, other, strict=True) if a <= limits[0] and b <= limits[1]]
    expected = statistics.correlation([a for a, _ in both], [b for _, b in both])
    found = measure(Sample(level, against=against), ["tail_correlation"])["tail_correlation"][0]
    assert found == pytest.approx(expected, rel=1e-10)
    assert 0 < expected < 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_tail_dependence_is_the_share_of_the_others_worst_steps_that_are_worst_here(seed: int) -> None:
    level, against = pair(seed)
    own, other = returns(level), returns(against)
    limits = quantile(own, 0.05), quantile(other, 0.05)
    worst = [place for place, value in enumerate(other) if value <= limits[1]]
    expected = sum(own[place] <= limits[0] for place in worst) / len(worst)
    found = measure(Sample(level, against=against), ["tail_dependence"])["tail_dependence"][0]
    assert found == pytest.approx(expected, rel=1e-12)
    assert 0 < expected < 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_longest_drawdown_counts_from_a_high_to_the_first_level_there_again(seed: int) -> None:
    level, _ = pair(seed)
    highest, since, longest = float(level[0]), 0, 0
    for place, value in enumerate(level.tolist()):
        if value >= highest:
            # A new high ends the fall that began at the last one.
            longest = max(longest, place - since if place - since > 1 else 0)
            highest, since = value, place
        elif place == len(level) - 1:
            longest = max(longest, place - since)
    found = measure(Sample(level), ["longest_drawdown"])["longest_drawdown"][0]
    assert found == longest
    assert METRICS["longest_drawdown"].unit == "days"
