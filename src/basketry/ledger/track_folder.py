"""The folder of a portfolio that followed an index: what is in it and how it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from basketry.core.errors import MethodologyError, RecordError
from basketry.ledger.folder import parquet_bytes
from basketry.ledger.manifest import read_manifested, with_manifest
from basketry.methodology.parse import dump_yaml, parse_yaml

FORMAT = 1
KIND = "tracking"
TABLES = ("levels", "orders", "attribution", "figures")


@dataclass(frozen=True, eq=False)
class TrackFolder:
    """A tracking result as read from its folder, every file as the manifest says."""

    path: Path
    terms: Mapping[str, Any]
    manifest: Mapping[str, Any]
    tables: Mapping[str, pl.DataFrame]


def track_files(
    tables: Mapping[str, pl.DataFrame], terms: Mapping[str, Any], page: str, manifest: Mapping[str, Any]
) -> dict[str, bytes]:
    """Return the files of a folder by name."""
    files = {f"{name}.parquet": parquet_bytes(tables[name]) for name in TABLES}
    files["track.yaml"] = dump_yaml(dict(terms)).encode()
    files["report.html"] = page.encode()
    return with_manifest(files, KIND, FORMAT, manifest)


def read_track_folder(path: Path) -> TrackFolder:
    """Return the tracking result in a folder.

    Raises:
        RecordError: A file is missing, altered or unreadable; the message names it.
    """
    manifest, content = read_manifested(path, KIND, FORMAT)
    try:
        terms = parse_yaml(content["track.yaml"].decode())
        tables = {name: pl.read_parquet(content[f"{name}.parquet"]) for name in TABLES}
    except (KeyError, UnicodeDecodeError, MethodologyError, pl.exceptions.PolarsError) as error:
        raise RecordError(f"{path}: not a folder of a tracking result: {error}") from error
    return TrackFolder(path, terms, manifest, tables)
