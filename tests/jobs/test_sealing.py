"""Who appends to a record, and when: no entry is of an instant that the machine's clock has not reached."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.conftest import small_market
from tests.jobs.lives import NEW, OLD, RULES, at

from basketry.core.errors import MethodologyError, RecordError
from basketry.jobs.acts import Act
from basketry.jobs.amend import amend_index, end_index, override_index
from basketry.jobs.calculate import calculate
from basketry.jobs.change_key import change_key
from basketry.jobs.publish import publish_index
from basketry.jobs.verify import verify
from basketry.lake.lake import Lake
from basketry.ledger.record import chain


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    found = Lake(tmp_path / "lake")
    found.write("daily", small_market(60))
    return found


@pytest.fixture
def folder(lake: Lake, tmp_path: Path) -> Path:
    path = calculate(RULES, lake, end="2020-02-20", as_of=at(2, 20)).save(tmp_path / "X")
    publish_index(path, lake, approver="Committee", now=at(2, 20), key=OLD)
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_no_entry_is_of_an_instant_to_come(folder: Path, lake: Lake) -> None:
    held = contents(folder)
    later = datetime.now(UTC) + timedelta(hours=1)
    act = Act("Committee", "as consulted", now=later, key=OLD)
    new = {**RULES, "weight": "equal"}
    for attempt in (
        lambda: publish_index(folder, lake, approver="Committee", now=later, key=OLD),
        lambda: amend_index(folder, lake, new, effective="2020-04-01", act=act),
        lambda: override_index(folder, lake, asset="coin-b", action="exclude", effective="2020-04-01", act=act),
        lambda: end_index(folder, lake, last="2020-04-01", act=act),
        lambda: change_key(folder, OLD, NEW, approver="Committee", reason="yearly", now=later),
    ):
        with pytest.raises(RecordError, match="that of this machine's clock"):
            attempt()
    assert contents(folder) == held
    # Clocks differ by some minutes.
    publish_index(folder, lake, approver="Committee", now=datetime.now(UTC) + timedelta(minutes=5), key=OLD)
    assert verify(folder, lake, key=OLD.public).passed


def test_what_a_kill_left_beside_goes_with_the_next_run_that_has_nothing_new(folder: Path, lake: Lake) -> None:
    left = folder.with_name(".X.0a_b1c2d.unfinished")
    other = folder.with_name(".Y.0a_b1c2d.unfinished")
    for path in (left, other):
        path.mkdir()
        (path / "levels.parquet").write_bytes(b"half")
    held = contents(folder)
    assert publish_index(folder, lake, approver="Committee", now=at(2, 20), key=OLD).levels_added == 0
    assert contents(folder) == held
    assert not left.exists()
    assert other.exists()


def test_the_manifest_names_the_version_that_published_also_behind_a_line_of_another_kind(
    folder: Path, lake: Lake
) -> None:
    change_key(folder, OLD, NEW, approver="Committee", reason="yearly", now=at(2, 21))
    assert verify(folder, lake, key=NEW.public).passed
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"basketry": "0.1.0",', '"basketry": "0.1.0 (certified)",', 1))
    found = verify(folder, lake, key=NEW.public).first_failure
    assert found == "record: manifest.json names basketry 0.1.0 (certified), the record 0.1.0"


def test_an_act_of_another_version_leaves_the_version_that_published(
    folder: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("basketry.jobs.save.VERSION", "9.9.9")
    end_index(folder, lake, last="2020-04-01", act=Act("Committee", "too few users", now=at(2, 21), key=OLD))
    assert verify(folder, lake, key=OLD.public).passed


def test_what_is_asked_for_wrongly_is_no_fault_of_the_folder(folder: Path, lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "torn.json").write_text("{")
    with pytest.raises(RecordError, match="is no public key"):
        verify(folder, lake, key="ed25519:12")
    with pytest.raises(RecordError, match=r"torn\.json"):
        verify(folder, lake, head=tmp_path / "torn.json")
    with pytest.raises(RecordError, match=r"none\.json"):
        verify(folder, lake, head=tmp_path / "none.json")
    with pytest.raises(MethodologyError, match="is not a date or time"):
        verify(folder, lake, as_of="NaT")


def test_a_record_holds_texts_of_unicode_characters() -> None:
    with pytest.raises(RecordError, match="not a text of Unicode characters"):
        chain([("ended", {"reason": "Soci\udce9t\udce9"})])
    assert chain([("ended", {"reason": "Société"})])[0].body["reason"] == "Société"
