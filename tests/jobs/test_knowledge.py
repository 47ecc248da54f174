"""As it was known: runs, verification, explanations and evaluations before and after a correction arrives."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
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
PUBLISHED = datetime(2020, 5, 30, tzinfo=UTC)
NOW = datetime(2020, 6, 5, tzinfo=UTC)
"""The instant of a correction; the level of 30 April may be corrected for forty days."""


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
    rulebook.write_text(rulebook.read_text() + "restate: {window: 40d}\n")
    path = calculate(rulebook, lake, end="2020-05-01").save(tmp_path / "THREE")
    publish_index(path, lake.panel(), approver="Committee", end="2020-05-01", now=PUBLISHED)
    return path


@pytest.fixture
def restated(folder: Path, lake: Lake, end: datetime) -> Path:
    """The folder after prices of 30 April turned out 5% higher."""
    learned(lake, CORRECTED, 1.05, end + timedelta(days=3))
    publish_index(folder, lake.panel(), approver="Board", end="2020-05-01", restate=True, reason="late price", now=NOW)
    return folder


def of_format_one(folder: Path, forged: Callable[[str, dict[str, Any]], dict[str, Any]] = lambda _, body: body) -> None:
    """Make a folder one of format 1: nothing of when, as known when, by what, and of what was announced."""
    entries = []
    for entry in read_folder(folder).record:
        body = {key: value for key, value in entry.body.items() if key not in ("known_by", "software")}
        if entry.kind != "announced":
            entries.append((entry.kind, forged(entry.kind, body)))
    write_file(folder / "record.jsonl", dump_record(chain(entries)).encode())
    (folder / "methodology.html").write_text("<p>in other words</p>")
    (folder / "next.json").unlink()
    manifest = json.loads((folder / "manifest.json").read_text())
    for part in (manifest["pages"], manifest["stretches"], manifest["parameters"]):
        assert part
    del manifest["pages"], manifest["stretches"], manifest["parameters"]["known_by"], manifest["files"]["next.json"]
    for name in ("record.jsonl", "methodology.html"):
        manifest["files"][name] = sha256((folder / name).read_bytes()).hexdigest()
    write_file(folder / "manifest.json", json.dumps({**manifest, "format": 1}).encode())


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
    # An instant is the latest at which anything may be known: later ones add nothing to what the folder knew.
    for days in (2, 3):
        assert verify(folder, lake, as_of=end + timedelta(days=days)).passed


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
        publish_index(folder, lake.panel(), approver="Committee", end="2020-05-01", now=NOW)
    restated: dict[str, Any] = {"approver": "Board", "restate": True, "reason": "late price", "now": NOW}
    done = publish_index(folder, lake.panel(), end="2020-05-01", **restated)
    assert {item.time for item in done.corrections} == {"2020-04-30T00:00:00Z"}
    assert not done.kept
    assert (folder / "record.jsonl").read_text().startswith(before)
    stamps = [entry.body["known_by"] for entry in read_folder(folder).record]
    assert sorted(set(stamps)) == [f"{end:%Y-%m-%d}", f"{known_at:%Y-%m-%d}"]
    assert stamps == sorted(stamps)
    verification = verify(folder, lake)
    assert verification.passed, verification.first_failure
    assert failures(folder, lake, as_of=end)["levels"].startswith("levels.price_return at time 2020-04-30")
    # Extended on what is known then, with lines of two knowledge times.
    publish_index(folder, lake.panel(), approver="Committee", now=NOW)
    assert verify(folder, lake).passed
    # A second correction, learned after all of this, changes nothing of it.
    learned(lake, datetime(2020, 4, 2, tzinfo=UTC), 1.5, known_at + timedelta(days=1))
    assert verify(folder, lake).passed


def test_a_correction_that_comes_too_late_is_kept_back_and_verifies(folder: Path, lake: Lake, end: datetime) -> None:
    learned(lake, CORRECTED, 1.05, end + timedelta(days=3))
    late = datetime(2020, 6, 30, tzinfo=UTC)
    done = publish_index(
        folder, lake.panel(), approver="Board", end="2020-05-01", restate=True, reason="late price", now=late
    )
    assert {item.time for item in done.kept} == {"2020-04-30T00:00:00Z"}
    assert all(item.relative_error == pytest.approx(0.05, abs=1e-6) for item in done.kept)
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
    of_format_one(folder)
    verification = verify(folder, lake)
    assert verification.passed, verification.first_failure
    found = {check.name: check.found for check in verification.checks}
    assert found["pages"] == "not compared: a folder of format 1 has the pages of an earlier version"
    assert found["publications"] == "0 of 1 publications are from the data of their digest"
    publish_index(folder, lake.panel(), approver="Committee", end=f"{end:%Y-%m-%d}", now=NOW)
    assert read_folder(folder).manifest["format"] == 2
    verification = verify(folder, lake)
    assert verification.passed, verification.first_failure


def test_a_forged_level_of_a_folder_of_old_is_found(folder: Path, lake: Lake) -> None:
    def forged(kind: str, body: dict[str, Any]) -> dict[str, Any]:
        march = kind == "level" and body["time"] == "2020-03-05T00:00:00Z"
        return {**body, "price_return": body["price_return"] + 1} if march else body

    of_format_one(folder, forged)
    assert "entry 27 of the record (level of 2020-03-05T00:00:00Z)" in failures(folder, lake)["record"]


def test_a_folder_does_not_escape_checks_by_calling_itself_old(folder: Path, lake: Lake) -> None:
    file = folder / "manifest.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "format": 1}))
    assert failures(folder, lake)["record"].startswith("entry 0 (methodology) is none of format 1")


def test_an_evaluation_takes_what_the_folder_knew_unless_told_otherwise(
    restated: Path, lake: Lake, end: datetime
) -> None:
    told = open_index(restated, lake)
    learned(lake, datetime(2020, 4, 2, tzinfo=UTC), 1.5, end + timedelta(days=9))
    same, later, before = (open_index(restated, lake, as_of=at) for at in (None, end + timedelta(days=9), end))
    recomputed = [found.record.recomputed for found in (same, later, before) if found.record is not None]
    assert recomputed == [True, True, False]
    levels = [found.levels.level.tolist() for found in (told, same, later, before)]
    assert levels[0] == levels[1] == levels[2]
    # Before the correction the level of 30 April, the last but one, was 5% lower, and no other.
    ratio = [after / then for after, then in zip(levels[0], levels[3], strict=True)]
    assert ratio == pytest.approx([1.0] * (len(ratio) - 2) + [1.05, 1.0], rel=1e-12)


def test_the_commands_take_the_instant(restated: Path, rulebook: Path, lake: Lake, end: datetime) -> None:
    folder = restated

    def run(*words: str) -> Any:
        done = CliRunner().invoke(app, [*words, "--lake", str(lake.address), "--json"])
        assert done.exit_code in (0, 1), done.output
        return json.loads(done.stdout)

    before, after = f"{end:%Y-%m-%d}", f"{end + timedelta(days=9):%Y-%m-%d}"
    assert run("index", "verify", str(folder))["passed"]
    assert run("index", "verify", str(folder), "--as-of", after)["passed"]
    assert not run("index", "verify", str(folder), "--as-of", before)["passed"]
    given = ((), ("--as-of", after), ("--as-of", before))
    levels = [run("index", "explain", str(folder), "2020-04-30", *more)["level"] for more in given]
    assert levels[0] == levels[1] == pytest.approx(levels[2] * 1.05)
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
