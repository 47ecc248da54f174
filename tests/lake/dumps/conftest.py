"""A dump from its lines to its rows."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from basketry.core.frames import TICK_TABLES
from basketry.lake.dumps import DumpReport, read_dump

NOW = datetime(2026, 1, 1, tzinfo=UTC)

Read = Callable[..., tuple[pl.DataFrame, DumpReport]]


@pytest.fixture
def now() -> datetime:
    """An instant after every row of these tests."""
    return NOW


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write the text of a dump, read it, and return its rows of all markets and the report."""

    def written_and_read(
        text: str | bytes, form: str, *, name: str = "dump.csv", **terms: Any
    ) -> tuple[pl.DataFrame, DumpReport]:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        dump = read_dump(path, form, now=NOW, **terms)
        schema = TICK_TABLES[dump.report.table]
        rows = pl.concat([schema.empty(), *(schema.check(chunk.frame) for chunk in dump)])
        return rows, dump.report

    return written_and_read
