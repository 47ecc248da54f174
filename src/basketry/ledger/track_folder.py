"""The folders of what follows an index: what is in them and how that of a portfolio is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import BaseModel, ConfigDict

from basketry.core.errors import MethodologyError, RecordError
from basketry.ledger.folder import parquet_bytes, read_table
from basketry.ledger.manifest import Facts, Form, read_manifested
from basketry.methodology.parse import dump_yaml, parse_yaml

TABLES = ("levels", "orders", "attribution", "figures")
PAGE = "report.html"


class _Index(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    symbol: str
    methodology: str
    inputs: str


class _TrackFacts(Facts):
    index: _Index


FORM = Form("tracking", (1,), lambda _: (*(f"{name}.parquet" for name in TABLES), "track.yaml", PAGE), _TrackFacts)
FRONTIER = Form("frontier", (1, 2), lambda _: ("frontier.parquet", "frontier.html"))
VAULT = Form("vault", (1, 2), lambda _: ("levels.parquet", "orders.parquet", "postings.parquet"))


@dataclass(frozen=True, eq=False)
class TrackFolder:
    """A tracking result as read from its folder, every file as the manifest says."""

    path: Path
    terms: Mapping[str, Any]
    manifest: Mapping[str, Any]
    tables: Mapping[str, pl.DataFrame]
    page: str


def track_files(tables: Mapping[str, pl.DataFrame], terms: Mapping[str, Any], page: str) -> dict[str, bytes]:
    """Return the files of a folder by name, without its manifest."""
    files = {f"{name}.parquet": parquet_bytes(tables[name]) for name in TABLES}
    files["track.yaml"] = dump_yaml(dict(terms)).encode()
    files[PAGE] = page.encode()
    return files


def read_track_folder(path: Path) -> TrackFolder:
    """Return the tracking result in a folder.

    Raises:
        RecordError: A file is missing, altered or unreadable; the message names it.
    """
    manifest, content = read_manifested(path, FORM)
    try:
        terms = parse_yaml(content["track.yaml"].decode())
        page = content[PAGE].decode()
    except (UnicodeDecodeError, MethodologyError) as error:
        raise RecordError(f"{path}: not a folder of a tracking result: {error}") from error
    if not isinstance(terms, dict):
        raise RecordError(f"{path / 'track.yaml'}: expected terms such as `policy: {{bands: 0.1}}`")
    tables = {name: read_table(path, name, content[f"{name}.parquet"]) for name in TABLES}
    return TrackFolder(path, terms, manifest, tables, page)
