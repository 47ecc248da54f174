"""What of the data is left out, as it is known to a cut of a panel."""

from __future__ import annotations

import polars as pl

from basketry.core.time import to_datetime
from basketry.market.panel import Panel


def left_out(panel: Panel) -> pl.DataFrame:
    """Return the observations up to the last instant of a panel that were left out, in the versions it knows.

    A figure that was impossible and then corrected is left out of what was known before the correction, and of that
    alone.

    >>> from datetime import datetime
    >>> day, later = datetime(2020, 1, 1), datetime(2020, 1, 3)
    >>> rows = {"time": [day, day], "asset": ["a", "a"], "price": [-1.0, 1.0], "known_at": [None, later]}
    >>> panel = Panel.from_frames(pl.DataFrame(rows, schema_overrides={
    ...     "time": pl.Datetime("us", "UTC"), "known_at": pl.Datetime("us", "UTC")}))
    >>> left_out(panel).height, left_out(panel.as_of("2020-01-02"))["value"].to_list()
    (0, [-1.0])
    """
    rejected = panel.rejected
    if rejected.is_empty():
        return rejected
    known_by = panel.known_by if panel.known_by is not None else panel.now
    then = to_datetime(known_by)
    replaced = pl.col("known_until").is_not_null() & (pl.col("known_until") <= then)
    return rejected.filter((pl.col("time") <= to_datetime(panel.now)) & (pl.col("known_at") <= then) & ~replaced)
