"""Following 100 assets with 20: monthly refits on the real market of 2017 to 2020, or on a seeded one without it.

The folder of real data is the one that the tests use (BASKETRY_SHARED). Every peer goes through the same walk-forward;
the note gives the tracking error out of sample, turnover and time of a refit.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from basketry.methodology.cap_weights import cap_weights
from basketry.tracking.sampling import SAMPLERS, ProForma, Sample, WalkForward, walk_forward
from timing import report

ASSETS, KEEP, MONTH, WINDOW, CAP = 100, 20, 30, 180, 0.10
SHARED = Path(os.environ.get("BASKETRY_SHARED", Path(__file__).resolve().parents[2] / "shared"))
PANEL = SHARED / "data" / "cmc_daily_2013_2020h1.parquet"
STABLE = ("USDT", "USDC", "DAI", "TUSD", "PAX", "BUSD", "GUSD", "HUSD", "SUSD", "BITUSD", "BITCNY", "USDK", "SAI")
START = datetime(2017, 7, 1, tzinfo=UTC).date()


def real() -> tuple[Any, Any]:
    """Return daily returns of the panel and weights of its 100 largest, capped at 10%, renewed every 30 days."""
    import polars as pl

    table = pl.read_parquet(PANEL).filter((pl.col("date") >= pl.date(2017, 5, 1)) & ~pl.col("symbol").is_in(STABLE))
    frames = {
        figure: table.pivot(on="symbol", index="date", values=figure, aggregate_function="first").sort("date")
        for figure in ("price_usd", "market_cap_usd", "volume_usd_24h")
    }
    names = [name for name in frames["price_usd"].columns if name != "date"]
    price, size, volume = (frame.select(names).cast(pl.Float64).to_numpy() for frame in frames.values())
    price = np.where(price > 0, price, np.nan)
    returns = np.full(price.shape, np.nan)
    returns[1:] = price[1:] / price[:-1] - 1
    # Prices that rise sixfold or lose nine tenths in a day are faults of this source more often than not.
    returns[(returns > 5) | (returns < -0.9)] = np.nan
    first = int(np.searchsorted(frames["price_usd"]["date"].to_numpy(), np.datetime64(START)))
    eligible = [_eligible(returns, size, volume, row) for row in range(first, len(returns), MONTH)]
    return _history(returns, first, eligible)


def _eligible(returns: Any, size: Any, volume: Any, row: int) -> Any:
    """Return the capitalisations known before a row, 0 of assets that are not eligible."""
    past = slice(row - MONTH, row)
    usual = np.nanmedian(np.nan_to_num(size[row - 15 : row]), axis=0)
    known = np.isfinite(returns[past]).all(axis=0) & (np.median(np.nan_to_num(volume[past]), axis=0) > 1e4)
    return np.where(known & (size[row - 1] < 2 * usual), np.nan_to_num(size[row - 1]), 0.0)


def synthetic() -> tuple[Any, Any]:
    """Return a seeded market of 160 assets with one factor and fat tails, and the same index of its 100 largest."""
    rng = np.random.default_rng(7)
    rows, columns = 1100, 160
    factor = rng.standard_t(4, (rows, 1)) * 0.025
    own = rng.standard_t(4, (rows, columns)) * rng.uniform(0.01, 0.05, columns)
    returns = np.maximum(factor * rng.uniform(0.7, 1.3, columns) + own, -0.9)
    size = rng.pareto(1.1, columns) * np.cumprod(1 + returns, axis=0)
    return _history(returns, MONTH, [size[row - 1] for row in range(MONTH, rows, MONTH)])


def _history(returns: Any, first: int, sizes: list[Any]) -> tuple[Any, Any]:
    weights = np.zeros(returns.shape)
    for number, size in enumerate(sizes):
        row = first + number * MONTH
        largest = np.argsort(-size)[:ASSETS]
        weights[row, largest] = cap_weights(size[largest], cap=CAP)
        for later in range(row + 1, min(row + MONTH, len(returns))):
            drifted = weights[later - 1] * (1 + np.nan_to_num(returns[later - 1]))
            weights[later] = drifted / drifted.sum()
    return returns[first:], weights[first:]


class _Peer:
    """A sampler that relaxes, keeps the largest and fits again with another library."""

    def __init__(self, solve: Callable[[Any, Any], Any], fit: str) -> None:
        self.solve, self.fit = solve, fit

    def sample(self, target: ProForma, previous: Any = None) -> Sample:
        pro_forma = target.pro_forma()
        returns = np.where(np.isnan(target.returns), pro_forma[:, None], target.returns)
        followed = pro_forma if self.fit == "pro_forma" else target.index_returns
        largest = np.sort(np.argsort(-self.solve(returns, followed))[:KEEP])
        weights = np.zeros(len(target.weights))
        weights[largest] = np.maximum(self.solve(returns[:, largest], followed), 0.0)
        weights /= weights.sum()
        traded = 1.0 if previous is None else 0.5 * (np.abs(weights - previous).sum() + 1 - previous.sum())
        return Sample(weights, float("nan"), float(traded))


def by_skfolio(returns: Any, followed: Any) -> Any:
    """Return the weights of skfolio's benchmark tracker."""
    from skfolio.optimization import BenchmarkTracker

    return BenchmarkTracker().fit(returns, followed).weights_


def by_cvxpy(returns: Any, followed: Any) -> Any:
    """Return the weights of a least-squares problem in cvxpy, solved by Clarabel."""
    import cvxpy as cp

    weights = cp.Variable(returns.shape[1], nonneg=True)
    # The scale keeps the objective away from the solver's tolerance.
    loss = cp.sum_squares(100 * (returns @ weights - followed))
    cp.Problem(cp.Minimize(loss), [cp.sum(weights) == 1]).solve(solver="CLARABEL")
    return weights.value


def ours(name: str, **parameters: Any) -> Callable[[], Any]:
    """Return what builds a sampler of basketry."""
    return lambda: SAMPLERS.build(name, {"assets": KEEP, **parameters})


PEERS: dict[str, Callable[[], Any]] = {
    "basketry, elimination": ours("elimination"),
    "basketry, elimination, turnover": ours("elimination", turnover_penalty=0.01),
    "basketry, least squares": ours("least_squares"),
    "basketry, concave": ours("concave"),
    "basketry, elimination, realised": ours("elimination", fit="realised"),
    "basketry, least squares, realised": ours("least_squares", fit="realised"),
    "20 largest": ours("largest"),
    "skfolio, realised": lambda: _Peer(by_skfolio, "realised"),
    "skfolio, pro forma": lambda: _Peer(by_skfolio, "pro_forma"),
    "cvxpy, realised": lambda: _Peer(by_cvxpy, "realised"),
    "cvxpy, pro forma": lambda: _Peer(by_cvxpy, "pro_forma"),
}


class _Timed:
    """A sampler that notes how long each choice takes."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.fit = inner, getattr(inner, "fit", "pro_forma")
        self.times: list[float] = []

    def sample(self, target: ProForma, previous: Any = None) -> Sample:
        begun = time.perf_counter()
        found: Sample = self.inner.sample(target, previous)
        self.times.append(time.perf_counter() - begun)
        return found


def main() -> None:
    """Measure one peer."""
    peer, levels = sys.argv[1], Path(sys.argv[2])
    returns, weights = real() if PANEL.is_file() else synthetic()
    sampler: Any = _Timed(PEERS[peer]())

    def calculate() -> WalkForward:
        return walk_forward(returns, weights, sampler, refit_every=MONTH, window=WINDOW)

    walked = calculate()
    sampler.times.clear()

    def again() -> Any:
        return np.cumprod(1 + calculate().differences)

    note = f"  error {walked.error:.2%}, turnover {walked.mean_turnover:.1%} a refit"
    note += "" if PANEL.is_file() else " (seeded market)"
    repeats = 1 if "skfolio" in peer or "cvxpy" in peer else 3
    calculate()
    note += f", {np.median(sampler.times) * 1e3:.1f} ms each"
    report(again, levels, repeats=repeats, ours=peer == "basketry, elimination", note=note)


if __name__ == "__main__":
    main()
