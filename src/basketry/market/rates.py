"""Named rates of a table as they were known at each instant."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from basketry.core.errors import DataError, nearest_hint
from basketry.core.numbers import Floats


def rate_path(table: pl.DataFrame, name: str, times: NDArray[np.datetime64]) -> Floats:
    """Return the value of a rate known at each of some instants, shape (T,); NaN before the first.

    Of the values known at an instant the one for the latest time counts; of several for one time, the one known last.

    Args:
        table: Rates in the RATES schema.
        name: The rate.
        times: Instants in ascending order, shape (T,).

    Raises:
        DataError: The table holds no such rate; the message gives the nearest name.
    """
    rows = table.filter(pl.col("rate") == name).select(
        "value", "time", seen=pl.max_horizontal("time", pl.coalesce("known_at", "time"))
    )
    if rows.is_empty():
        raise DataError(
            f"the data hold no rate {name!r}{nearest_hint(name, table['rate'].unique())}; "
            "import it with: basketry data import FILE --table rates"
        )
    rows = rows.sort("seen", "time").filter(pl.col("time") == pl.col("time").cum_max())
    seen = rows["seen"].dt.replace_time_zone(None).to_numpy()
    position = np.searchsorted(seen, times, side="right") - 1
    return np.where(position >= 0, rows["value"].to_numpy()[np.maximum(position, 0)], np.nan)
