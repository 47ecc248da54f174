"""A path is asked without fsspec, and answers what fsspec answers for the same folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from basketry.core.errors import DataError
from basketry.lake.files import Files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with files at two depths, one of no bytes, and a folder that is a link."""
    lake = tmp_path / "a lake"
    (lake / "daily" / "deeper").mkdir(parents=True)
    (lake / "daily" / "one.txt").write_bytes(b"one")
    (lake / "daily" / "deeper" / "none.txt").write_bytes(b"")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "linked.txt").write_bytes(b"linked")
    (lake / "rates").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    return lake


def test_a_path_answers_what_fsspec_answers(folder: Path) -> None:
    plain, other = Files(folder), Files(f"file://{folder}")
    assert type(plain._system).__module__.startswith("basketry.")
    assert type(other._system).__module__.startswith("fsspec.")
    for name in ("", "daily", "daily/deeper", "rates", "gone", "daily/one.txt"):
        assert plain.names(name) == other.names(name), name
        assert plain.exists(name) == other.exists(name), name
        assert plain.full(name) == other.full(name), name
    assert plain.names("daily") == ["deeper", "one.txt"]
    for name in ("daily", "rates", "gone"):
        assert plain.below(name) == other.below(name), name
    assert plain.below("daily") == ["daily/deeper/none.txt", "daily/one.txt"]
    for path, content in {"daily/one.txt": b"one", "daily/deeper/none.txt": b"", "rates/linked.txt": b"linked"}.items():
        assert plain.read(path) == other.read(path) == content
        assert plain.size(path) == other.size(path) == len(content)
        assert plain.local(path) == other.local(path) == folder / path


@pytest.mark.parametrize("way", ["{folder}", "file://{folder}"])
def test_what_is_gone_is_told_alike(folder: Path, way: str) -> None:
    files = Files(way.format(folder=folder))
    files.remove("daily/gone.txt")
    files.write("daily/two.txt", b"two")
    files.remove("daily/one.txt")
    assert files.names("daily") == ["deeper", "two.txt"]
    with pytest.raises(DataError, match=r"one\.txt: cannot be read: No such file or directory"):
        files.read("daily/one.txt")
    with pytest.raises(DataError, match="cannot be removed"):
        files.remove("daily/deeper")


def test_paths_are_as_a_user_writes_them(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    monkeypatch.setenv("HOME", str(folder.parent))
    for written in ("a lake", "./a lake/", f"..{os.sep}{folder.parent.name}/a lake", "~/a lake", f"{folder}/"):
        assert Files(written).read("daily/one.txt") == b"one", written
