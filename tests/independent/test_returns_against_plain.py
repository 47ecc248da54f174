"""Series whose rules change with versions, and calendars that do, equal those of the plain implementation."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.independent.plain_market import Day
from tests.independent.plain_returns import SERIES, Rule, RuleOf

from basketry.index.calculate import calculate_index
from basketry.index.result import IndexResult
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

DAYS_WRITTEN = ("reset", "half_life_short", "half_life_long", "lag", "warm_up")
FIRST = date(2020, 1, 1)


def some_rule(rng: Random, name: str) -> dict[str, Any]:
    """Parameters of a return rule, all of them, durations in days."""
    count = {"day_count": rng.choice(("act/360", "act/365"))}
    if name == "decrement":
        amount = rng.choice(({"points": rng.choice((0, 50, 40_000))}, {"percent": rng.uniform(0, 0.9)}))
        return {**amount, **count}
    if name == "excess":
        return {"rate": rng.choice(("A", "B", 0.1)), **count}
    if name == "currency":
        return {"currency": "EUR", "rate": rng.choice(("X", "Y"))}
    if name == "leverage":
        return {
            "factor": rng.choice((-1, 2, 2, 3)),
            "financing": rng.choice(("A", 0.2, None)),
            "spread": rng.choice((0.0, 0.05)),
            "reset": rng.choice((1, 3, 7)),
            **count,
        }
    return {
        "target": rng.choice((0.2, 0.4, 0.8)),
        "half_life_short": rng.choice((1, 5)),
        "half_life_long": rng.choice((7, 20)),
        "max_leverage": rng.choice((0.5, 1.0, 2.5)),
        "rate": rng.choice(("A", 0.3, None)),
        "tolerance": rng.choice((0.0, 0.1)),
        "lag": rng.choice((0, 1, 4)),
        "warm_up": rng.choice((0, 5)),
        **count,
    }


def entry(name: str, rule: Rule) -> dict[str, Any]:
    """A rule as a rulebook has it."""
    return {name: {**{key: f"{value}d" if key in DAYS_WRITTEN else value for key, value in rule.items()}, "name": name}}


def check(prices: pl.DataFrame, start: str, rng: Random, rtol: float) -> None:
    """Compare all series over prices of one row a day, with two versions within a few days of each other."""
    days = prices["time"].dt.date().to_list()
    changes = sorted(rng.sample(days[:-1], 2))
    rules = {name: [some_rule(rng, name) for _ in range(3)] for name in SERIES}
    rates: dict[str, dict[Day, float]] = {
        name: {day: rng.uniform(0, 0.2) if name in "AB" else rng.uniform(0.8, 1.2) for day in days} for name in "ABXY"
    }
    book = {
        "basketry": 1,
        "name": "Series",
        "symbol": "SER",
        "base": {"date": start, "level": 1000},
        "select": {"by": "price", "top": 3},
        "weight": "equal",
        "rebalance": {"every": "month", "determine": "0d"},
        "returns": [entry(name, rules[name][0]) for name in SERIES],
        "versions": [
            {
                "from": day.isoformat(),
                "note": "other series",
                "changes": {"returns": [entry(name, rules[name][place]) for name in reversed(SERIES)]},
            }
            for place, day in enumerate(changes, start=1)
        ],
    }
    table = [
        {"time": datetime(day.year, day.month, day.day, tzinfo=UTC), "rate": name, "value": value}
        for name, series in rates.items()
        for day, value in series.items()
    ]
    result = calculate_index(Methodology.load(book), Panel.from_frames(price=prices, rates=pl.DataFrame(table)))
    plain = dict(zip(result.levels["time"].dt.date(), result.level().tolist(), strict=True))

    def rule_of(name: str) -> RuleOf:
        return lambda day: rules[name][sum(day >= since for since in changes)]

    for name, make in SERIES.items():
        found = make(plain, rule_of(name), rates)
        np.testing.assert_allclose(
            result.level(name), found, rtol=rtol, atol=1e-9, err_msg=f"{name}: {rules[name]} {changes}"
        )


@pytest.mark.parametrize("seed", range(60))
def test_series_under_versions_equal_the_plain_ones(seed: int) -> None:
    rng = Random(seed)  # noqa: S311 - a test that can be repeated
    count = rng.randint(20, 90)
    walks = np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.05, (count, 4)), axis=0))
    times = [datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(count)]
    check(pl.DataFrame({"time": times, **dict(zip("abcd", walks.T, strict=True))}), "2020-01-01", rng, 1e-9)


def test_series_under_versions_on_the_real_market_equal_the_plain_ones(real_observations: pl.DataFrame) -> None:
    names = ["bitcoin", "ethereum", "litecoin", "ripple", "stellar", "monero"]
    span = (datetime(2016, 1, 1, tzinfo=UTC), datetime(2020, 6, 1, tzinfo=UTC))
    rows = real_observations.filter(pl.col("asset").is_in(names), pl.col("time").is_between(*span))
    wide = rows.pivot("asset", index="time", values="price").sort("time")
    assert wide.width > 4
    check(wide, "2016-01-01", Random(7), 1e-8)  # noqa: S311 - a test that can be repeated


@pytest.mark.parametrize("seed", range(20))
def test_calendars_under_versions_give_the_instants_and_levels_worked_out_plainly(seed: int) -> None:
    """One asset in rows each six hours: a level is its last price at an instant over that at the first."""
    rng = Random(seed)  # noqa: S311 - a test that can be repeated
    hours = [datetime(2020, 1, 1, tzinfo=UTC) + timedelta(hours=6 * place) for place in range(60)]
    price = [rng.uniform(1, 10) for _ in hours]
    calendars: list[Any] = [None, *(rng.choice((0, 3, 12, 18)) for _ in range(3))]
    rng.shuffle(calendars)
    dates = sorted(rng.sample(range(2, 14), 2))
    instants = []
    for hour in (hours[0] + timedelta(hours=n) for n in range(6 * len(hours) - 5)):
        at = calendars[sum((hour - hours[0]).days >= since for since in dates)]
        if (hour.hour % 6 == 0) if at is None else (hour.hour == at):
            instants.append(hour)
    result = calendar_index(hours, price, calendars, dates)
    assert [time.replace(tzinfo=UTC) for time in result.times.tolist()] == instants
    last = [[p for time, p in zip(hours, price, strict=True) if time <= instant][-1] for instant in instants]
    assert result.level() == pytest.approx([1000 * value / last[0] for value in last], rel=1e-12)


def calendar_index(hours: list[datetime], price: list[float], calendars: list[Any], dates: list[int]) -> IndexResult:
    written = [{} if at is None else {"every": "day", "at": f"{at:02}:00"} for at in calendars[:3]]
    book = {
        "basketry": 1,
        "name": "Calendars",
        "symbol": "CAL",
        "base": {"date": "2020-01-01", "level": 1000},
        "select": {"by": "price", "top": 1},
        "weight": "equal",
        "rebalance": {"every": "year", "determine": "0d"},
        "guard": {"price_jump": None},
        "calculate": written[0],
        "versions": [
            {"from": (FIRST + timedelta(days=day)).isoformat(), "note": "another", "changes": {"calculate": calendar}}
            for day, calendar in zip(dates, written[1:], strict=True)
        ],
    }
    return calculate_index(Methodology.load(book), Panel.from_frames(price=pl.DataFrame({"time": hours, "a": price})))
