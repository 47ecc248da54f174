"""Opening a dump: CSV, CSV.gz or a zip with one CSV inside, as blocks of whole lines in bounded memory."""

from __future__ import annotations

import gzip
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from basketry.core.errors import DataError

LINE_MAX = 1 << 20
RATIO_MAX = 200
"""Text of market data packs 3 to 20 times; a file that unpacks to far more is not one."""

_UNCHECKED = 1 << 26
_BOM = b"\xef\xbb\xbf"


def blocks(path: Path, size: int) -> Iterator[bytes]:
    """Yield a file as blocks of about `size` bytes, each of whole lines.

    Each line ends with a line feed, but for a last line of the file that does not, which is a block of its own. Blank
    lines at the end of the file are dropped, as is a byte order mark.

    Raises:
        DataError: The file is missing, of another kind, broken, cut short, or unpacks to more than 200 times its size.
    """
    rest, first, unpacked = b"", True, 0
    packed = path.stat().st_size if path.is_file() else 0
    try:
        with _opened(path) as stream:
            while data := stream.read(size):
                unpacked += len(data)
                if unpacked > _UNCHECKED and unpacked > RATIO_MAX * packed:
                    raise DataError(
                        f"{path}: unpacks to more than {RATIO_MAX} times its size, which no market data do; "
                        "unpack it yourself if you trust it"
                    )
                block = rest + data
                if first:
                    block, first = block.removeprefix(_BOM), False
                # Blank lines wait for a line after them, so that those at the end of the file are no rows.
                whole = block[: block.rfind(b"\n") + 1]
                content = len(whole.rstrip(b"\r\n"))
                end = whole.find(b"\n", content) + 1 if content else 0
                rest = block[end:]
                if len(rest) > LINE_MAX:
                    raise DataError(f"{path}: has a line of more than {LINE_MAX} bytes; it is not a CSV file")
                if end:
                    yield block[:end]
    except (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError) as error:
        raise DataError(f"{path}: is broken or cut short ({error}); download it again") from error
    except (OSError, RuntimeError, NotImplementedError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    if last := rest.rstrip(b"\r\n"):
        yield last


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes] | gzip.GzipFile]:
    if not path.is_file():
        raise DataError(f"{path}: there is no such file")
    name = path.name.lower()
    if name.endswith(".gz"):
        with gzip.open(path, "rb") as stream:
            yield stream
    elif name.endswith(".zip"):
        with zipfile.ZipFile(path) as archive, archive.open(_only_csv(path, archive)) as member:
            yield member
    elif name.endswith((".csv", ".txt")):
        with path.open("rb") as stream:
            yield stream
    else:
        raise DataError(
            f"{path}: a dump is .csv, .csv.gz, .zip with one CSV inside, or .parquet; this is {path.suffix!r}"
        )


def _only_csv(path: Path, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [
        info
        for info in archive.infolist()
        if info.filename.lower().endswith(".csv") and not info.filename.startswith("__MACOSX/")
    ]
    if len(members) != 1:
        found = ", ".join(info.filename for info in members[:3]) or "none"
        raise DataError(f"{path}: holds {len(members)} CSV files ({found}); unpack it and read each file by itself")
    if members[0].flag_bits & 1:
        raise DataError(f"{path}: is encrypted; unpack it first")
    return members[0]
