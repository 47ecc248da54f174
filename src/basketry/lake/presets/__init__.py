"""Presets: files of known makers, each read into the columns of a table; one maker, one small file."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal, Protocol

import polars as pl

from basketry.core.errors import DataError, nearest_hint

Stamp = Literal["start", "end"]


class Reader(Protocol):
    """Reads one file into a frame, all columns as the file has them."""

    def __call__(self, path: Path) -> pl.DataFrame:
        """Return the rows of a file."""
        ...


@dataclass(frozen=True)
class Preset:
    """How a maker's files become a table.

    Attributes:
        name: The word for --preset.
        summary: What the files are, and where they come from.
        columns: Column of the file by column of the table.
        stamp: Whether a bare date names the start or the end of its day.
        source: Name under which tickers are looked up among the aliases.
        asset_from_name: The asset is the file's name, for files that hold one asset.
        read: Reader, where the file is not a plain table.
    """

    name: str
    summary: str
    columns: Mapping[str, str]
    stamp: Stamp | None = None
    source: str = "*"
    asset_from_name: bool = False
    read: Reader | None = field(default=None, repr=False)


@cache
def presets() -> Mapping[str, Preset]:
    """Return every preset by name: the `PRESET` of each module of this package."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        preset = importlib.import_module(f"{__name__}.{module.name}").PRESET
        found[preset.name] = preset
    return dict(sorted(found.items()))


def get_preset(name: str) -> Preset:
    """Return the preset of a name, or raise DataError with the nearest."""
    try:
        return presets()[name]
    except KeyError:
        raise DataError(
            f"unknown preset {name!r}{nearest_hint(name, presets())}; presets: {', '.join(presets())}"
        ) from None
