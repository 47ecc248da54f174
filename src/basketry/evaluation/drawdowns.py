"""Falls of a level series below its highest level: depth, length and recovery, deepest first."""

from __future__ import annotations

import numpy as np
import polars as pl

from basketry.core.errors import DataError
from basketry.core.time import DAY
from basketry.evaluation.levels import Levels

COLUMNS = ("depth", "high", "low", "recovered", "days_down", "days_back", "days")
_INSTANTS = ("high", "low", "recovered")


def drawdown_table(levels: Levels, largest: int = 10) -> pl.DataFrame:
    """Return the deepest falls, deepest first: one row a fall from a high until the level is there again.

    Columns: depth (low over high less one, negative); instants of the high (the last at that level), the low (the
    first as low) and the recovery (first level at or above the high; null while there is none); days from high to
    low, from low to recovery, and in all, to the last level where there is no recovery. Falls do not overlap.

    Source: Bacon (2008), Practical Portfolio Performance Measurement and Attribution, p. 88.

    Raises:
        DataError: Fewer than one asked for.

    >>> days = np.arange("2024-01-01", "2024-01-07", dtype="datetime64[D]")
    >>> found = drawdown_table(Levels(days, np.array([100.0, 120.0, 90.0, 120.0, 130.0, 117.0])))
    >>> found.select("depth", "days_down", "days_back", "days").rows()
    [(-0.25, 1.0, 1.0, 2.0), (-0.09999999999999998, 1.0, None, 1.0)]
    """
    if largest < 1:
        raise DataError(f"a table of drawdowns has at least one row, was {largest}")
    level, times = levels.level, levels.times
    highest = np.maximum.accumulate(level)
    tops = np.append(np.flatnonzero(level == highest), len(level))
    # Between two levels at or above all before lies a fall, unless they are neighbours.
    highs, ends = (side[np.diff(tops) > 1] for side in (tops[:-1], tops[1:]))
    lows = np.array(
        [high + 1 + level[high + 1 : end].argmin() for high, end in zip(highs, ends, strict=True)], dtype=int
    )
    depths = level[lows] / level[highs] - 1 if len(lows) else np.empty(0)
    order = np.argsort(depths, kind="stable")[:largest]
    rows = []
    for depth, high, low, end in zip(depths[order], highs[order], lows[order], ends[order], strict=True):
        back = int(end) if end < len(level) else None
        until = times[-1 if back is None else back]
        rows.append(
            (
                float(depth),
                *(times[row].item() for row in (high, low)),
                None if back is None else until.item(),
                float((times[low] - times[high]) / DAY),
                None if back is None else float((until - times[low]) / DAY),
                float((until - times[high]) / DAY),
            )
        )
    plain: dict[str, pl.DataType | type[pl.DataType]] = {
        name: pl.Datetime("us") if name in _INSTANTS else pl.Float64 for name in COLUMNS
    }
    found = pl.DataFrame(rows, schema=plain, orient="row")
    return found.with_columns(pl.col(*_INSTANTS).dt.replace_time_zone("UTC"))
