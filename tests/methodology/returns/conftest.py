"""A path of one asset to try return rules on."""

from collections.abc import Callable, Sequence
from datetime import datetime

import numpy as np
import polars as pl
import pytest

from basketry.core.frames import RATES
from basketry.market.panel import Panel
from basketry.methodology.path import IndexPath, Segment

PathOf = Callable[..., IndexPath]


@pytest.fixture
def path_of() -> PathOf:
    """Daily levels from 2022-01-01, with rates as (name, time, value)."""

    def make(levels: Sequence[float], rates: Sequence[tuple[str, datetime, float]] = ()) -> IndexPath:
        times = (np.datetime64("2022-01-01", "us") + np.arange(len(levels)) * np.timedelta64(1, "D")).astype(
            "datetime64[us]"
        )
        price = np.array(levels, dtype=np.float64)[:, None]
        table = RATES.empty()
        if rates:
            table = RATES.conform(pl.DataFrame(list(rates), schema=["rate", "time", "value"], orient="row"))
        panel = Panel(times, ("a",), {"price": price.copy()}, rate_table=table)
        segment = Segment(0, len(levels) - 1, np.array([0]), np.array([1.0]), price, 1.0)
        return IndexPath(times, price[:, 0], (segment,), panel, np.arange(len(levels)))

    return make
