"""Price grids: steps of 1, 2 and 5, exact decimals."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.core.errors import DataError
from basketry.market.venues.grid import Grid


@given(st.floats(1e-9, 1e6))
def test_the_step_is_the_widest_that_fits(width: float) -> None:
    grid = Grid.at_most(width)
    assert grid.width <= width * (1.0 + 1e-8)
    assert grid.width * 2.5 * (1.0 + 1e-6) > width


@given(st.integers(1, 10**9), st.sampled_from([Grid(1, 2), Grid(5, 5), Grid(2, 0), Grid(5, -1), Grid(1, 8)]))
def test_prices_are_the_doubles_nearest_to_their_decimals(ticks: int, grid: Grid) -> None:
    price = float(grid.prices(np.array([ticks]))[0])
    assert price == float(Decimal(ticks * grid.step).scaleb(-grid.decimals))
    assert grid.ticks(np.array([price]))[0] == ticks


def test_a_grid_without_width_is_refused() -> None:
    with pytest.raises(DataError, match="must be positive"):
        Grid.at_most(0.0)
