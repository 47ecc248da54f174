"""A panel of the few figures that a rule looks at."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from basketry.market.panel import Panel

Rows = list[list[float]]
MakePanel = Callable[..., Panel]


@pytest.fixture
def daily() -> MakePanel:
    """Make a daily panel to 2021-02-01 of assets a, b, c, ...; a field is rows of figures, the latest last."""

    def make(step: timedelta = timedelta(days=1), tags: dict[str, str] | None = None, **fields: Rows) -> Panel:
        rows = max(len(values) for values in fields.values())
        columns = len(next(iter(fields.values()))[0])
        fields.setdefault("price", [[1.0] * columns] * rows)
        arrays = {name: np.array(values * (rows if len(values) == 1 else 1)) for name, values in fields.items()}
        times = np.datetime64("2021-02-01", "us") - np.arange(rows)[::-1] * np.timedelta64(step)
        assets = tuple("abcdefghijkl"[:columns])
        if tags is None:
            return Panel(times, assets, arrays)
        table = pl.DataFrame(
            {"asset": list(tags), "scheme": "tag", "value": list(tags.values())},
        )
        wide: dict[str, Any] = {
            name: pl.DataFrame({"time": times, **dict(zip(assets, values.T, strict=True))})
            for name, values in arrays.items()
        }
        return Panel.from_frames(classifications=table, **wide)

    return make
