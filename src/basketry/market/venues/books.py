"""Books as whole states and as messages: `condense` makes snapshots and deltas of states, `expand` the states again."""

from __future__ import annotations

import polars as pl

from basketry.core.frames import DEPTH

_LEVEL = ("side", "price")


def condense(states: pl.DataFrame, messages: pl.DataFrame) -> pl.DataFrame:
    """Return depth rows (DEPTH) of books given whole at each message.

    A full message is a snapshot; every other holds the levels that differ from the message before, removed ones with
    size 0. A message that changes nothing repeats one level, so that none is missing in the sequence.

    Args:
        states: Columns message, side, price, size: the levels of each book.
        messages: Columns message (0, 1, ...), sequence, time, received_at, full; the first must be full.

    Both are in the order of messages. Messages without levels have no rows.
    """
    full = messages.filter("full").select("message")
    current = states.with_columns(earlier=pl.col("message") - 1)
    before = states.select(earlier="message", side="side", price="price", was="size")
    joined = current.join(before, on=["earlier", *_LEVEL], how="left", maintain_order="left")
    whole = states.join(full, on="message", how="semi").with_columns(kind=pl.lit("snapshot"))
    changed = (
        joined.join(full, on="message", how="anti")
        .with_columns(new=pl.col("size").ne_missing(pl.col("was")))
        .with_columns(idle=~pl.col("new").any().over("message"), first=pl.int_range(pl.len()).over("message") == 0)
    )
    gone = (
        states.with_columns(message=pl.col("message") + 1, size=pl.lit(0, pl.Int64))
        .filter(pl.col("message") < messages.height)
        .join(full, on="message", how="anti")
        .join(states, on=["message", *_LEVEL], how="anti")
    )
    # A repeated level is needed only where nothing was removed either.
    idle = changed.filter(pl.col("idle") & pl.col("first")).join(gone, on="message", how="anti")
    columns = ["message", *_LEVEL, "size"]
    deltas = pl.concat([changed.filter("new").select(columns), gone.select(columns), idle.select(columns)])
    rows = pl.concat([whole, deltas.with_columns(kind=pl.lit("delta"))])
    return (
        rows.sort("message", "side", "price")
        .join(messages.drop("full"), on="message", how="left", maintain_order="left")
        .select(*DEPTH.columns)
    )


def expand(depth: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the states and messages that `condense` takes, from depth rows that begin with a snapshot.

    >>> from basketry.core.frames import DEPTH
    >>> states, messages = expand(DEPTH.empty())
    >>> states.height, messages.height
    (0, 0)
    """
    rows = depth.with_columns(full=pl.col("kind") == "snapshot")
    messages = (
        rows.select("sequence", "time", "received_at", "full")
        .unique(["sequence"], keep="first", maintain_order=True)
        .sort("sequence")
        .with_row_index("message")
        .with_columns(pl.col("message").cast(pl.Int64))
        .with_columns(segment=pl.col("full").cum_sum())
    )
    ends = messages.group_by("segment").agg(end=pl.col("message").max() + 1)
    placed = (
        rows.select("sequence", *_LEVEL, "size")
        .join(messages.select("sequence", "message", "segment"), on="sequence", how="left")
        .join(ends, on="segment", how="left")
        .sort("segment", *_LEVEL, "message")
        .with_columns(until=pl.col("message").shift(-1).over("segment", *_LEVEL).fill_null(pl.col("end")))
        .filter(pl.col("size") > 0)
    )
    states = (
        placed.select(pl.int_ranges("message", "until").alias("message"), *_LEVEL, "size")
        .explode("message")
        .sort("message", *_LEVEL)
    )
    return states, messages.drop("segment")
