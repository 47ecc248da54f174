"""Files on this machine, asked as a file system of fsspec is, so that fsspec is loaded for lakes elsewhere alone."""

from __future__ import annotations

import os
from pathlib import Path


class LocalFiles:
    """What a lake asks of a file system; paths are absolute, with slashes."""

    protocol = "file"

    @staticmethod
    def takes(address: str) -> bool:
        """Return whether an address is a path and not a URL.

        >>> LocalFiles.takes("lakes/one"), LocalFiles.takes("s3://bucket/lake")
        (True, False)
        """
        return "://" not in address and "::" not in address

    @staticmethod
    def root(address: str) -> str:
        """Return the absolute path of an address, with the home of the user for ~."""
        return Path(os.path.abspath(os.path.expanduser(address))).as_posix()  # noqa: PTH100, PTH111 - keeps links

    def exists(self, path: str) -> bool:
        """Return whether there is such a file or folder."""
        return Path(path).exists()

    def isdir(self, path: str) -> bool:
        """Return whether there is such a folder."""
        return Path(path).is_dir()

    def ls(self, path: str, *, detail: bool = False, refresh: bool = True) -> list[str]:
        """Return the paths of what lies in a folder."""
        del detail, refresh
        return [f"{path}/{name}" for name in os.listdir(path)]  # noqa: PTH208 - names are all that is asked

    def find(self, path: str, *, refresh: bool = True) -> list[str]:
        """Return the paths of all files below a folder."""
        del refresh
        return [f"{folder}/{name}" for folder, _, names in os.walk(path, followlinks=True) for name in names]

    def size(self, path: str) -> int:
        """Return the bytes of a file."""
        return Path(path).stat().st_size

    def cat_file(self, path: str) -> bytes:
        """Return the content of a file."""
        return Path(path).read_bytes()

    def rm_file(self, path: str) -> None:
        """Remove a file."""
        Path(path).unlink()
