"""Returns: of the whole time, a year, and of single steps."""

from __future__ import annotations

import numpy as np

from basketry.core.numbers import Floats
from basketry.evaluation.metrics.metric import Metric
from basketry.evaluation.metrics.sample import Sample


def total_return(sample: Sample) -> Floats:
    """Return the last level over the first, less one.

    >>> total_return(Sample(np.array([100.0, 110.0, 121.0]))).round(6).tolist()
    [0.21]
    """
    return sample.level[-1] / sample.level[0] - 1


def annual_return(sample: Sample) -> Floats:
    """Return the compound return a year; NaN for less than a year.

    >>> annual_return(Sample(np.array([100.0, 110.0, 121.0]), per_year=1)).round(6).tolist()
    [0.1]
    """
    if not sample.is_a_year:
        return np.full(sample.level.shape[1], np.nan)
    return (sample.level[-1] / sample.level[0]) ** (1 / sample.years) - 1


def mean_return(sample: Sample) -> Floats:
    """Return the arithmetic mean of the returns a step, times the steps a year."""
    from basketry.evaluation.kernels import TOTAL

    return sample.summary[TOTAL] / sample.steps * sample.per_year


def best_step(sample: Sample) -> Floats:
    """Return the largest return of a step."""
    from basketry.evaluation.kernels import HIGHEST

    return sample.summary[HIGHEST]


def worst_step(sample: Sample) -> Floats:
    """Return the smallest return of a step."""
    from basketry.evaluation.kernels import LOWEST

    return sample.summary[LOWEST]


def positive_share(sample: Sample) -> Floats:
    """Return the share of steps whose return is above zero."""
    from basketry.evaluation.kernels import WINS

    return sample.summary[WINS] / sample.steps


_LEVELS = "simple, all levels"
_STEP = "simple returns of a step"

METRICS = (
    Metric("total_return", "Return", "fraction", "I_T / I_0 − 1", _LEVELS, "GIPS (2020)", total_return, headline=True),
    Metric(
        "annual_return", "Return a year", "fraction a year", "(I_T / I_0)^(1 / years) − 1",
        "compound, a year of 365 days; not given for less than a year", "GIPS (2020)", annual_return,
        headline=True,
    ),
    Metric(
        "mean_return", "Mean return a year", "fraction a year", "m · P",
        "arithmetic mean of simple returns of a step × {per_year}", "Bacon (2008), p. 64", mean_return, headline=True,
    ),
    Metric("best_step", "Best step", "fraction", "max r_t", _STEP, "Bacon (2008)", best_step),
    Metric("worst_step", "Worst step", "fraction", "min r_t", _STEP, "Bacon (2008)", worst_step),
    Metric(
        "positive_share", "Steps with a gain", "fraction", "#(r_t > 0) / n", "simple returns above zero, of all steps",
        "Bacon (2008)", positive_share,
    ),
)  # fmt: skip
