"""Small random markets with every kind of corporate event, random rules on them, and the same for basketry.

What `random_market` makes are plain values for the plain implementation; `panel_of` and `methodology_of` turn them
into what basketry reads.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import polars as pl
from tests.independent.plain_market import Day, Event, Table, instant

from basketry.core.frames import EVENTS
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology
from basketry.methodology.sections import Missing

LEVEL = 1000.0
RATIOS = (0.001, 0.1, 0.5, 2.0, 10.0, 1000.0)
KINDS = (
    "redenomination",
    "redenomination",
    "migration",
    "migration",
    "merger",
    "name_change",
    "hard_fork",
    "airdrop",
    "delisting",
    "delisting",
    "delisting",
    "delisting",
    "halt",
)


@dataclass
class RandomMarket:
    """A market, the events in it, and the rules of an index on it, as plain values."""

    days: list[Day]
    base: Day
    rules: dict[str, Any]
    tables: dict[str, Table] = field(default_factory=lambda: {"price": {}, "market_cap": {}, "volume": {}})
    events: list[Event] = field(default_factory=list)
    yields: dict[str, dict[Day, float]] = field(default_factory=dict)
    rates: dict[Day, float] = field(default_factory=dict)

    def words(self) -> str:
        """Return rules and events for the message of a failing test."""
        return "\n".join([f"base {self.base}", str(self.rules), *map(str, self.events)])


def random_market(
    seed: int,
    with_events: bool = True,
    with_reviews: bool = False,
    with_screens: bool = False,
    stated: bool = False,
    fix: str | None = None,
    with_cash: bool = False,
    limited: bool = False,
) -> RandomMarket:
    """Return a market of five to eight assets and 60 to 120 days, with rules.

    With reviews, members are chosen at some of the changes, up to ten days before their weights. With screens, the
    universe has bounds over windows. If asked, the weights of some assets are stated, or limited, there is a cash
    member, or turnover is limited. What a change fixes is said, or random.
    """
    rng = Random(seed)  # noqa: S311 - a test that can be repeated
    first = date(2020, 1, 1) + timedelta(days=rng.randrange(60))
    days = [first + timedelta(days=n) for n in range(rng.randint(60, 120))]
    rules = random_rules(rng)
    if fix is not None:
        rules |= {"fix": fix, "weight": "market_cap"}
        rules["cap"] = rules["cap"] or (0.4 if rules["top"] not in (1, 2) else None)
    if with_reviews:
        months = rng.choice((range(1, 13, 2), range(2, 13, 2), range(1, 13)))
        rules["review"] = {"months": list(months), "determine": rules["determine"] + rng.choice((0, 0, 1, 4, 10))}
    if stated:
        rules |= _stated(Random(seed))  # noqa: S311 - a test that can be repeated
    if limited:
        rules["turnover"] = Random(seed).choice((0.01, 0.03, 0.1, 0.3))  # noqa: S311 - a test that can be repeated
    # Where a history is required, the base comes after it; else it may come before the determination has data.
    base = rules["min_days"] + rules["determine"] + rng.randint(1, 5) if rules["min_days"] else rng.choice((0, 3, 30))
    if with_screens:
        base = max(base, rng.choice((3, 20, 35)))
    market = RandomMarket(days, days[base], rules)
    for asset in "abcdefgh"[: rng.randint(5, 8)]:
        _born(rng, market, asset)
    if with_events:
        for _ in range(rng.randint(2, 9)):
            _happen(rng, market)
    _hide(rng, market)
    market.tables = {
        name: {asset: series for asset, series in table.items() if market.tables["price"][asset]}
        for name, table in market.tables.items()
    }
    if market.rules["total"]:
        for asset in market.tables["price"]:
            if rng.random() < 0.7:
                market.yields[asset] = {rng.choice(days): rng.uniform(0, 0.2) for _ in range(2)}
        if rng.random() < 0.5:
            later = {"method": rng.choice(("quantity", "rate")), "utilisation": rng.choice((0.0, 0.3, 1.0))}
            market.rules["total"]["later"] = (rng.choice(days), {**later, "lag": rng.choice((0, 2))})
    if with_cash:
        _money(Random(seed), market)  # noqa: S311 - a test that can be repeated
    if with_screens:
        market.rules["screens"] = [_screen(rng, market) for _ in range(rng.randint(1, 2))]
    return market


def _money(rng: Random, market: RandomMarket) -> None:
    """Give the index a cash member, which earns nothing, a fixed rate, or one of the data."""
    rate: dict[Day, float] | None = None
    kind = rng.choice(("none", "fixed", "named"))
    if kind == "fixed":
        rate = {market.days[0] - timedelta(1): rng.choice((0.05, 0.4))}
    if kind == "named":
        rate = market.rates = {day: rng.uniform(-0.05, 0.5) for day in [market.days[0], *rng.sample(market.days, 4)]}
    market.rules["money"] = {
        "weight": rng.choice(
            (0.05, 0.1) if market.rules.get("fixed") or market.rules.get("limits") else (0.05, 0.2, 0.5)
        ),
        "rate": rate,
        "named": kind == "named",
        "year": rng.choice((360, 365)),
    }
    if market.rules["cap"] and market.rules["weight"] == "market_cap" and not market.rules.get("fixed"):
        # Of the whole index, so that it binds beside cash too.
        market.rules["cap"] *= 1 - market.rules["money"]["weight"]
        market.rules["largest"] = None


def _screen(rng: Random, market: RandomMarket) -> dict[str, Any]:
    """Return bounds of a figure over a window that some assets pass and others do not."""
    figure = rng.choice(("price", "market_cap", "volume", "turnover"))
    if figure == "turnover":
        seen = [0.365, 3.65, 10.0, 20.0, 36.5]
    else:
        seen = sorted(value for series in market.tables[figure].values() for value in series.values())
    by_days = rng.random() < 0.6
    least = seen[len(seen) * rng.randint(0, 3) // 10]
    return {
        "figure": figure,
        "window": rng.choice((1, 2, 7, 30, "review")),
        "statistic": None if by_days else rng.choice(("minimum", "maximum", "median", "mean")),
        "days": rng.choice((1.0, 0.95, 0.7, 0.5, 0.1)) if by_days else None,
        "min": least,
        "max": rng.choice((None, None, seen[len(seen) * 9 // 10])),
        "keep_min": rng.choice((None, 0.0, least * rng.uniform(0.2, 1.0))),
    }


def random_rules(rng: Random) -> dict[str, Any]:
    """Return random rules that fit any of the markets."""
    weight = rng.choice(("equal", "market_cap", "market_cap", "inverse_volatility"))
    top = rng.choice((1, 2, 2, 3, 3, 3, 4, None))
    cap = rng.choice((None, 0.4 if top != 2 else 0.55, 0.6)) if weight == "market_cap" and top != 1 else None
    return {
        "every": rng.choice(("week", "month")),
        "determine": rng.randint(0, 5),
        "fix": rng.choice(("weights", "units")),
        "steps": rng.choice((1, 1, 2, 3, 4)),
        "step_days": rng.choice((1, 2)),
        "min_days": rng.choice((0, 10)) if weight != "inverse_volatility" else 20,
        "top": top,
        "buffer": (top - 1, top + 1) if top and top > 1 and rng.random() < 0.5 else None,
        "weight": weight,
        "window": 20,
        "cap": cap,
        "largest": 0.7 if cap and rng.random() < 0.3 else None,
        "guard": rng.random() < 0.8,
        "carry": rng.choice((1, 2, 3, 5)),
        "live": rng.choice((1, 1, 2)) if "live" in Missing.model_fields else 1,
        "then": rng.choice(("remove_at_last_price", "remove_at_zero", "to_cash", "keep", "suspend")),
        "delisting": rng.choice(("remove_at_last_price", "remove_at_zero", "to_cash")),
        "hard_fork": rng.choice(("ignore", "credit")),
        "airdrop": rng.choice(("ignore", "credit", "credit")),
        "drift": rng.choice((None, None, 0.05, 0.1)),
        "drift_relative": rng.random() < 0.3,
        "volatility": rng.choice((None, None, (rng.uniform(0.3, 1.0), rng.choice((5, 10))))),
        "total": rng.choice((None, {"method": rng.choice(("quantity", "rate")), "utilisation": 0.8, "lag": 1})),
    }


def _stated(rng: Random) -> dict[str, Any]:
    """Return weights and limits by asset, of so many members that all can be kept; on some dates there are fewer."""
    top, cap = rng.choice((None, 4, 5)), rng.choice((None, 0.45, 0.5))
    return {
        "top": top,
        "buffer": (top - 1, top + 1) if top and rng.random() < 0.5 else None,
        "fixed": rng.choice(({}, {"a": 0.3}, {"a": 0.35, "b": 0.2}, {"b": 0.02, "c": 0.1})),
        "limits": rng.choice(({}, {"d": (0.1, 0.15)}, {"d": (None, 0.05), "e": (0.3, None)}, {"e": (0.0, 1.0)})),
        "floor": rng.choice((None, 0.04)),
        "cap": cap,
        "largest": 0.7 if cap and rng.random() < 0.3 else None,
    }


def _born(rng: Random, market: RandomMarket, asset: str, start: Day | None = None) -> None:
    """Give an asset a random walk from a day on."""
    start = start or market.days[0]
    price, supply, sd = 10 ** rng.uniform(-2, 3), 10 ** rng.uniform(5, 7), rng.uniform(0.01, 0.1)
    tables = market.tables
    for table in tables.values():
        table[asset] = {}
    for day in market.days:
        price *= math.exp(rng.gauss(0, sd))
        if day >= start:
            tables["price"][asset][day] = price
            tables["market_cap"][asset][day] = price * supply
            tables["volume"][asset][day] = price * supply * rng.uniform(0.001, 0.1)


def _moment(rng: Random, market: RandomMarket) -> datetime:
    """Return the time of an event: often near a change or with another event, at midnight or within a day."""
    if market.events and rng.random() < 0.25:
        near = market.events[-1].time.date()
    else:
        changes = [
            day for day in market.days if (day.weekday() == 0 if market.rules["every"] == "week" else day.day == 1)
        ]
        near = rng.choice([*changes, market.base, market.base]) if rng.random() < 0.6 else rng.choice(market.days)
        near += timedelta(days=rng.randint(-market.rules["determine"] - 1, 1))
    return instant(near) + timedelta(hours=rng.choice((0, 0, 6, 12, -6)))


def _happen(rng: Random, market: RandomMarket) -> None:
    """Let an event happen: the series follow it, and its row says so, early or late, rightly or not at first."""
    time, kind = _moment(rng, market), rng.choice(KINDS)
    prices = market.tables["price"]
    asset, other = rng.sample(sorted(prices), 2)
    ratio, new, until = 1.0, None, None
    if kind == "redenomination":
        ratio = rng.choice(RATIOS)
        prices[asset] = {x: p / ratio if instant(x) >= time else p for x, p in prices[asset].items()}
    elif kind in ("migration", "name_change"):
        ratio = rng.choice(RATIOS) if kind == "migration" else 1.0
        ends = "nowhere" if kind == "migration" else None
        new = rng.choice((f"{asset}x", f"{asset}x", f"{asset}x", ends))
        if new == f"{asset}x":
            _succeed(rng, market, asset, new, ratio, time)
        if new is not None or kind == "migration":
            _end(market, asset, time)
    elif kind == "merger":
        # About as many units as the price of the one is in units of the other.
        known = [prices[name][max(prices[name])] if prices[name] else 1.0 for name in (asset, other)]
        ratio, new = float(f"{known[0] / known[1]:.2g}"), other
        _end(market, asset, time)
    elif kind in ("hard_fork", "airdrop"):
        ratio, new = rng.choice((0.1, 1.0, 3.0)), f"{asset}f" if rng.random() < 0.7 else other
        if new not in prices:
            _born(rng, market, new, time.date() + timedelta(days=rng.randint(0, 8)))
    elif kind == "delisting":
        _end(market, asset, time + timedelta(days=rng.randint(-4, 4)))
    else:
        until = rng.choice((None, time + timedelta(days=rng.randint(1, 8))))
    removal = rng.choice((None, None, "remove_at_zero", "to_cash", *["replace_by_next"] * 5))
    before, after = time - timedelta(days=rng.randint(1, 9)), time + timedelta(hours=rng.randint(1, 150))
    heard: datetime | None = rng.choice([None, None, before, after])
    row = Event(time, kind, asset, new, ratio, until, heard, removal if kind in ("delisting", "migration") else None)
    if any(row.key == earlier.key for earlier in market.events):
        return
    market.events.append(row)
    if kind in ("redenomination", "migration", "merger", "airdrop", "hard_fork") and rng.random() < 0.2:
        later = row.known + timedelta(hours=rng.randint(1, 200))
        market.events.append(Event(time, kind, asset, new, ratio * rng.choice((0.5, 2.0)), until, later, row.removal))
    if rng.random() < 0.4:
        # No price at the instant at which it takes effect, of the asset and of what it becomes.
        seen = row.seen.date() + timedelta(days=1 if row.seen.time().hour else 0)
        for name in (asset, new):
            prices.get(name or "", {}).pop(seen, None)


def _succeed(rng: Random, market: RandomMarket, asset: str, new: str, ratio: float, time: datetime) -> None:
    """Let an asset go on under another id, which may trade some days earlier or later."""
    start = time + timedelta(days=rng.choice((0, 0, 0, -5, 2, 6)))
    for field_name, table in market.tables.items():
        over = ratio if field_name == "price" else 1.0
        table[new] = {x: v / over for x, v in table[asset].items() if instant(x) >= start}


def _end(market: RandomMarket, asset: str, time: datetime) -> None:
    for table in market.tables.values():
        table[asset] = {x: v for x, v in table[asset].items() if instant(x) < time}


def _hide(rng: Random, market: RandomMarket) -> None:
    """Take observations away: gaps of assets and days without any; and make some prices absurd."""
    prices = market.tables["price"]
    for asset in sorted(prices):
        for _ in range(rng.choice((0, 0, 1, 2))):
            _gap(rng, market, [asset], rng.choice((1, 2, 4, 6)))
        if prices[asset] and rng.random() < 0.1:
            day = rng.choice(sorted(prices[asset]))
            prices[asset][day] *= 30
    if rng.random() < 0.4:
        _gap(rng, market, sorted(prices), rng.choice((1, 2, 3, 6)))


def _gap(rng: Random, market: RandomMarket, assets: list[str], length: int) -> None:
    start = rng.randrange(1, len(market.days))
    for table in market.tables.values():
        for asset in assets:
            for day in market.days[start : start + length]:
                table[asset].pop(day, None)


def _utc(time: datetime | None) -> datetime | None:
    return None if time is None else time.replace(tzinfo=UTC)


def panel_of(market: RandomMarket) -> Panel:
    """Return the market as basketry reads it."""
    times = [_utc(instant(day)) for day in market.days]
    wide: dict[str, Any] = {
        name: pl.DataFrame(
            {"time": times}
            | {asset: [series.get(day) for day in market.days] for asset, series in sorted(table.items())},
            schema_overrides=dict.fromkeys(table, pl.Float64),
        )
        for name, table in market.tables.items()
    }
    rows = [
        {
            "time": _utc(row.time),
            "kind": row.kind,
            "asset": row.asset,
            "new_asset": row.new_asset,
            "ratio": row.ratio if row.kind not in ("delisting", "halt") else None,
            "until": _utc(row.until),
            "known_at": _utc(row.known_at),
            "removal": row.removal,
        }
        for row in market.events
    ]
    columns = [name for name in EVENTS.columns if not rows or name in rows[0]]
    table = (
        pl.DataFrame([{name: row[name] for name in columns} for row in rows], schema=EVENTS.dtypes | {})
        if rows
        else None
    )
    yields = [
        {"time": _utc(instant(day)), "asset": asset, "staking_yield": value, "known_at": None}
        for asset, series in market.yields.items()
        for day, value in series.items()
    ]
    rates = [{"time": _utc(instant(day)), "rate": "R", "value": value} for day, value in sorted(market.rates.items())]
    return Panel.from_frames(
        **wide,
        rates=pl.DataFrame(rates) if rates else None,
        events=None if table is None else EVENTS.conform(table),
        yields=pl.DataFrame(yields, schema_overrides={"known_at": pl.Datetime("us", "UTC")}) if yields else None,
    )


def screen_of(screen: dict[str, Any]) -> dict[str, Any]:
    """Return a screen as it stands in a rulebook."""
    name = {"volume": "value_traded"}.get(screen["figure"], screen["figure"])
    window = screen["window"] if screen["window"] == "review" else f"{screen['window']}d"
    given = {key: screen[key] for key in ("statistic", "days", "min", "max", "keep_min") if screen[key] is not None}
    return {name: {"window": window, **given}}


def methodology_of(market: RandomMarket) -> Methodology:
    """Return the rules as basketry reads them."""
    rules = market.rules
    weight: dict[str, Any] = {"by": rules["weight"]}
    if rules["weight"] == "inverse_volatility":
        weight["window"] = f"{rules['window']}d"
    if rules["cap"]:
        weight["cap"] = {"limit": rules["cap"], "largest": rules["largest"]} if rules["largest"] else rules["cap"]
    for name in ("floor", "fixed", "turnover"):
        if rules.get(name):
            weight[name] = rules[name]
    if rules.get("limits"):
        weight["limits"] = {
            asset: {name: value for name, value in zip(("min", "max"), own, strict=True) if value is not None}
            for asset, own in rules["limits"].items()
        }
    if rules.get("money"):
        money = rules["money"]
        weight["cash"] = {"weight": money["weight"]}
        if money["rate"]:
            weight["cash"]["rate"] = "R" if money["named"] else next(iter(money["rate"].values()))
            weight["cash"]["day_count"] = f"act/{money['year']}"
    select: dict[str, Any] = {"by": "market_cap"} | ({"top": rules["top"]} if rules["top"] else {"all": {}})
    if rules["buffer"]:
        select["buffer"] = dict(zip(("enter", "leave"), rules["buffer"], strict=True))
    select = rules.get("select") or select
    rebalance: dict[str, Any] = {
        "every": rules["every"],
        "determine": f"{rules['determine']}d",
        "fix": rules["fix"],
        "triggers": [],
    }
    if rules["steps"] > 1:
        rebalance["transition"] = {"steps": rules["steps"], "every": f"{rules['step_days']}d"}
    if rules["drift"]:
        rebalance["triggers"].append({"drift": {"band": rules["drift"], "relative": rules["drift_relative"]}})
    if rules["volatility"]:
        above, window = rules["volatility"]
        rebalance["triggers"].append({"volatility": {"above": above, "window": f"{window}d"}})
    review: dict[str, Any] = {}
    if rules.get("review"):
        # The first Monday of a month is a Monday of a weekly schedule.
        review = {"every": "month", "on": "first_monday" if rules["every"] == "week" else "first_day"}
        review |= {"months": rules["review"]["months"], "determine": f"{rules['review']['determine']}d"}
    missing = {"carry_forward": f"{rules['carry']}d", "then": rules["then"]}
    if "live" in Missing.model_fields:
        missing["live"] = f"{rules['live']}d"
    returns: list[Any] = ["price"]
    versions = []
    if rules["total"]:
        total = {key: value for key, value in rules["total"].items() if key != "later"}
        returns.append({"total": {**total, "lag": f"{total['lag']}d"}})
        if "later" in rules["total"]:
            since, later = rules["total"]["later"]
            changed = {"total": {**later, "lag": f"{later['lag']}d"}}
            versions = [{"from": since.isoformat(), "note": "other income", "changes": {"returns": [changed]}}]
    off = {"supply_change": None, "price_jump": None, "min_turnover": None, "level_jump": None}
    return Methodology.load(
        {
            "basketry": 1,
            "name": "Random",
            "symbol": "RND",
            "base": {"date": market.base.isoformat(), "level": LEVEL},
            "universe": [
                *([{"history": {"min_days": rules["min_days"]}}] if rules["min_days"] else []),
                *map(screen_of, rules.get("screens", ())),
            ],
            "select": select,
            "weight": weight,
            "rebalance": rebalance,
            **({"review": review} if review else {}),
            "missing": missing,
            "guard": {} if rules["guard"] else off,
            "events": {key: rules[key] for key in ("delisting", "hard_fork", "airdrop")},
            "returns": returns,
            "versions": versions,
        }
    )
