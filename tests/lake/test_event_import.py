"""Rows of files are events, or are refused with file, line, value and remedy; lakes of the old form go on."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from basketry.core.errors import DataError
from basketry.core.frames import EVENTS
from basketry.index.calculate import calculate_index
from basketry.jobs.data import check_lake
from basketry.lake.files import Files
from basketry.lake.import_report import ImportReport
from basketry.lake.importing import import_files
from basketry.lake.lake import Lake
from basketry.methodology.methodology import Methodology

NOW = datetime(2024, 6, 1, tzinfo=UTC)
START = datetime(2024, 1, 1, tzinfo=UTC)
AT = datetime(2024, 1, 26, tzinfo=UTC)
DAY, NEXT_YEAR = "2024-01-26T00:00:00Z", "2025-01-26T00:00:00Z"
HEADER = "time,kind,asset,new_asset,ratio,until,known_at,removal,approver,reason,note"
SPLIT = "2024-01-26T00:00:00Z,redenomination,dot,,{},,2024-01-10T00:00:00Z,,,,x"


def lake_of(tmp_path: Path, days: int = 40) -> Lake:
    lake = Lake(tmp_path / "lake")
    rows = [
        (START + timedelta(days=day), asset, price)
        for day in range(days)
        for asset, price in (("btc", 40000.0), ("dot", 500.0 if day < 25 else 5.0))
    ]
    lake.write("daily", pl.DataFrame(rows, schema=["time", "asset", "price"], orient="row"))
    return lake


def bring(lake: Lake, tmp_path: Path, *rows: str, header: str = HEADER, **options: Any) -> ImportReport:
    file = tmp_path / "events.csv"
    file.write_text("\n".join([header, *rows]) + "\n")
    return import_files(lake, [file], "events", now=NOW, **options)


def levels(lake: Lake) -> list[float]:
    document = {
        "basketry": 1, "name": "T", "symbol": "T", "currency": "USD", "base": {"date": "2024-01-05", "level": 100.0},
        "universe": [{"price": {"min": 0}}], "select": {"by": "price", "top": 2}, "weight": "equal",
        "rebalance": {"every": "year", "determine": "0d"},
    }  # fmt: skip
    return calculate_index(Methodology.load(document), lake.panel()).level().tolist()


def test_all_bad_rows_are_listed_up_to_a_number_a_reason_with_their_count(tmp_path: Path) -> None:
    lake = lake_of(tmp_path)
    ratios = [SPLIT.format("1:100").replace("2024-01-26", f"2024-01-{day:02}") for day in range(10, 22)]
    with pytest.raises(DataError) as refused:
        bring(lake, tmp_path, *ratios, f"{DAY},Halt,dot,,,,,,,,", f"{DAY},halt,dot,,,,,,,,")
    head, *lines = str(refused.value).splitlines()
    assert head == ("13 of 14 rows are bad, none may be; nothing was written. Mend the file")
    assert lines[0] == "  12 rows: the ratio is not a number between 1e-12 and 1e+12"
    assert lines[1:11] == [
        f"      events.csv line {line}: dot, ratio '1:100'; give the new units for one old unit, as in 100 or 0.01"
        for line in range(2, 12)
    ]
    assert lines[11:] == [
        "      and 2 more",
        "  1 row: the kind is unknown",
        "      events.csv line 14: dot, kind 'Halt'; write 'halt'",
    ]


@pytest.mark.parametrize("ratio", ["", "0", "-100", "inf", "nan", "abc", "1e300"])
def test_a_ratio_that_is_none_is_refused_with_file_and_line(tmp_path: Path, ratio: str) -> None:
    lake = lake_of(tmp_path)
    with pytest.raises(
        DataError, match=r"1 of 1 rows are bad.*events.csv line 2: dot, ratio .*; give the new units.*nothing was"
    ):
        bring(lake, tmp_path, SPLIT.format(ratio))
    assert "events" not in lake.tables()


def test_an_inverted_ratio_is_found_with_the_right_one_and_a_right_one_keeps_the_level(tmp_path: Path) -> None:
    lake = lake_of(tmp_path)
    warned = bring(lake, tmp_path, SPLIT.format("0.01")).warnings
    told = {finding.check: finding.rows["reason"].to_list() for finding in check_lake(lake)[0]}["ratios of events"]
    assert len(told) == 1
    assert told[0].endswith("the ratio looks inverted: use 100 (a ratio near 100 fits the prices)")
    assert warned == [f"2024-01-26 dot: {told[0]}"]
    assert bring(lake, tmp_path, f"{DAY},delisting,btc,,,,{DAY},,,,").warnings == [], "of what was imported now"
    assert bring(lake, tmp_path, SPLIT.format("100")).warnings == []  # the same key: the later part counts
    assert {finding.check: finding.rows.height for finding in check_lake(lake)[0]}["ratios of events"] == 0
    assert levels(lake) == pytest.approx([100.0] * 36)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (f"{DAY},Halt,dot,,,,,,,,", r"events.csv line 2: dot, kind 'Halt'; write 'halt'"),
        (f"{DAY},hardfork,dot,x,1,,,,,,", r"kind 'hardfork'; write 'hard_fork'"),
        (f"{DAY},migration,dot,,1,,,,,,", r"line 2: dot, new_asset empty; give the id of the new asset"),
        (f"{DAY},migration,dot,DOT,1,,,,,,", r"the asset itself, as in .* line 2: dot, new_asset 'dot'"),
        (f"{DAY},halt,dot,,,{DAY},,,,,", r"until 2024-01-26 00:00:00.*; give the first"),
        (f"{DAY},halt,dot,,,soon,,,,,", r"until cannot be read, .* line 2: dot, until 'soon'; write an instant as"),
        (f"{DAY},delisting,dot,,,,,to_csh,,,", r"removal 'to_csh'; .* \(did you mean 'to_cash'\?\)"),
        (f"{DAY},airdrop,dot,x,1,,,to_cash,,,", r"removal 'to_cash'; leave removal empty"),
        (f"{DAY},delisting,dto,,,,,,,,", r"line 2: dto, asset 'dto'; give an id .* \(did you mean 'dot'\?\)"),
        (f"{DAY},delisting,  ,,,,,,,,", r"asset is missing .*, as in events.csv line 2: asset empty; fill it in"),
        ("26.01.2024,delisting,dot,,,,,,,,", r"time is missing .* line 2: dot, time '26.01.2024'; .*Z.* --stamp"),
        (f"{NEXT_YEAR},delisting,dot,,,,,,,,", r"line 2: dot, time 2025.*; say in known_at when it was announced"),
        (f"{NEXT_YEAR},delisting,dot,,,,2024-07-01T00:00:00Z,,,,", r"knowledge lies in the future.*known_at 2024-07"),
    ],
)  # fmt: skip
def test_what_is_no_event_is_refused(tmp_path: Path, row: str, words: str) -> None:
    lake = lake_of(tmp_path)
    with pytest.raises(DataError, match=rf"1 of 1 rows are bad, .*{words}.*nothing was written"):
        bring(lake, tmp_path, row)
    assert lake.tables() == ["daily"]


def test_of_events_none_may_be_bad(tmp_path: Path) -> None:
    lake = lake_of(tmp_path)
    good = [
        SPLIT.format(100).replace("dot,", "btc,").replace("2024-01-26", f"2024-01-{day:02}") for day in range(10, 30)
    ]
    with pytest.raises(DataError, match=r"1 of 21 rows are bad, none may be.*nothing was written"):
        bring(lake, tmp_path, *good, SPLIT.format(100).replace("redenomination", "split"))
    assert lake.read("events").is_empty()
    with pytest.raises(DataError, match=r"of corporate events none may be bad.*leave out --max-bad"):
        bring(lake, tmp_path, *good, max_bad=0.05)
    assert bring(lake, tmp_path, *good).kept == 20


def test_a_new_asset_without_prices_is_warned_of(tmp_path: Path) -> None:
    lake = lake_of(tmp_path)
    report = bring(lake, tmp_path, MERGER.format("btcc", ""), f"{DAY},name_change,btc,other,,,,,,,")
    assert report.warnings[2].startswith("2 rows are new to the lake and older than what it holds")
    assert sorted(report.warnings[:2]) == [
        "2024-01-26 btc: name_change to 'other', of which there is no price; 'btc' goes on under the id that it has",
        "2024-01-26 dot: merger to 'btcc', of which there is no price (did you mean 'btc'?); it counts as a delisting",
    ]


@pytest.mark.parametrize(("header", "lacking"), [("date,kind,asset,ratio", "time"), ("time,asset,ratio", "kind")])
def test_a_column_that_is_lacking_is_asked_for(tmp_path: Path, header: str, lacking: str) -> None:
    file = tmp_path / "w.csv"
    file.write_text(f"{header}\n{DAY}" + ",dot" * (header.count(",") - 1) + ",2\n")
    first = header.split(",")[0]
    words = f"w.csv: which column is the {lacking}\\? Map it, as in --columns {lacking}={first}; its columns are"
    with pytest.raises(DataError, match=words):
        import_files(lake_of(tmp_path), [file], "events", now=NOW)


def test_two_rows_that_tell_one_event_otherwise_are_refused_both(tmp_path: Path) -> None:
    lake = lake_of(tmp_path)
    words = r"(?s)2 of 2 rows are bad.*two rows tell the same event otherwise.*line 2: dot, ratio 100.*leave one"
    with pytest.raises(DataError, match=words):
        bring(lake, tmp_path, SPLIT.format(100), SPLIT.format(0.01))
    assert bring(lake, tmp_path, SPLIT.format(100), SPLIT.format(100)).kept == 1, "the same twice"


MERGER = "2024-01-26T00:00:00Z,merger,dot,{},1,,{},,,,"


def test_events_that_cannot_all_have_happened_are_refused_with_their_places(tmp_path: Path) -> None:
    lake = lake_of(tmp_path)
    with pytest.raises(DataError) as refused:
        bring(lake, tmp_path, MERGER.format("a", ""), MERGER.format("b", ""))
    head, reason, *places = str(refused.value).splitlines()
    assert head.startswith("2 of 2 rows are bad")
    assert reason == "  2 rows: an asset becomes another twice"
    for place, own, other, line in zip(places, "ab", "ba", (3, 2), strict=True):
        beside = f"beside the merger of 'dot' to {other!r} at 2024-01-26 00:00 (events.csv line {line}); leave the one"
        assert f"dot, new_asset {own!r}; {beside}" in place
    assert lake.tables() == ["daily"]


def test_events_are_judged_beside_those_of_the_lake(tmp_path: Path) -> None:
    lake = lake_of(tmp_path)
    bring(lake, tmp_path, MERGER.format("a", ""))
    held = rf"beside the merger of 'dot' to 'a' at 2024-01-26 00:00 \(in a part of {lake.address}/events\); leave"
    with pytest.raises(
        DataError, match=rf"1 of 1 rows are bad.*becomes another twice.*line 2: dot, new_asset 'b'; {held}"
    ):
        bring(lake, tmp_path, MERGER.format("b", "2024-02-01T00:00:00Z"))
    with pytest.raises(
        DataError, match=rf"1 of 2 rows are bad.*after it became another.*line 3: dot, time 2024-02-01.*; {held}"
    ):
        bring(lake, tmp_path, f"{DAY},delisting,btc,,,,,,,,", SPLIT.format(10).replace("2024-01-26", "2024-02-01"))
    bring(lake, tmp_path, MERGER.format("a", "2024-02-01T00:00:00Z"))  # a correction
    assert lake.read("events").height == 2
    told = {finding.check: finding.rows.height for finding in check_lake(lake)[0]}
    assert told["impossible chains of events"] == 0


def test_a_clash_that_a_lake_holds_is_checked_and_stops_no_other_events(tmp_path: Path) -> None:
    lake = lake_of(tmp_path)
    old_part(lake, kind=["merger", "merger"], asset=["dot", "dot"], new_asset=["a", "b"], ratio=[1.0, 1.0])
    told = {finding.check: finding.rows["reason"].to_list() for finding in check_lake(lake, quarantine=True)[0]}
    assert ["merger of 'dot' to 'b'" in words for words in told["impossible chains of events"]] == [True]
    assert lake.read("quarantine").is_empty()
    assert bring(lake, tmp_path, f"{DAY},delisting,btc,,,,,,,,").kept == 1


def test_an_event_that_is_announced_may_lie_in_the_future(tmp_path: Path) -> None:
    lake = lake_of(tmp_path)
    bring(lake, tmp_path, "2025-01-26T00:00:00Z,delisting,dot,,,,2024-05-01T00:00:00Z,to_cash,board,insolvent,")
    row = lake.read("events").row(0, named=True)
    assert (row["time"].year, row["removal"], row["approver"], row["reason"]) == (2025, "to_cash", "board", "insolvent")


def test_both_assets_are_looked_up_among_the_aliases(tmp_path: Path) -> None:
    lake = lake_of(tmp_path)
    aliases = {"source": ["*", "*"], "alias": ["LEND", "AAVE"], "asset": ["dot", "aave-2"]}
    lake.write("aliases", pl.DataFrame(aliases))
    bring(lake, tmp_path, "2024-01-26T00:00:00Z,migration,LEND,AAVE,0.01,,,,,,")
    assert lake.read("events").select("asset", "new_asset").row(0) == ("dot", "aave-2")


def test_events_may_come_before_observations_and_make_no_asset_known(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    bring(lake, tmp_path, SPLIT.format("100").replace("dot", "dto"))
    assert lake.tables() == ["events"]
    lake_of(tmp_path)
    findings = {finding.check: finding.rows["reason"].to_list() for finding in check_lake(lake, "events")[0]}
    assert findings["unknown assets of events"] == [
        "redenomination of an asset that is not known (did you mean 'dot'?); it changes nothing"
    ]
    assert "gaps" not in findings


def test_a_correction_keeps_the_earlier_row(tmp_path: Path) -> None:
    lake = lake_of(tmp_path)
    bring(lake, tmp_path, SPLIT.format("10"))
    bring(lake, tmp_path, SPLIT.format("100").replace("2024-01-10", "2024-02-01"))
    assert lake.read("events")["ratio"].to_list() == [10.0, 100.0]
    assert lake.read("events", known_by="2024-01-20")["ratio"].to_list() == [10.0]


def test_a_lake_refuses_to_write_what_is_no_event(tmp_path: Path) -> None:
    lake = lake_of(tmp_path)
    row = {"time": [AT], "kind": ["redenomination"], "asset": ["dot"], "ratio": [-1.0]}
    with pytest.raises(DataError, match=r"events: row 1 \(redenomination of 'dot' at 2024-01-26 00:00\): .*ratio -1.0"):
        lake.write("events", pl.DataFrame(row))
    assert lake.tables() == ["daily"]


def old_part(lake: Lake, **columns: list[Any]) -> None:
    """Write a part as it was before events had removal, approver and reason, and before they were judged."""
    old = EVENTS.conform(pl.DataFrame({"time": [AT] * len(columns["kind"]), **columns})).drop(
        "removal", "approver", "reason"
    )
    stream = io.BytesIO()
    old.write_parquet(stream)
    Files(lake.address).add_part("events", stream.getvalue())


def test_a_part_of_the_old_form_is_read_beside_new_ones(tmp_path: Path) -> None:
    lake = lake_of(tmp_path)
    old_part(lake, kind=["redenomination"], asset=["dot"], ratio=[100.0])
    assert levels(lake) == pytest.approx([100.0] * 36)
    digest = lake.panel().digest()
    assert lake.read("events")["removal"].to_list() == [None]
    lake.write("events", lake.read("events"))
    assert lake.read("events").height == 1
    assert lake.panel().digest() == digest
    late = {"time": [AT], "kind": ["delisting"], "asset": ["btc"], "known_at": [AT], "removal": ["to_cash"]}
    lake.write("events", pl.DataFrame(late))
    assert lake.read("events").select("asset", "removal").rows() == [("btc", "to_cash"), ("dot", None)]


def test_rows_of_an_old_part_that_are_none_can_be_set_aside(tmp_path: Path) -> None:
    lake = lake_of(tmp_path)
    old_part(lake, kind=["Delisted", "redenomination"], asset=["dot", "dot"], ratio=[None, 100.0])
    with pytest.raises(DataError, match=r"row 1 \(Delisted of 'dot'.*basketry data check --quarantine sets such rows"):
        lake.panel()
    findings, aside = check_lake(lake, quarantine=True)
    assert ({finding.check: finding.rows.height for finding in findings}["refused events"], aside) == (1, 1)
    assert [event.kind for event in lake.panel().corporate] == ["redenomination"]
    assert levels(lake) == pytest.approx([100.0] * 36)
