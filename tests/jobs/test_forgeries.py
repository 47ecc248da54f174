"""What a forger makes of a signed index is refused: by what is computed again, or by the key and a kept head alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.jobs.forged import Forged
from tests.jobs.forgeries import FORGERIES, Forgery
from tests.jobs.forgeries_of_files import pictures
from tests.jobs.lives import MINE, NEW, OLD, at, live, market

from basketry.core.errors import RecordError
from basketry.jobs.publish import publish_index
from basketry.jobs.verify import Verification, verify
from basketry.lake.lake import Lake


@dataclass(frozen=True)
class Life:
    """A published index, its market, and the heads that were kept of it."""

    folder: Path
    lake: Lake
    heads: dict[str, Path]


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Life:
    place = tmp_path_factory.mktemp("life")
    lake = market(place / "lake")
    heads = {}
    for day, head in live(place / "X", lake).items():
        heads[day] = place / f"head-{day}.json"
        heads[day].write_bytes(head)
    return Life(place / "X", lake, heads)


def failures(found: Verification) -> set[str]:
    return {check.name for check in found.checks if not check.passed}


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def test_the_honest_folder_verifies_with_every_key_and_every_head(life: Life) -> None:
    for day, head in life.heads.items():
        found = verify(life.folder, life.lake, key=OLD.public, head=head)
        assert found.passed, (day, found.first_failure)
    assert verify(life.folder, life.lake, key=NEW.public).passed


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda forgery: forgery.name.replace(" ", "-"))
def test_a_forgery_is_refused(life: Life, tmp_path: Path, forgery: Forgery) -> None:
    """Signed with a key of the forger, it fails the named check; or the key and a kept head alone."""
    forged = Forged.of(life.folder, life.lake)
    forged.head = "mine" if forgery.recorded else "kept"
    forgery.change(forged)
    folder = forged.write(tmp_path / "X")
    found = verify(folder, life.lake)
    if forgery.refused_by:
        assert forgery.refused_by in failures(found)
    else:
        assert found.passed, found.first_failure
        found = verify(folder, life.lake, key=OLD.public, head=life.heads["05-10"])
        assert failures(found) >= {"key", "kept head"}


@pytest.mark.parametrize(
    "forgery", [entry for entry in FORGERIES if entry.recorded], ids=lambda forgery: forgery.name.replace(" ", "-")
)
def test_nothing_is_published_on_top_of_a_forged_record(life: Life, tmp_path: Path, forgery: Forgery) -> None:
    """With the head as the publisher signed it, and with one of the forger."""
    for head in ("kept", "mine"):
        forged = Forged.of(life.folder, life.lake)
        forged.head = head
        forgery.change(forged)
        if forged.head == "none":
            return
        folder = forged.write(tmp_path / head)
        held = contents(folder)
        with pytest.raises(RecordError):
            publish_index(folder, life.lake, approver="Committee", now=at(5, 12), key=NEW)
        assert contents(folder) == held


def test_another_history_made_whole_passes_without_a_key_and_fails_with_one(life: Life, tmp_path: Path) -> None:
    """The same rules on another market, which the forger shows too."""
    other = market(tmp_path / "lake", factor=1.3)
    live(tmp_path / "X", other, MINE[:2])
    found = verify(tmp_path / "X", other)
    assert found.passed, found.first_failure
    assert failures(verify(tmp_path / "X", other, key=OLD.public)) == {"key"}
    for day in ("03-20", "04-10", "05-10"):
        assert failures(verify(tmp_path / "X", other, head=life.heads[day])) == {"kept head"}
    # Against the market of the publisher it is none of its index.
    assert failures(verify(tmp_path / "X", life.lake)) >= {"inputs", "levels", "compositions", "publications"}


def test_other_pictures_of_an_earlier_version_pass_and_it_is_said_that_they_are_not_compared(
    life: Life, tmp_path: Path
) -> None:
    forged = Forged.of(life.folder, life.lake)
    forged.head = "kept"
    pictures(forged, "<text>+50%</text>")
    found = verify(forged.write(tmp_path / "X"), life.lake, key=NEW.public, head=life.heads["05-10"])
    assert found.passed, found.first_failure
    assert "their pictures are not compared" in found.checks[-1].found


def test_what_was_taken_back_and_nobody_can_compute_is_counted_with_its_largest_error(
    life: Life, tmp_path: Path
) -> None:
    """The level of 2 April was corrected within the day. Its first figure is of data that are said to be gone."""
    forged = Forged.of(life.folder, life.lake)
    end = forged.lines.index(forged.of_kind("restatement")[1])
    [line for line in forged.lines[:end] if line.kind == "published"][-1].body["inputs"] = "0" * 64
    forged.move("2020-04-02", 1.25, last=False)
    forged.rejudge()
    found = verify(forged.write(tmp_path / "X"), life.lake)
    assert found.passed, found.first_failure
    words = {check.name: check.found for check in found.checks}
    assert words["restatements"].endswith(
        "; 1 lines that they took back cannot be computed again, as rows were replaced or another version made them, "
        "the largest error of a level 20.0000% at 2020-04-02T00:00:00Z"
    )
    assert words["gate"].endswith(
        "; of 1 publications that were corrected the data are gone, and with them what members moved"
    )


def test_a_head_of_earlier_does_not_cover_what_came_since(life: Life, tmp_path: Path) -> None:
    forged = Forged.of(life.folder, life.lake)
    forged.head = "kept"
    forged.pages["head.json"] = life.heads["05-05"].read_bytes()
    found = verify(forged.write(tmp_path / "X"), life.lake)
    assert "were appended without a signature" in {c.name: c.found for c in found.checks}["signature"]
