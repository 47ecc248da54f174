"""A symbol that comes to mean another asset: the collision of tickers after a fork, a relaunch or a listing."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from basketry.core.errors import DataError
from basketry.core.frames import MARKETS
from basketry.core.numbers import Floats
from basketry.core.time import YEAR_DAYS
from basketry.market.tape import Ints
from basketry.market.venues.faults.edits import in_window, reprice
from basketry.market.venues.faults.fault import VenueFault
from basketry.market.venues.feed import SimulatedVenues

VOLATILITY = 2.0
"""A year, of the other asset against the first."""
_SECOND = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolSwap(VenueFault):
    """From `start` to `end` the venue's symbols of the asset (or one pair) mean another asset.

    What comes under the old market follows the other asset's price. The MARKETS table says it: the symbol's row ends
    at `start`, and one with base `other` holds in the window, so that a mapping by dates is not misled.

    Attributes:
        other: Stable id of the other asset.
        ratio: Its price relative to the asset's at `start`.
    """

    other: str
    ratio: float

    def apply(self, feed: SimulatedVenues, generator: np.random.Generator) -> SimulatedVenues:
        """Return the feed with the other asset's prices and with the dates of the symbols."""
        if not self.ratio > 0:
            raise DataError(f"SymbolSwap.ratio must be positive, was {self.ratio!r}")
        start, end = self.span
        steps = (end - start) // _SECOND + 1
        shocks = generator.standard_normal(steps) * VOLATILITY / np.sqrt(YEAR_DAYS * 86_400.0)
        path = self.ratio * np.exp(np.cumsum(shocks))

        def factor(times: Ints) -> Floats:
            place = np.clip((times - start) // _SECOND, 0, steps - 1)
            return np.where(in_window(times, (start, end)), path[place], 1.0)

        markets = self.asset_markets(feed)
        feed = reprice(feed, markets, factor, grid=False)
        pairs = [market.pair for market in markets]
        return replace(feed, tables={**feed.tables, "markets": self._dated(feed.tables["markets"], pairs)})

    def _dated(self, markets: pl.DataFrame, pairs: list[str]) -> pl.DataFrame:
        start, end = (pl.lit(instant).cast(pl.Datetime("us", "UTC")) for instant in self.span)
        own = (pl.col("venue") == self.venue) & pl.col("pair").is_in(pairs)
        meant = markets.filter(own)
        other = meant.with_columns(
            pair=pl.concat_str(pl.lit(self.other), pl.lit("-"), "quote"),
            base=pl.lit(self.other),
            valid_from=start,
            valid_until=end,
        )
        dated = [markets.filter(~own), meant.with_columns(valid_until=start), other, meant.with_columns(valid_from=end)]
        return MARKETS.conform(pl.concat(dated).sort("venue", "pair", "valid_from"))
