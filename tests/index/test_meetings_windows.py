"""Every event that changes units or identity with what looks back: windows, buffers and age.

A market in which an asset is redenominated, or goes on under another id, gives the weights of its twin, in which the
asset was in the new units under the last id from the start. In a merger the absorbing asset keeps the history that
it has, so that the twin is the market without the one that was absorbed.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.index.meetings import CONVERSIONS, GAP, after, at, rules

from basketry.core.errors import MethodologyError
from basketry.index.calculate import calculate_index
from basketry.index.result import IndexResult
from basketry.market.panel import Panel

DAYS, BASE = 150, 61
"""The base is 2 March, day 61, determined on day 58; changes of 1 April and 1 May, days 91 and 121, on 88 and 118."""
FIELDS = ("price", "market_cap", "volume")
SUPPLIES = {"a": 3e8, "b": 2e8, "c": 1e8, "d": 0.5e8, "x": 2e8, "y": 0.6e8}
SEED = 19
"""With which x is held in every case, and its past matters."""
Columns = dict[str, dict[str, np.ndarray[Any, np.dtype[np.float64]]]]

WINDOWS: dict[str, dict[str, Any]] = {
    "inverse volatility": {"weight": {"by": "inverse_volatility", "window": "50d"}},
    "minimum variance": {"weight": {"by": "minimum_variance", "window": "50d"}},
    "equal risk": {"weight": {"by": "equal_risk_contribution", "window": "50d"}},
    "momentum": {"weight": {"by": "momentum", "window": "50d", "skip": "3d"}},
    "value traded": {"weight": {"by": "value_traded", "window": "50d"}},
    "smoothed capitalisation": {"weight": {"by": "smoothed_market_cap"}},
    "bound on value traded": {"universe": [{"value_traded": {"min": 3e7, "window": "50d"}}]},
    "selection by return": {"select": {"by": "return_50d", "top": 2}},
    "selection by volatility": {"select": {"by": "volatility_50d", "top": 2}},
    "buffer": {"select": {"by": "market_cap", "top": 2, "buffer": {"enter": 1, "leave": 3}}},
    "history": {"universe": [{"history": {"min_days": 50}}]},
}
REFUSED = ("inverse volatility", "minimum variance", "equal risk")
"""Weights by returns, which an asset without a past does not have."""
EVENTS = (40, 75, 88, 89, 91, 117)
"""Before the base, after it, at and after a determination, at a change, and before a determination."""

CANNOT_MEET = {
    ("merger", "buffer"): "a member comes into the index by the merger, which its twin lacks; worked by hand below",
}


@cache
def columns() -> Columns:
    """Return price, capitalisation and volume of a to d, of x and of y, which takes x over in a merger.

    Prices of x and y begin on day 15: on day 58 they are too young for `history`, on day 88 not.
    """
    rng = np.random.default_rng(SEED)
    found: Columns = {name: {} for name in FIELDS}
    for place, asset in enumerate("abcdxy"):
        price = 10 * np.exp(np.cumsum(rng.normal(0, 0.02 + 0.01 * place, DAYS)))
        price[: 15 if asset in "xy" else 0] = GAP
        found["price"][asset] = price
        found["market_cap"][asset] = price * SUPPLIES[asset]
        found["volume"][asset] = rng.uniform(0.5, 1.5, DAYS) * 1e7 * (2 + place)
    return found


def panel(found: Columns, events: pl.DataFrame | None = None) -> Panel:
    times = [at(n) for n in range(DAYS)]
    frames: dict[str, Any] = {name: pl.DataFrame({"time": times, **found[name]}) for name in FIELDS}
    return Panel.from_frames(events=events, **frames)


def event(kind: str, day: int, known: int) -> pl.DataFrame:
    row = {"time": at(day), "kind": kind, "asset": "x", "ratio": CONVERSIONS[kind], "known_at": at(known)}
    return pl.DataFrame([{**row, "new_asset": goes_on(kind) if goes_on(kind) != "x" else None}],
                        schema_overrides={"new_asset": pl.String})  # fmt: skip


def goes_on(kind: str) -> str:
    return "y" if kind == "merger" else after(kind)


def told(kind: str, day: int) -> Columns:
    """Return what is observed: x to the day, and what it became from then on."""
    found = {name: {**columns()[name]} for name in FIELDS}
    for name in FIELDS:
        values = found[name].pop("x")
        old, new = values.copy(), values.copy()
        old[day:], new[:day] = GAP, GAP
        if name == "price":
            new /= CONVERSIONS[kind]
        if kind == "redenomination":
            found[name]["x"] = np.where(np.arange(DAYS) < day, old, new)
            continue
        found[name]["x"] = old
        if kind != "merger":
            found[name]["new"] = new
    return found


def twin(kind: str) -> Columns:
    """Return what would be observed if x had been what it became from the start, or had never been."""
    found = {name: {**columns()[name]} for name in FIELDS}
    for name in FIELDS:
        values = found[name].pop("x")
        if kind != "merger":
            found[name][goes_on(kind)] = values / (CONVERSIONS[kind] if name == "price" else 1)
    return found


def index(found: Columns, sections: dict[str, Any], events: pl.DataFrame | None = None) -> IndexResult:
    usual: dict[str, Any] = {
        "base": {"date": "2020-03-02", "level": 100}, "universe": [], "select": {"by": "market_cap", "top": 4},
        "rebalance": {"every": "month", "determine": "3d"}, "guard": {},
    }  # fmt: skip
    return calculate_index(rules(**{**usual, **sections}), panel(found, events))


def determined(result: IndexResult, since: int = 0) -> dict[int, dict[str, float]]:
    """Return the weights of each change by the day on which it took effect, of those determined on a day or later."""
    changes = result.rebalances.filter(
        pl.col("trigger").is_in(["base", "schedule"]), pl.col("determined_at") >= at(since)
    )
    found: dict[int, dict[str, float]] = {}
    for row in changes.filter(pl.col("weight_after") > 0).iter_rows(named=True):
        found.setdefault((row["effective_at"] - at(0)).days, {})[row["asset"]] = row["weight_after"]
    return found


def pairs() -> list[Any]:
    return [
        pytest.param(kind, meets, id=f"{kind} x {meets}".replace(" ", "-"))
        for kind in CONVERSIONS
        for meets in WINDOWS
        if (kind, meets) not in CANNOT_MEET
    ]


@pytest.mark.parametrize(("kind", "meets"), pairs())
def test_weights_are_those_of_the_twin(kind: str, meets: str) -> None:
    right = index(twin(kind), WINDOWS[meets])
    for day in EVENTS:
        for known in (day, 30):
            result = index(told(kind, day), WINDOWS[meets], event(kind, day, known))
            # What was determined before a merger goes on with what x became; the twin begins with what comes after.
            since = day if kind == "merger" else 0
            assert same(kind, determined(result, since), determined(right, since), day)
            if kind != "merger":
                np.testing.assert_allclose(result.level(), right.level(), rtol=1e-12)


def same(kind: str, found: dict[int, dict[str, float]], right: dict[int, dict[str, float]], day: int) -> bool:
    """Return whether weights are equal; before the event x has its old id."""
    assert found.keys() == right.keys()
    for change, weights in found.items():
        named = {goes_on(kind) if asset == "x" else asset: weight for asset, weight in weights.items()}
        assert named == pytest.approx(right[change], rel=1e-12, abs=1e-15), (day, change)
    return True


@pytest.mark.parametrize("meets", WINDOWS)
def test_the_past_of_the_asset_counts_in_what_is_compared(meets: str) -> None:
    """The twins would be worth nothing if x were not held, or if an asset without a past fared the same."""
    right = determined(index(twin("migration"), WINDOWS[meets]))
    assert "new" in right[91]
    if meets in REFUSED:
        with pytest.raises(MethodologyError, match="'new'"):
            index(told("migration", 75), WINDOWS[meets])
        return
    assert determined(index(told("migration", 75), WINDOWS[meets])) != right


@pytest.mark.parametrize(("other", "held"), [(100.0, {"a", "y"}), (180.0, {"a", "b"})])
def test_a_member_by_merger_is_a_member_for_the_buffer(other: float, held: set[str]) -> None:
    """Two of a 400, x 300, b 200, c, y 150: y, for x, is third and stays, or fourth behind c, and leaves for b."""
    sizes = {"a": 400.0, "x": 300.0, "b": 200.0, "c": other, "y": 150.0}
    prices = {name: [10.0] * 40 for name in sizes} | {"y": [1.0] * 35 + [2.0] * 5}
    prices["x"][10:] = [GAP] * 30
    caps = {name: [GAP if np.isnan(price) else size for price in prices[name]] for name, size in sizes.items()}
    times = [at(n) for n in range(40)]
    wide = {"price": prices, "market_cap": caps}
    frames: dict[str, Any] = {name: pl.DataFrame({"time": times, **columns}) for name, columns in wide.items()}
    select = {"by": "market_cap", "top": 2, "buffer": {"enter": 1, "leave": 3}}
    market = Panel.from_frames(events=event("merger", 10, 10), **frames)
    result = calculate_index(rules(select=select, rebalance={"every": "month", "determine": "1d"}), market)
    changes = result.compositions.rows_by_key("effective_at", named=True)
    members = [{row["asset"] for row in rows} for rows in changes.values()]
    assert members == [{"a", "x"}, {"a", "y"}, held]
    assert result.level()[34:36] == pytest.approx([100, 150 if "y" in held else 100], rel=1e-12)
