"""What became of assets after a determination, otherwise than by one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from basketry.core.time import format_instant, to_datetime, to_instant
from basketry.index.result import IndexResult
from basketry.index.settle import CARRIED_THROUGH, DOUBTFUL, REPLACED
from basketry.market.events import EventKind


def since_then(
    result: IndexResult, determined: np.datetime64, moment: np.datetime64, *, held: bool = True
) -> dict[str, list[str]]:
    """Return by asset what became of it otherwise than by a determination, after one up to an instant, in words.

    Args:
        result: The index.
        determined: The determination.
        moment: The instant.
        held: Whether what was determined is held by then, so that who came and left since is part of it.
    """
    start, end = to_datetime(determined), to_datetime(moment)
    changes = result.rebalances.filter(
        (pl.col("determined_at") > start) & (pl.col("effective_at") <= end) & pl.col("change").is_in(["add", "delete"])
    )
    moves = {(row["effective_at"], row["asset"]): row for row in changes.iter_rows(named=True)} if held else {}
    found: list[tuple[datetime, str, str]] = []
    told: set[tuple[datetime, str]] = set()
    for row in result.events.filter(pl.col("time").is_between(start, end, closed="right")).iter_rows(named=True):
        if row["kind"] not in (*EventKind, "missing_price") or row["treatment"] == DOUBTFUL:
            continue
        time, asset = row["time"], row["asset"]
        # What happens to a basket that is only determined moves nobody in the one held.
        here = {} if row["treatment"] == CARRIED_THROUGH else moves
        verb = "left on" if here.get((time, asset), {}).get("change") == "delete" else "on"
        found.append((time, asset, f"{verb} {_day(time)}: {row['kind']}, {row['treatment']}"))
        told.add((time, asset))
        for heir in filter(None, _heirs(result, row)):
            verb = "came in on" if (time, heir) in here else "on"
            found.append((time, heir, f"{verb} {_day(time)}: {row['kind']} of {asset}, {row['treatment']}"))
            told.add((time, heir))
    for (time, asset), row in moves.items():
        if (time, asset) not in told:
            verb = "came in" if row["change"] == "add" else "left"
            found.append((time, asset, f"{verb} on {_day(time)}: {row['trigger']}"))
    since: dict[str, list[str]] = {}
    for _, asset, words in sorted(found, key=lambda entry: entry[0]):
        since.setdefault(asset, []).append(words)
    return since


def _heirs(result: IndexResult, row: dict[str, Any]) -> set[str | None]:
    """Return who got what an event of the index tells of: the new asset, or who took a place."""
    if row["treatment"] == "ignored":
        return set()
    place = row["treatment"].removeprefix(REPLACED)
    if place != row["treatment"]:
        return {place}
    return {
        event.new_asset
        for event in result.panel.corporate
        if event.new_asset not in (None, row["asset"])
        and (event.asset, event.kind.value) == (row["asset"], row["kind"])
        and event.time <= to_instant(row["time"])
    }


def _day(time: datetime) -> str:
    return format_instant(to_instant(time))
