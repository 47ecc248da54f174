"""Changes of the basket: one row each, with who came, who went and how much was turned over."""

from __future__ import annotations

import polars as pl

from basketry.index.result import IndexResult


def turnovers(result: IndexResult) -> pl.DataFrame:
    """Return one row for each change of the basket after the base, in order.

    Columns: announced_at, determined_at, effective_at, trigger, version, turnover (one-way, a fraction), added and
    deleted (lists of assets).
    """
    key = ["effective_at", "trigger"]
    return (
        result.rebalances.filter(pl.col("trigger") != "base")
        .group_by(key, maintain_order=True)
        .agg(
            pl.col("announced_at", "determined_at", "version", "turnover").first(),
            added=pl.col("asset").filter(pl.col("change") == "add"),
            deleted=pl.col("asset").filter(pl.col("change") == "delete"),
        )
    )


def last_change(result: IndexResult) -> tuple[dict[str, object], pl.DataFrame] | None:
    """Return the newest scheduled change, or the newest of any kind, with its weights; None where there is none.

    The weights are rows of the rebalances, the largest weight after first.
    """
    changes = turnovers(result)
    scheduled = changes.filter(pl.col("trigger") == "schedule")
    chosen = scheduled if not scheduled.is_empty() else changes
    if chosen.is_empty():
        return None
    change = chosen.row(-1, named=True)
    rows = result.rebalances.filter(
        (pl.col("effective_at") == change["effective_at"]) & (pl.col("trigger") == change["trigger"])
    )
    return change, rows.sort(["weight_after", "weight_before", "asset"], descending=[True, True, False])
