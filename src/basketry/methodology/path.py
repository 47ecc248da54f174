"""A stretch of a calculated index as return rules see it: levels, and the baskets that made them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from basketry.core.errors import DataError
from basketry.core.numbers import Bools, Floats, added
from basketry.market.panel import Panel


@dataclass(frozen=True, eq=False)
class Carried:
    """How the units of a basket went over into those of the next, where nothing was traded.

    Each entry k says that a unit at place sources[k] of the old basket became ratios[k] units at place targets[k]
    of the new one; a fork has two entries with one source.

    Attributes:
        size: Number of assets of the new basket.
        sources, targets: Places, shape (m,).
        ratios: New units for one old, shape (m,).
    """

    size: int
    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    ratios: Floats

    def carry(self, amounts: Floats) -> Floats:
        """Return amounts of the old assets, shape (n,), as amounts of the new ones, shape (size,)."""
        found = np.zeros(self.size)
        np.add.at(found, self.targets, amounts[self.sources] * self.ratios)
        return found


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
        anew: Whether the basket was struck, stepped or left by a member at `start`; False where it merely goes on,
            or went over from the one before.
        becomes: How the basket goes over into the next one at `end`; None where it goes on, or the next is anew.
    """

    start: int
    end: int
    columns: NDArray[np.int64]
    units: Floats
    prices: Floats
    divisor: float
    frozen: Bools | None = None
    anew: bool = True
    becomes: Carried | None = None

    @property
    def values(self) -> Floats:
        """Value of the basket at each row at the prices used, shape (end - start + 1,), also where a level is held."""
        return added(self.prices * self.units, axis=1)

    @property
    def weights(self) -> Floats:
        """Weights at each row, drifting with prices, shape (end - start + 1, n); rows sum to 1."""
        values = self.prices * self.units
        return values / added(values, axis=1)[:, None]


class Known(Protocol):
    """What was known beside prices at the rows of a path."""

    def rate(self, name: str) -> Floats:
        """Return the value of a rate known at each row, shape (T,); NaN before the first.

        Raises:
            DataError: There is no such rate.
        """
        ...

    def has_income(self, field: str) -> bool:
        """Return whether there are figures of a field with income at all."""
        ...

    def part(self, start: int, stop: int) -> Known:
        """Return what was known at the rows from `start` to before `stop`."""
        ...

    def income(self, field: str, lag: timedelta, segment: Segment) -> Floats:
        """Return the yields known at each row of a segment less a lag, shape (end - start + 1, n); NaN for unknown.

        Raises:
            DataError: There is no such field.
        """
        ...


@dataclass(frozen=True, eq=False)
class PanelKnown:
    """What a panel knows at the rows of a path.

    Attributes:
        panel: The market.
        times: Instants of the path, shape (T,).
    """

    panel: Panel
    times: NDArray[np.datetime64]

    def rate(self, name: str) -> Floats:
        """Return the value of a rate known at each row, shape (T,); NaN before the first.

        A value is seen at the rows of the panel: one that becomes known between two of them from the later one on. A
        row of the path between two of the panel has what was seen at the earlier one.

        Raises:
            DataError: There is no such rate.
        """
        rows = np.searchsorted(self.panel.times, self.times, side="right") - 1
        return np.where(rows >= 0, self.panel.rate(name)[rows], np.nan)

    def has_income(self, field: str) -> bool:
        """Return whether the panel has the field."""
        return field in self.panel.fields

    def part(self, start: int, stop: int) -> PanelKnown:
        """Return what the panel knows at some of the rows."""
        return PanelKnown(self.panel, self.times[start:stop])

    def income(self, field: str, lag: timedelta, segment: Segment) -> Floats:
        """Return the yields known at each row of a segment less a lag, shape (end - start + 1, n)."""
        yields = self.panel.field(field)
        times = self.times[segment.start : segment.end + 1]
        rows = np.searchsorted(self.panel.times, times - np.timedelta64(lag), side="right") - 1
        known = yields[np.maximum(rows, 0)][:, segment.columns]
        known[rows < 0] = np.nan
        return known


@dataclass(frozen=True, eq=False)
class IndexPath:
    """A stretch of a price-return history with its baskets.

    Attributes:
        times: Instants, shape (T,); the first is the base, or the last instant of the stretch before.
        levels: Price-return level at each, shape (T,).
        segments: Baskets in order; segment k ends at the row where segment k + 1 starts, the last at T - 1.
        known: Rates and yields known at these instants.
    """

    times: NDArray[np.datetime64]
    levels: Floats
    segments: tuple[Segment, ...]
    known: Known

    def __post_init__(self) -> None:
        if self.times.shape != self.levels.shape:
            raise DataError(f"a path has {len(self.levels)} levels at {len(self.times)} instants")

    @property
    def days(self) -> Floats:
        """Days between an instant and the one before, shape (T,); 0 for the first."""
        steps = np.diff(self.times, prepend=self.times[:1]) / np.timedelta64(1, "D")
        return np.asarray(steps, dtype=np.float64)
