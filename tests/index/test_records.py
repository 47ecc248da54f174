"""Records as values."""

import numpy as np
import pytest

from basketry.index.records import Cause, Composition, Level, Levels, Rebalance, Status

T = np.datetime64("2021-03-10", "us")
DAY = np.timedelta64(1, "D")
NAMES = ("a", "b", "c")


def levels(start: int, values: list[float], reasons: tuple[tuple[int, str], ...] = ()) -> Levels:
    rows = len(values)
    status = np.zeros(rows, dtype=np.uint8)
    for row, _ in reasons:
        status[row] = Status.CARRIED
    return Levels(
        T + (start + np.arange(rows)) * DAY, np.array(values), status, np.full(rows, 43_200_000_000, dtype=np.int64),
        np.full(rows, 2, dtype=np.uint32), reasons, (np.array(values), np.array(values) * 2),
    )  # fmt: skip


def composition(day: int, columns: list[int], version: int = 1) -> Composition:
    size = len(columns)
    return Composition(
        T + day * DAY, NAMES, np.array(columns), np.full(size, 2.0), np.full(size, 1 / size), np.full(size, 5.0),
        np.full(size, 0.5), 3.0, version,
    )  # fmt: skip


def rebalance(before: list[float], after: list[float], cause: Cause = Cause.SCHEDULE) -> Rebalance:
    old, new = np.array(before), np.array(after)
    change = np.where(old == 0, 0, np.where(new == 0, 1, 2)).astype(np.uint8)
    return Rebalance(T - DAY, T - 2 * DAY, T, NAMES, np.arange(3), old, new, change, cause, "why", 2)


def test_levels_one_by_one() -> None:
    first, second = levels(0, [10.0, 11.0], ((1, "no price"),))
    assert first == Level(T, 10.0, Status.LIVE, "", 43_200_000_000, 2, (10.0, 20.0))
    assert second == Level(T + DAY, 11.0, Status.CARRIED, "no price", 43_200_000_000, 2, (11.0, 22.0))
    assert [status.published for status in Status] == ["live", "carried", "stale", "suspended"]


def test_which_causes_are_determined() -> None:
    assert {cause for cause in Cause if cause.determined} == {Cause.BASE, Cause.SCHEDULE, Cause.TRIGGER}


def test_turnover_is_one_way() -> None:
    assert rebalance([0.5, 0.5, 0.0], [0.2, 0.4, 0.4]).turnover == pytest.approx(0.4)
    assert composition(0, [0, 2]).assets == ("a", "c")
