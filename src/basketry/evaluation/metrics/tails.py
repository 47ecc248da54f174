"""Value at risk and expected shortfall of one step: historical, normal, Cornish-Fisher, filtered; losses negative."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from basketry.core.numbers import Floats
from basketry.evaluation.metrics.metric import Metric
from basketry.evaluation.metrics.risk import kurtosis, skewness, step_deviation
from basketry.evaluation.metrics.sample import Sample, ratio


def value_at_risk(sample: Sample) -> Floats:
    """Return the lower quantile of the returns, linear between order statistics.

    >>> value_at_risk(Sample(np.cumprod([1, 0.9, 0.8, 1.1, 1.2]))).round(6).tolist()
    [-0.185]
    """
    from basketry.evaluation.kernels import QUANTILE

    return sample.summary[QUANTILE]


def expected_shortfall(sample: Sample) -> Floats:
    """Return the mean of the lowest ⌊(n − 1) a⌋ + 1 returns: those at or below the lower quantile, ties apart."""
    from basketry.evaluation.kernels import TAIL

    return sample.summary[TAIL]


def normal_value_at_risk(sample: Sample) -> Floats:
    """Return the lower quantile of a normal law with the mean and deviation of the returns."""
    return _mean(sample) + step_deviation(sample) * ndtri(sample.terms.tail)


def normal_expected_shortfall(sample: Sample) -> Floats:
    """Return the mean of a normal law below its lower quantile."""
    tail = sample.terms.tail
    return _mean(sample) - step_deviation(sample) * _density(ndtri(tail)) / tail


def cornish_fisher_value_at_risk(sample: Sample) -> Floats:
    """Return the quantile of a normal law corrected for skewness S and excess kurtosis K.

    NaN where the corrected quantiles are not in order down to a hundredth of the tail: the expansion fails there.
    """
    z, s, k = _expansion(sample)
    corrected = z + (z**2 - 1) * s / 6 + (z**3 - 3 * z) * k / 24 - (2 * z**3 - 5 * z) * s**2 / 36
    return np.where(_falls(sample.terms.tail, s, k), _mean(sample) + step_deviation(sample) * corrected, np.nan)


def cornish_fisher_expected_shortfall(sample: Sample) -> Floats:
    """Return the mean of the Cornish-Fisher quantiles over the lower tail, in closed form.

    Since ∫ u φ = −φ, ∫ (u² − 1) φ = −u φ and ∫ (u³ − 3u) φ = −(u² − 1) φ.
    """
    z, s, k = _expansion(sample)
    weight = 1 + z * s / 6 + (z**2 - 1) * k / 24 - (2 * z**2 - 1) * s**2 / 36
    mean = _mean(sample) - step_deviation(sample) * _density(z) / sample.terms.tail * weight
    return np.where(_falls(sample.terms.tail, s, k), mean, np.nan)


def filtered_value_at_risk(sample: Sample) -> Floats:
    """Return the quantile of returns over the volatility known before them, times the volatility known at the end."""
    return sample.filtered[0]


def filtered_expected_shortfall(sample: Sample) -> Floats:
    """Return the mean of such returns at or below the quantile, times the volatility known at the end."""
    return sample.filtered[1]


def tail_ratio(sample: Sample) -> Floats:
    """Return the size of the upper quantile over that of the lower."""
    from basketry.evaluation.kernels import QUANTILE, quantiles

    upper = quantiles(sample.returns, 1 - sample.terms.tail)
    return ratio(np.abs(upper), np.abs(sample.summary[QUANTILE]))


def _mean(sample: Sample) -> Floats:
    from basketry.evaluation.kernels import TOTAL

    return sample.summary[TOTAL] / sample.steps


def _expansion(sample: Sample) -> tuple[float, Floats, Floats]:
    return float(ndtri(sample.terms.tail)), skewness(sample), kurtosis(sample) - 3


def _density(z: float) -> float:
    return float(np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi))


def _falls(tail: float, s: Floats, k: Floats) -> Floats:
    """Return whether the corrected quantile grows in u down to a hundredth of the tail; its slope is a u² + b u + c."""
    a, b, c = k / 8 - s**2 / 6, s / 3, 1 - k / 8 + 5 * s**2 / 36
    low, high = float(ndtri(tail / 100)), float(ndtri(tail))
    with np.errstate(divide="ignore", invalid="ignore"):
        vertex = np.clip(np.nan_to_num(-b / (2 * a)), low, high)
    return np.min([a * u**2 + b * u + c for u in (low * np.ones_like(s), vertex, high * np.ones_like(s))], axis=0) > 0


_OF = "of simple returns of a step; a loss is negative"
_EXPANSION = f"normal law corrected for skewness and kurtosis (population), tail {{tail}}, {_OF}; none where it fails"
_FILTER = (
    f"history over its exponentially weighted volatility (decay {{decay}}, first {{warm_up}} returns to start), scaled "
    f"to that of the end, tail {{tail}}, {_OF}"
)
_HULL = "Hull and White (1998); Barone-Adesi, Giannopoulos and Vosper (1999)"

METRICS = (
    Metric(
        "value_at_risk", "Value at risk", "fraction", "q_a(r)", f"historical, {{tail}} quantile {_OF}",
        "Jorion (2006)", value_at_risk, headline=True,
    ),
    Metric(
        "expected_shortfall", "Expected shortfall", "fraction", "mean of the lowest ⌊(n − 1) a⌋ + 1 of r_t",
        f"historical, mean at or below the {{tail}} quantile {_OF}", "Acerbi and Tasche (2002)", expected_shortfall,
        headline=True,
    ),
    Metric(
        "normal_value_at_risk", "Value at risk, normal", "fraction", "m + s z_a", f"normal law, tail {{tail}}, {_OF}",
        "RiskMetrics (1996)", normal_value_at_risk,
    ),
    Metric(
        "normal_expected_shortfall", "Expected shortfall, normal", "fraction", "m − s φ(z_a) / a",
        f"normal law, tail {{tail}}, {_OF}", "Acerbi and Tasche (2002)", normal_expected_shortfall,
    ),
    Metric(
        "cornish_fisher_value_at_risk", "Value at risk, Cornish-Fisher", "fraction",
        "m + s (z + (z² − 1) S/6 + (z³ − 3z) K/24 − (2z³ − 5z) S²/36)", _EXPANSION, "Favre and Galeano (2002)",
        cornish_fisher_value_at_risk,
    ),
    Metric(
        "cornish_fisher_expected_shortfall", "Expected shortfall, Cornish-Fisher", "fraction",
        "m − s φ(z)/a · (1 + z S/6 + (z² − 1) K/24 − (2z² − 1) S²/36)", _EXPANSION, "Maillard (2012)",
        cornish_fisher_expected_shortfall,
    ),
    Metric(
        "filtered_value_at_risk", "Value at risk, filtered", "fraction", "σ_(T+1) q_a(r_t / σ_t)", _FILTER, _HULL,
        filtered_value_at_risk,
    ),
    Metric(
        "filtered_expected_shortfall", "Expected shortfall, filtered", "fraction",
        "σ_(T+1) · mean of the lowest of r_t / σ_t", _FILTER, _HULL, filtered_expected_shortfall,
    ),
    Metric(
        "tail_ratio", "Tail ratio", "ratio", "|q_(1−a)(r)| / |q_a(r)|", "quantiles at {tail} and one less it, simple",
        "empyrical", tail_ratio,
    ),
)  # fmt: skip
