"""Indices of every rule on a market of plain arithmetic: run as a script, it prints the digests of their figures.

The market itself is made of + - * / and of whole random numbers, so that it is the same wherever the script runs.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from basketry.core.numbers import Floats
from basketry.index.calculate import calculate_index
from basketry.index.result import IndexResult
from basketry.market.panel import Panel
from basketry.methodology.capping import CAPPING
from basketry.methodology.methodology import Methodology
from basketry.methodology.returns import RETURNS
from basketry.methodology.selection import SELECTION
from basketry.methodology.triggers import TRIGGERS
from basketry.methodology.weighting import WEIGHTING

ASSETS = tuple(f"a{place:02d}" for place in range(12))
DAYS = 260
SECTIONS: Mapping[str, Mapping[str, Any]] = {
    "weighting": {
        "equal": {},
        "equal_risk_contribution": {"window": "60d"},
        "factor_scores": {"factors": {"return_30d": 0.5, "volatility_40d": -0.5, "turnover": 0.3}},
        "fixed": {"weights": {asset: place + 0.7 for place, asset in enumerate(ASSETS)}, "renormalise": True},
        "free_float_market_cap": {},
        "inverse_volatility": {"window": "60d"},
        "market_cap": {},
        "metric": {"metric": "tvl"},
        "minimum_variance": {"window": "60d"},
        "momentum": {"window": "45d", "skip": "5d"},
        "smoothed_market_cap": {"half_life": "7d", "window": "45d", "power": 0.7},
        "sqrt_market_cap": {},
        "value_traded": {"statistic": "mean"},
        "votes": {},
    },
    "selection": {
        "all": {"by": "market_cap", "all": None},
        "coverage": {"by": {"metric": "market_cap", "half_life": "9d", "window": "40d"}, "coverage": 0.8},
        "information_criterion": {
            "by": "market_cap", "information_criterion": {"step": 2, "window": "40d", "max": 10},
        },
        "ranks": {"by": {"mean_rank": ["market_cap", "return_30d"]}, "ranks": {"first": 2, "last": 9}},
        "threshold": {"by": "volatility_30d", "threshold": 0.3},
        "top": {"by": {"metric": "volume", "window": "20d", "statistic": "mean"}, "top": 9},
    },
    "capping": {
        "cap": {"cap": 0.2},
        "concentration": {"concentration": {"single": 0.3, "over": 0.12, "total": 0.55}},
        "fixed": {"fixed": {"a00": 0.2}},
        "floor": {"floor": 0.02, "cap": 0.25},
        "group_cap": {"group_cap": {"sector": 0.45}},
        "limits": {"limits": {"a01": {"min": 0.1, "max": 0.15}}},
    },
    "return": {
        "currency": {"currency": "EUR", "rate": "EURUSD"},
        "decrement": {"points": 50},
        "excess": {"rate": "USD_OVERNIGHT"},
        "leverage": {"factor": -2, "reset": "3d", "intraday_reset": 0.2, "financing": 0.05, "spread": 0.01},
        "price": {},
        "total": {"method": "quantity", "utilisation": 0.8},
        "volatility_target": {"target": 0.3, "warm_up": "5d", "tolerance": 0},
    },
    "trigger": {
        "asset_qualifies": {},
        "drift": {"band": 0.08},
        "eligibility_lost": {},
        "volatility": {"above": 0.5, "window": "20d"},
    },
}  # fmt: skip
"""Each rule with parameters at which it takes its longest way; a rule that is not here fails the contract."""
REGISTRIES: Mapping[str, Any] = {
    "weighting": WEIGHTING, "selection": SELECTION, "capping": CAPPING, "return": RETURNS, "trigger": TRIGGERS,
}  # fmt: skip
MORE_RETURNS: tuple[Mapping[str, Any], ...] = (
    {"decrement": {"percent": 0.05}},
    {"total": {"method": "rate", "name": "total_by_rate"}},
    {"volatility_target": {"target": 0.25, "window": "9d", "max_leverage": 2, "warm_up": "5d"}},
)
"""Other ways of some return rules."""


def market(days: int = DAYS) -> Panel:
    """Return a market of twelve assets with every figure that a rule may ask for."""
    source = random.Random(20)  # noqa: S311 # its sequence is fixed by the language, and no secret depends on it
    times = np.datetime64("2020-01-01", "us") + np.arange(days) * np.timedelta64(1, "D")
    fields: dict[str, list[list[float]]] = {
        name: [] for name in ("price", "supply", "market_cap", "volume", "free_float", "staking_yield", "tvl", "votes")
    }
    prices = [0.003 * 3.7**place for place in range(len(ASSETS))]
    supplies = [4e9 / 3.1**place for place in range(len(ASSETS))]
    for _ in range(days):
        common = source.uniform(-0.03, 0.031)
        for place in range(len(ASSETS)):
            prices[place] *= (1.0 + common) * (1.0 + source.uniform(-0.01, 0.01) * (1 + place % 5))
            supplies[place] *= 1.0 + source.uniform(0.0, 0.0004)
        caps = [price * supply for price, supply in zip(prices, supplies, strict=True)]
        fields["price"].append(list(prices))
        fields["supply"].append(list(supplies))
        fields["market_cap"].append(caps)
        fields["volume"].append([cap * source.uniform(0.01, 0.2) for cap in caps])
        fields["free_float"].append([0.9 - 0.05 * place for place in range(len(ASSETS))])
        fields["staking_yield"].append([0.01 * (place % 4) for place in range(len(ASSETS))])
        fields["tvl"].append([cap * source.uniform(0.1, 0.9) for cap in caps])
        fields["votes"].append([float(source.randint(1, 9999)) for _ in ASSETS])
    prices_of = dict(zip(ASSETS, zip(*fields["price"], strict=True), strict=True))
    sectors = pl.DataFrame(
        [{"asset": asset, "scheme": "sector", "value": f"s{place % 4}"} for place, asset in enumerate(ASSETS)]
    )
    stamps = pl.Series(times).dt.replace_time_zone("UTC")
    rates = pl.concat(
        pl.DataFrame({"time": stamps, "rate": name, "value": [low + source.uniform(0, high) for _ in range(days)]})
        for name, low, high in (("USD_OVERNIGHT", 0.01, 0.02), ("EURUSD", 1.0, 0.2))
    )
    panel = Panel.from_frames(
        classifications=sectors, rates=rates, price=pl.DataFrame({"time": times, **prices_of}, strict=False)
    )
    return replace(panel, fields={name: np.array(rows) for name, rows in fields.items()})


def rulebook(symbol: str, **sections: Any) -> Methodology:
    """Return a monthly rulebook with some sections of its own."""
    document = {
        "basketry": 1,
        "name": symbol,
        "symbol": symbol.upper().replace("_", "-")[:24],
        "base": {"date": "2020-04-01", "level": 1000},
        "select": SECTIONS["selection"]["all"],
        "weight": {"by": "market_cap"},
        "rebalance": {"every": "month", "on": "first_day", "determine": "1d"},
        "returns": ["price"],
        **sections,
    }
    return Methodology.load(document)


def rulebooks() -> Iterator[tuple[str, Methodology]]:
    """Yield a name and a rulebook for every rule of the table."""
    for name, value in SECTIONS["weighting"].items():
        yield f"weighting {name}", rulebook(f"w_{name}", weight={"by": name, **value})
    for name, value in SECTIONS["selection"].items():
        yield f"selection {name}", rulebook(f"s_{name}", select=dict(value))
    for name, value in SECTIONS["capping"].items():
        yield f"capping {name}", rulebook(f"c_{name}", weight={"by": "sqrt_market_cap", **value})
    for name, value in SECTIONS["trigger"].items():
        rebalance = {"every": "month", "on": "first_day", "determine": "1d", "triggers": [{name: dict(value)}]}
        yield f"trigger {name}", rulebook(f"t_{name}", rebalance=rebalance)
    returns = [{name: dict(value)} if value else name for name, value in SECTIONS["return"].items()]
    yield "returns", rulebook("returns", returns=[*returns, *(dict(entry) for entry in MORE_RETURNS)])


def figures(result: IndexResult) -> dict[str, Floats]:
    """Return weights, units, divisors and levels, each as one row of doubles."""
    segments = result.segments
    return {
        "weights": np.concatenate([segment.weights.ravel() for segment in segments]),
        "given": result.compositions["weight"].to_numpy(),
        "units": np.concatenate([segment.units for segment in segments]),
        "divisor": np.array([segment.divisor for segment in segments]),
        **{name: result.level(name) for name in result.return_columns},
    }


def digests() -> dict[str, str]:
    """Return the SHA-256 of each kind of figure of each index, by the names of both."""
    panel = market()
    return {
        f"{name}: {kind}": hashlib.sha256(np.ascontiguousarray(values, "<f8").tobytes()).hexdigest()
        for name, rules in rulebooks()
        for kind, values in figures(calculate_index(rules, panel)).items()
    }


if __name__ == "__main__":
    json.dump(digests(), sys.stdout, indent=1)
