"""Levels of the examples on the real market equal those of the plain second implementation."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.independent.plain_index import PlainIndex
from tests.independent.random_markets import screen_of

from basketry.index.calculate import calculate_index
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
BASE = date(2014, 2, 1)

SCREENS = {"stablecoin", "wrapped", "leveraged"}
USUAL: dict[str, Any] = {
    "every": "month",
    "determine": 1,
    "fix": "weights",
    "exclude_tags": SCREENS,
    "min_cap": 0,
    "min_days": 30,
    "min_traded": None,
    "min_turnover": None,
    "by": "market_cap",
    "top": 20,
    "buffer": None,
    "weight": "market_cap",
    "cap": None,
    "largest": None,
}
BOUNDS: dict[str, Any] = {"min": 0.0, "max": None, "keep_min": None, "statistic": None, "days": None}
RULES: dict[str, dict[str, Any]] = {
    "large-cap-20": {"min_cap": 1e7, "min_traded": (30, 1e6), "buffer": (18, 24), "cap": 0.25},
    "total-market": {"every": "quarter", "min_cap": 1e6, "min_traded": (30, 1e4), "top": None},
    "equal-weight-10": {"min_cap": 5e6, "min_traded": (30, 1e5), "top": 10, "buffer": (8, 13), "weight": "equal"},
    "inverse-volatility": {
        "min_cap": 5e6,
        "min_days": 100,
        "min_traded": (30, 1e5),
        "top": 15,
        "buffer": (12, 20),
        "weight": "inverse_volatility",
        "cap": 0.25,
    },
    "risk-parity": {
        "min_cap": 5e6,
        "min_days": 100,
        "min_traded": (30, 1e5),
        "top": 10,
        "buffer": (8, 13),
        "weight": "equal_risk_contribution",
    },
    "momentum": {
        "min_cap": 1e7,
        "min_days": 120,
        "min_traded": (30, 2.5e5),
        "top": 10,
        "buffer": (8, 15),
        "by": "return",
        "weight": "momentum",
        "cap": 0.2,
    },
    "cmbi10-like": {
        "determine": 10,
        "fix": "units",
        "exclude_tags": {*SCREENS, "privacy"},
        "min_turnover": 0.05,
        "top": 10,
        "buffer": (8, 12),
    },
    "cd20-like": {
        "every": "quarter",
        "determine": 10,
        "exclude_tags": {*SCREENS, "privacy", "meme"},
        "min_cap": 1e6,
        "min_traded": (90, 5e4),
        "buffer": (16, 25),
        "cap": 0.2,
        "largest": 0.3,
    },
    "bitwise-like": {
        "screens": [
            {**BOUNDS, "figure": "price", "min": 0.01, "window": 30, "days": 1.0},
            {**BOUNDS, "figure": "market_cap", "min": 1e7, "keep_min": 8e6, "window": 90, "statistic": "median"},
            {**BOUNDS, "figure": "turnover", "min": 0.1, "window": "review", "days": 0.8},
        ],
        "top": 30,
    },
    "cci30": {"min_traded": (30, 1e4), "top": 30, "weight": "smoothed"},
}

STATED: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    # Ether comes in 2015 and until then leaves its weight to the others; nobody is ever called nobody.
    "fixed": ("large-cap-20", {"fixed": {"bitcoin": 0.4, "ethereum": 0.25}}, {"cap": None}),
    "fixed, cap and floor": (
        "large-cap-20",
        {"fixed": {"bitcoin": 0.4, "ripple": 0.002}, "cap": 0.1, "floor": 0.005},
        {"cap": 0.1, "floor": 0.005},
    ),
    "fixed beside the largest": (
        "cd20-like",
        {"fixed": {"litecoin": 0.1}, "cap": {"limit": 0.2, "largest": 0.3}},
        {"cap": 0.2, "largest": 0.3},
    ),
    "limits": (
        "large-cap-20",
        {
            "limits": {"bitcoin": {"min": 0.1, "max": 0.3}, "litecoin": {"max": 0.05}, "ripple": {"min": 0.2}},
            "cap": 0.25,
        },
        {"cap": 0.25},
    ),
    "fixed and limits in units": (
        "cmbi10-like",
        {"fixed": {"bitcoin": 0.3, "nobody": 0.2}, "limits": {"litecoin": {"min": 0.15}}, "floor": 0.01},
        {"cap": None, "floor": 0.01},
    ),
}
"""Example, the limits put under `weight:`, and the common ones for the plain implementation."""

LIQUIDITY = {"metric": "volume", "window": "30d", "statistic": "median"}
SELECTIONS: dict[str, dict[str, Any]] = {
    "mid caps": {"by": "market_cap", "ranks": {"first": 11, "last": 30}, "buffer": {"enter": 25, "leave": 35}},
    "smoothed": {"by": {"metric": "market_cap", "half_life": "15d", "window": "90d"}, "top": 30},
    "size and liquidity": {
        "first": {"by": "market_cap", "top": 100},
        "by": {"mean_rank": ["market_cap", LIQUIDITY]},
        "top": 10,
    },
    "coverage": {"by": "market_cap", "coverage": {"enter": 0.9, "leave": 0.95}},
    "by size": {
        "first": [{"by": "market_cap", "coverage": 0.98}, {"by": LIQUIDITY, "top": 25}],
        "by": {"metric": "market_cap", "window": "30d", "statistic": "mean"},
        "top": 15,
        "buffer": {"exceed": 0.05},
    },
}


def rulebook(name: str) -> Methodology:
    """An example, or the rules of a total market with screens over windows in place of its own."""
    file = EXAMPLES / f"{name}.yaml"
    if file.exists():
        return Methodology.load(file)
    document = dict(Methodology.load(EXAMPLES / "total-market.yaml").document)
    screens = [{"exclude_tags": sorted(SCREENS)}, {"history": 30}, *map(screen_of, RULES[name]["screens"])]
    changes = {"universe": screens, "select": {"by": "market_cap", "top": 30}, "rebalance": {"every": "month"}}
    return Methodology.load({**document, **changes})


@pytest.fixture(scope="session")
def tables(real_observations: pl.DataFrame) -> dict[str, dict[str, dict[date, float]]]:
    """The observations as nested dictionaries."""
    found: dict[str, dict[str, dict[date, float]]] = {"price": {}, "market_cap": {}, "volume": {}}
    for time, asset, *figures in real_observations.select("time", "asset", *found).iter_rows():
        for field, value in zip(found, figures, strict=True):
            if value is None or value > (1e12 if field == "price" else 1e18) or (value <= 0 and field != "volume"):
                continue
            found[field].setdefault(asset, {})[time.date()] = value
    return found


@pytest.mark.parametrize("name", sorted(RULES))
def test_levels_equal_those_of_the_plain_implementation(
    name: str,
    real_panel: Panel,
    real_tags: pl.DataFrame,
    tables: dict[str, dict[str, dict[date, float]]],
) -> None:
    compare(rulebook(name), RULES[name], real_panel, real_tags, tables)


@pytest.mark.parametrize("name", STATED)
def test_levels_with_stated_weights_and_limits_by_asset_equal_those_of_the_plain_implementation(
    name: str,
    real_panel: Panel,
    real_tags: pl.DataFrame,
    tables: dict[str, dict[str, dict[date, float]]],
) -> None:
    example, limits, common = STATED[name]
    document = Methodology.load(EXAMPLES / f"{example}.yaml").document
    weight = {key: value for key, value in document["weight"].items() if key != "cap"}
    own = {asset: (one.get("min"), one.get("max")) for asset, one in limits.get("limits", {}).items()}
    plain = {**RULES[example], **common, "fixed": limits.get("fixed", {}), "limits": own}
    compare(Methodology.load({**document, "weight": weight | limits}), plain, real_panel, real_tags, tables)


def compare(
    methodology: Methodology,
    rules: dict[str, Any],
    real_panel: Panel,
    real_tags: pl.DataFrame,
    tables: dict[str, dict[str, dict[date, float]]],
) -> None:
    result = calculate_index(methodology, real_panel, start=BASE)
    first, last = (real_panel.times[place].item().date() for place in (0, -1))
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    tags = {asset: {"stablecoin"} for asset in real_tags["asset"]}
    index = PlainIndex(tables, days, tags, {**USUAL, **rules})
    levels = index.run(BASE, methodology.first.base.level).levels
    assert [day.isoformat() for day in levels] == [str(time.astype("datetime64[D]")) for time in result.times]
    np.testing.assert_allclose(result.level(), list(levels.values()), rtol=1e-9)


@pytest.mark.parametrize("name", sorted(SELECTIONS))
def test_selections_on_the_real_market(
    name: str,
    real_panel: Panel,
    real_tags: pl.DataFrame,
    tables: dict[str, dict[str, dict[date, float]]],
) -> None:
    base = date(2017, 7, 1)
    book = Methodology.load(EXAMPLES / "large-cap-20.yaml")
    methodology = Methodology.load({**book.document, "select": SELECTIONS[name]})
    result = calculate_index(methodology, real_panel, start=base)
    first, last = (real_panel.times[place].item().date() for place in (0, -1))
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    tags = {asset: {"stablecoin"} for asset in real_tags["asset"]}
    rules = {**USUAL, **RULES["large-cap-20"], "buffer": None, "select": SELECTIONS[name]}
    levels = PlainIndex(tables, days, tags, rules).run(base, methodology.first.base.level).levels
    np.testing.assert_allclose(result.level(), list(levels.values()), rtol=1e-9)
    # The section says something here: another index than the 20 largest, and members that change.
    largest = calculate_index(book, real_panel, start=base).level()
    assert not np.allclose(result.level(), largest, rtol=1e-3)
    assert result.rebalances.filter(pl.col("change").is_in(["add", "delete"])).height > 20
