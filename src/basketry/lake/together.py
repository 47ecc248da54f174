"""Parts that come into a lake together: all of them, or none."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from basketry.core.errors import DataError
from basketry.disk.lock import release, take
from basketry.disk.whole import make_folder, sync_folder

if TYPE_CHECKING:
    from basketry.lake.files import Files

_MARK = ".unfinished-"
_MARKED = re.compile(r"^\.unfinished-([0-9a-f]{8})$")
_OF = re.compile(r"/\d{6}-[0-9a-f]{12}-([0-9a-f]{8})(?:-[a-z]+)?\.parquet$")


def unfinished(files: Files) -> set[str]:
    """Return the names under which parts are being added now, or were when their writer was killed."""
    return {match[1] for name in files.names("") if (match := _MARKED.match(name))}


def name_of(path: str) -> str | None:
    """Return the name under which a part was added together with others; None where it came alone.

    >>> name_of("daily/000001-0123456789ab-89abcdef.parquet"), name_of("daily/000001-0123456789ab.parquet")
    ('89abcdef', None)
    """
    found = _OF.search(path)
    return found[1] if found else None


@contextmanager
def adding(files: Files) -> Iterator[str]:
    """Yield a name: parts that carry it are seen by nobody else before this ends, and are gone where it fails.

    A mark stands at the root of the lake meanwhile, and whoever finds it leaves out the parts with its name. Its
    removal is the one step by which all are seen. On this machine a lock on it tells whether the writer lives: what
    a killed one left is removed when parts are next added. Elsewhere that stays, unseen.

    Raises:
        DataError: The mark cannot be written or removed.
    """
    remove_left(files)
    name, handle = _marked(files)
    seen = False
    try:
        yield name
        files.remove(_MARK + name)
        seen = True
        _sync_root(files)
    finally:
        if not seen:
            # What cannot be removed now stays unseen, for the mark goes last.
            with suppress(DataError):
                _undo(files, name)
        if handle is not None:
            release(handle)


def remove_left(files: Files) -> None:
    """Remove what killed writers left; nothing elsewhere than on this machine, where nobody knows who lives."""
    for name in sorted(unfinished(files)):
        mark = files.local(_MARK + name)
        if mark is None:
            return
        try:
            handle = take(mark, make=False)
        except OSError:
            # Its writer lives, or has just ended.
            continue
        try:
            _undo(files, name)
        finally:
            release(handle)


def _marked(files: Files) -> tuple[str, int | None]:
    while True:
        name = secrets.token_hex(4)
        mark = files.local(_MARK + name)
        if mark is None:
            files.write(_MARK + name, b"")
            return name, None
        try:
            make_folder(mark.parent)
            handle = take(mark)
        except BlockingIOError:
            # Somebody took it for one that was left; another name is as good.
            continue
        except OSError as error:
            raise DataError(f"{files.address}: cannot be written: {error.strerror or error}") from error
        try:
            _sync_root(files)
        except DataError:
            mark.unlink(missing_ok=True)
            release(handle)
            raise
        return name, handle


def _sync_root(files: Files) -> None:
    root = files.local("")
    if root is None:
        return
    try:
        sync_folder(Path(root))
    except OSError as error:
        raise DataError(f"{files.address}: cannot be written: {error.strerror or error}") from error


def _undo(files: Files, name: str) -> None:
    """Remove all parts with a name, then the mark that hides them."""
    # In the name of a part, and of one that was being written.
    label = re.compile(rf"-{name}[-.][^/]*$")
    for path in files.all_below(""):
        if label.search(path) and path != _MARK + name:
            files.remove(path)
    files.remove(_MARK + name)
