"""How good the data of an index were: statuses of its levels, events, and what the guards did."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from basketry.core.frames import STATUSES
from basketry.core.numbers import Bools
from basketry.index.result import IndexResult


def status_counts(result: IndexResult) -> dict[str, int]:
    """Return the number of levels of each status, in the order of the statuses."""
    counts = dict(result.levels.select(pl.col("status").cast(pl.String)).to_series().value_counts().iter_rows())
    return {name: int(counts.get(name, 0)) for name in STATUSES}


def held_periods(result: IndexResult) -> list[dict[str, Any]]:
    """Return the stretches of levels that are not live: status, first and last instant, levels and first reason."""
    table = result.levels.select("time", pl.col("status").cast(pl.String), "reason", "age_days").with_columns(
        stretch=pl.col("status").rle_id()
    )
    return (
        table.filter(pl.col("status") != "live")
        .group_by("stretch", maintain_order=True)
        .agg(
            pl.col("status", "reason").first(),
            pl.col("age_days").max(),
            first=pl.col("time").first(),
            last=pl.col("time").last(),
            levels=pl.len(),
        )
        .drop("stretch")
        .to_dicts()
    )


def event_kinds(result: IndexResult) -> list[dict[str, Any]]:
    """Return for each kind of event and its treatment how many there were, how many assets, and the last instant.

    An event of the whole index is of no asset.
    """
    return (
        result.events.with_columns(asset=pl.when(pl.col("asset") != "*").then("asset"))
        .group_by("kind", "treatment")
        .agg(count=pl.len(), assets=pl.col("asset").drop_nulls().n_unique(), last=pl.col("time").max())
        .sort(["count", "kind", "treatment"], descending=[True, False, False])
        .to_dicts()
    )


def runs(mask: Bools) -> list[tuple[int, int]]:
    """Return the half-open row ranges in which a mask holds.

    >>> runs(np.array([True, True, False, True]))
    [(0, 2), (3, 4)]
    """
    edges = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0)).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))
