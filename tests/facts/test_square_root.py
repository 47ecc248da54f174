"""Square-root weights as published."""

import numpy as np
import polars as pl
import pytest

from basketry.market.panel import Panel
from basketry.methodology.weighting import WEIGHTING

CAPS = [60.0, 30.0, 3.0, 3.0, 2.0, 2.0]
# Pando, weights by the square root of the capitalisation: 60/30/3/3/2/2 becomes 68% in the first two.
PUBLISHED = [0.3969, 0.2807, 0.0888, 0.0888, 0.0725, 0.0725]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("sqrt_market_cap", {}), ("market_cap", {"power": 0.5}), ("smoothed_market_cap", {"power": 0.5})],
)
def test_square_root_of_capitalisation(name: str, parameters: dict[str, float]) -> None:
    wide = pl.DataFrame({"time": ["2021-01-01"], **{f"a{i}": [cap] for i, cap in enumerate(CAPS)}}).with_columns(
        pl.col("time").str.to_datetime()
    )
    panel = Panel.from_frames(price=wide, market_cap=wide)
    weights = WEIGHTING.build(name, parameters).weights(panel, np.arange(6))
    assert weights.round(4).tolist() == PUBLISHED
    assert weights[:2].sum() == pytest.approx(0.68, abs=0.005)
