"""Figures beside prices are the same in whatever order the rows of their table stand."""

from datetime import UTC, datetime, timedelta
from random import Random

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.market.panel import Panel

BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
STAMP = pl.Datetime("us", "UTC")
PRICES = pl.DataFrame(
    {"time": [BEGIN + timedelta(days=day) for day in range(9) for _ in "ab"], "asset": ["a", "b"] * 9, "price": 1.0},
    schema_overrides={"time": STAMP},
)
ROWS = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 8), st.none() | st.integers(0, 9), st.integers(1, 99)),
    min_size=1, max_size=12, unique_by=lambda row: (row[0], row[1], row[1] if row[2] is None else row[2]),
)  # fmt: skip


def visible(rows: list[tuple[str, int, int | None, int]]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    table = pl.DataFrame(
        {
            "time": [BEGIN + timedelta(days=day) for _, day, _, _ in rows],
            "asset": [asset for asset, _, _, _ in rows],
            "supply": [float(value) for _, _, _, value in rows],
            "known_at": [None if known is None else BEGIN + timedelta(days=known) for _, _, known, _ in rows],
        },
        schema_overrides={"time": STAMP, "known_at": STAMP},
    )
    return Panel.from_frames(PRICES, supply=table).field("supply")


@given(ROWS, st.randoms())
def test_the_order_of_rows_says_nothing(rows: list[tuple[str, int, int | None, int]], rng: Random) -> None:
    shuffled = rng.sample(rows, len(rows))
    by_time = sorted(rows, key=lambda row: (row[1], row[1] if row[2] is None else row[2]))
    np.testing.assert_array_equal(visible(shuffled), visible(rows))
    np.testing.assert_array_equal(visible(by_time), visible(rows))


@pytest.mark.parametrize("days", [1, 0])
def test_what_becomes_known_in_the_order_of_times_is_seen_then(days: int) -> None:
    rows = [("a", 0, 0 + days, 10), ("b", 1, 1 + days, 20), ("a", 3, 3 + days, 30)]
    found = visible(list(rows))
    assert found[:, 0].tolist()[days:] == ([10.0] * 3 + [30.0] * 6)[: 9 - days]
    assert found[1 + days :, 1].tolist() == [20.0] * (8 - days)
