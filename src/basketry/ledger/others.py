"""What lies in a folder beside the files that the project wrote there: notes, a .git, folders of one's own."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from basketry.core.errors import RecordError
from basketry.disk.whole import sync_folder

_NO_LINK = (errno.EPERM, errno.EXDEV, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


def carry(earlier: Path, fresh: Path, own: Collection[str]) -> list[Path]:
    """Put all files of a folder that are not the project's own into another, and return their paths in it.

    Files are linked, so that they cost nothing and are the same files; copied where the system cannot link.

    Args:
        earlier: The folder as it stands. fresh: The folder that will take its place.
        own: Names of files at the top that the project wrote.

    Raises:
        RecordError: One has the name of a file of the project, or another disk is mounted within the folder.
    """
    found = list(_carried(earlier, fresh, own))
    _like(earlier, fresh)
    return [path.relative_to(fresh) for path in found]


def _carried(earlier: Path, fresh: Path, own: Collection[str]) -> Iterator[Path]:
    with os.scandir(earlier) as entries:
        for entry in entries:
            place = fresh / entry.name
            if not entry.is_dir(follow_symlinks=False):
                if entry.name not in own:
                    _link(Path(entry.path), place)
                    yield place
                continue
            if os.path.ismount(entry.path):
                raise RecordError(f"{entry.path}: another disk is mounted there; move it out of the folder")
            if place.exists():
                raise RecordError(f"{entry.path}: is a folder where a file of that name belongs; move it away")
            place.mkdir()
            yield from _carried(Path(entry.path), place, ())
            _like(Path(entry.path), place)
            sync_folder(place)


def _like(source: Path, place: Path) -> None:
    """Give a folder the owner, mode and times of another, as far as allowed."""
    state = source.stat()
    with suppress(PermissionError):
        os.chown(place, state.st_uid, state.st_gid)
    shutil.copystat(source, place)


def _link(source: Path, place: Path) -> None:
    try:
        os.link(source, place, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        shutil.copy2(source, place, follow_symlinks=False)
        if not place.is_symlink():
            with place.open("rb") as stream:
                os.fsync(stream.fileno())


def settle(earlier: Path, now: Path, carried: Collection[Path], own: Collection[str]) -> None:
    """Bring over what others changed in the earlier folder between `carry` and the exchange, as far as it can be.

    Files that came are moved, those that changed replaced, those that went removed.
    """
    with suppress(OSError):
        for path in carried:
            if not os.path.lexists(earlier / path):
                (now / path).unlink(missing_ok=True)
        _moved(earlier, now, own)


def _moved(earlier: Path, now: Path, own: Collection[str]) -> None:
    with os.scandir(earlier) as entries:
        for entry in entries:
            place = now / entry.name
            if entry.is_dir(follow_symlinks=False) and place.is_dir():
                _moved(Path(entry.path), place, ())
            elif entry.name not in own and _is_newer(entry.stat(follow_symlinks=False), place):
                Path(entry.path).rename(place)


def _is_newer(state: os.stat_result, place: Path) -> bool:
    try:
        there = place.lstat()
    except FileNotFoundError:
        return True
    # A copy has the time of its source.
    return not os.path.samestat(state, there) and state.st_mtime_ns > there.st_mtime_ns
