"""The tapes of a lake, as reference prices ask for them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property

import numpy as np

from basketry.core.errors import DataError, nearest_hint
from basketry.core.numbers import Floats
from basketry.lake.lake import Lake
from basketry.market.tape import Ints, Market, Tape

_BATCH_TRADES = 3_000_000
_SKIPPED_TRADES = 1_000_000
"""So many trades are read in the time that a batch of its own costs."""
_DAY = 86_400_000_000


class LakeTapes:
    """Trades of a lake by asset and interval; bars where a lake holds no trades of any asset.

    Args:
        lake: The lake.
        known_by: Use only corrections known by this instant; all unless given.

    Raises:
        DataError: The lake holds neither trades nor bars.
    """

    def __init__(self, lake: Lake, known_by: np.datetime64 | None = None) -> None:
        self.lake = lake
        self.known_by = known_by
        self._ticks = lake.ticks
        held = [table for table in ("trades", "bars") if self._ticks.held(table)]
        if not held:
            raise DataError(
                f"{lake.address}: holds no trades and no bars; import some with: basketry data import FILE "
                "--table trades --venue VENUE --lake LAKE, or make simulated ones with: basketry data simulate --venues"
            )
        self.table = held[0]

    def markets(self) -> Sequence[Market]:
        """Return every market that has trades."""
        return self._markets

    @cached_property
    def _markets(self) -> tuple[Market, ...]:
        return tuple(sorted(self._ticks.held(self.table)))

    @property
    def assets(self) -> list[str]:
        """The assets that are priced somewhere, in ascending order."""
        return sorted({market.base for market in self._markets})

    def require(self, asset: str) -> None:
        """Raise DataError where an asset has no market."""
        if asset not in self.assets:
            raise DataError(
                f"{self.lake.address}: no market trades {asset!r}{nearest_hint(asset, self.assets)}; "
                f"it has {', '.join(self.assets)}"
            )

    def tape(self, asset: str, start: int, end: int) -> Tape:
        """Return the trades of an asset with start <= time < end (microseconds)."""
        return self._ticks.tape(
            asset, np.datetime64(start, "us"), np.datetime64(end, "us"), table=self.table, known_by=self.known_by
        )

    def span(self, assets: Collection[str]) -> tuple[datetime, datetime] | None:
        """Return the instants of the first and the last trade of some assets; None where there are none."""
        return self._ticks.span(self.table, {market for market in self._markets if market.base in assets})

    def batches(self, asset: str, instants: Ints, lookback: int) -> Iterator[Ints]:
        """Yield instants in runs whose trades fit in memory together, apart where much would be read for nothing.

        Args:
            asset: Stable id.
            instants: Microseconds, ascending.
            lookback: Length of the window before an instant, microseconds.
        """
        rows = self._ticks.rows_by_day(self.table, self._with_quotes(asset))
        first, last = self._rows_around(rows, instants - lookback, instants - 1)
        begin = 0
        for place in range(1, len(instants)):
            if last[place] - first[begin] > _BATCH_TRADES or first[place] - last[place - 1] > _SKIPPED_TRADES:
                yield instants[begin:place]
                begin = place
        yield instants[begin:]

    def _with_quotes(self, asset: str) -> set[str]:
        """Return an asset and all that its prices may be converted through."""
        found, more = set[str](), {asset}
        while more:
            found |= more
            more = {market.quote for market in self._markets if market.base in found} - found
        return found

    @staticmethod
    def _rows_around(rows: Mapping[date, int], starts: Ints, ends: Ints) -> tuple[Floats, Floats]:
        """Return about how many rows lie before the starts, and up to the ends, of some windows.

        A day that fits in memory is read as a whole: its rows lie up to every instant of it, and before none.
        """
        if not rows:
            return np.zeros(len(starts)), np.zeros(len(ends))
        days = np.array(list(rows), "datetime64[us]").astype(np.int64)
        total = np.cumsum([0, *rows.values()]).astype(np.float64)
        if max(rows.values()) <= _BATCH_TRADES:
            before = total[np.searchsorted(days + _DAY, starts, side="right")]
            return before, total[np.searchsorted(days, ends, side="right")]
        edges = np.column_stack([days, days + _DAY]).ravel()
        held = np.column_stack([total[:-1], total[1:]]).ravel()
        return np.interp(starts, edges, held), np.interp(ends, edges, held)
