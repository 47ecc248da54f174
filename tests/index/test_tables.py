"""Tables of records, by hand."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from tests.index.test_records import DAY, NAMES, T, composition, levels, rebalance

from basketry.core.frames import COMPOSITIONS, INDEX_EVENTS, INSTANT, REBALANCES
from basketry.index.records import Cause, Evidence, Rebalance
from basketry.index.tables import composition_table, event_table, level_table, rebalance_table, stamps


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


def test_a_version_holds_from_its_composition_on_and_reasons_count_within_their_run() -> None:
    runs = [levels(0, [10.0], ((0, "first"),)), levels(1, [11.0, 12.0, 13.0], ((0, "gap"), (2, "first")))]
    # The second composition comes between two instants.
    table = level_table(
        runs,
        [composition(0, [0], version=2), replace(composition(1, [1], version=3), time=T + np.timedelta64(36, "h"))],
        ["price_return"],
    )
    assert table["reason"].to_list() == ["first", "gap", "", "first"]
    assert table["version"].to_list() == [2, 2, 3, 3]
    assert table.columns == ["time", "price_return", "status", "reason", "age_days", "sources", "version"]


def test_rebalances_of_one_table_keep_their_own_dates_and_causes() -> None:
    step = Rebalance(
        T, T, T + DAY, NAMES, np.array([1]), np.array([0.5]), np.array([0.5]), np.array([2], dtype=np.uint8),
        Cause.TRANSITION_STEP, "step", 3,
    )  # fmt: skip
    table = rebalance_table([rebalance([0.0, 0.6, 0.4], [0.5, 0.0, 0.5]), step], NAMES)
    assert table["trigger"].to_list() == ["why"] * 3 + ["step"]
    assert table["asset"].to_list() == ["a", "b", "c", "b"]
    assert table["version"].to_list() == [2, 2, 2, 3]
    assert table["turnover"].to_list() == pytest.approx([0.6] * 3 + [0.0])
    assert table["effective_at"].dt.day().to_list() == [10, 10, 10, 11]


def test_tables_have_their_declared_columns() -> None:
    assert dict(composition_table([composition(0, [0])], NAMES).schema) == dict(COMPOSITIONS.empty().schema)
    assert dict(rebalance_table([rebalance([0.0, 0.6, 0.4], [0.5, 0.0, 0.5])], NAMES).schema) == dict(
        REBALANCES.empty().schema
    )
    assert dict(event_table([Evidence(T, "a", "k", "t", "w")]).schema) == dict(INDEX_EVENTS.empty().schema)
    assert stamps(np.array([T])).to_list() == pl.Series([T.item()]).cast(INSTANT).to_list()
