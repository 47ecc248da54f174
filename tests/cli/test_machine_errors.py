"""What the machine cannot do is told in one line with exit code 2, whatever command it stops."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from basketry.cli import main as cli
from basketry.cli.console import machine_words
from basketry.jobs.new import new_methodology


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException) -> tuple[int, str]:
    def fail() -> None:
        raise error

    monkeypatch.setattr(cli, "app", fail)
    monkeypatch.setattr(cli, "drop_output", lambda: None)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert isinstance(ended.value.code, int)
    return ended.value.code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "LC20/levels"), "LC20/levels: No space left on device"),
        (PermissionError(errno.EACCES, "Permission denied", "a", None, "b"), "a -> b: Permission denied"),
        (OSError("odd"), "odd"),
        (MemoryError(), "there is not enough memory; use a shorter history, fewer assets or a larger machine"),
        (RecursionError("maximum recursion depth exceeded"), "a file is nested too deeply to be read"),
        (OverflowError("date value out of range"), "a date, duration or number is too large: date value out of range"),
    ],
)
def test_what_the_machine_cannot_do_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, told: str
) -> None:
    assert machine_words(error) == told
    assert run(monkeypatch, capsys, error) == (2, f"Error: {told}\n")


def test_a_reader_that_has_enough_is_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, capsys, BrokenPipeError()) == (1, "")


def command(*words: str | Path, **named: object) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-c", "from basketry.cli.main import main; main()", *map(str, words)]
    return subprocess.run(call, check=False, text=True, stderr=subprocess.PIPE, **named)  # type: ignore[call-overload]


def test_output_that_cannot_be_written_is_told() -> None:
    with Path("/dev/full").open("w") as full:
        done = command("data", "presets", stdout=full)
    assert (done.returncode, done.stderr) == (2, "Error: No space left on device\n")
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as closed:
        done = command("data", "list", "--help", stdout=closed)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_folder_in_the_place_of_a_file_is_told(tmp_path: Path) -> None:
    done = command("index", "check", tmp_path, stdout=subprocess.DEVNULL)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    assert str(tmp_path) in done.stderr


def test_a_rulebook_that_is_nested_too_deeply_is_told(tmp_path: Path) -> None:
    file = tmp_path / "deep.yaml"
    file.write_text("a: " + "[" * 20_000 + "]" * 20_000)
    done = command("index", "check", file, stdout=subprocess.DEVNULL)
    assert done.returncode == 2
    assert done.stderr.startswith(f"Error: {file}: not valid YAML: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("key", ["determine", "announce"])
def test_a_duration_that_no_calendar_has_is_told(tmp_path: Path, key: str) -> None:
    file = tmp_path / "long.yaml"
    new_methodology(file)
    file.write_text(file.read_text().replace("determine: 1d, announce: 0d", f"{key}: 1000000000000d"))
    done = command("index", "check", file, stdout=subprocess.DEVNULL)
    assert done.returncode == 2
    assert "'1000000000000d' is longer than a million days; write at most 1000000d" in done.stderr
    assert done.stderr.count("\n") == 1
