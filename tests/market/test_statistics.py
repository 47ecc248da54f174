"""The last known value of each day, where rows are finer than days."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from basketry.core.numbers import Floats
from basketry.core.time import to_instant
from basketry.market.statistics import last_of_days

nan = float("nan")


def days(values: list[float], hours: list[int]) -> list[float]:
    times = to_instant("2021-01-01") + np.array(hours) * np.timedelta64(1, "h")
    return last_of_days(np.array(values)[:, None], times)[:, 0].tolist()


def test_days_end_with_the_last_row() -> None:
    # The last row is at 30 h: days are (6, 30] and (-18, 6]; that at 6 h is of the earlier.
    assert days([1.0, 2.0, 3.0, 4.0], [0, 6, 7, 30]) == [2.0, 4.0]
    assert days([1.0, 2.0, 3.0, nan], [0, 6, 7, 30]) == [2.0, 3.0]
    np.testing.assert_array_equal(days([1.0, nan, nan, nan], [-18, 6, 7, 30]), [1.0, nan, nan])
    # A day without rows is left out; rows a day apart are returned as they are.
    assert days([1.0, 2.0, 3.0], [0, 80, 81]) == [1.0, 3.0]
    np.testing.assert_array_equal(days([1.0, nan, 3.0], [0, 24, 48]), [1.0, nan, 3.0])
    assert last_of_days(np.empty((0, 2)), np.empty(0, dtype="datetime64[us]")).shape == (0, 2)


cells = st.sampled_from([1.0, 2.0, nan])


@given(st.lists(st.tuples(st.integers(1, 30), cells, cells), min_size=1, max_size=30))
def test_the_last_of_each_day_by_a_plain_walk(rows: list[tuple[int, float, float]]) -> None:
    hours = np.cumsum([step for step, *_ in rows])
    values: Floats = np.array([figures for _, *figures in rows])
    by_day: dict[int, list[float]] = {}
    for hour, figures in zip(hours.tolist(), values.tolist(), strict=True):
        last = by_day.setdefault((int(hours[-1]) - hour) // 24, [nan, nan])
        for column, figure in enumerate(figures):
            if figure == figure:
                last[column] = figure
    times = to_instant("2021-01-01") + hours * np.timedelta64(1, "h")
    np.testing.assert_array_equal(last_of_days(values, times), [by_day[age] for age in sorted(by_day, reverse=True)])
