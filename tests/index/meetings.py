"""Markets in which one corporate event meets something, with levels worked by hand.

Assets a and x begin at equal weight, at a price of 10 and a level of 100: 5 units each, and a divisor of 1. In each
case `worth` is what an old unit of x is worth, or what its successor gives for it: `market` makes prices of that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

START = datetime(2020, 1, 1)
GAP = float("nan")
ABSURD = 99.0
"""A price that must not be used."""

CONVERSIONS = {"redenomination": 10.0, "migration": 10.0, "merger": 10.0, "name_change": 1.0}
"""New units for one old."""
GROUPS = {
    "converts": tuple(CONVERSIONS),
    "moves": ("migration", "merger", "name_change"),
    "rescales": ("redenomination", "migration", "merger"),
    "credits": ("hard_fork", "airdrop"),
}
"""Kinds that give the same levels; half a unit of a fork is credited for each unit of x."""
KINDS = (*CONVERSIONS, *GROUPS["credits"], "delisting", "halt")


@dataclass(frozen=True)
class Case:
    """One meeting.

    Attributes:
        a, worth: Prices of a, and of an old unit of x, by day.
        day: Of the event.
        levels: Levels worked by hand, by day.
        fork: Prices of what is credited, from the day of the event on.
        until: Day on which a halt ends.
        known: Day on which each version of the event was known, with what it says; that of the event unless given.
        ratio: Of a conversion, in place of that of its kind.
        others: Prices of further assets.
        fired: Days on which a trigger fired.
        column: The series of levels.
    """

    a: list[float]
    worth: list[float]
    day: int
    levels: dict[int, float]
    fork: list[float] = field(default_factory=list)
    until: int | None = None
    known: tuple[tuple[int, dict[str, Any]], ...] = ()
    ratio: float | None = None
    others: dict[str, list[float]] = field(default_factory=dict)
    fired: list[int] = field(default_factory=list)
    column: str = "price_return"


def each(*levels: float) -> dict[int, float]:
    """Return levels of the days from the base on."""
    return dict(enumerate(levels))


def at(day: int) -> datetime:
    return START.replace(tzinfo=UTC) + timedelta(days=day)


def after(kind: str) -> str:
    """Return the id under which x goes on."""
    return "new" if kind in GROUPS["moves"] else "x"


def prices_of(kind: str, case: Case) -> pl.DataFrame:
    """Return the prices of each unit by day, wide."""
    days = len(case.a)
    ratio = case.ratio if case.ratio is not None else CONVERSIONS.get(kind, 0.5)
    columns = {"a": case.a, "x": list(case.worth), **case.others}
    if kind in CONVERSIONS:
        later = [value / ratio for value in case.worth[case.day :]]
        columns["x"][case.day :] = later if after(kind) == "x" else [GAP] * len(later)
        if after(kind) == "new":
            columns["new"] = [GAP] * case.day + later
    elif kind in GROUPS["credits"]:
        columns["fork"] = [GAP] * case.day + case.fork
    times = [START + timedelta(days=n) for n in range(days)]
    floats = dict.fromkeys(columns, pl.Float64)
    return pl.DataFrame({"time": times, **columns}, schema_overrides=floats, strict=False)


def events_of(kind: str, case: Case) -> pl.DataFrame:
    """Return the event in all its versions."""
    ratio = case.ratio if case.ratio is not None else CONVERSIONS.get(kind, 0.5)
    successor = "fork" if kind in GROUPS["credits"] else "new" if after(kind) == "new" else None
    row = {
        "time": at(case.day), "kind": kind, "asset": "x", "new_asset": successor, "removal": None,
        "ratio": None if kind in ("delisting", "halt") else ratio,
        "until": None if case.until is None else at(case.until),
    }  # fmt: skip
    versions = [{**row, **says, "known_at": at(known)} for known, says in case.known or ((case.day, {}),)]
    instant = pl.Datetime("us", "UTC")
    schema: dict[str, Any] = {
        "time": instant, "until": instant, "known_at": instant, "ratio": pl.Float64, "new_asset": pl.String,
        "removal": pl.String,
    }  # fmt: skip
    return pl.DataFrame(versions, schema_overrides=schema)


def market(kind: str, case: Case) -> Panel:
    """Return the panel of a case; every unit of a, x and new earns a thousandth of a day."""
    prices = prices_of(kind, case)
    yields = pl.DataFrame({"time": [at(0)] * 3, "asset": ["a", "x", "new"], "staking_yield": [0.365] * 3})
    return Panel.from_frames(
        price=prices, events=events_of(kind, case), yields=yields.filter(pl.col("asset").is_in(prices.columns))
    )


def rules(**sections: Any) -> Methodology:
    document: dict[str, Any] = {
        "basketry": 1, "name": "Two", "symbol": "TWO", "base": {"date": "2020-01-01", "level": 100},
        "universe": [{"exclude_assets": ["fork"]}], "select": {"by": "price", "all": {}}, "weight": {"by": "equal"},
        "rebalance": {"every": "year", "determine": "0d"}, "missing": {"carry_forward": "5d"},
        "events": {"hard_fork": "credit", "airdrop": "credit"},
        "guard": {"price_jump": None, "supply_change": None, "supply_step": None, "min_turnover": None,
                  "level_jump": None, "member_jump": None},
    }  # fmt: skip
    return Methodology.load({**document, **sections})
