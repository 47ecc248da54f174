"""Price and size steps of a market: prices on a grid of 1, 2 or 5 times a power of ten, as exact decimals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.market.tape import Ints


@dataclass(frozen=True, slots=True)
class Grid:
    """Multiples of step x 10^-decimals.

    Attributes:
        step: 1, 2 or 5.
        decimals: Decimal places of the step; negative for steps of ten and more.
    """

    step: int
    decimals: int

    @staticmethod
    def at_most(width: float) -> Grid:
        """Return the widest grid whose step does not exceed a width.

        >>> Grid.at_most(0.0125)
        Grid(step=1, decimals=2)
        >>> Grid.at_most(70.0).width
        50.0

        Raises:
            DataError: The width is not positive.
        """
        if not width > 0:
            raise DataError(f"the step of a price grid must be positive, was {width!r}")
        decimals = -math.floor(math.log10(width))
        scaled = width * 10.0**decimals
        return Grid(max(step for step in (1, 2, 5) if step <= scaled * (1.0 + 1e-9)), decimals)

    @property
    def width(self) -> float:
        """The step in the quote currency."""
        return float(self.prices(np.ones(1, np.int64))[0])

    def prices(self, ticks: Ints) -> Floats:
        """Return the prices of whole ticks, each the double nearest to its decimal.

        >>> Grid(1, 2).prices(np.array([25013]))
        array([250.13])
        """
        whole = (ticks * self.step).astype(np.float64)
        return whole / 10.0**self.decimals if self.decimals >= 0 else whole * 10.0**-self.decimals

    def ticks(self, prices: Floats) -> Ints:
        """Return the nearest whole number of ticks to each price."""
        scale = 10.0**self.decimals / self.step
        return np.rint(prices * scale).astype(np.int64)

    def nearest(self, prices: Floats) -> Floats:
        """Return the price on the grid nearest to each price, at least one step.

        >>> Grid(5, 1).nearest(np.array([10.26, 0.1]))
        array([10.5,  0.5])
        """
        return self.prices(np.maximum(self.ticks(prices), 1))
