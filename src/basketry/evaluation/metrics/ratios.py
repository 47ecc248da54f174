"""Return per unit of risk."""

from __future__ import annotations

import numpy as np

from basketry.core.numbers import Floats
from basketry.evaluation.metrics.falls import max_drawdown, pain_index, ulcer_index
from basketry.evaluation.metrics.metric import Metric
from basketry.evaluation.metrics.returns import annual_return
from basketry.evaluation.metrics.risk import step_deviation, step_downside
from basketry.evaluation.metrics.sample import Sample, ratio


def sharpe(sample: Sample) -> Floats:
    """Return the mean over the standard deviation of excess returns, annualised; NaN for a constant series.

    >>> sharpe(Sample(np.cumprod([1, 1.1, 0.95, 1.1]), per_year=4)).round(6).tolist()
    [1.154701]
    """
    from basketry.evaluation.kernels import TOTAL

    excess = sample.summary[TOTAL] / sample.steps - sample.step_risk_free
    return ratio(excess, step_deviation(sample)) * np.sqrt(sample.per_year)


def sortino(sample: Sample) -> Floats:
    """Return the mean return over the target, by the downside deviation below it, annualised."""
    from basketry.evaluation.kernels import TOTAL

    excess = sample.summary[TOTAL] / sample.steps - sample.step_target
    return ratio(excess, step_downside(sample)) * np.sqrt(sample.per_year)


def calmar(sample: Sample) -> Floats:
    """Return the compound return a year over the size of the largest drawdown, both of the whole time."""
    return ratio(annual_return(sample), -max_drawdown(sample))


def omega(sample: Sample) -> Floats:
    """Return the gains above the target over the shortfalls below it.

    >>> omega(Sample(np.cumprod([1, 1.2, 0.9, 1.1]))).round(6).tolist()
    [3.0]
    """
    from basketry.evaluation.kernels import GAINS, LOSSES

    return ratio(sample.summary[GAINS], sample.summary[LOSSES])


def martin(sample: Sample) -> Floats:
    """Return the compound excess return a year over the ulcer index."""
    return ratio(annual_return(sample) - sample.terms.risk_free, ulcer_index(sample))


def pain_ratio(sample: Sample) -> Floats:
    """Return the compound excess return a year over the pain index."""
    return ratio(annual_return(sample) - sample.terms.risk_free, pain_index(sample))


_YEAR = "compound return a year of 365 days"

METRICS = (
    Metric(
        "sharpe", "Sharpe ratio", "ratio", "(m − f) / s · √P",
        "simple returns of a step less {risk_free} a year, deviation with n − 1, × √{per_year}", "Sharpe (1994)",
        sharpe, headline=True,
    ),
    Metric(
        "sortino", "Sortino ratio", "ratio", "(m − g) / d · √P",
        "simple returns of a step against a target of {target} a year, downside over all steps, × √{per_year}",
        "Sortino and van der Meer (1991)", sortino, headline=True,
    ),
    Metric(
        "calmar", "Calmar ratio", "ratio", "return a year / |max drawdown|",
        f"{_YEAR} over the largest drawdown, both of the whole time; not given for less than a year", "Young (1991)",
        calmar, headline=True,
    ),
    Metric(
        "omega", "Omega ratio", "ratio", "Σ max(r_t − g, 0) / Σ max(g − r_t, 0)",
        "simple returns of a step, target {target} a year", "Keating and Shadwick (2002)", omega, headline=True,
    ),
    Metric(
        "martin", "Martin ratio", "ratio", "(return a year − f) / ulcer index",
        f"{_YEAR} less {{risk_free}}; not given for less than a year", "Martin and McCann (1989); Bacon (2008), p. 91",
        martin,
    ),
    Metric(
        "pain_ratio", "Pain ratio", "ratio", "(return a year − f) / pain index",
        f"{_YEAR} less {{risk_free}}; not given for less than a year", "Becker (2006); Bacon (2008), p. 91", pain_ratio,
    ),
)  # fmt: skip
