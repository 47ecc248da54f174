"""A row of an import that differs from a stored one is a later version; what was known before stays."""

import re
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from basketry.cli.main import app
from basketry.core.errors import DataError
from basketry.core.frames import LAKE_TABLES
from basketry.lake.import_report import ImportReport
from basketry.lake.importing import import_files
from basketry.lake.lake import Lake
from basketry.lake.versions import latest
from basketry.market.panel import Panel

FIRST, LATER, LAST = (datetime(2022, month, 1, tzinfo=UTC) for month in (1, 2, 3))
DAY = "2020-01-05T00:00:00Z"
SUFFIXES = {
    "daily": ("time,asset,price", f"{DAY},btc,"),
    "intraday": ("time,asset,price", f"{DAY},btc,"),
    "supply": ("time,asset,supply", f"{DAY},btc,"),
    "yields": ("time,asset,staking_yield", f"{DAY},btc,"),
    "events": ("time,kind,asset,ratio", f"{DAY},redenomination,btc,"),
    "metrics": ("time,asset,metric,value", f"{DAY},btc,tvl,"),
    "rates": ("time,rate,value", f"{DAY},EURUSD,"),
}


def bring(lake: Lake, table: str, value: float, now: datetime, known_at: str | None = None) -> ImportReport:
    header, row = SUFFIXES[table]
    file = Path(lake.address).with_name("x.csv")
    more = ("", "") if known_at is None else (",known_at", f",{known_at}")
    file.write_text(f"{header}{more[0]}\n{row}{value}{more[1]}\n")
    return import_files(lake, [file], table, now=now)


def test_all_tables_with_versions_are_tried() -> None:
    assert SUFFIXES.keys() == {name for name, schema in LAKE_TABLES.items() if "known_at" in schema.key}


@pytest.mark.parametrize("table", SUFFIXES)
def test_a_row_that_differs_is_known_from_the_import_on(tmp_path: Path, table: str) -> None:
    lake, column = Lake(tmp_path / "lake"), SUFFIXES[table][0].rpartition(",")[2]
    report = bring(lake, table, 10.0, FIRST)
    assert (report.kept, report.corrected, report.known_from, report.unchanged) == (1, 0, None, 0)
    report = bring(lake, table, 11.0, LATER)
    assert (report.kept, report.corrected, report.known_from, report.unchanged) == (1, 1, LATER, 0)
    assert lake.read(table).select(column, "known_at").rows() == [(10.0, None), (11.0, LATER)]
    assert lake.read(table, known_by=FIRST)[column].to_list() == [10.0]
    # What the lake has in any version is no news.
    for value in (10.0, 11.0):
        report = bring(lake, table, value, LAST)
        assert (report.kept, report.corrected, report.unchanged, report.parts) == (0, 0, 1, [])
    assert lake.read(table).height == 2
    assert bring(lake, table, 12.0, LAST, "2022-02-03T00:00:00Z").corrected == 0
    stated = datetime(2022, 2, 3, tzinfo=UTC)
    assert lake.read(table).select(column, "known_at").rows()[2] == (12.0, stated)


def test_a_panel_of_the_past_is_as_it_was(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    bring(lake, "daily", 10.0, FIRST)
    before = lake.panel(known_by=FIRST).digest()
    bring(lake, "daily", 11.0, LATER)
    assert lake.panel(known_by=FIRST).digest() == before
    assert lake.panel().field("price")[:, 0].tolist() == [11.0]


@pytest.mark.parametrize("table", SUFFIXES)
def test_a_knowledge_time_that_equals_the_time_and_an_empty_one_are_one(tmp_path: Path, table: str) -> None:
    lake, column = Lake(tmp_path / "lake"), SUFFIXES[table][0].rpartition(",")[2]
    bring(lake, table, 10.0, FIRST)
    report = bring(lake, table, 11.0, LATER, DAY)
    assert (report.kept, report.corrected, report.known_from) == (1, 0, None)
    assert lake.read(table)[column].to_list() == lake.read(table, known_by=FIRST)[column].to_list() == [11.0]
    # Whichever of the two comes later has the last word, also where it says nothing.
    lake.write(table, lake.read(table).with_columns(pl.lit(12.0).alias(column), known_at=pl.lit(None)))
    assert lake.read(table)[column].to_list() == [12.0]
    bring(lake, table, 13.0, LAST, DAY)
    lake.compact(table)
    assert lake.read(table)[column].to_list() == [13.0]
    # A part of old may hold both, in any order.
    both = lake.read(table)
    frame = pl.concat([both.with_columns(known_at="time"), both.with_columns(pl.lit(14.0).alias(column))])
    assert latest(LAKE_TABLES[table], frame.with_columns(known_at=pl.Series([frame["time"][0], None])))[
        column
    ].to_list() == [14.0]


def test_a_panel_takes_the_row_that_came_last(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    bring(lake, "daily", 10.0, FIRST)
    bring(lake, "daily", 11.0, LATER, DAY)
    assert lake.panel().field("price").tolist() == [[11.0]]
    assert lake.panel(known_by=DAY).field("price").tolist() == [[11.0]]
    twice = pl.concat([lake.read("daily"), lake.read("daily").with_columns(known_at=pl.lit(None), price=pl.lit(12.0))])
    with pytest.raises(DataError, match=r"2 rows share time, .* \(an empty known_at means at `time`\)"):
        Panel.from_frames(twice)


def test_a_file_cannot_say_two_things_of_one_instant(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text(f"time,asset,price,known_at\n{DAY},btc,10,\n{DAY},btc,11,{DAY}\n")
    with pytest.raises(DataError, match=r"2 of 2 rows are bad.*\n.*another row has the same time and asset with other"):
        import_files(Lake(tmp_path / "lake"), [file], "daily", now=FIRST)
    file.write_text(f"time,asset,price,known_at\n{DAY},btc,10,\n{DAY},btc,10,{DAY}\n")
    assert import_files(Lake(tmp_path / "lake"), [file], "daily", now=FIRST).kept == 1


def test_the_command_says_what_was_corrected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, words = tmp_path / "x.csv", ["data", "import", str(tmp_path / "x.csv"), "--lake", str(tmp_path / "lake")]
    for price in ("1", "2", "2"):
        file.write_text(f"time,asset,price\n{DAY},btc,{price}\n")
        app(words, standalone_mode=False)
    said = capsys.readouterr().out
    assert re.search(r"1 row corrects an earlier one; known from \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\n", said)
    assert said.endswith("0 of 1 rows written to daily\n  1 row was there already\n")
