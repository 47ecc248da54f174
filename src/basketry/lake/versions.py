"""Rows that correct what a table holds: kept as later versions, so that what was made of the earlier ones stays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from basketry.core.frames import Schema


@dataclass(frozen=True, eq=False)
class Versions:
    """Rows as they are to be written.

    Attributes:
        rows: New rows and corrections, in this order.
        corrected: How many of them correct rows that the table holds.
        unchanged: Rows left out, for the table holds the same in one of its versions.
    """

    rows: pl.DataFrame
    corrected: int
    unchanged: int


def as_versions(schema: Schema, rows: pl.DataFrame, held: pl.DataFrame, now: datetime) -> Versions:
    """Return rows so that none of them without a time of knowledge takes the place of a row that a table holds.

    One whose time and names the table holds with other figures gets `now` as the time at which it was known. Rows that
    say when they were known, and tables without versions, are left as they are.

    Args:
        schema: Of the table.
        rows: Conform to it.
        held: Rows of the table.
        now: The instant of the import.

    >>> from datetime import UTC
    >>> from basketry.core.frames import RATES
    >>> day = datetime(2020, 1, 1, tzinfo=UTC)
    >>> held = RATES.conform(pl.DataFrame({"time": [day], "rate": ["EURUSD"], "value": [1.1]}))
    >>> found = as_versions(RATES, held.with_columns(value=1.2), held, datetime(2020, 2, 1, tzinfo=UTC))
    >>> found.corrected, found.rows["known_at"][0].isoformat()
    (1, '2020-02-01T00:00:00+00:00')
    >>> as_versions(RATES, held, held, day).unchanged
    1
    """
    if "known_at" not in schema.key or held.is_empty():
        return Versions(rows, 0, 0)
    figures = [name for name in schema.columns if name != "known_at"]
    place = [name for name in schema.key if name != "known_at"]
    stated = rows.filter(pl.col("known_at").is_not_null())
    unstated = rows.filter(pl.col("known_at").is_null())
    news = unstated.join(held, on=figures, how="anti", nulls_equal=True, maintain_order="left")
    fresh = news.join(held, on=place, how="anti", nulls_equal=True, maintain_order="left")
    corrections = news.join(held, on=place, how="semi", nulls_equal=True, maintain_order="left").with_columns(
        known_at=pl.lit(now).cast(schema.dtypes["known_at"])
    )
    return Versions(pl.concat([stated, fresh, corrections]), corrections.height, unstated.height - news.height)
