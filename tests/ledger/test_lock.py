"""One writer a folder: real processes, and what the second is told."""

import errno
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from basketry.core.errors import RecordError
from basketry.ledger.atomic import write_folder
from basketry.ledger.lock import writing

WRITER = """
import sys
from pathlib import Path
from basketry.core.errors import RecordError
from basketry.ledger.atomic import write_folder
from basketry.ledger.lock import writing

folder = Path(sys.argv[1])
for _ in sys.stdin:
    try:
        with writing(folder, "index publish LC20"):
            held = (folder / "record.jsonl").read_bytes()
            print("holds it", flush=True)
            sys.stdin.readline()
            write_folder(folder, {"manifest.json": b"{}", "record.jsonl": held + b"line\\n"})
        print("written", flush=True)
    except RecordError as error:
        print(error, flush=True)
"""


class Writer:
    """Another process that publishes when it is told to."""

    def __init__(self, folder: Path, where: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=where,
        )  # fmt: skip

    def __call__(self, line: str = "") -> str:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_folder(tmp_path / "LC20", {"manifest.json": b"{}", "record.jsonl": b"line\n"})
    return tmp_path / "LC20"


@pytest.fixture
def writers(folder: Path) -> Iterator[tuple[Writer, Writer]]:
    folder.with_name("link").symlink_to(folder)
    pair = Writer(Path("LC20"), folder.parent), Writer(folder.with_name("link"), Path("/"))
    yield pair
    for writer in pair:
        writer.end()


def test_of_two_publishers_one_is_refused_and_nothing_is_lost(folder: Path, writers: tuple[Writer, Writer]) -> None:
    for trial in range(8):
        first, second = writers if trial % 2 else writers[::-1]
        assert first() == "holds it"
        told = second()
        assert re.fullmatch(
            rf".*: is being written by process {first.process.pid} of \S+ on \S+ since \d{{4}}-\d\d-\d\dT\S+Z "
            r"\(index publish LC20\); nothing was changed\. Try again when that is done",
            told,
        ), told
        assert first() == "written"
        assert (folder / "record.jsonl").read_bytes() == b"line\n" * (trial + 2)
    assert sorted(path.name for path in folder.parent.iterdir()) == ["LC20", "link"]
    assert folder.with_name("link").is_symlink()


def test_the_lock_of_a_killed_writer_is_free_and_its_file_no_obstacle(
    folder: Path, writers: tuple[Writer, Writer]
) -> None:
    first, second = writers
    assert first() == "holds it"
    first.end()
    assert folder.with_name(".LC20.lock").is_file()
    assert second() == "holds it"
    assert second() == "written"


def test_a_thread_asks_again_within_its_own_writing(folder: Path) -> None:
    with writing(folder) as real, writing(folder.parent / "." / "LC20") as again:
        assert real == again == folder
    assert not folder.with_name(".LC20.lock").exists()


def test_a_forked_process_does_not_hold_on_to_the_lock(folder: Path) -> None:
    script = (
        "import os, sys, time; from pathlib import Path; from basketry.ledger.lock import writing\n"
        "with writing(Path(sys.argv[1])):\n"
        "    if not os.fork():\n"
        "        print('forked', flush=True); time.sleep(60)\n"
        "    else:\n"
        "        time.sleep(60)\n"
    )
    command = [sys.executable, "-c", script, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout
        assert process.stdout.readline() == b"forked\n"
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        with writing(folder) as real:
            assert real == folder
        os.killpg(process.pid, 9)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (errno.ENOLCK, r"its file system has no locks \(No locks available\), so two could write it at once"),
        (errno.EIO, "cannot be written: Input/output error"),
    ],
)
def test_where_no_lock_can_be_had_nothing_is_written(
    folder: Path, code: int, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(RecordError, match=told):
        write_folder(folder, {"manifest.json": b"new"})
    assert (folder / "manifest.json").read_bytes() == b"{}"


def test_a_name_that_is_too_long_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"a: cannot be written: File name too long"):
        write_folder(tmp_path / ("a" * 300), {"manifest.json": b"{}"})
    assert not list(tmp_path.iterdir())
