"""The rows of order book files as messages: numbered in order, whole, and from the first snapshot on."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from basketry.core.frames import DEPTH

_LEVEL = ("sequence", "side", "price")
_STARTS = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in ("received_at", "kind"))
"""Whether a row is the first of a message; kinds are never null, so the first row of all is."""


@dataclass
class Messages:
    """Numbers the messages of one market; rows that share the time of arrival and the kind are one message.

    The last message of a block waits for the next block, so that no message is split between frames.

    Attributes:
        sequence: Number of the last message.
        left_out: Rows before the first snapshot, from which no book can be made.
        replaced: Rows whose level is set again by a later row of the same message.
    """

    sequence: int = 0
    left_out: int = 0
    replaced: int = 0
    _synced: bool = False
    _pending: list[pl.DataFrame] = field(default_factory=list)

    def take(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the whole messages that end with these rows, in file order, numbered."""
        rows = pl.concat([*self._pending, rows])
        last = rows.select(_STARTS.arg_true().last()).item()
        self._pending = [rows[last:]]
        return self._number(rows[:last])

    def rest(self) -> pl.DataFrame:
        """Return the last message, no rows where none waits."""
        if not self._pending:
            return DEPTH.empty()
        rows, self._pending = pl.concat(self._pending), []
        return self._number(rows)

    def _number(self, rows: pl.DataFrame) -> pl.DataFrame:
        if not self._synced:
            snapshots = (rows["kind"] == "snapshot").arg_true()
            first = snapshots[0] if len(snapshots) else rows.height
            self.left_out += first
            rows = rows[first:]
        if rows.is_empty():
            return DEPTH.empty()
        self._synced = True
        numbered = rows.with_columns(
            # The rows of a message share one time, that of its first row.
            sequence=self.sequence + _STARTS.cast(pl.Int64).cum_sum(),
        ).with_columns(time=pl.col("time").first().over("sequence"))
        self.sequence = numbered["sequence"][-1]
        distinct = numbered.unique(_LEVEL, keep="last", maintain_order=True)
        self.replaced += numbered.height - distinct.height
        return distinct


def ladder_rows(rows: pl.DataFrame, first: int) -> pl.DataFrame:
    """Return the rows of whole ladders, each a snapshot numbered from `first`, as one row a level."""
    numbered = rows.with_columns(sequence=pl.int_range(first, first + rows.height, dtype=pl.Int64))
    levels = sum(name.startswith("ask_price_") for name in rows.columns)
    parts = [
        numbered.select(
            "time",
            "sequence",
            "received_at",
            kind=pl.lit("snapshot"),
            side=pl.lit(side),
            price=pl.col(f"{side}_price_{level}"),
            size=pl.col(f"{side}_size_{level}"),
        )
        for side in ("bid", "ask")
        for level in range(levels)
    ]
    known = pl.col("price").is_not_null() & pl.col("size").is_not_null()
    return pl.concat(parts).filter(known & (pl.col("size") > 0)).sort("sequence", maintain_order=True)
