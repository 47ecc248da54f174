"""What cuts of a panel share, on finished data and on arrays that go on growing; the arrays stay the caller's."""

from datetime import timedelta
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import DataError
from basketry.market.panel import Panel

MINUTE = np.timedelta64(1, "m")
START = np.datetime64("2020-01-01", "us")


def minutes(count: int) -> Any:
    return START + np.arange(count) * MINUTE


def test_the_caller_may_go_on_writing_to_the_arrays() -> None:
    price, times = np.ones((3, 1)), minutes(3)
    panel = Panel(times, ("a",), {"price": price})
    price[2] = 2.0
    assert panel.field("price")[:, 0].tolist() == [1.0, 1.0, 2.0]
    assert panel.field("price").base is price
    with pytest.raises(ValueError, match="read-only"):
        panel.field("price")[0] = 5.0


def test_an_asset_born_on_a_growing_panel_has_its_age() -> None:
    price = np.full((100, 2), np.nan)
    whole = Panel(minutes(100), ("a", "b"), {"price": price})
    price[:30, 0] = 1.0
    assert np.isnan(whole.first_rows(30).age_days()[1])
    price[30:70] = 1.0
    price[30:60, 1] = np.nan
    ages = whole.first_rows(70).age_days()
    assert ages.tolist() == [pytest.approx(69 / 1440), pytest.approx(9 / 1440)]
    price[:70, 1] = np.nan
    price[69, 1] = 1.0
    fresh = Panel(minutes(100), ("a", "b"), {"price": price})
    assert fresh.first_rows(70).age_days()[1] == 0.0
    price[69, 1] = np.nan
    assert np.isnan(fresh.first_rows(70).age_days()[1])


def test_a_new_cut_sees_that_the_last_row_changed_and_an_old_one_keeps_what_it_said() -> None:
    price = np.ones((10, 1))
    whole = Panel(minutes(10), ("a",), {"price": price, "volume": np.ones((10, 1))})
    early = whole.first_rows(8)
    assert early.latest("price").tolist() == [1.0]
    assert early.statistic("price", "maximum", timedelta(minutes=3)).tolist() == [1.0]
    price[7] = 123.0
    cut = whole.first_rows(8)
    assert cut.latest("price").tolist() == [123.0]
    assert cut.statistic("price", "maximum", timedelta(minutes=3)).tolist() == [123.0]
    assert early.latest("price").tolist() == [1.0]
    price[9] = 7.0
    assert whole.as_of("2021-01-01").latest("price").tolist() == [7.0]


@pytest.mark.parametrize("finished", [True, False])
def test_cuts_at_one_row_share_what_was_computed(finished: bool) -> None:
    price = np.ones((10, 1))
    price.flags.writeable = not finished
    panel = Panel(minutes(10), ("a",), {"price": price})
    calls: list[int] = []
    for rows in (4, 5, 4, 10, 10):
        panel.first_rows(rows).remember("figure", partial(calls.append, rows))
    assert calls == [4, 5, 10]


def test_a_panel_of_tables_is_finished_and_one_of_a_view_of_open_arrays_is_not() -> None:
    frame = pl.DataFrame({"time": minutes(3).astype("datetime64[us]"), "a": [1.0, 2.0, 3.0]})
    made = Panel.from_frames(price=frame)
    assert made.first_rows(3) is made
    price = np.ones((3, 1))
    view = price.view()
    view.flags.writeable = False
    watched = Panel(minutes(3), ("a",), {"price": view})
    assert watched.latest("price").tolist() == [1.0]
    price[2] = 9.0
    assert watched.first_rows(3).latest("price").tolist() == [9.0]


def test_a_new_panel_and_a_cut_of_it_copy_nothing() -> None:
    fields = {name: np.ones((20_000, 500)) for name in ("price", "market_cap", "volume")}
    times, names = minutes(20_000), tuple(f"a{n:03d}" for n in range(500))
    best = np.inf
    for _ in range(5):
        started = perf_counter()
        Panel(times, names, fields).first_rows(15_000).latest("price")
        best = min(best, perf_counter() - started)
    # Copying 240 MB takes more than 20 ms.
    assert best < 0.005


def test_a_field_of_another_shape_is_refused_and_left_alone() -> None:
    price = np.ones((3, 2))
    with pytest.raises(DataError, match=r"shape \(3, 2\), expected \(3, 1\)"):
        Panel(minutes(3), ("a",), {"price": price})
    assert price.flags.writeable
