"""The commands for keys: what they write and say, and that no password is shown."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from basketry.cli.keys import open_key, read_password
from basketry.cli.main import app
from basketry.core.errors import RecordError
from basketry.ledger.key_file import create_key, load_key

RUNNER = CliRunner()
WORDS = "correct horse"


@pytest.fixture
def first_line(tmp_path: Path) -> Path:
    """A file whose first line is the password, for its owner alone."""
    path = tmp_path / "words"
    path.write_text(f"{WORDS}\r\nanother line\n")
    path.chmod(0o600)
    return path


@pytest.mark.usefixtures("quick_keys")
def test_a_key_is_made_and_shown(tmp_path: Path, first_line: Path) -> None:
    file = tmp_path / "a.key"
    made = RUNNER.invoke(app, ["keys", "new", str(file), "--password-file", str(first_line)])
    assert made.exit_code == 0
    public = load_key(file, WORDS).public
    assert made.stdout.splitlines()[-1] == f"public key: {public}"
    assert made.stderr == ""
    assert RUNNER.invoke(app, ["keys", "show", str(file)]).stdout == f"{public}\n"
    shown = RUNNER.invoke(app, ["keys", "show", str(file), "--json"])
    assert json.loads(shown.stdout) == {"file": str(file), "public_key": public}
    other = tmp_path / "b.key"
    made = RUNNER.invoke(app, ["keys", "new", str(other), "--password-file", str(first_line), "--json"])
    assert json.loads(made.stdout) == {"file": str(other), "public_key": load_key(other, WORDS).public}


@pytest.mark.usefixtures("quick_keys")
def test_a_new_password_is_asked_for_twice_and_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "a.key"
    typed = f"{WORDS}\nmistyped horse\n{WORDS}\n{WORDS}\n"
    made = RUNNER.invoke(app, ["keys", "new", str(file)], input=typed)
    assert made.exit_code == 0
    assert "do not match" in made.output
    assert "horse" not in made.output
    assert load_key(file, WORDS).public in made.stdout


@pytest.mark.usefixtures("quick_keys")
def test_a_command_that_signs_asks_once(tmp_path: Path, first_line: Path) -> None:
    file = tmp_path / "a.key"
    RUNNER.invoke(app, ["keys", "new", str(file), "--password-file", str(first_line)])
    assert open_key(file, first_line).public == load_key(file, WORDS).public
    asked = typer.Typer()
    asked.command()(lambda: typer.echo(open_key(file, None).public))
    result = RUNNER.invoke(asked, [], input=f"{WORDS}\n")
    assert result.stdout.splitlines()[-1] == load_key(file, WORDS).public
    wrong = RUNNER.invoke(asked, [], input="mistyped horse\n")
    assert isinstance(wrong.exception, RecordError)
    assert "the password is wrong" in str(wrong.exception)
    assert "horse" not in str(wrong.exception) + wrong.output
    with pytest.raises(RecordError, match="not a key file"):
        open_key(first_line, None)


@pytest.mark.usefixtures("quick_keys")
def test_what_is_wrong_is_told_before_a_password_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    for file, why in ((tmp_path / "a.key", "shown to others"), (tmp_path / "manifest.json", "not overwritten")):
        result = RUNNER.invoke(app, ["keys", "new", str(file)], input="")
        assert isinstance(result.exception, RecordError)
        assert why in str(result.exception)
        assert "assword" not in result.output


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty"),
        (b"\ncorrect horse\n", "it is empty"),
        (b"a" * 1025, "longer than 1024 bytes"),
        (b"secret\xff\xff", "no UTF-8 text"),
    ],
)
def test_a_first_line_that_is_no_password_is_told_but_not_shown(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "words"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(RecordError, match=why) as caught:
        read_password(tmp_path / "a.key", path)
    assert "secret" not in str(caught.value)


def test_a_password_that_others_can_read_is_warned_of(
    first_line: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert read_password(tmp_path / "a.key", first_line) == WORDS
    assert capsys.readouterr().err == ""
    first_line.chmod(0o640)
    assert read_password(tmp_path / "a.key", first_line) == WORDS
    told = capsys.readouterr()
    assert told.err.startswith("Warning: ")
    assert "others on this machine can read the password" in told.err
    assert WORDS not in told.err
    with pytest.raises(RecordError, match="the password cannot be read"):
        read_password(tmp_path / "a.key", tmp_path / "none")


@pytest.mark.usefixtures("quick_keys")
def test_the_mark_of_an_encoding_is_no_part_of_a_password(tmp_path: Path, first_line: Path) -> None:
    made = create_key(tmp_path / "a.key", WORDS)
    first_line.write_bytes(b"\xef\xbb\xbf" + WORDS.encode() + b"\r\n")
    assert read_password(tmp_path / "a.key", first_line) == WORDS
    assert open_key(tmp_path / "a.key", first_line).public == made.public
    first_line.write_bytes(b"\xef\xbb\xbf\n")
    with pytest.raises(RecordError, match="it is empty"):
        read_password(tmp_path / "a.key", first_line)


def test_without_a_terminal_nobody_is_asked(tmp_path: Path) -> None:
    """What is typed would be echoed, and what a pipe holds is no password."""
    script = "from basketry.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script, "keys", "new", str(tmp_path / "a.key")],
        input=f"{WORDS}\n{WORDS}\n", capture_output=True, text=True, check=False, start_new_session=True,
    )  # fmt: skip
    assert done.returncode == 2
    assert "give it with --password-file FILE" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
