"""An index on a small market, with all that a factsheet can show, and one whose rulebook tries to break the page."""

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest

from basketry.index.calculate import calculate_index
from basketry.index.result import IndexResult
from basketry.lake.lake import Lake
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

EVIL = "<script>alert('x')</script> & $\\frac{a$"

RULES: dict[str, Any] = {
    "basketry": 1,
    "name": "Three of Six",
    "symbol": "THREE",
    "administrator": "The Example Committee",
    "base": {"date": "2020-02-10", "level": 1000},
    "universe": [{"market_cap": {"min": 1}}, {"exclude_tags": ["stablecoin"]}],
    "select": {"by": "market_cap", "top": 3, "buffer": {"enter": 2, "leave": 4}},
    "weight": {"by": "market_cap", "cap": 0.5},
    "rebalance": {"every": "month", "determine": "1d"},
    "missing": {"carry_forward": "2d", "then": "to_cash"},
    "returns": ["price", {"leverage": {"factor": 2, "financing": 0.05}}],
    "versions": [
        {
            "from": "2020-04-15",
            "note": "Four instead of three.",
            "approver": "The Example Committee",
            "changes": {
                "select": {"by": "market_cap", "top": 4},
                "universe": [{"market_cap": {"min": 2}}, {"exclude_tags": ["stablecoin"]}],
            },
        }
    ],
}


@pytest.fixture
def panel(lake: Lake) -> Panel:
    """The small market; coin-d has no price for six days in April, and the source is silent for one in March."""
    daily = lake.read("daily")
    day = pl.col("time").dt.date()
    april = (pl.col("asset") == "coin-d") & day.is_between(date(2020, 4, 5), date(2020, 4, 10))
    silent = day == date(2020, 3, 20)
    return Panel.from_frames(daily.filter(~april & ~silent))


@pytest.fixture
def methodology() -> Methodology:
    """The rules of the index."""
    return Methodology.load(RULES)


@pytest.fixture
def result(panel: Panel, methodology: Methodology) -> IndexResult:
    """The index."""
    return calculate_index(methodology, panel)


@pytest.fixture
def evil() -> Methodology:
    """A rulebook whose every free text is markup."""
    override = {"asset": "coin-<b>", "action": "exclude", "from": "2020-01-01", "reason": EVIL, "approver": EVIL}
    return Methodology.load(
        {
            **RULES,
            "name": EVIL,
            "administrator": EVIL,
            "description": EVIL,
            "universe": [{"exclude_tags": [EVIL]}],
            "overrides": [{**override, "date": "2020-01-01"}],
            "versions": [{"from": "2020-04-15", "note": EVIL, "approver": EVIL, "changes": {"weight": "equal"}}],
        }
    )


@pytest.fixture
def evil_result(evil: Methodology) -> IndexResult:
    """An index of assets whose ids are markup."""
    times = [
        datetime(2020, 1, 1, tzinfo=UTC) + (datetime(2020, 1, 2) - datetime(2020, 1, 1)) * day for day in range(90)
    ]
    rng = np.random.default_rng(3)
    names = ["coin-<b>", "<i>a</i>", "$x$ & {{ y }}", "c"]
    walk = np.exp(np.cumsum(rng.normal(0, 0.02, (90, 4)), axis=0))
    wide = {"time": times} | {name: walk[:, place] for place, name in enumerate(names)}
    caps = {"time": times} | {name: walk[:, place] * 1e6 for place, name in enumerate(names)}
    return calculate_index(evil, Panel.from_frames(price=pl.DataFrame(wide), market_cap=pl.DataFrame(caps)))
