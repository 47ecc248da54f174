"""Several indices over the same dates: figures side by side, distances, stability of ranks, and which suits what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from basketry.core.errors import DataError, nearest_hint
from basketry.core.numbers import Floats
from basketry.core.time import DAY, YEAR_DAYS, format_instant

Times = NDArray[np.datetime64]

FIGURES = {
    "total_return": "last level over first, less one",
    "annual_return": "(last / first)^(365 / days) − 1, compound; not given under 365 days",
    "volatility": "standard deviation (n − 1) of simple returns × √(365 / mean step in days)",
    "sharpe": "mean over standard deviation of simple returns × √(365 / mean step in days); risk-free rate 0",
    "drawdown": "largest fall from the highest level before, a negative fraction",
    "worst_step": "smallest simple return of a step",
}
RISK_FIGURES = ("volatility", "drawdown", "worst_step")


@dataclass(frozen=True, eq=False)
class Aligned:
    """Levels of several indices at the instants that all have.

    Attributes:
        times: Shape (T,).
        names: Length K.
        levels: Positive, shape (T, K).
    """

    times: Times
    names: tuple[str, ...]
    levels: Floats

    @property
    def returns(self) -> Floats:
        """Simple returns of each step, shape (T - 1, K)."""
        return self.levels[1:] / self.levels[:-1] - 1

    @property
    def per_year(self) -> float:
        """Steps in 365 days, from the mean step: 365 for daily levels."""
        return float(YEAR_DAYS * (len(self.times) - 1) / ((self.times[-1] - self.times[0]) / DAY))


@dataclass(frozen=True, eq=False)
class Comparison:
    """Several indices side by side.

    Attributes:
        aligned: Levels at the common instants.
        figures: figure, convention, and a column an index.
        best: Name of the index with the best figure of each kind (for risk, the least).
        correlation: Of simple returns, shape (K, K).
        tracking_error: Standard deviation (n − 1) of the difference in simple return, annualised, shape (K, K).
        beta: Of each (row) to each (column): covariance over the variance of the column, shape (K, K).
    """

    aligned: Aligned
    figures: pl.DataFrame
    best: Mapping[str, str]
    correlation: Floats
    tracking_error: Floats
    beta: Floats


def align(series: Mapping[str, tuple[Times, ArrayLike]]) -> Aligned:
    """Return several level series at the instants that all have; nothing is filled in.

    Raises:
        DataError: Fewer than two series or three common instants, or a level is not positive.

    >>> days = np.array(["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-04"], dtype="datetime64[us]")
    >>> align({"a": (days, [1.0, 2.0, 3.0, 4.0]), "b": (days[:3], [5.0, 5.0, 5.0])}).levels[:, 0].tolist()
    [1.0, 2.0, 3.0]
    """
    if len(series) < 2:
        raise DataError("a comparison needs two or more series")
    times: Times | None = None
    for name, (own, _) in series.items():
        if (np.diff(own) <= np.timedelta64(0)).any():
            raise DataError(f"{name}: times must increase; sort the levels and keep one an instant")
        times = own if times is None else np.intersect1d(times, own)
    if times is None or len(times) < 3:
        spans = "; ".join(
            f"{name} {format_instant(own[0])}..{format_instant(own[-1])}" for name, (own, _) in series.items()
        )
        raise DataError(f"the series have fewer than three instants in common ({spans}); compare them at one fixing")
    columns = []
    for name, (own, values) in series.items():
        levels = np.asarray(values, dtype=np.float64)
        if levels.shape != own.shape:
            raise DataError(f"{name}: {len(own)} times for levels of shape {levels.shape}")
        levels = levels[np.searchsorted(own, times)]
        if not (np.isfinite(levels) & (levels > 0)).all():
            raise DataError(f"{name}: a level is zero, negative or unknown at a common instant; leave that instant out")
        columns.append(levels)
    return Aligned(times, tuple(series), np.column_stack(columns))


def compare(
    series: Mapping[str, tuple[Times, ArrayLike]], extra: Mapping[str, Mapping[str, float]] | None = None
) -> Comparison:
    """Return figures of several indices at their common instants.

    Args:
        series: Times (datetime64[us], UTC, increasing) and levels by name.
        extra: More figures by figure and index, such as turnover or effective number; shown below, not ranked.

    Raises:
        DataError: See `align`; an extra figure names an index that is not there.
    """
    aligned = align(series)
    table = {name: figures_of(aligned, place) for place, name in enumerate(aligned.names)}
    rows = [
        {"figure": figure, **{name: table[name][figure] for name in aligned.names}, "convention": convention}
        for figure, convention in FIGURES.items()
    ]
    for figure, values in (extra or {}).items():
        strange = [name for name in values if name not in table]
        if strange:
            raise DataError(f"{figure}: no series is named {strange[0]!r}{nearest_hint(strange[0], table)}")
        rows.append({"figure": figure, **{name: values.get(name) for name in aligned.names}, "convention": "as given"})
    returns = aligned.returns
    covariance = np.cov(returns, rowvar=False)
    variance = np.diag(covariance)
    differences = variance[:, None] + variance[None, :] - 2 * covariance
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = np.clip(covariance / np.sqrt(np.outer(variance, variance)), -1, 1)
        beta = covariance / variance[None, :]
    np.fill_diagonal(differences, 0.0)
    return Comparison(
        aligned=aligned,
        figures=pl.DataFrame(rows, infer_schema_length=None).fill_nan(None),
        best={figure: _best(figure, {name: table[name][figure] for name in table}) for figure in FIGURES},
        correlation=correlation,
        tracking_error=np.sqrt(np.maximum(differences, 0) * aligned.per_year),
        beta=beta,
    )


def figures_of(aligned: Aligned, place: int) -> dict[str, float]:
    """Return the figures of one index; conventions in FIGURES."""
    levels, returns = aligned.levels[:, place], aligned.returns[:, place]
    days = float((aligned.times[-1] - aligned.times[0]) / DAY)
    spread = float(returns.std(ddof=1))
    root = float(np.sqrt(aligned.per_year))
    growth = float(levels[-1] / levels[0])
    return {
        "total_return": growth - 1,
        "annual_return": growth ** (YEAR_DAYS / days) - 1 if days >= YEAR_DAYS else float("nan"),
        "volatility": spread * root,
        "sharpe": float(returns.mean()) / spread * root if spread > 0 else float("nan"),
        "drawdown": float((levels / np.maximum.accumulate(levels) - 1).min()),
        "worst_step": float(returns.min()),
    }


@dataclass(frozen=True, eq=False)
class RankStability:
    """How far the order of indices stays the same from one span to the next.

    Attributes:
        spans: Name of each span, length S.
        ranks: 1 for the highest figure, ties share the mean rank, shape (S, K).
        concordance: Kendall's W, from 0 (no agreement) to 1 (the same order in every span).
        consecutive: Spearman's correlation of the ranks of each span with the span before, shape (S - 1,).
    """

    spans: tuple[str, ...]
    ranks: Floats
    concordance: float
    consecutive: Floats


def rank_stability(figures: ArrayLike, spans: Sequence[str]) -> RankStability:
    """Return how stable the order of K indices is over S spans.

    W = 12 Σ (R_k − R̄)² / (S² (K³ − K) − S Σ (t³ − t)), with rank sums R and ties t (Kendall and Babington Smith
    1939).

    Args:
        figures: One figure an index and span, higher is rank 1, shape (S, K).
        spans: Name of each span.

    Raises:
        DataError: Fewer than two spans or indices, or a figure is unknown.

    >>> found = rank_stability([[3.0, 2.0, 1.0], [6.0, 5.0, 4.0]], ["2020", "2021"])
    >>> found.concordance, found.consecutive.round(12).tolist()
    (1.0, [1.0])
    """
    from scipy.stats import rankdata

    table = np.asarray(figures, dtype=np.float64)
    if table.ndim != 2 or min(table.shape) < 2 or len(spans) != len(table) or not np.isfinite(table).all():
        raise DataError("rank stability needs known figures of two or more indices in two or more named spans")
    ranks = rankdata(-table, axis=1)
    count, indices = table.shape
    ties = sum(float(((sizes := np.unique(row, return_counts=True)[1]) ** 3 - sizes).sum()) for row in ranks)
    sums = ranks.sum(axis=0)
    scale = count**2 * (indices**3 - indices) - count * ties
    centred = ranks - ranks.mean(axis=1, keepdims=True)
    norms = np.sqrt((centred**2).sum(axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        consecutive = (centred[1:] * centred[:-1]).sum(axis=1) / (norms[1:] * norms[:-1])
    concordance = 12 * float(((sums - sums.mean()) ** 2).sum()) / scale if scale > 0 else float("nan")
    return RankStability(tuple(spans), ranks, concordance, consecutive)


def calendar_figures(aligned: Aligned, figure: str, unit: str = "Y") -> tuple[list[str], Floats]:
    """Return a figure of each index in each calendar year ('Y'), quarter ('Q') or month ('M') that is whole.

    A span is from the last level at or before its start, 00:00 UTC, to that at or before its end, 00:00 UTC of the
    next; it is whole if the series reach both. Returns names of spans and figures, shape (S, K).

    Raises:
        DataError: The figure or the unit is not known.
    """
    if figure not in FIGURES:
        raise DataError(f"no figure {figure!r}{nearest_hint(figure, FIGURES)}; figures: {', '.join(FIGURES)}")
    if unit not in ("Y", "Q", "M"):
        raise DataError(f"unit {unit!r} is not Y, Q or M")
    months = {"Y": 12, "Q": 3, "M": 1}[unit]
    first, last = (aligned.times[place].astype("datetime64[M]").astype(np.int64) for place in (0, -1))
    starts = np.arange(first // months * months, last + 1, months)
    edges = starts.astype("datetime64[M]").astype("datetime64[us]")
    names, rows = [], []
    for start, end in pairwise(edges):
        first_row, last_row = (int(row) - 1 for row in np.searchsorted(aligned.times, [start, end], side="right"))
        if first_row < 0 or last_row - first_row < 2 or aligned.times[-1] < end:
            continue
        inside = slice(first_row, last_row + 1)
        part = Aligned(aligned.times[inside], aligned.names, aligned.levels[inside])
        names.append(_span_name(start, unit))
        rows.append([figures_of(part, place)[figure] for place in range(len(aligned.names))])
    return names, np.array(rows, dtype=np.float64).reshape(len(rows), len(aligned.names))


def _best(figure: str, values: Mapping[str, float]) -> str:
    known = {name: value for name, value in values.items() if not np.isnan(value)}
    if not known:
        return ""
    # Falls are negative, so the largest is the least bad; volatility alone is better when small.
    sign = -1 if figure == "volatility" else 1
    return max(known, key=lambda name: sign * known[name])


def _span_name(start: np.datetime64, unit: str) -> str:
    month = int(start.astype("datetime64[M]").astype(np.int64))
    year, rest = 1970 + month // 12, month % 12
    return {"Y": f"{year}", "Q": f"{year}-Q{rest // 3 + 1}", "M": f"{year}-{rest + 1:02d}"}[unit]
