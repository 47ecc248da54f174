"""Rows that correct what a table holds: kept as later versions, so that what was made of the earlier ones stays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from basketry.core.frames import Schema
from basketry.core.order import ascending

_SINCE = "since"
_HELD = "_held"


@dataclass(frozen=True, eq=False)
class Versions:
    """Rows as they are to be written.

    Attributes:
        rows: Those that say when they were known, new ones and corrections, in this order.
        corrected: How many of them correct rows that the table holds.
        unchanged: Rows left out, for the table holds the same in one of its versions.
        fresh: Those without a time of knowledge whose time and names the table does not hold, as they were given.
        moved: Rows that the table holds and that `rows` have as known later: they are to go.
        again: Rows of the table, known at their time, that were given again without a time of knowledge.
    """

    rows: pl.DataFrame
    corrected: int
    unchanged: int
    fresh: pl.DataFrame
    moved: pl.DataFrame
    again: pl.DataFrame


def is_versioned(schema: Schema) -> bool:
    """Return whether a table keeps all versions of its rows."""
    return "known_at" in schema.key


def latest(schema: Schema, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of a table in the order of its key; of one key, the last row that was given.

    A time of knowledge that equals `time` and none at all mean the same, so that their rows have one key.

    >>> from datetime import UTC
    >>> from basketry.core.frames import RATES
    >>> day = datetime(2020, 1, 1, tzinfo=UTC)
    >>> told = {"time": [day, day], "rate": ["EURUSD", "EURUSD"], "value": [1.1, 1.2], "known_at": [day, None]}
    >>> latest(RATES, RATES.conform(pl.DataFrame(told)))["value"].to_list()
    [1.2]
    """
    if is_versioned(schema) and 0 < rows["known_at"].null_count() < rows.height:
        at_once = rows.filter(pl.col("known_at") == pl.col("time"))
        if not at_once.is_empty():
            meant = rows.with_columns(pl.coalesce("known_at", "time").alias(_SINCE))
            rows = meant.unique([*_place(schema), _SINCE], keep="last", maintain_order=True).drop(_SINCE)
    # Parts are written in order, and those of later days follow: mostly there is nothing to sort.
    if ascending(rows, schema.key):
        return rows
    rows = rows.sort(*schema.key, nulls_last=False, maintain_order=True)
    return rows.unique(schema.key, keep="last", maintain_order=True)


def as_versions(
    schema: Schema, rows: pl.DataFrame, held: pl.DataFrame, now: datetime, *, late: bool = False
) -> Versions:
    """Return rows so that none of them without a time of knowledge takes the place of a row that a table holds.

    One whose time and names the table holds with other figures gets `now` as the time at which it was known. So does
    one whose time and names it does not hold, where the rows came late. Rows that say when they were known, and tables
    without versions, are left as they are.

    Args:
        schema: Of the table.
        rows: Conform to it.
        held: Rows of the table.
        now: The instant of the import.
        late: None of the rows could be known before it, but for those that say so: of one that says when it was known,
            the version with the same figures that the table holds as known just before that was never there.

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
    none = rows.clear()
    if not is_versioned(schema):
        return Versions(rows, 0, 0, none, none, none)
    figures, place = [name for name in schema.columns if name != "known_at"], _place(schema)
    stated = rows.filter(pl.col("known_at").is_not_null())
    unstated = rows.filter(pl.col("known_at").is_null())
    news = unstated.join(held, on=figures, how="anti", nulls_equal=True, maintain_order="left")
    fresh = news.join(held, on=place, how="anti", nulls_equal=True, maintain_order="left")
    corrections = news.join(held, on=place, how="semi", nulls_equal=True, maintain_order="left")
    at_once = held.filter(pl.coalesce("known_at", "time") == pl.col("time"))
    return Versions(
        rows=pl.concat([stated, known_from(fresh, now) if late else fresh, known_from(corrections, now)]),
        corrected=corrections.height,
        unchanged=unstated.height - news.height,
        fresh=fresh,
        moved=_never_there(schema, stated, held) if late else none,
        again=at_once.join(unstated, on=figures, how="semi", nulls_equal=True, maintain_order="left"),
    )


def known_from(rows: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Return rows as known from an instant on."""
    return rows.with_columns(known_at=pl.lit(now).cast(rows.schema["known_at"]))


def without(schema: Schema, rows: pl.DataFrame, gone: pl.DataFrame) -> pl.DataFrame:
    """Return rows of a table without some, found by their key."""
    return rows.join(gone, on=schema.key, how="anti", nulls_equal=True, maintain_order="left")


def _place(schema: Schema) -> list[str]:
    return [name for name in schema.key if name != "known_at"]


def _never_there(schema: Schema, stated: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """Return the held versions that some rows have, with the same figures, as the next that was known."""
    place = _place(schema)
    known = held.with_columns(pl.coalesce("known_at", "time").alias(_SINCE), pl.col("known_at").alias(_HELD))
    own = [name for name in schema.columns if name not in schema.key]
    before = (
        stated.join(known.drop("known_at"), on=place, how="inner", nulls_equal=True, suffix=_HELD)
        .filter(pl.col(_SINCE) < pl.col("known_at"))
        .sort(_SINCE, maintain_order=True)
        .unique([*place, "known_at"], keep="last", maintain_order=True)
        .filter(pl.all_horizontal(pl.col(name).eq_missing(pl.col(name + _HELD)) for name in own))
    )
    return held.join(
        before.select(*place, known_at=_HELD), on=schema.key, how="semi", nulls_equal=True, maintain_order="left"
    )
