"""The wide view: assembly from tables, cuts that hide the future, knowledge times, rejected input."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.core.errors import DataError, SchemaError
from basketry.market.panel import Panel

DAY = datetime(2020, 1, 1, tzinfo=UTC)


def observations(rows: list[tuple[int, str, float | None]], **more: list[Any]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "time": [DAY + timedelta(days=day) for day, _, _ in rows],
            "asset": [asset for _, asset, _ in rows],
            "price": pl.Series([price for _, _, price in rows], dtype=pl.Float64),
            **more,
        }
    )


def test_days_without_data_are_rows_of_unknown_values() -> None:
    panel = Panel.from_frames(observations([(0, "b", 2.0), (3, "a", 1.0)]))
    assert panel.assets == ("a", "b")
    assert panel.field("price").shape == (4, 2)
    assert np.isnan(panel.field("price")[1:3]).all()


def test_long_wide_polars_and_pandas_give_the_same_panel() -> None:
    long = observations([(0, "a", 1.0), (0, "b", 2.0), (1, "a", 1.5), (1, "b", 2.5)])
    wide = long.pivot(on="asset", index="time", values="price")
    indexed = wide.to_pandas().set_index("time")
    digests = {
        Panel.from_frames(long).digest(),
        Panel.from_frames(long.to_pandas()).digest(),
        Panel.from_frames(price=wide).digest(),
        Panel.from_frames(price=pd.DataFrame(indexed)).digest(),
    }
    assert len(digests) == 1


def test_a_cut_hides_the_future_even_of_figures_known_late() -> None:
    supply = pl.DataFrame(
        {
            "time": [DAY, DAY + timedelta(days=2)],
            "asset": ["a", "a"],
            "supply": [100.0, 200.0],
            "known_at": [DAY, DAY + timedelta(days=4)],
        },
        schema_overrides={"time": pl.Datetime("us", "UTC"), "known_at": pl.Datetime("us", "UTC")},
    )
    panel = Panel.from_frames(observations([(day, "a", 2.0) for day in range(6)]), supply=supply)
    assert panel.field("supply")[:, 0].tolist() == [100.0] * 4 + [200.0] * 2
    assert panel.field("market_cap")[-1, 0] == 400.0
    assert panel.as_of("2020-01-04").field("supply")[-1, 0] == 100.0


def test_a_restatement_counts_from_the_knowledge_time_asked_for() -> None:
    rows = observations([(0, "a", 1.0), (0, "a", 9.0)], known_at=[DAY, DAY + timedelta(days=5)])
    assert Panel.from_frames(rows).field("price")[0, 0] == 9.0
    assert Panel.from_frames(rows, known_by="2020-01-02").field("price")[0, 0] == 1.0


def test_duplicates_are_refused_with_their_place() -> None:
    with pytest.raises(DataError, match="2 rows share time, asset"):
        Panel.from_frames(observations([(0, "a", 1.0), (0, "a", 2.0)]))


@pytest.mark.parametrize("price", [float("nan"), float("inf"), -1.0, 0.0, 1e308, -float("inf")])
def test_impossible_prices_become_unknown_with_evidence(price: float) -> None:
    panel = Panel.from_frames(observations([(0, "a", 1.0), (1, "a", price)]))
    assert np.isnan(panel.field("price")[1, 0])
    assert panel.rejected.height == (0 if np.isnan(price) else 1)


def test_latest_carries_only_as_far_as_allowed() -> None:
    panel = Panel.from_frames(observations([(0, "a", 1.0), (0, "b", 2.0), (4, "b", 3.0)]))
    assert panel.latest("price", timedelta(days=4)).tolist() == [1.0, 3.0]
    short = panel.latest("price", timedelta(days=3))
    assert np.isnan(short[0])


def test_window_is_open_at_its_start() -> None:
    panel = Panel.from_frames(observations([(day, "a", float(day + 1)) for day in range(5)]))
    assert panel.window("price", timedelta(days=2))[:, 0].tolist() == [4.0, 5.0]


def test_unknown_names_get_the_nearest_one() -> None:
    panel = Panel.from_frames(observations([(0, "bitcoin", 1.0)]))
    with pytest.raises(DataError, match="did you mean 'price'"):
        panel.field("prise")
    with pytest.raises(DataError, match="did you mean 'bitcoin'"):
        panel.position("bitcoins")
    with pytest.raises(SchemaError, match="DataFrame"):
        Panel.from_frames([1, 2])


def test_age_counts_from_the_first_price_in_every_cut() -> None:
    panel = Panel.from_frames(observations([(0, "a", 1.0), (2, "b", 1.0), (4, "a", 1.0)]))
    for order in ([3, 5], [5, 3]):
        fresh = Panel.from_frames(observations([(0, "a", 1.0), (2, "b", 1.0), (4, "a", 1.0)]))
        ages = {rows: fresh.first_rows(rows).age_days().tolist() for rows in order}
        assert ages == {3: [2.0, 0.0], 5: [4.0, 2.0]}
    early = panel.first_rows(2).age_days()
    assert early[0] == 1.0
    assert np.isnan(early[1])


@given(st.integers(1, 9), st.integers(0, 20))
def test_appending_later_data_leaves_the_digest_of_the_past(cut: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows: list[tuple[int, str, float | None]] = [
        (day, asset, float(rng.uniform(1, 2))) for day in range(10) for asset in ("a", "b")
    ]
    later = [*rows, (10, "a", 5.0), (10, "new", 1.0)]
    instant = np.datetime64(DAY.replace(tzinfo=None), "us") + np.timedelta64(cut, "D")
    assert (
        Panel.from_frames(observations(rows)).as_of(instant).digest()
        == Panel.from_frames(observations(later)).as_of(instant).digest()
    )


def test_tags_hold_between_their_dates() -> None:
    tags = pl.DataFrame(
        {
            "asset": ["a", "b"],
            "scheme": ["tag", "sector"],
            "value": ["stablecoin", "payments"],
            "valid_from": [DAY + timedelta(days=1), None],
            "valid_until": [DAY + timedelta(days=3), None],
        },
        schema_overrides={"valid_from": pl.Datetime("us", "UTC"), "valid_until": pl.Datetime("us", "UTC")},
    )
    rows = observations([(day, asset, 1.0) for day in range(5) for asset in ("a", "b")])
    panel = Panel.from_frames(rows, classifications=tags)
    held = [bool(panel.first_rows(n).tagged("stablecoin")[0]) for n in range(1, 6)]
    assert held == [False, True, True, False, False]
    assert panel.sectors() == [None, "payments"]
