"""Drawdowns as single figures: depth, length and the indices of Martin and Becker."""

from __future__ import annotations

import numpy as np

from basketry.core.numbers import Floats
from basketry.core.time import YEAR_DAYS
from basketry.evaluation.metrics.metric import Metric
from basketry.evaluation.metrics.sample import Sample


def max_drawdown(sample: Sample) -> Floats:
    """Return the lowest level over the highest before it, less one; negative or zero.

    >>> max_drawdown(Sample(np.array([100.0, 120.0, 90.0, 150.0]))).tolist()
    [-0.25]
    """
    from basketry.evaluation.kernels import DEEPEST

    return sample.summary[DEEPEST]


def current_drawdown(sample: Sample) -> Floats:
    """Return the last level over the highest so far, less one."""
    from basketry.evaluation.kernels import LAST_DEPTH

    return sample.summary[LAST_DEPTH]


def pain_index(sample: Sample) -> Floats:
    """Return the mean depth over all steps, as a positive fraction."""
    from basketry.evaluation.kernels import DEPTHS

    return -sample.summary[DEPTHS] / sample.steps


def ulcer_index(sample: Sample) -> Floats:
    """Return the root mean square of the depth over all steps.

    >>> ulcer_index(Sample(np.array([100.0, 80.0, 100.0]))).round(6).tolist()
    [0.141421]
    """
    from basketry.evaluation.kernels import SQUARED_DEPTHS

    return np.sqrt(sample.summary[SQUARED_DEPTHS] / sample.steps)


def longest_drawdown(sample: Sample) -> Floats:
    """Return the longest time in days from a high until the level was there again, or until the end.

    >>> longest_drawdown(Sample(np.array([100.0, 120.0, 90.0, 150.0]))).tolist()
    [2.0]
    """
    from basketry.evaluation.kernels import LONGEST

    return sample.summary[LONGEST] * (YEAR_DAYS / sample.per_year)


def below_share(sample: Sample) -> Floats:
    """Return the share of steps that end below the highest level so far."""
    from basketry.evaluation.kernels import BELOW

    return sample.summary[BELOW] / sample.steps


_DEPTH = "level over the highest so far, less one"

METRICS = (
    Metric(
        "max_drawdown", "Largest drawdown", "fraction", "min_t D_t, D_t = I_t / max_(u≤t) I_u − 1",
        f"{_DEPTH}; all levels, negative", "Bacon (2008), p. 88", max_drawdown, headline=True,
    ),
    Metric(
        "current_drawdown", "Drawdown at the end", "fraction", "D_T", f"{_DEPTH}; negative", "Bacon (2008), p. 88",
        current_drawdown,
    ),
    Metric(
        "pain_index", "Pain index", "fraction", "Σ |D_t| / n", f"mean over all steps of the {_DEPTH}",
        "Becker (2006); Bacon (2008), p. 89", pain_index,
    ),
    Metric(
        "ulcer_index", "Ulcer index", "fraction", "√(Σ D_t² / n)", f"root mean square over all steps of the {_DEPTH}",
        "Martin and McCann (1989)", ulcer_index, headline=True,
    ),
    Metric(
        "longest_drawdown", "Longest drawdown", "days", "max (recovery − high)",
        "from a high to the first level at or above it, or to the end; steps of a mean length", "Bacon (2008), p. 88",
        longest_drawdown,
    ),
    Metric(
        "below_share", "Steps below a high", "fraction", "#(D_t < 0) / n", "share of all steps", "Bacon (2008), p. 88",
        below_share,
    ),
)  # fmt: skip
