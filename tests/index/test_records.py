"""Records as values, and the tables and segments that they become."""

import numpy as np
import pytest

from basketry.index.records import Cause, Composition, Evidence, Level, Levels, Rebalance, Status
from basketry.index.segments import joined
from basketry.index.tables import composition_table, event_table, level_table, rebalance_table
from basketry.methodology.path import Segment

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
    return Rebalance(T - DAY, T - 2 * DAY, T, NAMES, np.arange(3), np.array(before), np.array(after), cause, "why", 2)


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


def test_the_table_of_levels() -> None:
    runs = [levels(0, [10.0, 11.0], ((1, "gap"),)), levels(2, [12.0], ((0, "gap"),)), levels(3, [13.0])]
    table = level_table(runs, [composition(0, [0]), composition(2, [1], version=2)], ["price_return", "twice"])
    assert table["price_return"].to_list() == [10.0, 11.0, 12.0, 13.0]
    assert table["twice"].to_list() == [20.0, 22.0, 24.0, 26.0]
    assert table["reason"].to_list() == ["", "gap", "gap", ""]
    assert table["status"].to_list() == ["live", "carried", "carried", "live"]
    assert table["version"].to_list() == [1, 1, 2, 2]
    assert table["age_days"].to_list() == [0.5] * 4
    assert table["sources"].to_list() == [2] * 4
    assert table["time"].dt.day().to_list() == [10, 11, 12, 13]


def test_the_table_of_compositions_has_the_last_of_an_instant() -> None:
    table = composition_table([composition(0, [0, 1]), composition(0, [2]), composition(1, [0, 2], 2)], NAMES)
    assert table["asset"].to_list() == ["c", "a", "c"]
    assert table["effective_at"].dt.day().to_list() == [10, 11, 11]
    assert table["version"].to_list() == [1, 2, 2]
    assert (table["weight"].to_list(), table["units"].to_list()) == ([1.0, 0.5, 0.5], [2.0] * 3)
    assert (table["price"].to_list(), table["capping_factor"].to_list()) == ([5.0] * 3, [0.5] * 3)
    assert table["divisor"].to_list() == [3.0] * 3
    assert composition_table([], NAMES).is_empty()


def test_the_table_of_rebalances() -> None:
    table = rebalance_table([rebalance([0.0, 0.6, 0.4], [0.5, 0.0, 0.5])], NAMES)
    assert table["change"].to_list() == ["add", "delete", "reweight"]
    assert table["asset"].to_list() == ["a", "b", "c"]
    assert table["weight_before"].to_list() == [0.0, 0.6, 0.4]
    assert table["weight_after"].to_list() == [0.5, 0.0, 0.5]
    assert table["turnover"].to_list() == pytest.approx([0.6] * 3)
    assert table["trigger"].to_list() == ["why"] * 3
    assert table["version"].to_list() == [2] * 3
    for name, day in (("announced_at", 9), ("determined_at", 8), ("effective_at", 10)):
        assert table[name].dt.day().to_list() == [day] * 3
    assert rebalance_table([], NAMES).is_empty()


def test_the_table_of_events_is_in_the_order_of_time_and_then_of_writing() -> None:
    table = event_table([Evidence(T + day * DAY, name, "k", "t", "w") for day, name in ((1, "b"), (0, "c"), (0, "a"))])
    assert table["asset"].to_list() == ["c", "a", "b"]
    assert table.row(0)[2:] == ("k", "t", "w")
    assert event_table([]).is_empty()


def segment(units: np.ndarray[tuple[int], np.dtype[np.float64]], prices: list[float], *, anew: bool = False) -> Segment:
    return Segment(
        0, len(prices) - 1, np.array([0]), units, np.array(prices)[:, None], 1.0, None, anew=anew, becomes=None
    )


def test_pieces_of_one_basket_become_one_segment() -> None:
    one, other = np.array([1.0]), np.array([2.0])
    pieces = [
        segment(one, [1.0, 2.0, 3.0], anew=True), segment(one, [3.0, 4.0]), segment(other, [4.0, 5.0], anew=True),
        segment(other, [5.0, 6.0], anew=True), segment(one, [6.0, 7.0]),
    ]  # fmt: skip
    found = joined(pieces)
    assert [(part.start, part.end) for part in found] == [(0, 3), (3, 4), (4, 5), (5, 6)]
    assert found[0].prices[:, 0].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert [float(part.units[0]) for part in found] == [1.0, 2.0, 2.0, 1.0]
    assert joined([]) == ()
