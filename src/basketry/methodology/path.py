"""A calculated index as return rules and triggers see it: levels, and the baskets that made them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Bools, Floats
from basketry.market.panel import Panel


@dataclass(frozen=True, eq=False)
class Segment:
    """One basket from the row where it takes effect to the row where the next one does.

    The level at rows start + 1 .. end is sum(units * prices) / divisor; at `start` this equals the level that
    the basket before gave, so the level is continuous.

    Attributes:
        start: First row of the path; the basket takes effect after its price is struck there.
        end: Last row, where the next basket takes effect; end >= start.
        columns: Columns of the panel held, ascending, shape (n,).
        units: Units held, shape (n,).
        prices: Prices used, carried forward where missing, shape (end - start + 1, n).
        divisor: Basket value per index point.
        frozen: Assets held as cash at their last price, which earn nothing, shape (n,); None for none.
    """

    start: int
    end: int
    columns: NDArray[np.int64]
    units: Floats
    prices: Floats
    divisor: float
    frozen: Bools | None = None

    @property
    def weights(self) -> Floats:
        """Weights at each row, drifting with prices, shape (end - start + 1, n); rows sum to 1."""
        values = self.prices * self.units
        return values / values.sum(axis=1, keepdims=True)


@dataclass(frozen=True, eq=False)
class IndexPath:
    """A price-return history with its baskets.

    Attributes:
        times: Calculation instants, shape (T,).
        levels: Price-return level at each, shape (T,); levels[0] is the base level.
        segments: Baskets in order; segment k ends at the row where segment k + 1 starts, the last at T - 1.
        view: The panel cut at the last instant, for yields and rates.
        rows: Row of the panel at or before each calculation instant, shape (T,).
    """

    times: NDArray[np.datetime64]
    levels: Floats
    segments: tuple[Segment, ...]
    view: Panel
    rows: NDArray[np.int64]

    @property
    def days(self) -> Floats:
        """Days between an instant and the one before, shape (T,); 0 for the first."""
        steps = np.diff(self.times, prepend=self.times[:1]) / np.timedelta64(1, "D")
        return np.asarray(steps, dtype=np.float64)
