"""Changes of the basket."""

from dataclasses import replace

import polars as pl
import pytest

from basketry.index.result import IndexResult
from basketry.reports.rebalances import last_change, turnovers


def test_one_row_a_change(result: IndexResult) -> None:
    table = turnovers(result)
    assert table["trigger"].unique().to_list() == ["schedule"]
    assert table["effective_at"].dt.strftime("%Y-%m-%d").to_list() == ["2020-03-01", "2020-04-01", "2020-05-01"]
    for row in table.iter_rows(named=True):
        own = result.rebalances.filter(pl.col("effective_at") == row["effective_at"])
        difference = (own["weight_after"] - own["weight_before"]).abs().sum() / 2
        assert row["turnover"] == pytest.approx(difference)
        assert set(row["added"]) == set(own.filter(pl.col("weight_before") == 0)["asset"])
        assert set(row["deleted"]) == set(own.filter(pl.col("weight_after") == 0)["asset"])


def test_the_last_change_is_the_last_scheduled_one(result: IndexResult) -> None:
    later = result.rebalances.tail(1).with_columns(
        effective_at=pl.col("effective_at") + pl.duration(days=3), trigger=pl.lit("missing price")
    )
    found = last_change(replace(result, rebalances=pl.concat([result.rebalances, later])))
    assert found is not None
    change, rows = found
    assert change["trigger"] == "schedule"
    assert rows["weight_after"].sum() == pytest.approx(1)
    assert rows["weight_after"].is_sorted(descending=True)


def test_an_index_that_never_changed_has_no_last_change(result: IndexResult) -> None:
    base = result.rebalances.filter(pl.col("trigger") == "base")
    assert last_change(replace(result, rebalances=base)) is None
