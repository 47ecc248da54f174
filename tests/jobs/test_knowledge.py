"""As it was known: runs, verification, explanations and evaluations before and after a correction arrives."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from basketry.cli.main import app
from basketry.core.errors import RecordError
from basketry.core.frames import QUARANTINE
from basketry.jobs.calculate import calculate
from basketry.jobs.evaluate import open_index
from basketry.jobs.publish import publish_index
from basketry.jobs.verify import verify
from basketry.lake.lake import Lake
from basketry.ledger.atomic import write_file
from basketry.ledger.folder import read_folder
from basketry.ledger.record import chain, dump_record

CORRECTED = datetime(2020, 4, 30, tzinfo=UTC)


def learned(lake: Lake, day: datetime, factor: float, known_at: datetime) -> Lake:
    """Return the lake after the prices and capitalisations of one day turn out to be others."""
    rows = lake.read("daily").filter(pl.col("time") == day, pl.col("known_at").is_null())
    lake.write(
        "daily",
        rows.with_columns(pl.col("price") * factor, pl.col("market_cap") * factor, known_at=pl.lit(known_at)),
    )
    return lake


@pytest.fixture
def end(lake: Lake) -> datetime:
    """The last instant of the data."""
    found: datetime = lake.read("daily")["time"].max()  # type: ignore[assignment]
    return found


@pytest.fixture
def folder(rulebook: Path, lake: Lake, tmp_path: Path) -> Path:
    path = calculate(rulebook, lake, end="2020-05-01").save(tmp_path / "THREE")
    publish_index(path, lake.panel(), approver="Committee", end="2020-05-01")
    return path


def failures(folder: Path, lake: Lake, **given: Any) -> dict[str, str]:
    return {check.name: check.found for check in verify(folder, lake, **given).checks if not check.passed}


def test_the_manifest_and_each_line_say_what_was_known(folder: Path, end: datetime) -> None:
    known = f"{end:%Y-%m-%d}"
    published = read_folder(folder)
    assert published.known_by == published.manifest["parameters"]["known_by"] == known
    assert {entry.body["known_by"] for entry in published.record} == {known}


def test_a_folder_published_before_a_correction_verifies_on_what_was_known_then(
    folder: Path, lake: Lake, end: datetime
) -> None:
    learned(lake, CORRECTED, 1.05, end + timedelta(days=3))
    verification = verify(folder, lake)
    assert verification.passed, verification.first_failure
    assert verify(folder, lake.panel()).passed
    later = failures(folder, lake, as_of=end + timedelta(days=3))
    assert later["levels"].startswith("levels.price_return at time 2020-04-30")
    assert verify(folder, lake, as_of=end + timedelta(days=2)).passed


def test_a_run_as_of_an_instant_is_the_run_that_was_made_then(
    folder: Path, rulebook: Path, lake: Lake, end: datetime
) -> None:
    before = calculate(rulebook, lake)
    learned(lake, CORRECTED, 1.05, end + timedelta(days=3))
    now = calculate(rulebook, lake)
    assert not now.levels.equals(before.levels)
    for market in (lake, lake.panel(), str(lake.address)):
        then = calculate(rulebook, market, as_of=end + timedelta(days=1))
        assert then.levels.equals(before.levels)
        assert then.compositions.equals(before.compositions)
    past = calculate(rulebook, lake, as_of="2020-04-01")
    assert past.levels.equals(before.levels.head(past.levels.height))
    assert str(past.panel.known_by) == "2020-04-01T00:00:00.000000"
    saved = past.save(folder.parent / "PAST")
    assert read_folder(saved).known_by == "2020-04-01"
    assert verify(saved, lake).passed


def test_a_correction_is_not_published_in_silence_and_a_restatement_verifies_on_its_own_knowledge(
    folder: Path, lake: Lake, end: datetime
) -> None:
    before = (folder / "record.jsonl").read_text()
    known_at = end + timedelta(days=3)
    learned(lake, CORRECTED, 1.05, known_at)
    with pytest.raises(RecordError, match=r"2 published levels and 0 compositions differ"):
        publish_index(folder, lake.panel(), approver="Committee", end="2020-05-01")
    now = datetime(2020, 4, 30, 12, tzinfo=UTC)
    restated: dict[str, Any] = {"approver": "Board", "restate": True, "reason": "late price", "now": now}
    publish_index(folder, lake.panel(), end="2020-05-01", **restated)
    assert (folder / "record.jsonl").read_text().startswith(before)
    stamps = [entry.body["known_by"] for entry in read_folder(folder).record]
    assert sorted(set(stamps)) == [f"{end:%Y-%m-%d}", f"{known_at:%Y-%m-%d}"]
    assert stamps == sorted(stamps)
    verification = verify(folder, lake)
    assert verification.passed, verification.first_failure
    assert "levels" in failures(folder, lake, as_of=end)
    # Extended on what is known then, with lines of two knowledge times.
    publish_index(folder, lake.panel(), approver="Committee")
    assert verify(folder, lake).passed
    # A second correction, learned after all of this, changes nothing of it.
    learned(lake, datetime(2020, 4, 2, tzinfo=UTC), 1.5, known_at + timedelta(days=1))
    assert verify(folder, lake).passed


def test_a_correction_that_is_kept_back_as_immaterial_verifies(folder: Path, lake: Lake, end: datetime) -> None:
    learned(lake, CORRECTED, 1.05, end + timedelta(days=3))
    late = datetime(2020, 6, 30, tzinfo=UTC)
    done = publish_index(
        folder, lake.panel(), approver="Board", end="2020-05-01", restate=True, reason="late price", now=late
    )
    assert done.immaterial
    assert not done.corrections
    assert verify(folder, lake).passed
    learned(lake, datetime(2020, 4, 2, tzinfo=UTC), 1.5, end + timedelta(days=9))
    assert verify(folder, lake).passed


def test_a_later_import_without_a_knowledge_time_replaces_the_row_at_every_instant(folder: Path, lake: Lake) -> None:
    rows = lake.read("daily").filter(pl.col("time") == CORRECTED)
    lake.write("daily", rows.with_columns(pl.col("price") * 1.05))
    assert "levels" in failures(folder, lake)
    assert "levels" in failures(folder, lake, as_of="2020-05-20")


def test_a_folder_of_old_that_does_not_say_what_was_known_verifies(folder: Path, lake: Lake, end: datetime) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["parameters"]["known_by"]
    entries = []
    for entry in read_folder(folder).record:
        body = dict(entry.body)
        del body["known_by"]
        entries.append((entry.kind, body))
    write_file(folder / "record.jsonl", dump_record(chain(entries)).encode())
    del manifest["files"]["record.jsonl"]
    write_file(folder / "manifest.json", json.dumps(manifest).encode())
    verification = verify(folder, lake)
    assert verification.passed, verification.first_failure
    publish_index(folder, lake.panel(), approver="Committee", end=f"{end:%Y-%m-%d}")
    assert verify(folder, lake).passed


def test_an_evaluation_takes_what_the_folder_knew_unless_told_otherwise(
    folder: Path, lake: Lake, end: datetime
) -> None:
    told = open_index(folder, lake)
    learned(lake, CORRECTED, 1.05, end + timedelta(days=3))
    same, other = open_index(folder, lake), open_index(folder, lake, as_of=end + timedelta(days=3))
    assert same.record is not None
    assert other.record is not None
    assert (same.record.recomputed, other.record.recomputed) == (True, False)
    assert same.levels.level.tolist() == told.levels.level.tolist() != other.levels.level.tolist()


def test_the_commands_take_the_instant(folder: Path, rulebook: Path, lake: Lake, end: datetime) -> None:
    learned(lake, CORRECTED, 1.05, end + timedelta(days=3))

    def run(*words: str) -> Any:
        done = CliRunner().invoke(app, [*words, "--lake", str(lake.address), "--json"])
        assert done.exit_code in (0, 1), done.output
        return json.loads(done.stdout)

    after = f"{end + timedelta(days=3):%Y-%m-%d}"
    assert run("index", "verify", str(folder))["passed"]
    assert not run("index", "verify", str(folder), "--as-of", after)["passed"]
    levels = [run("index", "explain", str(folder), "2020-04-30", *more)["level"] for more in ((), ("--as-of", after))]
    assert levels[1] == pytest.approx(levels[0] * 1.05)
    out = str(folder.parent / "OUT")
    made = run("index", "run", str(rulebook), "--out", out, "--as-of", "2020-05-15")
    assert made["parameters"]["known_by"] == made["parameters"]["end"] == "2020-05-15"
    assert run("index", "verify", out)["passed"]
    evaluated = run("evaluate", str(folder), "--as-of", after)
    assert evaluated["metrics"]
    wrong = CliRunner().invoke(app, ["evaluate", "levels.csv", "--as-of", after])
    assert "name it with --lake" in str(wrong.exception or wrong.output)


def test_a_value_set_aside_does_not_take_its_correction_along(lake: Lake, end: datetime) -> None:
    learned(lake, CORRECTED, 1.05, end)
    first = lake.read("daily").filter(pl.col("time") == CORRECTED)["asset"][0]
    prices = lake.panel(known_by="2020-05-01").as_of("2020-05-01")
    row, column = int((prices.times < prices.times.dtype.type("2020-04-30")).sum()), prices.position(first)
    wrong = float(prices.field("price")[row, column])
    aside = {"time": [CORRECTED], "asset": [first], "table": ["daily"], "field": ["price"], "value": [wrong]}
    lake.write("quarantine", QUARANTINE.conform(pl.DataFrame({**aside, "check": ["x"], "reason": ["y"]})))
    panel = lake.panel()
    assert panel.field("price")[row, column] == wrong * 1.05
    assert str(panel.as_of("2020-05-01").field("price")[row, column]) == "nan"
