"""Figures of level series, each with its formula, source and convention.

`METRICS` holds them by name; `measure` calculates some or all for many series at once, `table` for one with its texts.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from basketry.core.errors import DataError, nearest_hint
from basketry.core.numbers import Floats
from basketry.evaluation.metrics import falls, ratios, relative, returns, risk, tails
from basketry.evaluation.metrics.metric import Metric
from basketry.evaluation.metrics.sample import Sample, Terms

METRICS: dict[str, Metric] = {
    metric.name: metric for module in (returns, risk, tails, ratios, falls, relative) for metric in module.METRICS
}
"""Every figure by name, in the order in which tables show them."""

HEADLINE = tuple(metric.name for metric in METRICS.values() if metric.headline)
"""Names of the figures that reports give a confidence interval."""

__all__ = ["HEADLINE", "METRICS", "Metric", "Sample", "Terms", "chosen", "measure", "table"]


def chosen(sample: Sample, names: Iterable[str] | None = None) -> list[Metric]:
    """Return metrics by name; by default all that the sample has the series for.

    Raises:
        DataError: A name is not known, or the figure compares and the sample has nothing to compare with.
    """
    if names is None:
        return [metric for metric in METRICS.values() if sample.against is not None or not metric.compares]
    found = []
    for name in names:
        if name not in METRICS:
            raise DataError(f"no metric {name!r}{nearest_hint(name, METRICS)}; METRICS names all {len(METRICS)}")
        if METRICS[name].compares and sample.against is None:
            raise DataError(f"{name} compares with another series; give one as `against`")
        found.append(METRICS[name])
    return found


def measure(sample: Sample, names: Iterable[str] | None = None) -> dict[str, Floats]:
    """Return figures of every series of a sample, each of shape (N,).

    Raises:
        DataError: As `chosen`.

    >>> import numpy as np
    >>> levels = np.array([[100.0, 50.0], [110.0, 40.0], [99.0, 60.0]])
    >>> found = measure(Sample(levels), ["total_return", "max_drawdown"])
    >>> found["total_return"].round(6).tolist(), found["max_drawdown"].round(6).tolist()
    ([-0.01, 0.2], [-0.1, -0.2])
    """
    return {metric.name: metric(sample) for metric in chosen(sample, names)}


def table(sample: Sample, names: Iterable[str] | None = None, series: int = 0) -> pl.DataFrame:
    """Return the figures of one series with texts: metric, title, value, unit, convention, formula, source.

    Raises:
        DataError: As `chosen`.
    """
    metrics = chosen(sample, names)
    return pl.DataFrame(
        {
            "metric": [metric.name for metric in metrics],
            "title": [metric.title for metric in metrics],
            "value": [float(metric(sample)[series]) for metric in metrics],
            "unit": [metric.unit for metric in metrics],
            "convention": [metric.convention_of(sample) for metric in metrics],
            "formula": [metric.formula for metric in metrics],
            "source": [metric.source for metric in metrics],
        }
    )
