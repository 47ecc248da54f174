"""Figures of a series against another: beta, correlation, capture, and how a product tracks its index."""

from __future__ import annotations

import numpy as np

from basketry.core.numbers import Bools, Floats
from basketry.evaluation.metrics.metric import Metric
from basketry.evaluation.metrics.sample import Sample, is_flat, ratio


def beta(sample: Sample) -> Floats:
    """Return the slope of returns on those of the other series.

    >>> steps = np.array([[0.02], [-0.01], [0.03]])
    >>> series = np.vstack([[1.0], np.cumprod(1 + steps)[:, None]])
    >>> twice = np.vstack([[1.0], np.cumprod(1 + 2 * steps)[:, None]])
    >>> beta(Sample(twice, against=series)).round(12).tolist()
    [2.0]
    """
    _, other, both = sample.pair_sums
    return ratio(both, other)


def alpha(sample: Sample) -> Floats:
    """Return the mean excess return less beta times that of the other series, times the steps a year."""
    free = sample.step_risk_free
    own, other = sample.returns.mean(axis=0) - free, sample.other_returns.mean(axis=0) - free
    return (own - beta(sample) * other) * sample.per_year


def correlation(sample: Sample) -> Floats:
    """Return Pearson's correlation of returns; NaN where a series is constant."""
    own, other, both = sample.pair_sums
    return np.clip(ratio(both, np.sqrt(own * other)), -1.0, 1.0)


def tail_correlation(sample: Sample) -> Floats:
    """Return the correlation over steps on which both returns are at or below their own lower quantile.

    NaN with fewer than five such steps. A normal law of any correlation has a lower one here.
    """
    low, other_low = _low(sample, sample.terms.exceedance)
    both = low & other_low
    count = both.sum(axis=0)
    own, other = (np.where(both, values, 0.0) for values in (sample.returns, sample.other_returns))
    safe = np.maximum(count, 1)
    own = np.where(both, own - own.sum(axis=0) / safe, 0.0)
    other = np.where(both, other - other.sum(axis=0) / safe, 0.0)
    return np.where(count >= 5, correlation_of(own, other), np.nan)


def tail_dependence(sample: Sample) -> Floats:
    """Return the share of the other series' worst steps that are among the worst of this one."""
    own, other = _low(sample, sample.terms.tail)
    return (own & other).sum(axis=0) / other.sum(axis=0)


def up_capture(sample: Sample) -> Floats:
    """Return the mean compound return on steps on which the other series rose, over that of the other series."""
    return _capture(sample, sample.other_returns > 0)


def down_capture(sample: Sample) -> Floats:
    """Return the same on steps on which the other series fell."""
    return _capture(sample, sample.other_returns < 0)


def tracking_error(sample: Sample) -> Floats:
    """Return the standard deviation (n − 1) of differences of returns, annualised."""
    return _difference_deviation(sample) * np.sqrt(sample.per_year)


def tracking_difference(sample: Sample) -> Floats:
    """Return the compound return a year less that of the other series; NaN for less than a year.

    >>> product, index = np.array([100.0, 109.0]), np.array([100.0, 110.0])
    >>> tracking_difference(Sample(product, per_year=1, against=index)).round(6).tolist()
    [-0.01]
    """
    if sample.against is None or not sample.is_a_year:
        return np.full(sample.level.shape[1], np.nan)
    power = 1 / sample.years
    return (sample.level[-1] / sample.level[0]) ** power - (sample.against[-1] / sample.against[0]) ** power


def information_ratio(sample: Sample) -> Floats:
    """Return the mean over the standard deviation of differences of returns, annualised."""
    mean = (sample.returns - sample.other_returns).mean(axis=0)
    return ratio(mean, _difference_deviation(sample)) * np.sqrt(sample.per_year)


def correlation_of(own: Floats, other: Floats) -> Floats:
    """Return the correlation of columns that have a mean of zero, in [−1, 1]."""
    products, squares, others = ((a * b).sum(axis=0) for a, b in ((own, other), (own, own), (other, other)))
    found = ratio(products, np.sqrt(squares * others))
    return np.clip(found, -1.0, 1.0)


def _low(sample: Sample, share: float) -> tuple[Bools, Bools]:
    """Return which returns of both series are at or below their lower quantile, shapes (T, N) and (T, 1) or (T, N)."""
    from basketry.evaluation.kernels import quantiles

    single = sample.against is not None and sample.against.shape[1] == 1
    other = np.ascontiguousarray(sample.other_returns[:, :1] if single else sample.other_returns)
    return sample.returns <= quantiles(sample.returns, share), other <= quantiles(other, share)


def _capture(sample: Sample, on: Bools) -> Floats:
    count = on.sum(axis=0)
    means = []
    for returns in (sample.returns, sample.other_returns):
        grown = np.where(on, np.log1p(returns), 0.0).sum(axis=0)
        means.append(np.expm1(ratio(grown, count)))
    return ratio(means[0], means[1])


def _difference_deviation(sample: Sample) -> Floats:
    difference = sample.returns - sample.other_returns
    if sample.steps < 2:
        return np.full(difference.shape[1], np.nan)
    deviation = difference.std(axis=0, ddof=1)
    return np.where(is_flat(difference), 0.0, deviation)


_STEPS = "simple returns of a step"

METRICS = (
    Metric(
        "beta", "Beta", "ratio", "Σ (r_t − m)(b_t − m_b) / Σ (b_t − m_b)²", f"least squares, {_STEPS}", "Sharpe (1964)",
        beta, compares=True, headline=True,
    ),
    Metric(
        "alpha", "Alpha a year", "fraction a year", "(m − f − β (m_b − f)) · P",
        f"arithmetic, {_STEPS} less {{risk_free}} a year, × {{per_year}}", "Jensen (1968)", alpha, compares=True,
        headline=True,
    ),
    Metric(
        "correlation", "Correlation", "ratio", "Σ (r_t − m)(b_t − m_b) / √(Σ (r_t − m)² Σ (b_t − m_b)²)",
        f"Pearson, {_STEPS}", "Pearson (1895)", correlation, compares=True, headline=True,
    ),
    Metric(
        "tail_correlation", "Correlation in the tail", "ratio", "correlation given r_t ≤ q_e(r) and b_t ≤ q_e(b)",
        f"{_STEPS}, both at or below their {{exceedance}} quantile", "Longin and Solnik (2001)", tail_correlation,
        compares=True,
    ),
    Metric(
        "tail_dependence", "Shared worst steps", "fraction", "#(r_t ≤ q_a(r), b_t ≤ q_a(b)) / #(b_t ≤ q_a(b))",
        f"{_STEPS}, worst {{tail}} of each", "Joe (1997)", tail_dependence, compares=True,
    ),
    Metric(
        "up_capture", "Up capture", "ratio", "G(r | b_t > 0) / G(b | b_t > 0), G = geometric mean return",
        f"{_STEPS} on which the other rose, compound mean a step, not annualised", "Morningstar (2011)", up_capture,
        compares=True, headline=True,
    ),
    Metric(
        "down_capture", "Down capture", "ratio", "G(r | b_t < 0) / G(b | b_t < 0)",
        f"{_STEPS} on which the other fell, compound mean a step, not annualised", "Morningstar (2011)", down_capture,
        compares=True, headline=True,
    ),
    Metric(
        "tracking_error", "Tracking error a year", "fraction a year", "s(r_t − b_t) · √P",
        f"standard deviation (n − 1) of differences of {_STEPS} × √{{per_year}}", "ESMA (2012/832)", tracking_error,
        compares=True, headline=True,
    ),
    Metric(
        "tracking_difference", "Tracking difference a year", "fraction a year", "return a year − that of b",
        "compound returns a year of 365 days; not given for less than a year", "ESMA (2012/832)", tracking_difference,
        compares=True, headline=True,
    ),
    Metric(
        "information_ratio", "Information ratio", "ratio", "mean(r_t − b_t) / s(r_t − b_t) · √P",
        f"differences of {_STEPS}, deviation with n − 1, × √{{per_year}}", "Goodwin (1998)", information_ratio,
        compares=True,
    ),
)  # fmt: skip
