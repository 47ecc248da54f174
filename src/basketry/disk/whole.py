"""Files that are the old ones or the new ones at any moment, and that stay when the machine stops."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def write_whole(target: Path, content: bytes) -> None:
    """Write a file so that it is the old one or the new one at any moment, also after the machine stopped.

    The content is written beside and synced, then renamed, then the folder is synced. A link is written through. What
    is no file of a disk, as /dev/stdout, is written as it is.

    Raises:
        OSError: It cannot be written; the earlier file is as it was and nothing is left beside it.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "new" / "levels.csv"
    >>> write_whole(file, b"1,2")
    >>> file.read_bytes(), len(list(file.parent.iterdir()))
    (b'1,2', 1)
    """
    # /dev/stdout may lead to a file that whoever started the process writes to.
    if target.absolute().parts[1:2] == ("dev",) or (target.exists() and not target.is_file()):
        target.write_bytes(content)
        return
    target = target.resolve()
    make_folder(target.parent)
    beside = target.with_name(f".{target.name}.{os.getpid()}.unfinished")
    try:
        write_synced(beside, content)
        beside.replace(target)
    except BaseException:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)


def write_synced(file: Path, content: bytes) -> None:
    """Write a file and wait until the disk has it; its name is on the disk once its folder is synced."""
    with file.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def make_folder(folder: Path) -> None:
    """Make a folder and those above it that are missing, and wait until the disk has them."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in reversed(missing):
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names in a folder."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
