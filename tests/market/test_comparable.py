"""Comparable series: earlier figures in units of the last instant, through events as they are known there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.market.panel import Panel

START = datetime(2020, 1, 1)
NAN = float("nan")


def day(number: int) -> np.datetime64:
    return np.datetime64(START, "us") + np.timedelta64(number, "D")


def events(*rows: dict[str, Any]) -> pl.DataFrame:
    """Return the table of events; `day` and `known` count from the start."""
    stamp = START.replace(tzinfo=UTC)
    return pl.DataFrame(
        [
            {
                "time": stamp + timedelta(days=row["day"]),
                "kind": row["kind"],
                "asset": row["asset"],
                "new_asset": row.get("new_asset"),
                "ratio": row.get("ratio"),
                "known_at": stamp + timedelta(days=row.get("known", row["day"])),
            }
            for row in rows
        ],
        schema_overrides={"new_asset": pl.String, "ratio": pl.Float64},
    )


def market(rows: pl.DataFrame | None, **fields: dict[str, list[float]]) -> Panel:
    """Return a daily panel from 2020-01-01 of wide fields."""
    frames: dict[str, Any] = {}
    for name, columns in fields.items():
        days = len(next(iter(columns.values())))
        frames[name] = pl.DataFrame({"time": [START + timedelta(days=n) for n in range(days)], **columns})
    return Panel.from_frames(events=rows, **frames)


def split(ratio: float = 10.0, on: int = 2, **more: Any) -> dict[str, Any]:
    return {"day": on, "kind": "redenomination", "asset": "a", "ratio": ratio, **more}


def test_a_redenomination_divides_earlier_prices_and_multiplies_earlier_supplies() -> None:
    prices = {"a": [50.0, 60.0, 6.0, 7.0], "b": [1.0, 2.0, 3.0, 4.0]}
    caps = {"a": [500.0, 600.0, 600.0, 700.0], "b": [1.0] * 4}
    panel = market(events(split()), price=prices, market_cap=caps, volume=caps)
    assert panel.comparable("price")[:, 0].tolist() == [5.0, 6.0, 6.0, 7.0]
    assert panel.comparable("supply")[:, 0].tolist() == [100.0] * 4
    assert panel.comparable("market_cap")[:, 0].tolist() == caps["a"]
    assert panel.window("volume", timedelta(days=4))[:, 0].tolist() == caps["a"]
    assert panel.window("price", timedelta(days=3))[:, 0].tolist() == [6.0, 6.0, 7.0]
    assert panel.statistic("price", "maximum", timedelta(days=3))[0] == 7.0
    assert panel.comparable("price", 0, 2, np.array([1, 0])).tolist() == [[1.0, 5.0], [2.0, 6.0]]
    # What was observed stays to be had, and is not written to.
    assert panel.field("price")[:, 0].tolist() == prices["a"]


def test_an_event_counts_from_when_it_is_in_force_and_known() -> None:
    prices = {"a": [50.0, 60.0, 6.0, 7.0, 8.0]}
    for known, counts_from in ((0, 2), (2, 2), (3, 3)):
        panel = market(events(split(known=known)), price=prices)
        for row in range(5):
            first = panel.as_of(day(row)).comparable("price")[0, 0]
            assert first == (5.0 if row >= counts_from else 50.0)


def test_a_correction_counts_from_when_it_is_known() -> None:
    rows = events(split(100.0), split(10.0, known=4))
    panel = market(rows, price={"a": [50.0, 60.0, 6.0, 7.0, 8.0]})
    assert panel.as_of(day(3)).comparable("price")[0, 0] == 0.5
    assert panel.comparable("price")[0, 0] == 5.0


def test_a_price_carried_over_an_event_is_in_new_units() -> None:
    panel = market(events(split()), price={"a": [50.0, 60.0, NAN, NAN, 8.0], "b": [1.0] * 5})
    view = panel.as_of(day(3))
    assert view.latest("price").tolist() == [6.0, 1.0]
    assert panel.as_of(day(1)).latest("price").tolist() == [60.0, 1.0]
    assert panel.latest_at("price", day(0)).tolist() == [5.0, 1.0]
    assert np.isnan(view.latest("price", timedelta(days=1))[0])


@pytest.mark.parametrize(("kind", "ratio"), [("migration", 100.0), ("name_change", 1.0)])
def test_a_successor_has_the_history_of_the_old_asset(kind: str, ratio: float) -> None:
    rows = events({"day": 3, "kind": kind, "asset": "old", "new_asset": "new", "ratio": ratio, "known": 1})
    panel = market(
        rows,
        price={"new": [NAN, 7.0, 8.0, NAN, 3.0], "old": [value * ratio for value in (1.0, 2.0, 2.5, 2.6, 0.1)]},
        market_cap={"new": [NAN, 1.0, 1.0, NAN, 30.0], "old": [10.0, 20.0, 25.0, 26.0, 1.0]},
        volume={"new": [NAN, 5.0, 5.0, NAN, 4.0], "old": [1.0, 2.0, 3.0, 4.0, 5.0]},
    )
    np.testing.assert_array_equal(panel.comparable("price")[:, 0], [1.0, 2.0, 2.5, NAN, 3.0])
    np.testing.assert_allclose(panel.comparable("supply")[:, 0], [10.0, 10.0, 10.0, NAN, 10.0], rtol=1e-15)
    np.testing.assert_array_equal(panel.comparable("volume")[:, 0], [1.0, 2.0, 3.0, NAN, 4.0])
    # The old asset is what it was; on the day before, so is the new one.
    assert panel.comparable("price")[:, 1].tolist() == panel.field("price")[:, 1].tolist()
    assert panel.as_of(day(2)).comparable("price")[1:, 0].tolist() == [7.0, 8.0]
    assert panel.as_of(day(3)).latest("price")[0] == 2.5
    assert panel.age_days().tolist() == [4.0, 4.0]
    assert panel.as_of(day(2)).age_days().tolist() == [1.0, 2.0]


def test_a_merger_passes_no_history_on() -> None:
    rows = events({"day": 2, "kind": "merger", "asset": "old", "new_asset": "new", "ratio": 2.0})
    panel = market(rows, price={"new": [NAN, 7.0, 8.0], "old": [1.0, 2.0, 3.0]})
    np.testing.assert_array_equal(panel.comparable("price")[:, 0], [NAN, 7.0, 8.0])
    assert panel.age_days().tolist() == [1.0, 2.0]


def test_histories_are_chained_over_earlier_events() -> None:
    rows = events(
        {"day": 1, "kind": "redenomination", "asset": "a", "ratio": 10.0},
        {"day": 3, "kind": "migration", "asset": "a", "new_asset": "b", "ratio": 2.0},
        {"day": 5, "kind": "redenomination", "asset": "b", "ratio": 5.0},
    )
    panel = market(
        rows,
        price={"a": [1000.0, 100.0, 100.0, NAN, NAN, NAN], "b": [NAN, NAN, NAN, 50.0, 50.0, 10.0]},
        market_cap={"a": [8.0] * 3 + [NAN] * 3, "b": [NAN] * 3 + [8.0] * 3},
    )
    assert panel.comparable("price")[:, 1].tolist() == [10.0] * 6
    np.testing.assert_allclose(panel.comparable("supply")[:, 1], 0.8, rtol=1e-15)
    assert panel.as_of(day(4)).comparable("price")[:, 1].tolist() == [50.0] * 5
    assert panel.comparable("price", 3)[:, 1].tolist() == [10.0] * 3
    assert panel.age_days()[1] == 5.0


def test_a_successor_without_earlier_data_is_as_old_as_its_own_first_price() -> None:
    rows = events({"day": 2, "kind": "migration", "asset": "old", "new_asset": "new", "ratio": 1.0})
    panel = market(rows, price={"new": [NAN, 1.0, NAN, 2.0], "old": [NAN, NAN, 5.0, 5.0]})
    # The price of day 1 is none of a series that goes on from the old asset, which had none before day 2.
    assert panel.age_days()[0] == 0.0
    assert np.isnan(panel.as_of(day(2)).age_days()[0])


def test_an_asset_that_the_data_do_not_hold_changes_nothing() -> None:
    rows = events(
        {"day": 1, "kind": "migration", "asset": "gone", "new_asset": "a", "ratio": 3.0},
        {"day": 1, "kind": "migration", "asset": "a", "new_asset": "unheard", "ratio": 1.0},
    )
    panel = market(rows, price={"a": [2.0, 3.0, 4.0]})
    assert panel.comparable("price")[:, 0].tolist() == [2.0, 3.0, 4.0]


@given(
    ratios=st.lists(st.sampled_from([0.001, 0.5, 10.0, 1000.0]), min_size=1, max_size=4),
    cut=st.integers(0, 11),
    seed=st.integers(0, 2**32 - 1),
)
def test_restated_series_are_those_of_a_market_that_never_split(ratios: list[float], cut: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    whole = 1e-3 * np.exp(generator.normal(0, 0.1, 12).cumsum())  # four ratios of 0.001 stay below PRICE_MAX
    days = generator.choice(np.arange(1, 12), size=len(ratios), replace=False)
    raw = whole.copy()
    for ratio, on in zip(ratios, days, strict=True):
        raw[on:] /= ratio
    rows = events(*(split(ratio, int(on)) for ratio, on in zip(ratios, days, strict=True)))
    view = market(rows, price={"a": raw.tolist()}).as_of(day(cut))
    scale = raw[cut] / whole[cut]
    np.testing.assert_allclose(view.comparable("price")[:, 0], whole[: cut + 1] * scale, rtol=1e-12)
