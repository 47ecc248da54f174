"""Files below the address of a lake, whole or absent; parts that carry their own digest in their names."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import IO, Any

import polars as pl

from basketry.core.digest import digest_bytes
from basketry.core.errors import DataError
from basketry.disk.whole import write_whole
from basketry.lake.local import LocalFiles
from basketry.lake.together import adding, name_of, remove_left, unfinished

_PART = re.compile(r"^(\d{6})-([0-9a-f]{12})(?:-[0-9a-f]{8})?(?:-[a-z]+)?\.parquet$")
_TOGETHER = "together"
_checked: dict[str, tuple[int, int, int] | None] = {}
"""Parts that this process has checked, with the inode, size and time of change that they had."""


class Files:
    """Files of a lake by their path below its address, local or at any fsspec address.

    Args:
        address: A local path, or an fsspec address such as s3://bucket/lake or memory://lake.

    Raises:
        DataError: The address cannot be understood.

    >>> files = Files("memory://doctest")
    >>> files.write("a/b.txt", b"text")
    >>> files.read("a/b.txt"), files.names("a"), files.exists("a/c.txt")
    (b'text', ['b.txt'], False)
    """

    def __init__(self, address: str | PathLike[str]) -> None:
        self.address = str(address)
        self._system, self._root = _system_of(self.address)
        self._adding: str | None = None
        protocol = self._system.protocol
        self._is_local = "file" in ((protocol,) if isinstance(protocol, str) else tuple(protocol))

    def full(self, path: str) -> str:
        """Return the whole path of a file."""
        return f"{self._root}/{path}"

    def local(self, path: str) -> Path | None:
        """Return the path of a file on this machine; None where the lake is elsewhere."""
        return Path(self.full(path)) if self._is_local else None

    def exists(self, path: str) -> bool:
        """Return whether there is such a file."""
        return bool(self._system.exists(self.full(path)))

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder, sorted; none where there is no such folder."""
        full = self.full(folder).rstrip("/")
        if not self._system.isdir(full):
            return []
        return sorted(path.rsplit("/", 1)[-1] for path in self._system.ls(full, detail=False, refresh=True))

    def below(self, folder: str) -> list[str]:
        """Return the paths of all files below a folder, sorted, without parts that are being added by others."""
        return self._seen(lambda: self.all_below(folder))

    def all_below(self, folder: str) -> list[str]:
        """Return the paths of all files below a folder, sorted."""
        full = self.full(folder).rstrip("/")
        if not self._system.isdir(full):
            return []
        return sorted(path[len(self._root) :].strip("/") for path in self._system.find(full, refresh=True))

    def size(self, path: str) -> int:
        """Return the bytes of a file."""
        return int(self._system.size(self.full(path)))

    def read(self, path: str) -> bytes:
        """Return the bytes of a file.

        Raises:
            DataError: It cannot be read.
        """
        try:
            return bytes(self._system.cat_file(self.full(path)))
        except OSError as error:
            raise DataError(f"{self.full(path)}: cannot be read: {error.strerror or error}") from error

    def write(self, path: str, content: bytes) -> None:
        """Write a file; it is whole or absent, and on this machine synced with its folder.

        Raises:
            DataError: It cannot be written.
        """
        full = self.full(path)
        try:
            if self._is_local:
                write_whole(Path(full), content)
                return
            self._system.makedirs(full.rpartition("/")[0], exist_ok=True)
            self._system.pipe_file(full, content)
        except OSError as error:
            raise DataError(f"{full}: cannot be written: {error.strerror or error}") from error

    # Parts

    def parts(self, folder: str) -> list[str]:
        """Return the paths of the parts in a folder, oldest first, without those that are being added by others."""
        return self._seen(lambda: self._all_parts(folder))

    def _all_parts(self, folder: str) -> list[str]:
        names = [name for name in self.names(folder) if _PART.match(name)]
        return [f"{folder}/{name}" for name in sorted(names, key=_age)]

    def _seen(self, listed: Callable[[], list[str]]) -> list[str]:
        # Asked before and after, so that what ends while the list is made is left out whole.
        before, paths = unfinished(self), listed()
        if all(name_of(path) is None for path in paths):
            return paths
        hidden = (before | unfinished(self)) - {self._adding}
        return [path for path in paths if name_of(path) not in hidden]

    @contextmanager
    def together(self) -> Iterator[None]:
        """Add parts that others see all at once when this ends, and never where it fails or is killed."""
        if self._adding is not None:
            yield
            return
        with adding(self) as self._adding:
            try:
                yield
            finally:
                self._adding = None

    def require_rest(self) -> None:
        """Raise DataError where parts are being added together, whose place among the others must stay."""
        remove_left(self)
        left = sorted(unfinished(self))
        if left:
            raise DataError(
                f"{self.address}: an import is being written; try again when it is done "
                f"(where none is, remove the file .unfinished-{left[0]} and the parts with {left[0]} in their names)"
            )

    def add_part(self, folder: str, content: bytes, kind: str = "", *, once: bool = False) -> str | None:
        """Add a part and return its path; None where the last part has the same bytes, or any part where `once`."""
        digest = digest_bytes(content)[:12]
        parts = self.parts(folder)
        if any(part_digest(path) == digest for path in (parts if once else parts[-1:])):
            return None
        last = self._all_parts(folder)[-1:]
        number = int(last[0].rsplit("/", 1)[-1][:6]) + 1 if last else 1
        labels = "".join(f"-{label}" for label in (self._adding, kind) if label)
        path = f"{folder}/{number:06d}-{digest}{labels}.parquet"
        self.write(path, content)
        return path

    def replace_parts(self, folder: str, old: Sequence[str], content: bytes) -> str:
        """Put one part in the place of some, the oldest of a folder, and return its path.

        The new part is written whole before the old ones go, oldest first, so that whoever reads meanwhile, or after
        this was broken off, finds the same rows: they are those of the new part, and what is left of the old ones
        says the same. It has the number of the last of them, so that a part added by somebody else in the meantime
        is later and keeps the last word.
        """
        number = int(old[-1].rsplit("/", 1)[-1][:6])
        path = f"{folder}/{number:06d}-{digest_bytes(content)[:12]}-{_TOGETHER}.parquet"
        self.write(path, content)
        for earlier in old:
            if earlier != path:
                self.remove(earlier)
        return path

    def remove(self, path: str) -> None:
        """Remove a file; nothing happens where it is gone already.

        Raises:
            DataError: It cannot be removed.
        """
        try:
            self._system.rm_file(self.full(path))
        except FileNotFoundError:
            return
        except OSError as error:
            raise DataError(f"{self.full(path)}: cannot be removed: {error.strerror or error}") from error

    def once_checked(self, path: str) -> None:
        """Check a part, unless this process did and the file has not changed since.

        Raises:
            DataError: Its bytes do not have the digest in its name.
        """
        stamp = self._stamp(path)
        if _checked.get(self.full(path)) != stamp or stamp is None:
            self.check_part(path)
            _checked[self.full(path)] = stamp

    def _stamp(self, path: str) -> tuple[int, int, int] | None:
        local = self.local(path)
        if local is None:
            return None
        try:
            state = local.stat()
        except OSError as error:
            raise DataError(f"{local}: cannot be read: {error.strerror or error}") from error
        return state.st_ino, state.st_size, state.st_mtime_ns

    def read_part(self, path: str) -> pl.DataFrame:
        """Return the rows of a part.

        Raises:
            DataError: It cannot be read, or is not what was written.
        """
        return self._parquet(path, self.check_part(path))

    def read_parts(self, paths: Sequence[str]) -> list[pl.DataFrame]:
        """Return the rows of some parts in their order, every part checked: one frame where all have the same columns.

        Raises:
            DataError: A part cannot be read, or is not what was written.
        """
        contents = [self.check_part(path) for path in paths]
        streams: list[IO[bytes]] = [io.BytesIO(content) for content in contents]
        try:
            # One call for all parts costs a fraction of a call for each.
            return [pl.read_parquet(streams)] if streams else []
        except (OSError, pl.exceptions.PolarsError):
            return [self._parquet(path, content) for path, content in zip(paths, contents, strict=True)]

    def _parquet(self, path: str, content: bytes) -> pl.DataFrame:
        try:
            return pl.read_parquet(io.BytesIO(content))
        except (OSError, pl.exceptions.PolarsError) as error:
            first = (str(error).splitlines() or [type(error).__name__])[0]
            raise self._damaged(path, f"cannot be read as Parquet ({first})") from error

    def check_part(self, path: str) -> bytes:
        """Return the bytes of a part that is what was written.

        Raises:
            DataError: Its bytes do not have the digest in its name.
        """
        content = self.read(path)
        if digest_bytes(content)[:12] != part_digest(path):
            raise self._damaged(path, "is not what was written: its bytes do not have the digest in its name")
        return content

    def _damaged(self, path: str, what: str) -> DataError:
        return DataError(f"{self.full(path)}: {what}; remove the file and import its source again")


def _system_of(address: str) -> tuple[Any, str]:
    """Return the file system of an address, and the path there."""
    if LocalFiles.takes(address):
        return LocalFiles(), LocalFiles.root(address)
    import fsspec

    try:
        system, root = fsspec.core.url_to_fs(address)
    except (ValueError, ImportError) as error:
        raise DataError(f"{address}: not an address of a lake: {error}") from error
    return system, root


def _age(name: str) -> tuple[str, bool, str]:
    """Return the key by which parts are in the order of their age."""
    # Of one number, the part that others were made into is older than one that was added while it was made.
    return name[:6], not name.endswith(f"-{_TOGETHER}.parquet"), name


def part_digest(path: str) -> str | None:
    """Return the digest in the name of a part; None where the file is no part.

    >>> part_digest("daily/000001-0123456789ab.parquet")
    '0123456789ab'
    """
    found = _PART.match(path.rsplit("/", 1)[-1])
    return found.group(2) if found else None
