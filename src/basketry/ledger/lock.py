"""One writer a folder: who writes it, and what a second one is told."""

from __future__ import annotations

import errno
import getpass
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from basketry.core.errors import RecordError
from basketry.disk.lock import give, take
from basketry.disk.whole import make_folder

_writers: dict[Path, int] = {}
"""Thread of this process that writes, by the file of the lock."""
_NO_LOCKS = (errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL)
_READS, _PAUSE = 20, 0.005


@contextmanager
def writing(folder: Path, command: str | None = None) -> Iterator[Path]:
    """Be the one writer of a folder, and yield its real path; inside, the same thread may ask again.

    Who reads the folder in order to write it takes this before reading, or another's writing in between is lost. The
    lock is the file .NAME.lock beside the folder, as JSON of its owner; the folder itself is exchanged when it is
    written. Links and relative paths lead to the same lock. It ends with its owner, also when that is killed.

    Args:
        folder: The folder; it need not exist.
        command: What its owner does, for who is refused; the command line unless given.

    Raises:
        RecordError: Somebody else writes the folder (the message says who), or no lock can be had there.

    >>> import tempfile
    >>> with writing(Path(tempfile.mkdtemp()) / "LC20", "index publish") as real:
    ...     owner = json.loads((real.parent / ".LC20.lock").read_text())
    >>> owner["pid"] == os.getpid(), owner["command"]
    (True, 'index publish')
    """
    try:
        real = folder.resolve()
        file = real.with_name(f".{real.name}.lock")
    except (OSError, RuntimeError, ValueError) as error:
        raise RecordError(f"{folder}: cannot be the folder of an index: {error}") from error
    if _writers.get(file) == threading.get_ident():
        yield real
        return
    handle = _taken(folder, file)
    _writers[file] = threading.get_ident()
    try:
        _sign(folder, handle, command or " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]))
        yield real
    finally:
        del _writers[file]
        give(handle, file)


def _taken(folder: Path, file: Path) -> int:
    try:
        make_folder(file.parent)
        return take(file)
    except BlockingIOError:
        raise RecordError(
            f"{folder}: is being written by {_owner(file)}; nothing was changed. Try again when that is done"
        ) from None
    except OSError as error:
        if error.errno in _NO_LOCKS:
            raise RecordError(
                f"{folder}: its file system has no locks ({error.strerror}), so two could write it at once; "
                "choose a folder on another"
            ) from error
        raise RecordError(f"{folder}: cannot be written: {error.strerror or error}") from error


def _sign(folder: Path, handle: int, command: str) -> None:
    try:
        os.ftruncate(handle, 0)
        owner = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "user": _user(),
            # The file has just changed, by the clock of whoever keeps it.
            "since": datetime.fromtimestamp(int(os.fstat(handle).st_mtime), UTC).isoformat().replace("+00:00", "Z"),
            "command": command,
        }
        os.pwrite(handle, (json.dumps(owner) + "\n").encode(), 0)
    except OSError as error:
        raise RecordError(f"{folder}: cannot be written: {error.strerror or error}") from error


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return str(os.getuid())


def _owner(file: Path) -> str:
    """Return in words who holds a lock."""
    for _ in range(_READS):
        try:
            owner = json.loads(file.read_text(encoding="utf-8"))
            return (
                f"process {owner['pid']} of {owner['user']} on {owner['host']} since {owner['since']} "
                f"({owner['command']})"
            )
        except (OSError, ValueError, KeyError, TypeError):
            # It has the lock and is about to say who it is.
            time.sleep(_PAUSE)
    return "another process"
