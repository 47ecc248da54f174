"""Random markets with gaps, silence, halts and corporate events, and rulebooks with triggers and transitions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from basketry.core.frames import EVENTS
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

NAMES = tuple(f"x{number}" for number in range(7))
START = datetime(2020, 1, 1, tzinfo=UTC)


def random_panel(seed: int, days: int = 80, hours: int = 24) -> Panel:
    """Return a market of seven assets; x6 comes late, x5 departs or is converted, others have gaps and events."""
    rng = np.random.default_rng(seed)
    price = np.exp(np.cumsum(rng.normal(0, 0.04, (days, 7)), axis=0)) * rng.uniform(1, 100, 7)
    supply = rng.uniform(1e6, 1e8, 7)
    known = rng.random((days, 7)) > rng.choice([0.0, 0.02, 0.2])
    known[: rng.integers(5, 40), 6] = False
    known[0] = [True] * 6 + [False]
    if rng.random() < 0.5:
        silent = int(rng.integers(5, days - 8))
        known[silent : silent + int(rng.integers(1, 7))] = False
    if rng.random() < 0.3:
        price[int(rng.integers(1, days)), int(rng.integers(0, 6))] *= 1000.0
    cap, volume = price * supply, price * supply * 0.05
    events = []
    for _ in range(int(rng.integers(0, 5))):
        at = int(rng.integers(2, days - 1))
        kind = str(rng.choice(["redenomination", "migration", "merger", "name_change", "hard_fork", "airdrop",
                               "delisting", "halt"]))  # fmt: skip
        asset, other = (int(column) for column in rng.choice(7, 2, replace=False))
        ratio = float(rng.choice([0.01, 0.5, 3.0, 100.0]))
        known_at = START + timedelta(hours=hours * max(at + int(rng.integers(-9, 4)), 0))
        row: dict[str, Any] = {
            "time": START + timedelta(hours=hours * at),
            "kind": kind,
            "asset": NAMES[asset],
            "known_at": known_at,
            "note": "",
        }
        if kind == "redenomination":
            price[at:, asset] /= ratio
            row["ratio"] = ratio
        elif kind in ("migration", "merger", "hard_fork", "airdrop"):
            row |= {"ratio": ratio, "new_asset": NAMES[other]}
        elif kind == "halt":
            row["until"] = row["time"] + timedelta(hours=hours * int(rng.integers(1, 8)))
        elif kind == "delisting" and rng.random() < 0.6:
            row["removal"] = str(rng.choice(["replace_by_next", "to_cash", "remove_at_zero"]))
        if kind in ("migration", "delisting", "merger"):
            known[at + int(rng.integers(0, 3)) :, asset] = False
        events.append({key: value for key, value in row.items() if key in EVENTS.columns})
        if "ratio" in row and rng.random() < 0.3:
            later = {"ratio": ratio * 2, "known_at": known_at + timedelta(hours=hours * int(rng.integers(1, 9)))}
            events.append({**events[-1], **later})
    price[~known] = np.nan
    times = [START + timedelta(hours=hours * day) for day in range(days)]

    def wide(values: np.ndarray[Any, np.dtype[np.float64]]) -> pl.DataFrame:
        return pl.DataFrame({"time": times, **dict(zip(NAMES, values.T, strict=True))}).fill_nan(None)

    yields = pl.DataFrame(
        {
            "time": times * 2,
            "asset": ["x0"] * days + ["x1"] * days,
            "staking_yield": rng.uniform(0, 0.3, 2 * days),
        }
    )
    rates = pl.DataFrame({"time": times, "rate": ["USD"] * days, "value": rng.uniform(0, 0.08, days)})
    table = pl.DataFrame(events, schema={name: EVENTS.dtypes[name] for name in EVENTS.columns}) if events else None
    return Panel.from_frames(
        price=wide(price), market_cap=wide(cap), volume=wide(volume), events=table, yields=yields, rates=rates
    )


def random_rules(seed: int) -> Methodology:
    """Return a rulebook of three to five members with what can happen between rebalances."""
    rng = np.random.default_rng(seed)

    def one(*choices: Any) -> Any:
        return choices[int(rng.integers(len(choices)))]

    top = int(rng.integers(2, 5))
    rebalance: dict[str, Any] = {
        "every": one("week", "10d", "month"),
        "determine": one("0d", "1d", "3d", "36h", "15d"),
        "fix": one("weights", "units"),
    }
    if rng.random() < 0.5:
        rebalance["transition"] = {"steps": one(2, 3, 5), "every": one("1d", "2d", "12h")}
    triggers = [{"drift": {"band": 0.06}}, {"drift": {"band": 0.3, "relative": True}},
                {"volatility": {"above": 0.5, "window": "5d"}}, "eligibility_lost", "asset_qualifies"]  # fmt: skip
    rebalance["triggers"] = [trigger for trigger in triggers if rng.random() < 0.25]
    rules: dict[str, Any] = {
        "basketry": 1,
        "name": "Random",
        "symbol": "RND",
        "base": {"date": "2020-01-20", "level": 100},
        "universe": one([], [{"history": {"min_days": 3}}], [{"price": {"min": 0.5}}]),
        "select": {"by": one("market_cap", "price"), "top": top, "buffer": {"enter": top - 1, "leave": top + 1}},
        "weight": one({"by": "equal"}, {"by": "market_cap", "cap": 0.6}, {"by": "market_cap"}),
        "rebalance": rebalance,
        "missing": {
            "carry_forward": one("1d", "2d", "3d"),
            "then": one("remove_at_last_price", "remove_at_zero", "to_cash", "keep", "suspend"),
        },
        "events": {
            "delisting": one("remove_at_last_price", "remove_at_zero", "to_cash"),
            "hard_fork": one("ignore", "credit"),
            "airdrop": one("ignore", "credit"),
        },
        "returns": [
            "price",
            {"total": {"method": "quantity", "pause_before_rebalance": one("0d", "2d")}},
            {"total": {"method": "rate", "name": "by_rate"}},
            {"excess": "USD"},
            {"leverage": {"factor": 2, "financing": "USD", "reset": one("1d", "7d")}},
            {"decrement": {"points": 5}},
            {"volatility_target": {"target": 0.4, "warm_up": "4d", "rate": "USD"}},
        ],
    }
    if rng.random() < 0.3:
        change = {"select": {"by": "market_cap", "top": 2}}
        rules["versions"] = [{"from": "2020-02-10", "note": "fewer", "changes": change}]
    if rng.random() < 0.2:
        rules["calculate"] = {"every": "day", "at": "16:00", "zone": "America/New_York"}
    if rng.random() < 0.6:
        changes: dict[str, Any] = {"returns": other_returns(rng)}
        if rng.random() < 0.3:
            changes["calculate"] = one({}, {"every": "day", "at": "12:00"}, {"every": "day", "calendar": "XNYS"})
        later = one("2020-02-11", "2020-02-17", "2020-03-01", "2020-03-02")
        version = {"from": later, "note": "other series", "changes": changes}
        rules["versions"] = [*rules.get("versions", []), version]
        if rng.random() < 0.3:
            after = {"from": "2020-03-03", "note": "others again", "changes": {"returns": other_returns(rng)}}
            rules["versions"].append(after)
    apart = np.random.default_rng([seed, 1])
    if apart.random() < 0.3:
        # At every rebalance, of which all frequencies have one a quarter, or seldom.
        rules["review"] = {"determine": "15d"}
        if rebalance["every"] == "month":
            rules["review"]["months"] = [1, 3, 5, 7, 9, 11] if apart.random() < 0.5 else [2, 4, 6, 8, 10, 12]
    if apart.random() < 0.3:
        cash = {"weight": 0.2, "rate": "USD"}
        rules["weight"] = {**rules["weight"], "cash": cash if apart.random() < 0.5 else 0.1}
    return Methodology.load(rules)


def other_returns(rng: np.random.Generator) -> list[dict[str, Any]]:
    """Return the series of `random_rules` by other parameters, each under its name, in another order."""

    def one(*choices: Any) -> Any:
        return choices[int(rng.integers(len(choices)))]

    half_lives = {"half_life_short": one("2d", "5d"), "half_life_long": one("8d", "30d")}
    series: list[dict[str, Any]] = [
        {
            "total": {
                "method": one("quantity", "quantity", "rate"),
                "utilisation": one(0.0, 0.5, 0.9),
                "lag": one("0d", "2d"),
                "name": "total_return",
            }
        },
        {"total": {"method": one("quantity", "rate"), "utilisation": one(0.3, 1.0), "name": "by_rate"}},
        {"excess": {"rate": one("USD", 0.1), "day_count": one("act/365", "act/360")}},
        {
            "leverage": {
                "factor": one(2, 3, -1),
                "financing": one("USD", 0.2, None),
                "reset": one("1d", "3d"),
                "name": "leverage_2x",
            }
        },
        {"decrement": {**one({"points": 20}, {"percent": 0.2}), "day_count": "act/360", "name": "decrement_5pt"}},
        {
            "volatility_target": {
                "target": one(0.4, 0.8),
                "max_leverage": one(0.5, 2),
                "lag": one("0d", "1d", "3d"),
                "name": "volatility_target_40pct",
                **half_lives,
            }
        },
    ]
    if series[0]["total"]["method"] == "quantity":
        series[0]["total"]["pause_before_rebalance"] = one("0d", "1d", "4d")
    return [series[place] for place in rng.permutation(len(series))]
