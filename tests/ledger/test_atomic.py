"""A folder is the earlier one or the new one at any moment, with all that its user keeps in it."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from basketry.core.errors import RecordError
from basketry.ledger import atomic
from basketry.ledger.atomic import recover, write_file, write_folder


def manifest(*names: str) -> bytes:
    return json.dumps({"files": dict.fromkeys(names, "digest")}).encode()


OLD = {"manifest.json": manifest("a.txt", "old.html"), "a.txt": b"old", "old.html": b"page"}
NEW = {"manifest.json": manifest("a.txt", "b.txt"), "a.txt": b"new", "b.txt": b"new"}
KEPT = {"notes.md": b"mine", ".git/HEAD": b"ref", ".git/objects/aa/bb": b"blob", "sub/b.txt": b"mine"}


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_folder(tmp_path / "X", OLD)
    for name, content in KEPT.items():
        (tmp_path / "X" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "X" / name).write_bytes(content)
    return tmp_path / "X"


def alone(folder: Path) -> bool:
    return [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_what_the_user_keeps_stays_and_what_the_earlier_manifest_names_goes(folder: Path) -> None:
    (folder / "link").symlink_to("nowhere")
    (folder / ".git").chmod(0o700)
    linked = (folder / ".git" / "objects" / "aa" / "bb").stat()
    write_folder(folder, NEW)
    assert tree(folder) == NEW | KEPT
    assert (folder / "link").readlink() == Path("nowhere")
    assert (folder / ".git").stat().st_mode & 0o777 == 0o700
    assert (folder / ".git" / "objects" / "aa" / "bb").stat().st_ino == linked.st_ino
    assert alone(folder)


def test_where_the_system_cannot_link_files_are_copied(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    write_folder(folder, NEW)
    assert tree(folder) == NEW | KEPT


def test_where_the_system_cannot_exchange_a_third_name_is_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.CDLL", lambda *_, **__: object())
    write_folder(folder, NEW)
    assert tree(folder) == NEW | KEPT
    assert alone(folder)
    folder.rename(folder.with_name(".X.earlier"))
    recover(folder)
    assert tree(folder) == NEW | KEPT
    assert alone(folder)


def test_what_others_change_while_it_is_written_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exchange = atomic._exchange

    def meanwhile(fresh: Path, real: Path) -> Path:
        (real / ".git" / "index").write_bytes(b"new")
        (real / ".git" / "HEAD.new").write_bytes(b"moved")
        os.utime(real / ".git" / "HEAD.new", (2e9, 2e9))
        (real / ".git" / "HEAD.new").replace(real / ".git" / "HEAD")
        (real / "notes.md").unlink()
        return exchange(fresh, real)

    monkeypatch.setattr(atomic, "_exchange", meanwhile)
    write_folder(folder, NEW)
    changed = {".git/index": b"new", ".git/HEAD": b"moved"}
    assert tree(folder) == {name: text for name, text in (NEW | KEPT | changed).items() if name != "notes.md"}


def test_a_folder_in_the_place_of_a_file_is_told(folder: Path) -> None:
    (folder / "b.txt").mkdir()
    with pytest.raises(RecordError, match=r"b\.txt: is a folder where a file of that name belongs"):
        write_folder(folder, NEW)
    assert tree(folder) == OLD | KEPT
    assert alone(folder)


def test_a_link_to_a_folder_stays_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "Y"
    link.symlink_to(folder)
    write_folder(link, NEW)
    assert link.is_symlink()
    assert tree(folder) == NEW | KEPT
    assert [path.name for path in link.parent.iterdir()] == ["Y"]


@pytest.mark.parametrize("name", ["X", "[a-z]*", "X?"])
def test_what_killed_runs_left_goes_and_that_of_another_index_stays(tmp_path: Path, name: str) -> None:
    gone = [f".{name}.0a_b1c2d.unfinished", f".{name}.earlier"]
    stay = [f".{name}.x.0a_b1c2d.unfinished", f".{name}.x.earlier", ".Xy.0a_b1c2d.unfinished", ".b.0a_b1c2d.unfinished"]
    write_folder(tmp_path / name, OLD)
    for left in gone + stay:
        (tmp_path / left).mkdir()
    write_folder(tmp_path / name, NEW)
    assert {path.name for path in tmp_path.iterdir()} == {name, *stay}


KILLED = """
import os, shutil, signal, sys
from pathlib import Path
from basketry.ledger import atomic

source, where, new = Path(sys.argv[1]), Path(sys.argv[2]), eval(sys.argv[3])
exchange, count, killed = atomic._exchange, 0, -1

def counted(original):
    def run(*given, **named):
        global count
        count += 1
        if count == killed:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*given, **named)
    return run

os.fsync = lambda _: None  # the system goes on, so that no disk need be waited for
for name in ("fsync", "link", "mkdir", "rename", "unlink", "rmdir", "chmod", "open"):
    setattr(os, name, counted(getattr(os, name)))
atomic._exchange = counted(exchange)
for n in range(1, 1000):
    target = where / str(n) / "X"
    shutil.copytree(source, target)
    child = os.fork()
    if not child:
        count, killed = 0, n
        atomic.write_folder(target, new)
        os._exit(0)
    if not os.waitpid(child, 0)[1]:
        break
print(n)
"""


def test_a_kill_at_any_step_leaves_one_folder_or_the_other_with_all_that_is_kept(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.fsync", lambda _: None)
    command = [sys.executable, "-c", KILLED, str(folder), str(tmp_path / "killed"), repr(NEW)]
    steps = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert steps > 25
    seen = [tree(tmp_path / "killed" / str(n) / "X") for n in range(1, steps + 1)]
    turn = next(n for n, found in enumerate(seen) if found == NEW | KEPT)
    assert turn > 10
    assert all(found == OLD | KEPT for found in seen[:turn])
    assert all(found == NEW | KEPT for found in seen[turn:])
    for n in range(1, steps + 1):
        target = tmp_path / "killed" / str(n) / "X"
        write_folder(target, NEW)
        assert tree(target) == NEW | KEPT
        assert alone(target), n


def fail_at(n: int, code: int) -> Callable[[Any], Any]:
    left = iter(range(n))

    def wrap(original: Any) -> Any:
        def run(*given: Any, **named: Any) -> Any:
            if next(left, None) is None:
                raise OSError(code, os.strerror(code))
            return original(*given, **named)

        return run

    return wrap


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EIO])
def test_whatever_the_disk_refuses_is_told_and_leaves_nothing(
    folder: Path, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []
    for n in range(40):
        wrap = fail_at(n, code)
        with monkeypatch.context() as patched:
            for name in ("fsync", "link", "mkdir"):
                patched.setattr(f"os.{name}", wrap(getattr(os, name)))
            try:
                write_folder(folder, NEW)
                break
            except RecordError as error:
                told.append(str(error))
        assert tree(folder) in (OLD | KEPT, NEW | KEPT)
        assert alone(folder)
    assert len(told) > 10
    assert set(told) == {f"{folder}: cannot be written: {os.strerror(code)}"}


FULL = """
import resource, sys
from pathlib import Path
from basketry.core.errors import RecordError
from basketry.ledger.atomic import write_folder

resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    write_folder(Path(sys.argv[1]), {"manifest.json": b"{}", "a.txt": b"x" * 200_000})
except RecordError as error:
    print(error)
"""


def test_a_file_that_the_system_does_not_allow_is_told(folder: Path) -> None:
    run = subprocess.run([sys.executable, "-c", FULL, str(folder)], check=True, capture_output=True, text=True)
    assert run.stdout == f"{folder}: cannot be written: File too large\n"
    assert tree(folder) == OLD | KEPT
    assert alone(folder)


def test_a_file_is_the_old_one_or_the_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "report.html"
    write_file(file, b"old")
    for n in range(2):
        with monkeypatch.context() as patched:
            patched.setattr("os.fsync", fail_at(n, errno.ENOSPC)(os.fsync))
            with pytest.raises(RecordError, match=r"report\.html: cannot be written: No space left on device"):
                write_file(file, b"new")
        # The second call syncs the folder, after the file took its name.
        assert file.read_bytes() == (b"new" if n else b"old")
        assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    (tmp_path / "link").symlink_to(file)
    write_file(tmp_path / "link", b"through")
    assert file.read_bytes() == b"through"
