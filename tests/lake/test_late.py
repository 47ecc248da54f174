"""Rows that came late are known from their import on where that is said, and are warned of where it is not."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from basketry.cli.main import app
from basketry.core.errors import DataError
from basketry.lake.import_report import ImportReport
from basketry.lake.importing import import_files
from basketry.lake.lake import Lake

NOW, LATER, LAST = (datetime(2022, month, 1, 12, 30, tzinfo=UTC) for month in (1, 2, 3))
HISTORY = ("03,btc,13", "04,btc,14", "05,btc,15", "03,eth,3", "05,eth,5")
MISSING = "04,eth,4"
HEADERS = {
    "daily": "time,asset,price",
    "supply": "time,asset,supply",
    "events": "time,asset,ratio,kind",
    "rates": "time,rate,value",
}


def bring(lake: Lake, *rows: str, table: str = "daily", now: datetime = LATER, late: bool = False) -> ImportReport:
    """Import rows of day of January 2020, name, figure, and the knowledge time where there is one."""
    file = Path(lake.address).with_name("x.csv")
    more = [",redenomination" if table == "events" else ""] * len(rows)
    lines = []
    for row, kind in zip(rows, more, strict=True):
        day, name, figure, *known_at = row.split(",")
        lines.append(f"2020-01-{day}T00:00:00Z,{name},{figure}{kind},{known_at[0] if known_at else ''}")
    file.write_text("\n".join([f"{HEADERS[table]},known_at", *lines]) + "\n")
    return import_files(lake, [file], table, now=now, late=late)


def held(lake: Lake, name: str, table: str = "daily") -> list[tuple[int, float, datetime | None]]:
    """Return day, figure and knowledge time of the rows of a name."""
    who, figure = ("rate" if table == "rates" else "asset"), HEADERS[table].split(",")[2]
    rows = lake.read(table).rows(named=True)
    return [(row["time"].day, row[figure], row["known_at"]) for row in rows if row[who] == name]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake with three days of btc, and two of eth, which lacks that between."""
    lake = Lake(tmp_path / "lake")
    assert bring(lake, *HISTORY, now=NOW).warnings == []
    return lake


def test_a_row_that_came_late_is_known_from_its_import_on(lake: Lake) -> None:
    before = lake.panel(known_by="2022-01-15").digest()
    report = bring(lake, MISSING, late=True)
    assert (report.kept, report.late, report.moved, report.older, report.known_from) == (1, 1, 0, 0, LATER)
    assert report.warnings == []
    assert held(lake, "eth") == [(3, 3.0, None), (4, 4.0, LATER), (5, 5.0, None)]
    assert lake.panel(known_by="2022-01-15").digest() == before
    assert lake.panel().field("price")[:, 1].tolist() == [3.0, 4.0, 5.0]
    again = bring(lake, MISSING, now=LAST, late=True)
    assert (again.kept, again.unchanged, again.moved) == (0, 1, 0)


def test_a_piece_of_history_counts_as_known_at_its_time_and_is_warned_of(lake: Lake) -> None:
    report = bring(lake, MISSING, "06,eth,6", "05,dot,2")
    assert (report.kept, report.late, report.older, report.known_from) == (3, 0, 1, None)
    assert report.warnings == [
        "1 row is new to the lake and older than what it holds, to 2020-01-05 00:00, the first eth of 2020-01-04 "
        "00:00: taken as known at their own time. Where an index was published from this lake, import the same rows "
        "again with --late: then they are known from that import on"
    ]
    assert held(lake, "eth")[1] == (4, 4.0, None)


def test_the_same_rows_again_mend_an_import_that_did_not_say_late(lake: Lake) -> None:
    before = lake.panel(known_by="2022-01-15").digest()
    rows = ["03,dot,1", "04,dot,2", "05,dot,3"]
    bring(lake, *rows)
    bring(lake, "06,btc,16")
    assert lake.panel(known_by="2022-01-15").until("2020-01-05").digest() != before
    report = bring(lake, *rows, now=LAST, late=True)
    assert (report.kept, report.late, report.moved, report.unchanged, report.known_from) == (3, 0, 3, 0, LAST)
    assert held(lake, "dot") == [(3, 1.0, LAST), (4, 2.0, LAST), (5, 3.0, LAST)]
    assert lake.panel(known_by="2022-01-15").until("2020-01-05").digest() == before
    again = bring(lake, *rows, now=LAST, late=True)
    assert (again.kept, again.unchanged, len(lake.parts("daily"))) == (0, 3, 1)
    # Whoever was wrong in that says so with the time of the rows themselves.
    bring(lake, "03,dot,1,2020-01-03T00:00:00Z", now=LAST)
    assert lake.read("daily", known_by="2020-01-04").filter(asset="dot")["price"].to_list() == [1.0]


@pytest.mark.parametrize("rows", [[*HISTORY, MISSING], [*HISTORY], [*HISTORY, "06,eth,6"]])
def test_what_came_in_time_stays_known_at_its_time(lake: Lake, rows: list[str]) -> None:
    bring(lake, MISSING)
    report = bring(lake, *rows, now=LAST, late=True)
    assert (report.moved, report.unchanged) == (0, len(rows) - report.late)
    assert report.warnings == [
        f"{report.unchanged} rows are in the lake as known at their time, and stay so, the first btc of 2020-01-03 "
        "00:00: nothing shows that they came late. If they did, import them alone with --late and the known_at from "
        "which they were known"
    ]
    assert {known for _, _, known in held(lake, "btc")} == {None}


def test_parts_that_were_made_one_do_not_tell_what_came_late_and_a_stated_time_does(lake: Lake) -> None:
    bring(lake, MISSING)
    lake.compact("daily")
    assert bring(lake, MISSING, now=LAST, late=True).moved == 0
    report = bring(lake, f"{MISSING},2022-02-01T00:00:00Z", now=LAST, late=True)
    assert (report.kept, report.moved, report.known_from) == (1, 1, None)
    assert held(lake, "eth")[1] == (4, 4.0, datetime(2022, 2, 1, tzinfo=UTC))


def test_a_stated_time_moves_the_version_before_it_alone_and_only_where_its_figures_are_the_same(lake: Lake) -> None:
    at = [f"2021-01-0{day}T00:00:00Z" for day in range(1, 6)]
    stamps = [datetime.fromisoformat(text) for text in at]
    bring(lake, f"04,btc,24,{at[0]}")
    bring(lake, f"04,btc,14,{at[1]}", f"05,btc,25,{at[1]}", late=True)
    # 14 was so at first, 24 came, and 14 again: that is no version which was known earlier.
    assert held(lake, "btc")[1:4] == [(4, 14.0, None), (4, 24.0, stamps[0]), (4, 14.0, stamps[1])]
    assert held(lake, "btc")[4:] == [(5, 15.0, None), (5, 25.0, stamps[1])]
    bring(lake, f"05,btc,25,{at[3]}")
    bring(lake, f"05,btc,25,{at[4]}", late=True)
    assert [known for _, _, known in held(lake, "btc")[4:]] == [None, stamps[1], stamps[4]]


@pytest.mark.parametrize("table", ["events", "supply", "rates"])
def test_what_stands_beside_observations_comes_late_too(lake: Lake, table: str) -> None:
    row, name = ("04,EURUSD,1.1", "EURUSD") if table == "rates" else ("04,btc,10", "btc")
    first = f"{'redenomination ' if table == 'events' else ''}{name} of 2020-01-04 00:00"
    report = bring(lake, row, table=table)
    assert (report.older, [first in warning for warning in report.warnings][-1]) == (1, True)
    figure = float(row.rpartition(",")[2])
    assert held(lake, name, table) == [(4, figure, None)]
    report = bring(lake, row, table=table, now=LAST, late=True)
    assert (report.kept, report.moved, report.known_from) == (1, 1, LAST)
    assert held(lake, name, table) == [(4, figure, LAST)]


def test_tables_without_versions_and_ticks_have_nothing_late(tmp_path: Path) -> None:
    file = tmp_path / "assets.csv"
    file.write_text("asset\nbtc\n")
    with pytest.raises(DataError, match=r"--late: the table assets does not keep when its rows were known"):
        import_files(Lake(tmp_path / "lake"), [file], "assets", now=NOW, late=True)
    words = ["data", "import", str(file), "--lake", str(tmp_path / "lake"), "--table", "trades", "--late"]
    with pytest.raises(DataError, match=r"--late: ticks say themselves when they were known"):
        app(words, standalone_mode=False)


def test_the_command_warns_and_says_what_is_known_from_when(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    file = Path(lake.address).with_name("late.csv")
    file.write_text("time,asset,price\n2020-01-04,eth,4\n")
    words = ["data", "import", str(file), "--lake", lake.address, "--stamp", "start"]
    for more in ([], ["--late"]):
        app([*words, *more], standalone_mode=False)
    file.write_text("time,asset,price\n2020-01-02,eth,2\n")
    app([*words, "--late"], standalone_mode=False)
    said = capsys.readouterr().out
    assert "Warning: 1 row is new to the lake and older than what it holds" in said
    assert "1 row was held as known earlier; known from 20" in said
    assert "1 row is new to the lake and came late; known from 20" in said
