"""One year of minutes for 30 assets, the top 20 by capitalisation each month."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from timing import report

MINUTES, ASSETS, TOP = 525_600, 30, 20
TIMES = np.datetime64("2023-01-01", "us") + np.arange(MINUTES) * np.timedelta64(1, "m")


def market() -> tuple[Any, Any]:
    """Return seeded prices and capitalisations, shape (minutes, assets)."""
    rng = np.random.default_rng(0)
    prices = rng.normal(0, 0.001, (MINUTES, ASSETS))
    np.exp(np.cumsum(prices, axis=0, out=prices), out=prices)
    prices *= rng.lognormal(0, 2, ASSETS)
    return prices, prices * rng.lognormal(15, 1.5, ASSETS)


def basketry(prices: Any, caps: Any) -> Callable[[], Any]:
    """Return the calculation by basketry: levels with status, compositions and rebalances."""
    from basketry.index.calculate import calculate_index
    from basketry.market.panel import Panel
    from basketry.methodology.methodology import Methodology

    panel = Panel(TIMES, tuple(f"a{n:02d}" for n in range(ASSETS)), {"price": prices, "market_cap": caps})
    rules = Methodology.load(
        {
            "basketry": 1,
            "name": "Minutes",
            "symbol": "MIN",
            "base": {"date": "2023-01-01", "level": 1000},
            "select": {"by": "market_cap", "top": TOP},
            "weight": {"by": "market_cap"},
            "rebalance": {"every": "month", "determine": "0d"},
        }
    )
    return lambda: calculate_index(rules, panel).level()


def by_numpy(prices: Any, caps: Any) -> Callable[[], Any]:
    """Return the calculation by a bare NumPy script: levels only."""
    months = TIMES.astype("datetime64[M]")
    starts = np.flatnonzero(np.r_[True, months[1:] != months[:-1]])

    def calculate() -> Any:
        levels = np.empty(MINUTES)
        levels[0] = 1000.0
        for start, end in zip(starts, np.r_[starts[1:], MINUTES - 1], strict=True):
            chosen = np.argsort(-caps[start], kind="stable")[:TOP]
            units = caps[start, chosen] / caps[start, chosen].sum() / prices[start, chosen]
            levels[start : end + 1] = levels[start] * (prices[start : end + 1][:, chosen] @ units)
        return levels

    return calculate


def main() -> None:
    """Measure one peer."""
    peer, levels = sys.argv[1], Path(sys.argv[2])
    prices, caps = market()
    calculate = {"basketry": basketry, "numpy": by_numpy}[peer](prices, caps)
    report(calculate, levels, repeats=7, ours=peer == "basketry")


if __name__ == "__main__":
    main()
