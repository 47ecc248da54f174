"""A stretch of an index as return rules see it, by hand."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import DataError
from basketry.core.frames import RATES
from basketry.market.panel import Panel
from basketry.methodology.path import Carried, IndexPath, PanelKnown, Segment

T = np.datetime64("2021-03-10", "us")
DAY = np.timedelta64(1, "D")
nan = float("nan")


def segment(start: int, end: int, columns: list[int], units: list[float], prices: list[list[float]]) -> Segment:
    return Segment(start, end, np.array(columns), np.array(units), np.array(prices), 2.0)


def known(*days: float) -> PanelKnown:
    """Return what is known at some days of yields of a, b and c, observed on days 0, 1 and 2."""
    times = T + np.arange(3) * DAY
    yields = np.array([[0.1, nan, 0.3], [0.2, 0.4, nan], [0.5, 0.6, 0.7]])
    panel = Panel(times, ("a", "b", "c"), {"price": np.ones((3, 3)), "staking_yield": yields})
    return PanelKnown(panel, T + np.array([int(day * 24) for day in days]) * np.timedelta64(1, "h"))


def test_units_go_over_into_what_they_become() -> None:
    # The first is split between two new ones, to the second of which the other comes as well.
    carried = Carried(3, np.array([0, 0, 1]), np.array([0, 2, 2]), np.array([1.0, 0.5, 4.0]))
    assert carried.carry(np.array([10.0, 3.0])).tolist() == [10.0, 0.0, 17.0]


def test_values_and_weights_of_a_basket_at_each_row() -> None:
    held = segment(0, 1, [0, 2], [2.0, 1.0], [[10.0, 20.0], [10.0, 60.0]])
    assert held.values.tolist() == [40.0, 80.0]
    assert held.weights.tolist() == [[0.5, 0.5], [0.25, 0.75]]
    # A segment is taken for a new basket that trades into the next, unless it says otherwise.
    assert (held.anew, held.becomes, held.frozen) == (True, None, None)


def test_days_between_the_instants() -> None:
    times = np.array([T, T + DAY, T + DAY + np.timedelta64(6, "h")])
    path = IndexPath(times, np.array([1.0, 2.0, 3.0]), (), known(0))
    assert path.days.tolist() == [0.0, 1.0, 0.25]
    with pytest.raises(DataError, match="a path has 2 levels at 3 instants"):
        IndexPath(times, np.array([1.0, 2.0]), (), known(0))


def test_yields_known_at_rows_less_a_lag() -> None:
    held = segment(1, 3, [0, 2], [1.0, 1.0], [[1.0, 1.0]] * 3)
    found = known(0, 0.5, 1, 9).income("staking_yield", timedelta(0), held)
    np.testing.assert_array_equal(found, [[0.1, 0.3], [0.2, nan], [0.5, 0.7]])
    # A day before they were what was known by then; before the first nothing is.
    lagged = known(0, 0.5, 1, 2).income("staking_yield", timedelta(days=1), held)
    np.testing.assert_array_equal(lagged, [[nan, nan], [0.1, 0.3], [0.2, nan]])


def test_what_is_known_at_all() -> None:
    found = known(0, 1, 2)
    assert (found.has_income("staking_yield"), found.has_income("lending_yield")) == (True, False)
    assert found.part(1, 3).times.tolist() == [(T + DAY).item(), (T + 2 * DAY).item()]
    with pytest.raises(DataError, match="hold no field 'lending_yield'"):
        found.income("lending_yield", timedelta(0), segment(0, 0, [0], [1.0], [[1.0]]))


def test_a_rate_at_an_instant_is_that_of_the_last_row_of_the_data() -> None:
    since = pl.DataFrame({"time": [T.item(), (T + DAY).item()], "rate": ["USD", "USD"], "value": [0.01, 0.02]})
    table = RATES.conform(since.with_columns(pl.col("time").dt.replace_time_zone("UTC")))
    panel = Panel(T + np.arange(3) * DAY, ("a",), {"price": np.ones((3, 1))}, rate_table=table)
    instants = T + np.array([0, 12, 24, 90]) * np.timedelta64(1, "h")
    assert PanelKnown(panel, instants).rate("USD").tolist() == [0.01, 0.01, 0.02, 0.02]


def test_a_rate_is_seen_at_the_rows_of_the_data() -> None:
    # Rows at midnight of days 0, 1 and 2. 2% holds from noon of day 0 on; 3%, of day 1, is known from 6h of day 1 on.
    times = T + np.arange(3) * DAY
    hours = np.timedelta64(1, "h")
    rows: dict[str, list[np.datetime64 | None]] = {
        "time": [T - DAY, T + 12 * hours, T + DAY],
        "known_at": [None, None, T + 30 * hours],
    }
    frame = pl.DataFrame({name: [None if at is None else at.item() for at in column] for name, column in rows.items()})
    table = RATES.conform(frame.with_columns(rate=pl.lit("R"), value=pl.Series([0.01, 0.02, 0.03])))
    panel = Panel(times, ("a",), {"price": np.ones((3, 1))}, rate_table=table)
    assert PanelKnown(panel, times).rate("R").tolist() == [0.01, 0.02, 0.03]
    # Between rows it is what was seen at the row before, though another value is known since; before the first, none.
    asked = T + np.array([-1, 12, 24, 31, 48, 99]) * hours
    found = PanelKnown(panel, asked).rate("R")
    np.testing.assert_array_equal(found, [nan, 0.01, 0.02, 0.02, 0.03, 0.03])
