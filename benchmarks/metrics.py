"""The 12 metrics that the peers share, for 1,000 series of 2,500 days; all metrics; intervals by bootstrap.

The note of a peer says for how many of the 12 its figure is ours to 1e-12, measured on 20 series, and how far the
others are away: docs/concepts/metrics.md explains each.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from timing import report

SERIES, DAYS, COMPARED = 1000, 2500, 20
NAMES = (
    *("total_return", "annual_return", "volatility", "sharpe", "sortino", "max_drawdown", "calmar", "omega"),
    *("value_at_risk", "expected_shortfall", "sample_skewness", "sample_excess_kurtosis"),
)


def levels() -> tuple[Any, Any]:
    """Return levels with fat tails and a common factor, shape (2501, 1000), and those of the factor."""
    rng = np.random.default_rng(0)
    factor = np.clip(rng.standard_t(4, (DAYS, 1)) * 0.02, -0.5, 0.5)
    returns = np.clip(factor * rng.uniform(0.3, 1.5, SERIES) + rng.standard_t(4, (DAYS, SERIES)) * 0.015, -0.5, 0.5)
    path = np.ones((DAYS + 1, SERIES + 1))
    path[1:] = np.cumprod(1 + np.hstack([returns, factor]), axis=0)
    return path[:, :-1], path[:, -1:]


def basketry(path: Any, _: Any) -> Any:
    """The 12, each of shape (N,)."""
    from basketry.evaluation.metrics import Sample, measure

    return np.array(list(measure(Sample(path), NAMES).values()))


def everything(path: Any, factor: Any) -> Any:
    """All metrics, those against another series included, and rolling volatility and drawdowns."""
    from basketry.evaluation.metrics import Sample, measure
    from basketry.evaluation.metrics.rolling import drawdowns, rolling_volatility

    sample = Sample(path, against=factor)
    found = measure(sample)
    rolling_volatility(sample, 30), drawdowns(sample)
    return np.array([found[name] for name in NAMES])


def bootstrap(path: Any, factor: Any) -> Any:
    """Intervals of the headline figures of one series, 1,000 draws."""
    from basketry.evaluation.bootstrap import Bootstrap, intervals
    from basketry.evaluation.metrics import Sample

    return intervals(Sample(path[:, 0], against=factor), Bootstrap(draws=1000))["value"].to_numpy()


def frame(path: Any) -> Any:
    """Return levels as a frame with dates."""
    import pandas as pd

    return pd.DataFrame(path, index=pd.date_range("2018-01-01", periods=len(path)))


def pandas(path: Any, _: Any) -> Any:
    """The 12 on whole frames."""
    prices = frame(path)
    r = prices.pct_change().iloc[1:]
    year = (prices.iloc[-1] / prices.iloc[0]) ** (365 / len(r)) - 1
    fall = (prices / prices.cummax() - 1).min()
    deviation, mean = r.std(), r.mean()
    quantile = r.quantile(0.05)
    down = np.sqrt((r.clip(upper=0) ** 2).mean())
    return np.array(
        [
            prices.iloc[-1] / prices.iloc[0] - 1, year, deviation * 365**0.5, mean / deviation * 365**0.5,
            mean / down * 365**0.5, fall, year / -fall, r.clip(lower=0).sum() / -r.clip(upper=0).sum(), quantile,
            r[r <= quantile].mean(), r.skew(), r.kurt(),
        ]
    )  # fmt: skip


def empyrical(path: Any, _: Any) -> Any:
    """The 12, a series at a time; it has no moments of its own, so pandas gives them."""
    import empyrical as ep

    def one(r: Any) -> list[float]:
        return [
            ep.cum_returns_final(r), ep.annual_return(r, annualization=365), ep.annual_volatility(r, annualization=365),
            ep.sharpe_ratio(r, annualization=365), ep.sortino_ratio(r, annualization=365), ep.max_drawdown(r),
            ep.calmar_ratio(r, annualization=365), ep.omega_ratio(r, annualization=365), ep.value_at_risk(r),
            ep.conditional_value_at_risk(r), r.skew(), r.kurt(),
        ]  # fmt: skip

    returns = frame(path).pct_change().iloc[1:]
    return np.array([one(returns[column]) for column in returns]).T


def quantstats(path: Any, _: Any) -> Any:
    """The 12, a series at a time; its value at risk is of a normal law."""
    from quantstats import stats as qs

    def one(r: Any) -> list[float]:
        return [
            qs.comp(r), qs.cagr(r, periods=365), qs.volatility(r, periods=365), qs.sharpe(r, periods=365),
            qs.sortino(r, periods=365), qs.max_drawdown(r), qs.calmar(r, periods=365), qs.omega(r, periods=365),
            qs.value_at_risk(r), qs.conditional_value_at_risk(r), qs.skew(r), qs.kurtosis(r),
        ]  # fmt: skip

    returns = frame(path).pct_change().iloc[1:]
    return np.array([one(returns[column]) for column in returns]).T


def ffn(path: Any, _: Any) -> Any:
    """All figures of its GroupStats, of which it has nine of the 12."""
    import ffn as package

    stats = package.GroupStats(frame(path).rename(columns=str), annualization_factor=365).stats
    rows = ["total_return", "cagr", "daily_vol", "daily_sharpe", "daily_sortino", "max_drawdown", "calmar"]
    found = stats.loc[[*rows, "daily_skew", "daily_kurt"]].to_numpy(dtype=float)
    return np.vstack([found[:7], np.full((3, path.shape[1]), np.nan), found[7:]])


PEERS: dict[str, Callable[[Any, Any], Any]] = {
    "basketry, 12 metrics": basketry,
    "basketry, all metrics": everything,
    "basketry, intervals of one series": bootstrap,
    "pandas, 12 metrics": pandas,
    "empyrical, 12 metrics": empyrical,
    "ffn, GroupStats": ffn,
    "quantstats, 12 metrics": quantstats,
}


def agreement(calculate: Callable[[Any, Any], Any], path: Any, factor: Any) -> str:
    """Say for how many of the 12 a peer's figures are ours, and name the others."""
    few = path[:, :COMPARED]
    theirs, ours = calculate(few, factor), basketry(few, factor)
    away = np.abs(theirs / ours - 1).max(axis=1)
    same = int((away <= 1e-12).sum())
    others = [f"{name} {size:.0e}" for name, size in zip(NAMES, away, strict=True) if size > 1e-12]
    missing = [name for name, size in zip(NAMES, away, strict=True) if np.isnan(size)]
    parts = [f"{same} of 12 as ours to 1e-12", *others, *([f"without {', '.join(missing)}"] if missing else [])]
    return "; ".join(parts)


def main() -> None:
    """Measure the peer named first; the second word says where our figures are kept."""
    warnings.simplefilter("ignore")
    name, kept = sys.argv[1], Path(sys.argv[2])
    path, factor = levels()
    calculate = PEERS[name]
    ours = name.startswith("basketry")
    note = "" if ours else agreement(calculate, path, factor)
    # Figures that differ by definition are compared in the note alone.
    if calculate in (bootstrap, ffn, quantstats):
        kept = kept.with_name("not kept")
    report(
        lambda: calculate(path, factor), kept, repeats=9 if ours else 1, ours=calculate is basketry, note=f"  {note}"
    )


if __name__ == "__main__":
    main()
