"""Folders of an index whose values were made odd by somebody who can write all files: failures, and no tracebacks."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from basketry.core.errors import RecordError
from basketry.jobs.calculate import calculate
from basketry.jobs.publish import publish_index
from basketry.jobs.verify import verify
from basketry.lake.lake import Lake
from basketry.ledger.folder import read_folder
from basketry.ledger.record import chain, dump_record

NOW = datetime(2020, 5, 1, 6, tzinfo=UTC)


@pytest.fixture
def folder(rulebook: Path, lake: Lake, tmp_path: Path) -> Path:
    out = calculate(rulebook, lake, end="2020-05-01").save(tmp_path / "THREE")
    publish_index(out, lake, approver="Ann", now=NOW)
    return out


def manifest_of(folder: Path, edit: Callable[[dict[str, Any]], Any]) -> None:
    said = json.loads((folder / "manifest.json").read_text())
    edit(said)
    (folder / "manifest.json").write_text(json.dumps(said))


def with_line(folder: Path, place: int, field: str, value: Any) -> None:
    """Change a field of a line, and make the chain and the digest fit."""
    whole: list[Any] = []
    for entry in read_folder(folder).record:
        body = {**entry.body, field: value} if entry.seq == place else entry.body
        whole = chain([(entry.kind, body)], after=whole, at=entry.at)
    text = dump_record(whole).encode()
    (folder / "record.jsonl").write_bytes(text)
    manifest_of(folder, lambda said: said["files"].update({"record.jsonl": sha256(text).hexdigest()}))


@pytest.mark.parametrize(
    "edit",
    [
        lambda said: said["parameters"].update(start=None),
        lambda said: said["parameters"].update(start=[]),
        lambda said: said["parameters"].update(end="yesterday"),
        lambda said: said["parameters"].update(known_by=5),
        lambda said: said["parameters"].update(known_by="9" * 5000),
        lambda said: said.update(parameters=None),
        lambda said: said.pop("inputs"),
        lambda said: said["inputs"].update(digest=[]),
        lambda said: said.update(pages={"manipulation": "x"}),
        lambda said: said.update(pages={"matplotlib": {}}),
        lambda said: said.update(basketry=1),
        lambda said: said.update(format=2.0),
        lambda said: said.update(kind=None),
    ],
)
def test_facts_of_another_form_are_one_error(folder: Path, lake: Lake, edit: Callable[[dict[str, Any]], Any]) -> None:
    manifest_of(folder, edit)
    assert "manifest.json" in str(verify(folder, lake).first_failure)
    with pytest.raises(RecordError, match=r"manifest\.json"):
        publish_index(folder, lake, approver="Ann", now=NOW)


@pytest.mark.parametrize("value", [{}, [], None, "all"])
def test_an_emptied_list_of_files_fails(folder: Path, lake: Lake, value: Any) -> None:
    manifest_of(folder, lambda said: said.update(files=value))
    assert "manifest.json" in str(verify(folder, lake).first_failure)
    with pytest.raises(RecordError, match="the folder was altered"):
        read_folder(folder)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("known_by", "x", "was made from other data"),
        ("known_by", [], "was made from other data"),
        ("simulated", None, "the record says simulated None"),
        ("simulated", {}, "the record says simulated {}"),
    ],
)
def test_a_first_line_that_says_otherwise_is_found(
    folder: Path, lake: Lake, field: str, value: Any, words: str
) -> None:
    with_line(folder, 0, field, value)
    assert words in str(verify(folder, lake).first_failure)


def test_the_digest_of_a_file_is_compared_by_whoever_reads(folder: Path) -> None:
    (folder / "factsheet.html").write_text("<p>")
    with pytest.raises(RecordError, match=r"factsheet\.html is not the file that manifest\.json names"):
        read_folder(folder)
