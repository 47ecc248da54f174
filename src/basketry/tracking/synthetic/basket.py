"""What is followed: units of each asset per index point, and the level that they give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from basketry.core.errors import DataError
from basketry.core.numbers import Bools, Floats
from basketry.methodology.path import IndexPath

Times = NDArray[np.datetime64]
_FINANCED = 1e-9


@dataclass(frozen=True, eq=False)
class Basket:
    """An index as a self-financing basket: the level after row t moves with the units of row t alone.

    Attributes:
        times: datetime64[us], UTC, strictly increasing, shape (T,).
        assets: Names, length n.
        prices: Quote currency per unit, positive, shape (T, n); anything positive where an asset is not held.
        units: Units per index point held from row t to row t + 1, not negative, shape (T, n).
        levels: Σ units × prices at each row, shape (T,).
    """

    times: Times
    assets: tuple[str, ...]
    prices: Floats
    units: Floats
    levels: Floats

    def __post_init__(self) -> None:
        shape = (len(self.times), len(self.assets))
        for name, values in (("prices", self.prices), ("units", self.units)):
            if values.shape != shape:
                raise DataError(f"Basket.{name} has shape {values.shape}, expected {shape}: one row a time")
        if shape[0] < 2 or not bool((np.diff(self.times) > np.timedelta64(0)).all()):
            raise DataError("Basket.times must be at least two and strictly increasing")
        wrong = ~(self.prices > 0)
        if wrong.any():
            row, column = np.argwhere(wrong)[0]
            raise DataError(
                f"price of {self.assets[column]} at {self.times[row]} is {self.prices[row, column]}, not positive; "
                "give a price for every row, carried forward where there is none"
            )
        if not bool((self.units >= 0).all()):
            raise DataError("Basket.units holds negative or unknown units; only long baskets can be followed")
        gap = np.abs((self.units * self.prices).sum(axis=1) / self.levels - 1)
        if not bool((gap <= _FINANCED).all()):
            row = int(np.nanargmax(gap))
            raise DataError(
                f"at {self.times[row]} the basket is worth {1 + gap[row]:.9g} times the level; "
                "units must be those per index point"
            )

    @staticmethod
    def of_weights(times: Times, assets: tuple[str, ...], prices: Floats, weights: Floats, changes: Bools) -> Basket:
        """Return the basket that has the given weights at the rows of change, and keeps its units between them.

        Args:
            times: Shape (T,).
            assets: Length n.
            prices: Shape (T, n).
            weights: Shape (n,) or (T, n), read at the rows of change; each row sums to 1.
            changes: Rows where the basket changes, shape (T,); row 0 always counts as one.

        The level starts at 1:

        >>> times = np.array(["2024-01-01", "2024-01-02", "2024-01-03"], dtype="datetime64[us]")
        >>> prices = np.array([[100.0, 10.0], [110.0, 10.0], [110.0, 20.0]])
        >>> half = np.array([0.5, 0.5])
        >>> Basket.of_weights(times, ("a", "b"), prices, half, np.array([True, False, False])).levels.tolist()
        [1.0, 1.05, 1.55]
        """
        wanted = np.broadcast_to(weights, prices.shape)
        units = np.empty_like(prices)
        levels = np.ones(len(times))
        for row in range(len(times)):
            if row:
                levels[row] = levels[row - 1] + float(units[row - 1] @ (prices[row] - prices[row - 1]))
            if row == 0 or changes[row]:
                units[row] = wanted[row] * levels[row] / prices[row]
            else:
                units[row] = units[row - 1]
        return Basket(times, assets, prices, units, levels)

    @staticmethod
    def of_path(path: IndexPath, assets: Sequence[str]) -> Basket:
        """Return the baskets of a calculated index as a target; an asset has the price 1 before it is first held.

        Args:
            path: The index.
            assets: The assets of its market, of which a column of a segment is a position.

        Raises:
            DataError: A basket is not worth its level, as where an event changed units within a segment.
        """
        columns = np.unique(np.concatenate([segment.columns for segment in path.segments]))
        shape = (len(path.times), len(columns))
        prices, units = np.full(shape, np.nan), np.zeros(shape)
        for segment in path.segments:
            place = np.searchsorted(columns, segment.columns)
            rows = np.arange(segment.start, segment.end + 1)
            prices[np.ix_(rows, place)] = segment.prices
            units[segment.start :] = 0.0
            units[segment.start :, place] = segment.units / segment.divisor
        for row in range(1, shape[0]):
            prices[row] = np.where(np.isnan(prices[row]), prices[row - 1], prices[row])
        prices = np.where(np.isnan(prices), 1.0, prices)
        held = tuple(assets[column] for column in columns)
        return Basket(path.times, held, prices, units, path.levels)
