"""Files and folders that are either the old ones or the new ones, never something between."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from basketry.core.errors import RecordError

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def write_folder(target: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder of files so that a kill at any moment leaves the earlier folder whole.

    The files are written and flushed beside the target; then the two folders change places in one step.

    Raises:
        RecordError: The target is a file, or a folder that does not look like a published index.
    """
    target = target.absolute()
    if target.is_file() or (target.is_dir() and any(target.iterdir()) and not (target / "manifest.json").is_file()):
        raise RecordError(f"{target}: exists and is not the folder of an index; choose another --out")
    target.parent.mkdir(parents=True, exist_ok=True)
    with _beside(target) as fresh:
        for name, content in files.items():
            with (fresh / name).open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
        _sync(fresh)
        if target.exists():
            _exchange(fresh, target)
        else:
            fresh.rename(target)
        _sync(target.parent)


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    for left in target.parent.glob(f".{target.name}.*.unfinished"):
        shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".unfinished", dir=target.parent))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _exchange(fresh: Path, target: Path) -> None:
    """Let two folders change places: in one step where the system can, else by way of a third name."""
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "renameat2"):
        result = libc.renameat2(
            _AT_FDCWD, os.fsencode(fresh), _AT_FDCWD, os.fsencode(target), ctypes.c_uint(_RENAME_EXCHANGE)
        )
        if result == 0:
            return
        code = ctypes.get_errno()
        if code not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
            raise OSError(code, os.strerror(code), str(target))
    earlier = target.with_name(f".{target.name}.earlier")
    shutil.rmtree(earlier, ignore_errors=True)
    target.rename(earlier)
    fresh.rename(target)
    shutil.rmtree(earlier, ignore_errors=True)


def recover(target: Path) -> None:
    """Put an earlier folder back where a kill fell between the two renames of a system without exchange."""
    earlier = target.with_name(f".{target.name}.earlier")
    if earlier.is_dir() and not target.exists():
        earlier.rename(target)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_file(target: Path, content: bytes) -> None:
    """Write a file so that it is the old one or the new one at any moment.

    Raises:
        RecordError: It cannot be written.
    """
    beside = target.with_name(f".{target.name}.{os.getpid()}.unfinished")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(target)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise RecordError(f"{target}: cannot be written: {error.strerror or error}") from error


def write_new_private_file(target: Path, content: bytes) -> None:
    """Write a file that only its owner can read (mode 0600), whole or not at all, and never over another.

    Raises:
        RecordError: There is something of that name, or it cannot be written.
    """
    beside = target.with_name(f".{target.name}.{os.getpid()}.unfinished")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise RecordError(f"{target}: cannot be written: {error.strerror or error}") from error
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        _name_once(beside, target)
        _sync(target.parent)
    except FileExistsError as error:
        raise RecordError(f"{target}: exists and is not overwritten; choose another name") from error
    except OSError as error:
        raise RecordError(f"{target}: cannot be written: {error.strerror or error}") from error
    finally:
        beside.unlink(missing_ok=True)


def _name_once(beside: Path, target: Path) -> None:
    """Give a file its name unless something has it."""
    try:
        target.hardlink_to(beside)
    except OSError as error:
        # A stick formatted as FAT knows no links.
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS):
            raise
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from error
        beside.rename(target)
