"""`fix: supply`: supplies of the determination at the prices, and within the caps, of the effective instant, by hand.

Day 0 is 2020-01-01; the first change after the base takes effect on day 31 and is determined on day 26. a has a supply
of 3 and b of 1, at a price of 10 each: 75% and 25%.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import MethodologyError
from basketry.index.calculate import calculate_index
from basketry.index.explain import explain_index
from basketry.index.result import IndexResult
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

DAYS, FIRST = 70, 31
GAP = float("nan")
START = datetime(2019, 12, 1)
Steps = dict[int, float]


def series(figures: Steps) -> list[float]:
    values, now = [], GAP
    for day in range(-FIRST, DAYS):
        now = figures.get(day, now)
        values.append(now)
    return values


def index(
    prices: dict[str, Steps],
    supplies: dict[str, Steps],
    events: list[dict[str, Any]] | None = None,
    weight: dict[str, Any] | None = None,
    **sections: Any,
) -> IndexResult:
    times = [START + timedelta(days=n) for n in range(DAYS + FIRST)]
    price = {asset: series(steps) for asset, steps in prices.items()}
    cap = {
        asset: [p * s for p, s in zip(price[asset], series(steps), strict=True)] for asset, steps in supplies.items()
    }
    table = None
    if events:
        table = pl.DataFrame(
            [{"new_asset": None, **row, "time": START + timedelta(days=FIRST + row["time"])} for row in events],
            schema_overrides={"new_asset": pl.String, "ratio": pl.Float64},
        )
    panel = Panel.from_frames(
        price=pl.DataFrame({"time": times, **price}), market_cap=pl.DataFrame({"time": times, **cap}), events=table
    )
    document = {
        "basketry": 1,
        "name": "Supply",
        "symbol": "SUP",
        "base": {"date": "2020-01-01", "level": 100},
        "select": {"by": "market_cap", "top": 3},
        "weight": {"by": "market_cap", **(weight or {})},
        "rebalance": {"every": "month", "determine": "5d", "fix": "supply"},
        "guard": {"supply_change": None, "min_turnover": None, "price_jump": None},
        **sections,
    }
    return calculate_index(Methodology.load(document), panel)


def weights(result: IndexResult, day: int = 31) -> dict[str, float]:
    stamp = np.datetime64(START + timedelta(days=FIRST + day), "us")
    return dict(sorted(result.weights(stamp).items()))


def units(result: IndexResult, day: int = 31) -> dict[str, float]:
    at = START + timedelta(days=FIRST + day)
    table = result.compositions.filter(pl.col("effective_at").dt.replace_time_zone(None) == at)
    return dict(sorted(table.select("asset", "units").iter_rows()))


A, B = {-31: 10.0}, {-31: 10.0}
SUPPLY = {"a": {-31: 3.0}, "b": {-31: 1.0}}


@pytest.mark.parametrize(
    ("fix", "expected"),
    [
        # a doubles between: 60 to 10. Weights as determined, at most 60%; units as determined within the cap (0.06 and
        # 0.04, worth 1.2 and 0.4); supplies of 3 and 1 at 20 and 10, at most 60%.
        ("weights", 0.6), ("units", 1.2 / 1.6), ("supply", 0.6),
    ],
)  # fmt: skip
def test_what_is_fixed_decides_where_the_cap_is_kept(fix: str, expected: float) -> None:
    rebalance = {"every": "month", "determine": "5d", "fix": fix}
    found = index({"a": {**A, 28: 20.0}, "b": B}, SUPPLY, weight={"cap": 0.6}, rebalance=rebalance)
    assert weights(found)["a"] == pytest.approx(expected, rel=1e-14)


def test_supplies_of_the_determination_at_effective_prices() -> None:
    # The supply of b grows to 5 after the determination and counts at the next one; prices count at once.
    found = index({"a": {**A, 28: 20.0}, "b": B}, {**SUPPLY, "b": {-31: 1.0, 28: 5.0}})
    assert weights(found)["a"] == pytest.approx(60 / 70, rel=1e-14)
    assert weights(found, 60)["a"] == pytest.approx(60 / 110, rel=1e-14)
    # Without a cap units are the supplies themselves, and the level does not move at the change.
    assert units(found) == pytest.approx({"a": 3.0, "b": 1.0}, rel=1e-14)
    level = found.level()
    assert (level[27], level[28], level[31]) == pytest.approx((100.0, 175.0, 175.0), rel=1e-14)


def test_units_are_supplies_times_capping_factors() -> None:
    # 60 and 10 within 60%: w/w0 is 0.7 for a, 2.8 for b; the factors are 0.25 and 1.
    found = index({"a": {**A, 28: 20.0}, "b": B}, SUPPLY, weight={"cap": 0.6})
    assert units(found) == pytest.approx({"a": 3 * 0.25, "b": 1.0}, rel=1e-14)


def test_explain_tells_the_limits_of_both_instants() -> None:
    def steps(asset: str, **more: Any) -> list[str]:
        told = explain_index(index({"a": {**A, 28: 20.0}, "b": B}, SUPPLY, **more), "2020-02-03").of(asset)
        assert told is not None
        return [step for step in told.steps if "weight" in step]

    # 75% on day 26, and 60 of 70 at the effective prices.
    assert steps("a", weight={"cap": 0.6}) == [
        "at the determination, weight: 75% before caps, capped at 60%",
        "weight at the effective prices: 85.71% before caps, capped at 60%",
    ]
    # Within the cap before, not after; and of 80% of the index beside cash: 60% and 68.57%.
    assert steps("a", weight={"cap": 0.8}) == ["weight at the effective prices: 85.71% before caps, capped at 80%"]
    assert steps("a", weight={"cap": 0.65, "cash": 0.2}) == [
        "weight at the effective prices: 68.57% before caps, capped at 65%"
    ]
    assert steps("b", weight={"cap": 0.8}) == []
    # Two cannot keep a cap of 40%.
    assert steps("b", weight={"cap": 0.4}) == [
        "at the determination, weight: the caps cannot be kept, equal weights",
        "weight at the effective prices: the caps cannot be kept, equal weights",
    ]
    assert steps("a") == []


def test_explain_tells_the_limits_of_what_a_member_became() -> None:
    # a becomes n at 10 for 1 between: 30 units at 2 beside 10 of b.
    prices = {"a": {**A, 28: GAP}, "b": B, "n": {28: 2.0}}
    supplies = {"a": SUPPLY["a"], "b": {-31: 1.0}, "n": {28: 30.0}}
    migration = [{"time": 28, "kind": "migration", "asset": "a", "new_asset": "n", "ratio": 10.0}]
    found = explain_index(index(prices, supplies, migration, weight={"cap": 0.6}), "2020-02-03")
    told = {entry.asset: [step for step in entry.steps if "effective prices" in step] for entry in found.assets}
    assert told == {"a": [], "b": [], "n": ["weight at the effective prices: 85.71% before caps, capped at 60%"]}


def test_explain_has_the_events_of_a_determination_between_two_rows() -> None:
    # Determined 36 hours before, and told of the row before that.
    rebalance = {"every": "month", "determine": "36h"}
    found = index({"a": A, "b": B}, SUPPLY, weight={"cap": 0.4}, rebalance=rebalance)
    assert "cap_shortage" in explain_index(found, "2020-02-03").events["kind"].to_list()


MEETINGS: dict[str, tuple[dict[str, Steps], dict[str, Steps], list[dict[str, Any]], dict[str, float]]] = {
    "a redenomination in between": (
        {"a": {**A, 28: 1.0}, "b": B}, {"a": {-31: 3.0, 28: 30.0}, "b": {-31: 1.0}},
        [{"time": 28, "kind": "redenomination", "asset": "a", "ratio": 10.0}], {"a": 0.75, "b": 0.25},
    ),
    "a migration in between": (
        {"a": {**A, 28: GAP}, "b": B, "n": {28: 2.0}}, {"a": SUPPLY["a"], "b": {-31: 1.0}, "n": {28: 30.0}},
        [{"time": 28, "kind": "migration", "asset": "a", "new_asset": "n", "ratio": 10.0}],
        # 30 units of n at 2 beside 10.
        {"b": 10 / 70, "n": 60 / 70},
    ),
    "a delisting in between": (
        {"a": A, "b": B, "c": {-31: 10.0, 30: 5.0}}, {**SUPPLY, "c": {-31: 1.0}},
        [{"time": 28, "kind": "delisting", "asset": "b", "ratio": None}], {"a": 30 / 35, "c": 5 / 35},
    ),
    "a merger of two that were determined": (
        {"a": A, "b": {**B, 28: GAP}, "c": {-31: 10.0}}, {**SUPPLY, "c": {-31: 1.0}},
        [{"time": 28, "kind": "merger", "asset": "b", "new_asset": "a", "ratio": 2.0}],
        # 3 + 2 units of a at 10 beside 10.
        {"a": 50 / 60, "c": 10 / 60},
    ),
    "an asset without a price on the day": (
        {"a": A, "b": {**B, 27: GAP}, "c": {-31: 10.0}}, {**SUPPLY, "c": {-31: 1.0}}, [],
        {"a": 0.75, "c": 0.25},
    ),
}  # fmt: skip


@pytest.mark.parametrize("meeting", MEETINGS)
def test_supplies_meet(meeting: str) -> None:
    prices, supplies, events, expected = MEETINGS[meeting]
    assert weights(index(prices, supplies, events)) == pytest.approx(expected, rel=1e-14)


def test_caps_that_cannot_be_kept_at_effective_prices_are_recorded() -> None:
    # Three at most 40% each; on the day b has no price, so that two share the index equally.
    prices = {"a": A, "b": {**B, 27: GAP}, "c": {-31: 10.0}}
    found = index(prices, {**SUPPLY, "c": {-31: 1.0}}, weight={"cap": 0.4})
    assert weights(found) == pytest.approx({"a": 0.5, "c": 0.5}, rel=1e-14)
    told = found.events.filter(pl.col("kind") == "cap_shortage")
    assert told["time"].dt.replace_time_zone(None)[0] == START + timedelta(days=FIRST + 31)
    with pytest.raises(MethodologyError, match=r"change of 2020-02-01: cap: 2 assets x 0\.4 = 0\.8 < 1"):
        index(prices, {**SUPPLY, "c": {-31: 1.0}}, weight={"cap": 0.4, "shortage": "refuse"})


def test_the_mean_supply_of_a_window() -> None:
    # Of the five days to day 26, b has a supply of 1 on days 22 and 23 and of 6 on 24 to 26: 4 in the mean.
    steps = {**SUPPLY, "b": {-31: 1.0, 24: 6.0}}
    found = index({"a": A, "b": B}, steps, weight={"supply_window": "5d"})
    assert weights(found) == pytest.approx({"a": 3 / 7, "b": 4 / 7}, rel=1e-14)
    # A redenomination inside the window changes nothing: 10 new units for one, at a tenth of the price.
    split = index(
        {"a": A, "b": {-31: 10.0, 25: 1.0}}, {**SUPPLY, "b": {-31: 1.0, 24: 6.0, 25: 60.0}},
        [{"time": 25, "kind": "redenomination", "asset": "b", "ratio": 10.0}], weight={"supply_window": "5d"},
    )  # fmt: skip
    assert weights(split) == pytest.approx(weights(found), rel=1e-14)
    # A supply that the guard does not believe counts as it believes: 1, and not 6 or a mean.
    guarded = index({"a": A, "b": B}, steps, weight={"supply_window": "5d"}, guard={"min_turnover": None})
    assert weights(guarded) == pytest.approx({"a": 0.75, "b": 0.25}, rel=1e-14)


@pytest.mark.parametrize("weight", [{"by": "equal"}, {"by": "market_cap", "power": 0.5}, {"by": "sqrt_market_cap"}])
def test_a_weighting_that_counts_no_units_has_no_supply_to_fix(weight: dict[str, Any]) -> None:
    with pytest.raises(MethodologyError, match=r"^rebalance\.fix: supply goes with a weighting by capitalisation"):
        index({"a": A, "b": B}, SUPPLY, weight=weight)
