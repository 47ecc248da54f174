"""From a block of lines to columns: quickly where every line is sound, carefully where one is not."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from basketry.lake.dumps.layout import Layout

FIELDS = "number of fields"
LINE = "line"

_UNTIDY = (b'"', b", ", b" ,", b" \n", b"\t", b"\x00")
"""What calls for the care of trimming every field."""


def read_quickly(block: bytes, layout: Layout, dtypes: Mapping[str, pl.DataType]) -> pl.DataFrame | None:
    """Return the columns of a block, or None where a line may not have the columns and types of the layout."""
    if any(mark in block for mark in _UNTIDY):
        return None
    names = layout.names
    schema = {name: dtypes.get(name, pl.String()) for name in names}
    try:
        frame = pl.read_csv(block, has_header=False, schema=schema, columns=layout.read, quote_char=None)
    except pl.exceptions.PolarsError:
        return None
    commas = int(np.count_nonzero(np.frombuffer(block, np.uint8) == ord(",")))
    if commas != frame.height * (len(names) - 1) or frame[names[-1]].null_count():
        return None
    return frame


def read_carefully(block: bytes, layout: Layout) -> pl.DataFrame:
    """Return the columns of a block as trimmed texts, each whole `line`, and its number of fields, 0 if blank.

    Empty fields are null. A field may stand in double quotes. Bytes that are no UTF-8 become question marks.
    """
    text = block.decode("utf-8", errors="replace").replace("\x00", "\ufffd")
    lines = pl.Series(LINE, text.split("\n")[:-1], dtype=pl.String)
    names = layout.names
    parts = lines.str.split(",")
    columns = [_clean(parts.list.get(place, null_on_oob=True)).alias(names[place]) for place in layout.read]
    fields = pl.when(pl.col(LINE).str.strip_chars() == "").then(0).otherwise(pl.col(FIELDS)).alias(FIELDS)
    return pl.DataFrame([*columns, lines, parts.list.len().alias(FIELDS)]).with_columns(fields)


def _clean(texts: pl.Series) -> pl.Series:
    trimmed = texts.str.strip_chars().str.replace(r'^"(.*)"$', "$1").str.strip_chars()
    return trimmed.replace("", None)
