"""A published folder: saved whole, verified number by number, extended and restated but never overwritten."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import polars as pl
import pytest

from basketry.core.errors import RecordError
from basketry.jobs.calculate import Index, calculate
from basketry.jobs.publish import publish_index
from basketry.jobs.verify import verify
from basketry.lake.lake import Lake
from basketry.ledger.atomic import write_folder
from basketry.ledger.folder import read_folder
from basketry.ledger.record import chain, dump_record

FILES = {
    "methodology.yaml",
    "methodology.html",
    "levels.parquet",
    "compositions.parquet",
    "rebalances.parquet",
    "events.parquet",
    "manifest.json",
    "record.jsonl",
    "factsheet.html",
    "next.json",
}


@pytest.fixture
def index(rulebook: Path, lake: Lake) -> Index:
    return calculate(rulebook, lake, end="2020-05-01")


@pytest.fixture
def folder(index: Index, tmp_path: Path) -> Path:
    return index.save(tmp_path / "THREE")


def shifted(lake: Lake, day: datetime, factor: float) -> Lake:
    """Return the lake with the prices and capitalisations of one day multiplied."""
    rows = lake.read("daily").filter(pl.col("time") == day)
    lake.write("daily", rows.with_columns(pl.col("price") * factor, pl.col("market_cap") * factor))
    return lake


def corrected(lake: Lake, day: datetime, factor: float, known_at: datetime) -> Lake:
    """Return the lake with later versions of the prices and capitalisations of one day, known from an instant on."""
    rows = lake.read("daily").filter(pl.col("time") == day)
    lake.write(
        "daily",
        rows.with_columns(
            pl.col("price") * factor,
            pl.col("market_cap") * factor,
            known_at=pl.lit(known_at).cast(pl.Datetime("us", "UTC")),
        ),
    )
    return lake


def test_a_saved_index_has_every_file_and_verifies(folder: Path, lake: Lake) -> None:
    assert {path.name for path in folder.iterdir()} == FILES
    verification = verify(folder, lake)
    assert verification.passed, verification.first_failure
    assert [check.name for check in verification.checks][:3] == ["files", "record chain", "record"]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["figures"]["levels"] == read_folder(folder).levels.height


def test_the_same_inputs_give_the_same_bytes(index: Index, tmp_path: Path) -> None:
    first, second = index.save(tmp_path / "one"), index.save(tmp_path / "two")
    for name in FILES:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_published_levels_are_rounded_and_in_memory_ones_are_not(index: Index, folder: Path) -> None:
    told = read_folder(folder).levels["price_return"].to_list()
    assert told == [round(level, 4) for level in told]
    assert index.level()[-1] != told[-1]


def test_later_data_leave_the_verification_of_the_past(folder: Path, lake: Lake) -> None:
    later = lake.read("daily").filter(pl.col("time") == lake.read("daily")["time"].max())
    lake.write("daily", later.with_columns(pl.col("time") + timedelta(days=1)))
    lake.write("daily", later.with_columns(pl.col("time") + timedelta(days=1), asset=pl.lit("newcomer")))
    assert verify(folder, lake).passed


def test_the_first_number_that_differs_is_named(folder: Path, lake: Lake) -> None:
    verification = verify(folder, shifted(lake, datetime(2020, 3, 5, tzinfo=UTC), 1.01))
    assert not verification.passed
    found = {check.name: check.found for check in verification.checks if not check.passed}
    assert "the data differ" in found["inputs"]
    assert found["levels"].startswith("levels.price_return at time 2020-03-05T00:00:00+00:00: published ")


def test_a_forged_level_is_found_even_with_new_digests(folder: Path, lake: Lake) -> None:
    published = read_folder(folder)
    forged = published.levels.with_columns(
        pl.when(pl.int_range(pl.len()) == 7)
        .then(pl.col("price_return") + 1)
        .otherwise("price_return")
        .alias("price_return")
    )
    forged.write_parquet(folder / "levels.parquet")
    verification = verify(folder, lake)
    assert verification.first_failure == (
        "files: levels.parquet is not the file that manifest.json names: its SHA-256 differs"
    )
    bodies = [(entry.kind, dict(entry.body)) for entry in published.record]
    place = next(n for n, (kind, body) in enumerate(bodies) if kind == "level" and n > 10)
    bodies[place][1]["price_return"] += 1
    (folder / "record.jsonl").write_text(dump_record(chain(bodies)))
    found = {check.name: check.found for check in verify(folder, lake).checks if not check.passed}
    assert "published" in found["levels"]
    assert found["record"].startswith(
        "entry 9 of the record (level of 2020-02-17T00:00:00Z) is not what the tables say"
    )


@pytest.mark.parametrize("name", sorted(FILES - {"methodology.html", "factsheet.html", "next.json"}))
def test_a_broken_or_missing_file_is_named(folder: Path, lake: Lake, name: str) -> None:
    (folder / name).write_bytes(b"broken")
    verification = verify(folder, lake)
    assert name in str(verification.first_failure)
    (folder / name).unlink()
    assert name in str(verify(folder, lake).first_failure)


def test_a_manifest_cannot_point_outside_its_folder(folder: Path, lake: Lake) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["../../secret"] = "0" * 64
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert "not a file of the folder" in str(verify(folder, lake).first_failure)


def test_a_draft_may_be_replaced_a_publication_may_not(index: Index, folder: Path, lake: Lake) -> None:
    index.save(folder)
    publish_index(folder, lake.panel(), approver="Committee")
    with pytest.raises(RecordError, match=r"was published through 2020-05-01.*index publish"):
        index.save(folder)
    assert verify(folder, lake).passed


def test_a_publication_is_extended_and_its_record_only_grows(folder: Path, lake: Lake) -> None:
    publish_index(folder, lake.panel(), approver="Committee")
    before = (folder / "record.jsonl").read_text()
    done = publish_index(folder, lake.panel(), approver="Committee", end="2020-05-29")
    assert done.levels_added == 28
    after = (folder / "record.jsonl").read_text()
    assert after.startswith(before)
    assert verify(folder, lake).passed
    with pytest.raises(RecordError, match="nothing is unpublished"):
        publish_index(folder, lake.panel(), approver="Committee", end="2020-03-01")


def test_a_level_that_changed_is_not_published_in_silence(folder: Path, lake: Lake) -> None:
    publish_index(folder, lake.panel(), approver="Committee")
    held = folder.joinpath("record.jsonl").read_bytes()
    moved = shifted(lake, datetime(2020, 4, 30, tzinfo=UTC), 1.05)
    with pytest.raises(RecordError, match=r"2 published levels and 1 compositions differ.*--restate --reason"):
        publish_index(folder, moved.panel(), approver="Committee")
    with pytest.raises(RecordError, match="needs a reason"):
        publish_index(folder, moved.panel(), approver="Committee", restate=True)
    assert folder.joinpath("record.jsonl").read_bytes() == held


def test_a_restatement_is_appended_with_reason_size_and_rule(folder: Path, lake: Lake) -> None:
    now = datetime(2020, 5, 1, 12, tzinfo=UTC)
    publish_index(folder, lake.panel(), approver="Committee", now=now)
    before = (folder / "record.jsonl").read_text()
    moved = shifted(lake, datetime(2020, 5, 1, tzinfo=UTC), 1.05)
    done = publish_index(folder, moved.panel(), approver="Board", restate=True, reason="late price", now=now)
    assert {item.time for item in done.corrections} == {"2020-05-01T00:00:00Z"}
    assert all(abs(item.relative_error - 0.05) < 1e-6 for item in done.corrections)
    record = read_folder(folder).record
    assert (folder / "record.jsonl").read_text().startswith(before)
    entry = next(entry for entry in record if entry.kind == "restatement")
    assert (entry.at, entry.body["reason"], entry.body["approver"]) == ("2020-05-01T12:00:00Z", "late price", "Board")
    assert entry.body["rule"] == "relative error above 0.1000%, within 1d, with all levels after it"
    assert entry.body["after"] == "2020-04-30T00:00:00Z"
    assert verify(folder, moved).passed


@pytest.mark.parametrize(("factor", "hours"), [(1.0005, 12), (1.05, 60)])
def test_errors_too_small_or_too_late_stay_as_published(
    index: Index, tmp_path: Path, lake: Lake, factor: float, hours: int
) -> None:
    folder = index.save(tmp_path / "THREE")
    day = datetime(2020, 5, 1, tzinfo=UTC)
    known = lake.panel(known_by=day)
    publish_index(folder, known, approver="Committee", now=day)
    told = read_folder(folder).levels
    now = day + timedelta(hours=hours)
    moved = corrected(lake, day, factor, now)
    with pytest.raises(RecordError, match=r"2 published levels and \d compositions differ"):
        publish_index(folder, moved, approver="Board", now=now, end="2020-05-01")
    done = publish_index(folder, moved, approver="Board", restate=True, reason="late", now=now, end="2020-05-01")
    assert not done.corrections
    assert {item.time for item in done.kept} == {"2020-05-01T00:00:00Z"}
    assert read_folder(folder).levels.equals(told)
    verification = verify(folder, moved)
    assert verification.passed, verification.first_failure
    again = publish_index(folder, moved, approver="Board", now=now, end="2020-05-01")
    assert (again.levels_added, again.kept) == (0, ())
    later = publish_index(folder, moved, approver="Board", now=now + timedelta(days=5), end="2020-05-05")
    assert later.levels_added == 4
    verification = verify(folder, moved)
    assert verification.passed, verification.first_failure
    plain = calculate(index.methodology, moved, end="2020-05-05").published_levels["price_return"].to_list()
    # The returns that follow are those of the basket, whatever stands before them.
    chained = read_folder(folder).levels["price_return"].to_list()
    for row in range(told.height, told.height + 4):
        assert chained[row] / chained[row - 1] == pytest.approx(plain[row] / plain[row - 1], rel=2e-7)


def test_a_mass_jump_is_not_published(lake: Lake, rulebook: Path, tmp_path: Path) -> None:
    rulebook.write_text(rulebook.read_text() + "guard: {price_jump: null}\n")
    moved = shifted(lake, datetime(2020, 4, 20, tzinfo=UTC), 1e6)
    index = calculate(rulebook, moved, end="2020-05-01")
    target = index.save(tmp_path / "JUMP")
    with pytest.raises(
        RecordError, match=r"at 2020-04-20 the level moves from 1,196.*more than 2 times \(and 3 more\); not published"
    ):
        publish_index(target, moved.panel(), approver="Committee")
    assert read_folder(target).published_through is None


def test_a_folder_that_is_not_an_index_is_left_alone(index: Index, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("important")
    with pytest.raises(RecordError, match="not the folder of an index"):
        index.save(tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "important"


def test_a_failing_write_leaves_the_earlier_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "X"
    write_folder(target, {"manifest.json": b"old", "a": b"1"})
    calls = {"n": 0}

    def full(handle: int) -> None:
        del handle
        calls["n"] += 1
        if calls["n"] == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(RecordError, match="X: cannot be written: No space"):
        write_folder(target, {"manifest.json": b"new", "a": b"2"})
    assert (target / "manifest.json").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["X"]


def test_an_immaterial_error_stands_beside_one_that_was_kept(lake: Lake, rulebook: Path, tmp_path: Path) -> None:
    rulebook.write_text(rulebook.read_text() + "restate: {threshold: 0.001, window: 3d}\n")
    first, second = datetime(2020, 5, 5, tzinfo=UTC), datetime(2020, 5, 6, tzinfo=UTC)
    folder = calculate(rulebook, lake, end="2020-05-05", as_of=first).save(tmp_path / "THREE")
    publish_index(folder, lake, approver="Committee", now=first)
    noon = first + timedelta(hours=12)
    corrected(lake, first, 1.0005, noon)
    done = publish_index(folder, lake, approver="Committee", now=noon, restate=True, reason="late")
    assert (len(done.corrections), {item.time for item in done.kept}) == (0, {"2020-05-05T00:00:00Z"})
    publish_index(folder, lake, approver="Committee", now=second)
    told = read_folder(folder).levels
    # The index went on from the 5th with another divisor, which is no other composition: both errors are immaterial.
    noon = second + timedelta(hours=12)
    corrected(lake, second, 1.0003, noon)
    done = publish_index(folder, lake, approver="Committee", now=noon, restate=True, reason="late")
    assert not done.corrections
    assert read_folder(folder).levels.equals(told)
    verification = verify(folder, lake)
    assert verification.passed, verification.first_failure


def test_rows_at_another_hour_than_the_fixing_are_published_and_verify(
    lake: Lake, rulebook: Path, tmp_path: Path
) -> None:
    rulebook.write_text(rulebook.read_text().replace("every: month", "every: month\n  at: '16:00'"))
    now = datetime(2020, 5, 1, 2, tzinfo=UTC)
    index = calculate(rulebook, lake, end="2020-05-01", as_of=now)
    # The base is the afternoon of the 10th, and the first row after it the next midnight.
    assert str(index.times[0]) == "2020-02-11T00:00:00.000000"
    folder = index.save(tmp_path / "THREE")
    publish_index(folder, lake, approver="Committee", now=now)
    publish_index(folder, lake, approver="Committee", now=now + timedelta(days=3))
    assert read_folder(folder).published_through == "2020-05-04T00:00:00Z"
    assert verify(folder, lake).passed


def test_what_is_published_before_anything_new_is_known_verifies(rulebook: Path, tmp_path: Path, lake: Lake) -> None:
    last = lake.read("daily")["time"].max()
    assert isinstance(last, datetime)
    now = last + timedelta(hours=2)
    folder = calculate(rulebook, lake, as_of=now).save(tmp_path / "THREE")
    publish_index(folder, lake, approver="Committee", now=now)
    verification = verify(folder, lake)
    assert verification.passed, verification.first_failure


def test_pictures_that_an_earlier_version_drew_are_not_compared_and_the_next_publication_draws_them_anew(
    folder: Path, lake: Lake
) -> None:
    publish_index(folder, lake.panel(), approver="Committee")
    assert json.loads((folder / "manifest.json").read_text())["pages"] == {"manipulation": False}
    assert verify(folder, lake).checks[-1].found == "the pages are those that the result gives, byte by byte"
    drawn = (folder / "factsheet.html").read_text()
    picture = '<svg xmlns="http://www.w3.org/2000/svg" width="684pt"><text>of old</text></svg>'
    older = re.sub(r"<svg.*?</svg>", picture, drawn, flags=re.DOTALL)

    def with_page(page: str, pages: dict[str, object]) -> None:
        said = json.loads((folder / "manifest.json").read_text())
        said["pages"] = pages
        said["files"]["factsheet.html"] = sha256(page.encode()).hexdigest()
        (folder / "factsheet.html").write_text(page)
        (folder / "manifest.json").write_text(json.dumps(said))

    with_page(older, {"manipulation": False})
    assert verify(folder, lake).first_failure is not None
    with_page(older, {"matplotlib": "3.11.2", "manipulation": False})
    found = verify(folder, lake)
    assert found.passed
    assert found.checks[-1].found == (
        "the text of the pages is what the result gives; their pictures are not compared: an earlier version drew them "
        "with Matplotlib 3.11.2, and the next publication draws them anew"
    )
    with_page(older.replace("2020-05-01", "2020-05-02", 1), {"matplotlib": "3.11.2", "manipulation": False})
    assert str(verify(folder, lake).first_failure).startswith("factsheet.html")
    with_page(older, {"matplotlib": "3.11.2", "manipulation": False})
    publish_index(folder, lake.panel(), approver="Committee", end="2020-05-29")
    assert json.loads((folder / "manifest.json").read_text())["pages"] == {"manipulation": False}
    assert verify(folder, lake).checks[-1].found == "the pages are those that the result gives, byte by byte"
