"""Every writer of a file syncs the file, renames it, and syncs its folder, in this order."""

import os
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from basketry.disk.whole import make_folder, write_whole
from basketry.jobs.new import new_methodology
from basketry.lake.files import Files
from basketry.ledger.atomic import write_file, write_folder


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What is synced and renamed, in order."""
    done: list[tuple[str, str]] = []
    fsync, rename, replace = os.fsync, Path.rename, Path.replace

    def synced(handle: int) -> None:
        done.append(("sync", Path(f"/proc/self/fd/{handle}").readlink().name))
        fsync(handle)

    def named(original: Callable[[Path, Path], Path]) -> Callable[[Path, Path], Path]:
        def run(path: Path, target: Path) -> Path:
            done.append(("name", Path(target).name))
            return original(path, target)

        return run

    monkeypatch.setattr("os.fsync", synced)
    monkeypatch.setattr("pathlib.Path.rename", named(rename))
    monkeypatch.setattr("pathlib.Path.replace", named(replace))
    return done


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (lambda folder: write_whole(folder / "a.txt", b"x"), "a.txt"),
        (lambda folder: write_file(folder / "report.html", b"x"), "report.html"),
        (lambda folder: Files(folder).write("lake.json", b"{}"), "lake.json"),
        (lambda folder: new_methodology(folder / "lc20.yaml"), "lc20.yaml"),
    ],
)
def test_a_file_is_synced_before_and_its_folder_after_it_gets_its_name(
    tmp_path: Path, steps: list[tuple[str, str]], write: Callable[[Path], object], name: str
) -> None:
    write(tmp_path)
    assert steps == [("sync", f".{name}.{os.getpid()}.unfinished"), ("name", name), ("sync", tmp_path.name)]


def test_a_folder_is_synced_with_all_its_files(tmp_path: Path, steps: list[tuple[str, str]]) -> None:
    write_folder(tmp_path / "X", {"manifest.json": b"{}", "a.txt": b"x"})
    names = [name for _, name in steps]
    assert names[:2] == ["manifest.json", "a.txt"]
    assert names[2].endswith(".unfinished")
    assert steps[3:] == [("name", "X"), ("sync", tmp_path.name)]


def test_a_new_folder_is_synced_in_the_one_above(tmp_path: Path, steps: list[tuple[str, str]]) -> None:
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert steps == [("sync", tmp_path.name), ("sync", "a")]


def test_what_is_no_file_of_a_disk_is_written_as_it_is(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    write_file(Path("/dev/stdout"), pl.DataFrame({"a": [1]}).write_csv().encode())
    assert capfdbinary.readouterr().out == b"a\n1\n"
    os.mkfifo(tmp_path / "pipe")
    handle = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_whole(tmp_path / "pipe", b"x")
    assert os.read(handle, 9) == b"x"
    os.close(handle)
