"""A small market, indices on it, and three example indices on the real market to June 2020."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from basketry.index.calculate import calculate_index
from basketry.index.result import IndexResult
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def market(days: int = 400, seed: int = 1, scale: float = 1.0, order: tuple[int, ...] = tuple(range(8))) -> Panel:
    """Eight assets with volumes, seeded; `scale` multiplies prices, `order` permutes the columns handed in."""
    rng = np.random.default_rng(seed)
    names = [f"coin-{letter}" for letter in "abcdefgh"]
    common = rng.normal(0.0005, 0.03, (days, 1))
    prices = np.exp(np.cumsum(common + rng.normal(0, 0.03, (days, 8)), axis=0)) * [5, 20, 1, 300, 0.5, 8, 2, 40] * scale
    supply = np.array([4e6, 3e6, 9e7, 2e5, 5e7, 6e6, 2e7, 1e6])
    caps, volumes = prices * supply, prices * supply * rng.uniform(0.02, 0.08, (days, 8))
    start = pl.datetime(2020, 1, 1)
    times = pl.datetime_range(start, start + timedelta(days=days - 1), "1d", eager=True)

    def wide(values: Any) -> pl.DataFrame:
        return pl.DataFrame({"time": times, **{names[place]: values[:, place] for place in order}})

    return Panel.from_frames(price=wide(prices), market_cap=wide(caps), volume=wide(volumes))


def rules(**sections: Any) -> Methodology:
    return Methodology.load(
        {
            "basketry": 1,
            "name": "Five",
            "symbol": "FIVE",
            "base": {"date": "2020-02-10", "level": 1000},
            "universe": [{"market_cap": {"min": 1}}],
            "select": {"by": "market_cap", "top": 5, "buffer": {"enter": 4, "leave": 6}},
            "weight": {"by": "market_cap", "cap": 0.3},
            "rebalance": {"every": "month", "determine": "1d"},
            **sections,
        }
    )


@pytest.fixture(scope="session")
def make_market() -> Callable[..., Panel]:
    """What makes the small market."""
    return market


@pytest.fixture(scope="session")
def make_rules() -> Callable[..., Methodology]:
    """What makes rules for it, sections replaced by keyword."""
    return rules


@pytest.fixture(scope="session")
def five() -> IndexResult:
    """The five largest, none above 30%, monthly."""
    return calculate_index(rules(), market())


@pytest.fixture(scope="session")
def four() -> IndexResult:
    """Four of equal weight, quarterly."""
    changed = rules(select={"by": "market_cap", "top": 4}, weight="equal", rebalance={"every": "quarter"})
    return calculate_index(changed, market())


@pytest.fixture(scope="session")
def real_indices(real_panel: Panel) -> dict[str, IndexResult]:
    """Three example indices on the real market, 2015 to June 2020."""
    found = {}
    for name in ("large-cap-20", "equal-weight-10", "cci30"):
        methodology = Methodology.load(EXAMPLES / f"{name}.yaml")
        found[name] = calculate_index(methodology, real_panel, end="2020-06-30")
    return found
