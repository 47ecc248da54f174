"""How commands speak: text, tables, JSON, progress, and errors in one or a few lines."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from rich.console import Console
from rich.table import Table

from basketry.core.errors import RecordError

# Without a terminal lines are not folded, so that another program can read them.
_WIDE = 10_000


def _console(*, error: bool = False) -> Console:
    stream = sys.stderr if error else sys.stdout
    return Console(file=stream, width=None if stream.isatty() else _WIDE, highlight=False, soft_wrap=True)


def say(message: Any, style: str | None = None) -> None:
    """Print a text as it stands, or a table; on a terminal cells are wrapped, so that it is no wider."""
    _console().print(message, style=style, markup=False, soft_wrap=not isinstance(message, Table))


def complain(message: str) -> None:
    """Print an error to the error stream."""
    console = _console(error=True)
    console.print("Error: ", style="bold red", end="")
    console.print(message, markup=False)


def warn(message: str) -> None:
    """Print a warning to the error stream."""
    console = _console(error=True)
    console.print("Warning: ", style="bold yellow", end="")
    console.print(message, markup=False)


def machine_words(error: Exception) -> str:
    """Return in one line what the machine could not do.

    >>> machine_words(FileNotFoundError(2, "No such file or directory", "rules.yaml"))
    'rules.yaml: No such file or directory'
    >>> machine_words(OSError(28, "No space left on device"))
    'No space left on device'
    """
    if isinstance(error, MemoryError):
        return "there is not enough memory; use a shorter history, fewer assets or a larger machine"
    if isinstance(error, RecursionError):
        return "a file is nested too deeply to be read"
    if isinstance(error, OverflowError):
        return f"a date, duration or number is too large: {error}"
    if isinstance(error, OSError) and error.strerror:
        names = " -> ".join(str(name) for name in (error.filename, error.filename2) if name is not None)
        return f"{names}: {error.strerror}" if names else error.strerror
    return (str(error).splitlines() or [type(error).__name__])[0]


def unicode_text(value: str | None) -> str | None:
    """Return a text that is kept in a record; the callback of its option.

    Raises:
        RecordError: It was typed in another encoding than that of the terminal.
    """
    if value is not None and any("\ud800" <= letter <= "\udfff" for letter in value):
        shown = value.encode("utf-8", "backslashreplace").decode()
        raise RecordError(f"'{shown}' is not a text in UTF-8; set the terminal to UTF-8 and write it again")
    return value


def drop_output() -> None:
    """Send what is left of the output nowhere: to write it fails, and would fail again when the process ends."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def print_json(value: Any) -> None:
    """Print a value as JSON; NaN and infinity become null, for JSON has none."""
    from basketry.core.digest import finite

    sys.stdout.write(json.dumps(finite(value), indent=2, ensure_ascii=False, allow_nan=False, default=str) + "\n")


def table(*columns: str, title: str | None = None) -> Table:
    """Return an empty table with these columns, plain enough for a pipe."""
    grid = Table(title=title, box=None, pad_edge=False, header_style="bold", title_justify="left")
    for column in columns:
        grid.add_column(column, overflow="fold")
    return grid


@contextmanager
def status(message: str) -> Iterator[Callable[[str], None]]:
    """Show what is being done while it lasts, on a terminal only; yields a function that changes the message."""
    console = _console(error=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status(message) as shown:
        yield shown.update
