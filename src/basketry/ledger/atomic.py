"""Files and folders that are either the old ones or the new ones, never something between."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from basketry.core.errors import RecordError
from basketry.disk.whole import sync_folder, write_synced, write_whole
from basketry.ledger.lock import writing
from basketry.ledger.others import carry, settle

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_MANIFEST = "manifest.json"


def write_folder(target: Path, files: Mapping[str, bytes]) -> None:
    """Write the files of a folder so that a kill at any moment leaves the earlier folder whole, or the new one.

    The files are written and synced beside the target, whatever else lies in the target is linked beside them, and the
    two folders change places in one step: a reader sees files of one writing only, and at any moment the folder holds
    what its user keeps there. A file that the earlier manifest names and the new writing does not make is gone. A
    link to a folder stays a link. One process writes at a time; who reads the folder before holds `writing` over both.

    Raises:
        RecordError: The target is a file, or a folder that does not look like a published index; somebody else writes
            it; or it cannot be written.
    """
    with writing(target) as real:
        try:
            if real.is_file() or (real.is_dir() and any(real.iterdir()) and not (real / _MANIFEST).is_file()):
                raise RecordError(f"{target}: exists and is not the folder of an index; choose another --out")
            _restore(real)
            with _beside(real) as fresh:
                _fill(fresh, real, files)
        except OSError as error:
            raise RecordError(f"{target}: cannot be written: {error.strerror or error}") from error


def _fill(fresh: Path, real: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        write_synced(fresh / name, content)
    if not real.exists():
        sync_folder(fresh)
        fresh.rename(real)
        sync_folder(real.parent)
        return
    own = {*files, *_named(real / _MANIFEST)}
    carried = carry(real, fresh, own)
    sync_folder(fresh)
    earlier = _exchange(fresh, real)
    sync_folder(real.parent)
    settle(earlier, real, carried, own)
    shutil.rmtree(earlier, ignore_errors=True)


def _named(manifest: Path) -> set[str]:
    """Return the files that the manifest of a folder names, beside itself."""
    try:
        return {_MANIFEST, *map(str, json.loads(manifest.read_bytes())["files"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {_MANIFEST}


def clear_unfinished(real: Path) -> None:
    """Take away what a killed writing of a folder left beside it; its lock is held."""
    # Exactly the names that are made here: those of an index whose name begins alike are another's.
    made = re.compile(rf"\.{re.escape(real.name)}\.[a-z0-9_]{{8}}\.unfinished")
    for left in real.parent.iterdir() if real.parent.is_dir() else ():
        if made.fullmatch(left.name):
            shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _beside(real: Path) -> Iterator[Path]:
    clear_unfinished(real)
    folder = Path(tempfile.mkdtemp(prefix=f".{real.name}.", suffix=".unfinished", dir=real.parent))
    try:
        folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _earlier(real: Path) -> Path:
    return real.with_name(f".{real.name}.earlier")


def _exchange(fresh: Path, real: Path) -> Path:
    """Let two folders change places, and return where the earlier one is: in one step where the system can."""
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "renameat2"):
        result = libc.renameat2(
            _AT_FDCWD, os.fsencode(fresh), _AT_FDCWD, os.fsencode(real), ctypes.c_uint(_RENAME_EXCHANGE)
        )
        if result == 0:
            return fresh
        code = ctypes.get_errno()
        if code not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
            raise OSError(code, os.strerror(code), str(real))
    earlier = _earlier(real)
    real.rename(earlier)
    try:
        fresh.rename(real)
    except OSError:
        earlier.rename(real)
        raise
    return earlier


def _restore(real: Path) -> None:
    """Put an earlier folder back where there is none, and away where there is; its lock is held."""
    earlier = _earlier(real)
    if earlier.is_dir():
        if real.exists():
            shutil.rmtree(earlier)
        else:
            earlier.rename(real)
            sync_folder(real.parent)


def recover(target: Path) -> None:
    """Put an earlier folder back where a kill fell between the two renames of a system without exchange.

    Raises:
        RecordError: It cannot be put back, or somebody is just writing the folder.
    """
    real = target.resolve()
    if real.exists() or not _earlier(real).is_dir():
        return
    with writing(target):
        try:
            _restore(real)
        except OSError as error:
            raise RecordError(f"{target}: cannot be put back: {error.strerror or error}") from error


def write_file(target: Path, content: bytes) -> None:
    """Write a file so that it is the old one or the new one at any moment.

    Raises:
        RecordError: It cannot be written.
    """
    try:
        write_whole(target, content)
    except OSError as error:
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
        sync_folder(target.parent)
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
