"""Locks of files that the system takes back when their holder ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

_handles: set[int] = set()


def take(file: Path, *, make: bool = True) -> int:
    """Make a file where there is none, take its lock, and return the handle that holds it until `give` or `release`.

    A file that a killed holder left is no obstacle: the lock went with the holder.

    Raises:
        BlockingIOError: Somebody else holds it.
        FileNotFoundError: There is none, and none is to be made.
        OSError: The file cannot be made, or its file system has no locks.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "lock"
    >>> give(take(file), file)
    >>> file.exists()
    False
    """
    while True:
        handle, mine = _opened(file, make)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(handle, file):
                if mine:
                    _handles.add(handle)
                    return handle
                # Left by a killed process of another user: it can be removed, not written.
                file.unlink()
        except BaseException:
            os.close(handle)
            raise
        # The holder before has removed the file, so that whoever comes next makes another one.
        os.close(handle)


def give(handle: int, file: Path) -> None:
    """Remove a file whose lock is held, and give the lock back."""
    file.unlink(missing_ok=True)
    release(handle)


def release(handle: int) -> None:
    """Give a lock back and leave its file."""
    _handles.discard(handle)
    os.close(handle)


def _is_at(handle: int, file: Path) -> bool:
    """Return whether a handle is of the file that has the name now."""
    try:
        return os.path.samestat(os.fstat(handle), file.stat())
    except FileNotFoundError:
        return False


def _opened(file: Path, make: bool) -> tuple[int, bool]:
    """Return a handle, and whether the file can be written to."""
    try:
        return os.open(file, os.O_RDWR | (os.O_CREAT if make else 0), 0o644), True
    except PermissionError:
        if not file.exists():
            raise
        return os.open(file, os.O_RDONLY), False


def _forget() -> None:
    """Close the handles that a forked process got from its parent, which would keep a lock beyond the parent's end."""
    for handle in _handles:
        os.close(handle)
    _handles.clear()


os.register_at_fork(after_in_child=_forget)
