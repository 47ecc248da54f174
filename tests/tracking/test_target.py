"""Targets from arrays and from calculated indices."""

from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import DataError
from basketry.index.calculate import calculate_index
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology
from basketry.tracking.costs import TradingCosts
from basketry.tracking.policies import POLICIES
from basketry.tracking.run import follow
from basketry.tracking.target import Target

TIMES = np.datetime64("2024-01-01") + np.arange(3)
PRICES = np.array([[1.0, 10.0], [1.2, 10.0], [1.2, 11.0]])
HALVES = np.full((3, 2), 0.5)


def small_index(days: int = 150) -> tuple[Panel, Methodology]:
    rng = np.random.default_rng(1)
    names = [f"coin-{letter}" for letter in "abcdef"]
    prices = np.exp(np.cumsum(rng.normal(0, 0.03, (days, 6)), axis=0)) * [5, 20, 1, 300, 0.5, 8]
    times = np.datetime64("2020-01-01", "us") + np.arange(days) * np.timedelta64(1, "D")
    supply = np.array([4e6, 3e6, 9e7, 2e5, 5e7, 6e6])
    fields = {"price": prices, "market_cap": prices * supply, "volume": prices * supply * 0.05}
    wide: dict[str, Any] = {
        name: pl.DataFrame({"time": times} | dict(zip(names, values.T, strict=True))) for name, values in fields.items()
    }
    rules = {
        "basketry": 1, "name": "Three", "symbol": "THREE", "base": {"date": "2020-02-10", "level": 1000},
        "universe": [{"market_cap": {"min": 1}}], "select": {"by": "market_cap", "top": 3},
        "weight": {"by": "market_cap", "cap": 0.5}, "rebalance": {"every": "month", "determine": "1d"},
    }  # fmt: skip
    return Panel.from_frames(**wide), Methodology.load(rules)


def test_an_index_is_followed_exactly_at_no_cost() -> None:
    panel, methodology = small_index()
    index = calculate_index(methodology, panel)
    target = Target.from_index(index)
    assert target.past.shape[0] == 40
    np.testing.assert_allclose(target.level, index.level())
    assert target.changes.sum() == index.compositions["effective_at"].n_unique() - 1
    for name, value in (("calendar", "1d"), ("with_index", None)):
        result = follow(target, POLICIES.build(name, value), TradingCosts(), value=1e6)
        assert np.abs(result.level / result.index - 1).max() < 1e-12


def test_a_redenomination_leaves_the_holder_where_he_was() -> None:
    panel, methodology = small_index()
    price = panel.fields["price"].copy()
    supply = panel.fields["market_cap"] / price
    held = calculate_index(methodology, panel).segments[0].columns[0]
    price[80:, held] /= 1000
    supply[80:, held] *= 1000
    event = pl.DataFrame({
        "asset": [panel.assets[held]], "time": [panel.times[80].item()], "kind": ["redenomination"], "ratio": [1000.0],
    }).with_columns(pl.col("time").dt.replace_time_zone("UTC"))  # fmt: skip
    wide: dict[str, Any] = {name: pl.DataFrame({"time": panel.times} | dict(zip(panel.assets, values.T, strict=True)))
            for name, values in (("price", price), ("market_cap", price * supply))}  # fmt: skip
    split = calculate_index(methodology, Panel.from_frames(events=event, **wide))
    np.testing.assert_allclose(split.level()[:50], calculate_index(methodology, panel).level()[:50], rtol=1e-9)
    result = follow(Target.from_index(split), POLICIES.build("with_index", None), TradingCosts(), value=1e6)
    assert np.abs(result.level / result.index - 1).max() < 1e-12


def with_event(panel: Panel, row: int, held: int, kind: str, ratio: float) -> Panel:
    """Return the panel in which an asset is redenominated, or goes on as another, from a row on."""
    names = list(panel.assets)
    fields = {name: values.copy() for name, values in panel.fields.items() if name != "supply"}
    successor = None
    fields["price"][row:, held] /= ratio
    if kind == "migration":
        successor = "coin-z"
        names.append(successor)
        for name, values in fields.items():
            wider = np.column_stack([values, np.where(np.arange(len(values)) < row, np.nan, values[:, held])])
            wider[row:, held] = np.nan
            fields[name] = wider
    event = pl.DataFrame({
        "asset": [panel.assets[held]], "new_asset": [successor], "time": [panel.times[row].item()], "kind": [kind],
        "ratio": [ratio],
    }, schema_overrides={"new_asset": pl.String}).with_columns(pl.col("time").dt.replace_time_zone("UTC"))  # fmt: skip
    wide: dict[str, Any] = {
        name: pl.DataFrame({"time": panel.times} | dict(zip(names, values.T, strict=True)))
        for name, values in fields.items()
    }
    return Panel.from_frames(events=event, **wide)


@pytest.mark.parametrize("row", [20, 80])
def test_a_split_of_a_member_or_of_another_changes_no_price_no_cost_and_no_difference(row: int) -> None:
    panel, methodology = small_index()
    plain = Target.from_index(calculate_index(methodology, panel))
    everybody = np.arange(len(plain.assets))
    for column in everybody:
        asset = panel.position(plain.assets[column])
        changed = with_event(panel, row, asset, "redenomination", 1000.0)
        target = Target.from_index(calculate_index(methodology, changed))
        np.testing.assert_allclose(target.level, plain.level, rtol=1e-9)
        scale = 1000.0 if row == 20 else 1.0
        for found, right in ((target.prices, plain.prices), (target.past, plain.past)):
            expected = right.copy()
            expected[:, column] /= scale
            np.testing.assert_allclose(found, expected, rtol=1e-9)
        costs = [
            TradingCosts.from_volumes(each, np.full(each.prices.shape, 1e8), window=30).impact
            for each in (plain, target)
        ]
        np.testing.assert_allclose(costs[1], costs[0], rtol=1e-9)
        result = follow(target, POLICIES.build("with_index", None), TradingCosts(), value=1e6)
        assert np.abs(result.level / result.index - 1).max() < 1e-12


def test_a_successor_has_the_prices_of_the_old_asset_before_it() -> None:
    panel, methodology = small_index()
    plain = Target.from_index(calculate_index(methodology, panel))
    old = calculate_index(methodology, panel).segments[0].columns[0]
    changed = with_event(panel, 80, int(old), "migration", 100.0)
    target = Target.from_index(calculate_index(methodology, changed))
    np.testing.assert_allclose(target.level, plain.level, rtol=1e-9)
    was, now = plain.assets.index(panel.assets[old]), target.assets.index("coin-z")
    for found, right in ((target.prices, plain.prices), (target.past, plain.past)):
        np.testing.assert_allclose(found[:, now] / found[-1, now], right[:, was] / right[-1, was], rtol=1e-9)


def test_a_part_of_a_target_keeps_its_past() -> None:
    panel, methodology = small_index()
    target = Target.from_index(calculate_index(methodology, panel))
    part = target.between("2020-03-01", "2020-04-01")
    assert str(part.times[0])[:10] == "2020-03-01"
    assert str(part.times[-1])[:10] == "2020-04-01"
    assert len(part.past) == 60
    np.testing.assert_allclose(part.past[-1], target.marks[19])
    assert len(target.between("2020-03-01", past=timedelta(days=5)).past) == 5
    with pytest.raises(DataError, match="fewer than two instants"):
        target.between("2021-01-01")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"prices": -PRICES}, "has the price -1"),
        ({"prices": PRICES[:, :1]}, "one shape"),
        ({"weights": HALVES * 0.9}, "sum to 0.9"),
        ({"weights": HALVES * np.array([3.0, -1.0])}, "has in weights -0.5"),
        ({"times": TIMES[::-1]}, "strictly increasing"),
        ({"times": TIMES[:1], "prices": PRICES[:1], "weights": HALVES[:1]}, "at least two instants"),
        ({"level": np.array([1.0, 0.0, 1.0])}, "positive numbers"),
        ({"prices": np.where(PRICES == 1.0, np.nan, PRICES)}, "before its first price"),
        ({"past": np.ones((4, 3))}, r"expected \(rows, 2\)"),
    ],
)
def test_bad_targets_are_told(change: dict[str, np.ndarray], words: str) -> None:
    parts = {"times": TIMES, "assets": ["a", "b"], "prices": PRICES, "weights": HALVES, **change}
    with pytest.raises(DataError, match=words):
        Target.from_arrays(**parts)  # type: ignore[arg-type]


def test_a_price_before_the_first_row_counts() -> None:
    prices = PRICES.copy()
    prices[0, 0] = np.nan
    target = Target.from_arrays(TIMES, ["a", "b"], prices, HALVES, past=np.array([[0.9, 9.0]]))
    assert target.marks[0, 0] == 0.9
    assert not target.tradable[0, 0]
