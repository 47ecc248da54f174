"""Figures by regime: correlation, beta and return within each group of steps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.evaluation.metrics.relative import correlation_of
from basketry.evaluation.metrics.sample import Sample, ratio


def by_regime(sample: Sample, labels: Sequence[str], series: int = 0) -> pl.DataFrame:
    """Return one row a regime: regime, steps, mean return a year, volatility, and correlation and beta if it compares.

    Labels name the regime of each return, shape (T−1,). Returns are simple; means and deviations (n − 1) are
    annualised as in the metrics; NaN where a regime has too few steps.

    Raises:
        DataError: There is not one label a return.

    >>> by_regime(Sample(np.array([100.0, 110.0, 121.0, 110.0])), ["bull", "bull", "bear"])["steps"].to_list()
    [1, 2]
    """
    if len(labels) != sample.steps:
        raise DataError(f"{sample.steps} returns need as many labels, were {len(labels)}")
    names, group = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
    own = sample.returns[:, series]
    other = None if sample.against is None else sample.other_returns[:, series]
    rows = [_figures(own, other, group == place, sample.per_year) for place in range(len(names))]
    return pl.DataFrame({"regime": names.tolist()}).hstack(pl.DataFrame(rows))


def _figures(own: Floats, other: Floats | None, on: Floats, per_year: float) -> dict[str, float]:
    returns = own[on]
    count = len(returns)
    found = {
        "steps": count,
        "mean_return": float(returns.mean() * per_year),
        "volatility": float(returns.std(ddof=1) * np.sqrt(per_year)) if count > 1 else np.nan,
    }
    if other is not None:
        x = (returns - returns.mean())[:, None]
        y = (other[on] - other[on].mean())[:, None]
        found["correlation"] = float(correlation_of(x, y)[0]) if count > 2 else np.nan
        found["beta"] = float(ratio((x * y).sum(axis=0), (y * y).sum(axis=0))[0]) if count > 2 else np.nan
    return found
