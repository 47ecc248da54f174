"""Data that came late to a published index: what is refused, how it is put right, and that the folder verifies then."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.conftest import small_market

from basketry.core.errors import RecordError
from basketry.jobs.calculate import calculate
from basketry.jobs.publish import Publication, publish_index
from basketry.jobs.verify import verify
from basketry.lake.import_report import ImportReport
from basketry.lake.importing import import_files
from basketry.lake.lake import Lake

GAP = datetime(2020, 3, 16, tzinfo=UTC)


def at(day: int, hour: int = 0) -> datetime:
    """Return an instant of March 2020."""
    return datetime(2020, 3, day, hour, tzinfo=UTC)


class Index:
    """An index of the three largest (coin-b, coin-c and coin-d), with its lake; published through 18 and 19 March."""

    def __init__(self, path: Path, rulebook: Path, gap: str) -> None:
        self.folder, self.lake, self.cache = path / "X", Lake(path / "lake"), path / "cache"
        self.rows = small_market(90).with_columns(known_at=pl.lit(None, dtype=pl.Datetime("us", "UTC")))
        self.gap = self.rows.filter((pl.col("time") == GAP) & (pl.col("asset") == gap))
        first = self.rows.filter(pl.col("time") <= at(19)).join(self.gap, on=["time", "asset"], how="anti")
        self.bring(first, now=at(19, 2))
        calculate(rulebook, self.lake, end="2020-03-18").save(self.folder)
        for day in (18, 19):
            self.publish(day)

    def bring(self, rows: pl.DataFrame, *, now: datetime, table: str = "daily", late: bool = False) -> ImportReport:
        """Import rows."""
        file = self.folder.with_name("x.parquet")
        rows.write_parquet(file)
        return import_files(self.lake, [file], table, now=now, late=late)

    def publish(self, day: int, **given: Any) -> Publication:
        """Publish through a day at 08:00."""
        given = {"approver": "Committee", "now": at(day, 8), "cache": self.cache, **given}
        return publish_index(self.folder, self.lake, end=f"2020-03-{day}", **given)

    def next_day(self) -> None:
        """Import the rows of 20 March."""
        self.bring(self.rows.filter(pl.col("time") == at(20)), now=at(20, 2))

    @property
    def failure(self) -> str | None:
        """What the verification found first."""
        return verify(self.folder, self.lake).first_failure


def test_a_missing_row_that_was_imported_as_if_it_had_been_there_is_put_right(tmp_path: Path, rulebook: Path) -> None:
    index = Index(tmp_path, rulebook, "coin-d")
    index.next_day()
    assert index.bring(index.gap, now=at(20, 4)).older == 1
    with pytest.raises(RecordError, match=r"published levels and 0 compositions differ"):
        index.publish(20)
    with pytest.raises(RecordError, match=r"rows were added or replaced.*again with basketry data import --late"):
        index.publish(20, restate=True, reason="a row that was missing")
    assert index.failure is not None
    assert index.bring(index.gap, now=at(20, 5), late=True).moved == 1
    assert index.failure is None
    # The member was carried over the gap: the level of that day is wrong, too late for the window of one day.
    done = index.publish(20, restate=True, reason="a row that was missing")
    assert ({item.time for item in done.kept}, done.corrections) == ({"2020-03-16T00:00:00Z"}, ())
    assert index.failure is None
    index.bring(index.rows.filter(pl.col("time") == at(21)), now=at(21, 2))
    assert index.publish(21).levels_added == 1
    assert index.failure is None


def test_a_row_that_moves_no_figure_is_refused_where_it_says_that_it_was_known(tmp_path: Path, rulebook: Path) -> None:
    index = Index(tmp_path, rulebook, "coin-none")
    index.next_day()
    volume = index.rows.filter((pl.col("time") == at(19)) & (pl.col("asset") == "coin-a")).with_columns(volume=1.0)
    index.bring(volume.with_columns(known_at=pl.lit(at(19, 6))), now=at(20, 4))
    record = (index.folder / "record.jsonl").read_bytes()
    for given in ({}, {"restate": True, "reason": "volume"}, {"cache": None}):
        with pytest.raises(RecordError, match=r"no published figure differs, but the data of entry \d+, through 2020"):
            index.publish(20, **given)
    assert (index.folder / "record.jsonl").read_bytes() == record
    assert index.bring(volume.with_columns(known_at=pl.lit(at(20, 4))), now=at(20, 5), late=True).moved == 1
    assert index.failure is None
    assert index.publish(20).levels_added == 1
    assert index.failure is None


@pytest.mark.parametrize(("hour", "known"), [(6, True), (12, False)])
def test_an_event_between_the_last_row_and_the_publication_is_not_passed_over(
    tmp_path: Path, rulebook: Path, hour: int, known: bool
) -> None:
    index = Index(tmp_path, rulebook, "coin-none")
    index.next_day()
    event = {"time": [at(25)], "kind": ["delisting"], "asset": ["coin-a"], "known_at": [at(19, hour)]}
    index.bring(pl.DataFrame(event), table="events", now=at(20, 4))
    if known:
        with pytest.raises(RecordError, match=r"the data of entry \d+, through .*-19T.* are not those that it was"):
            index.publish(20)
        moved = pl.DataFrame({**event, "known_at": [at(19, 9)]})
        assert index.bring(moved, table="events", now=at(20, 5), late=True).moved == 1
    assert index.publish(20).levels_added == 1
    assert index.failure is None
