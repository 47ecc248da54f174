"""The commands `basketry keys ...`, and how a command that signs comes by a key."""

from __future__ import annotations

import codecs
import stat
import warnings
from getpass import GetPassWarning
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from basketry.cli.console import print_json, say, warn
from basketry.core.errors import RecordError

if TYPE_CHECKING:
    from basketry.ledger.keys import PrivateKey

keys_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Make and show the keys that sign the record of an index.",
)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
PasswordFileOption = Annotated[
    Path | None,
    typer.Option("--password-file", help="Take the password from the first line of this file; asked for unless given."),
]
PASSWORD_LENGTH_MAX = 1024


@keys_app.command(epilog="Example:  basketry keys new committee.key")
def new(
    file: Annotated[
        Path, typer.Argument(help="The file to write; outside the folders of indices.", show_default=False)
    ],
    password_file: PasswordFileOption = None,
    json: JsonOption = False,
) -> None:
    """Make a key and write it to a file, encrypted under a password; never overwrite one."""
    from basketry.ledger.key_file import create_key, refuse_place

    refuse_place(file)
    key = create_key(file, read_password(file, password_file, new=True))
    if json:
        print_json({"file": str(file), "public_key": key.public})
        return
    say(f"{file}: written, for you alone to read; without its password it is lost")
    say(f"public key: {key.public}")


@keys_app.command(epilog="Example:  basketry keys show committee.key")
def show(
    file: Annotated[Path, typer.Argument(help="A file of `keys new`.", show_default=False)],
    json: JsonOption = False,
) -> None:
    """Print the public key of a file, which anybody may know; needs no password."""
    from basketry.ledger.key_file import public_key_in

    public = public_key_in(file)
    if json:
        print_json({"file": str(file), "public_key": public})
        return
    say(public)


def open_key(file: Path, password_file: Path | None) -> PrivateKey:
    """Return the private key in a file, with the password of a file or of whoever sits at the terminal."""
    from basketry.ledger.key_file import load_key, public_key_in

    public_key_in(file)  # What is no key file is told before anybody is asked for a password.
    return load_key(file, read_password(file, password_file))


def read_password(file: Path, password_file: Path | None, *, new: bool = False) -> str:
    """Return the password of a key, from a file or from the terminal, where a new one is asked for twice.

    Raises:
        RecordError: The file cannot be read or its first line is empty, or there is no terminal to ask at.
    """
    if password_file is not None:
        return _first_line(password_file)
    # Without a terminal the prompt would echo what is typed.
    with warnings.catch_warnings():
        warnings.simplefilter("error", GetPassWarning)
        try:
            asked: str = typer.prompt(
                f"{'New password' if new else 'Password'} of {file}", hide_input=True, confirmation_prompt=new, err=True
            )
        except GetPassWarning as error:
            raise RecordError(
                "there is no terminal to ask for a password; give it with --password-file FILE"
            ) from error
    return asked


def _first_line(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            mode = path.stat().st_mode
            # Some editors begin a file with a mark of its encoding, which nobody types.
            line = stream.readline(PASSWORD_LENGTH_MAX + 1).removeprefix(codecs.BOM_UTF8).rstrip(b"\r\n")
    except OSError as error:
        raise RecordError(f"{path}: the password cannot be read: {error.strerror or error}") from error
    if not line or len(line) > PASSWORD_LENGTH_MAX:
        raise RecordError(
            f"{path}: its first line is no password: it is empty, or longer than {PASSWORD_LENGTH_MAX} bytes"
        )
    if stat.S_ISREG(mode) and mode & (stat.S_IRGRP | stat.S_IROTH):
        warn(f"{path}: others on this machine can read the password; run: chmod 600 {path}")
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise RecordError(f"{path}: its first line is no UTF-8 text") from None
