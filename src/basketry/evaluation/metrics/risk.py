"""Risk of single steps: dispersion and shape of the distribution of returns."""

from __future__ import annotations

import numpy as np

from basketry.core.numbers import Floats
from basketry.evaluation.metrics.metric import Metric
from basketry.evaluation.metrics.sample import ROUNDING, Sample, ratio


def step_deviation(sample: Sample) -> Floats:
    """Return the standard deviation (n − 1) of returns of a step; NaN for a single return, zero for equal ones."""
    from basketry.evaluation.kernels import HIGHEST, LOWEST, SECOND

    if sample.steps < 2:
        return np.full(sample.level.shape[1], np.nan)
    spread = sample.summary[HIGHEST] - sample.summary[LOWEST]
    deviation = np.sqrt(sample.summary[SECOND] / (sample.steps - 1))
    return np.where(spread <= ROUNDING, 0.0, deviation)


def volatility(sample: Sample) -> Floats:
    """Return the standard deviation (n − 1) of returns, annualised by the square root of steps a year.

    >>> volatility(Sample(np.array([100.0, 110.0, 99.0, 99.0, 108.9]))).round(4).tolist()
    [1.8292]
    """
    return step_deviation(sample) * np.sqrt(sample.per_year)


def step_downside(sample: Sample) -> Floats:
    """Return the square root of the mean of min(r − target, 0)² over all steps."""
    from basketry.evaluation.kernels import SHORTFALL

    return np.sqrt(sample.summary[SHORTFALL] / sample.steps)


def downside_deviation(sample: Sample) -> Floats:
    """Return the downside deviation below the target, annualised."""
    return step_downside(sample) * np.sqrt(sample.per_year)


def skewness(sample: Sample) -> Floats:
    """Return the third standardised moment of the population; NaN for a constant series.

    >>> skewness(Sample(np.cumprod([1, 1.1, 1.1, 0.8]))).round(6).tolist()
    [-0.707107]
    """
    from basketry.evaluation.kernels import THIRD

    deviation = _population_deviation(sample)
    return ratio(sample.summary[THIRD] / sample.steps, deviation**3)


def kurtosis(sample: Sample) -> Floats:
    """Return the fourth standardised moment of the population, 3 for a normal law; NaN for a constant series."""
    from basketry.evaluation.kernels import FOURTH

    return ratio(sample.summary[FOURTH] / sample.steps, _population_deviation(sample) ** 4)


def sample_skewness(sample: Sample) -> Floats:
    """Return the skewness corrected for the size of the sample (Fisher's G1); NaN under three returns."""
    n = sample.steps
    return skewness(sample) * np.sqrt(n * (n - 1)) / (n - 2) if n > 2 else np.full(sample.level.shape[1], np.nan)


def sample_excess_kurtosis(sample: Sample) -> Floats:
    """Return the excess kurtosis corrected for the size of the sample (Fisher's G2); NaN under four returns."""
    n = sample.steps
    if n < 4:
        return np.full(sample.level.shape[1], np.nan)
    return (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (kurtosis(sample) - 3) + 6)


def _population_deviation(sample: Sample) -> Floats:
    n = sample.steps
    return step_deviation(sample) * np.sqrt((n - 1) / n)


_ROOT = "simple returns of a step × √{per_year}"

METRICS = (
    Metric(
        "volatility", "Volatility a year", "fraction a year", "s · √P, s² = Σ (r_t − m)² / (n − 1)",
        f"standard deviation (n − 1) of {_ROOT}", "Bacon (2008), p. 64", volatility, headline=True,
    ),
    Metric(
        "downside_deviation", "Downside deviation a year", "fraction a year", "d · √P, d² = Σ min(r_t − g, 0)² / n",
        f"root mean square of shortfalls below a target of {{target}} a year, over all steps; {_ROOT}",
        "Sortino and van der Meer (1991)", downside_deviation, headline=True,
    ),
    Metric(
        "skewness", "Skewness", "number", "Σ (r_t − m)³ / (n σ³)", "population moments of simple returns of a step",
        "Bacon (2008), p. 83", skewness,
    ),
    Metric(
        "kurtosis", "Kurtosis", "number", "Σ (r_t − m)⁴ / (n σ⁴)",
        "population moments of simple returns of a step; 3 for a normal law", "Bacon (2008), p. 84", kurtosis,
    ),
    Metric(
        "sample_skewness", "Skewness, sample", "number", "√(n(n − 1)) / (n − 2) · skewness",
        "corrected for the size of the sample, as spreadsheets", "Joanes and Gill (1998), G1", sample_skewness,
    ),
    Metric(
        "sample_excess_kurtosis", "Excess kurtosis, sample", "number",
        "(n − 1) / ((n − 2)(n − 3)) · ((n + 1)(kurtosis − 3) + 6)",
        "corrected for the size of the sample, as spreadsheets; 0 for a normal law", "Joanes and Gill (1998), G2",
        sample_excess_kurtosis,
    ),
)  # fmt: skip
