"""What many venues sent: frames by table and market, with the true prices beside them where they are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from basketry.core.errors import DataError, nearest_hint
from basketry.core.frames import DEPTH, MARKETS, QUOTES, TRADES, VENUES, Schema
from basketry.core.numbers import Floats
from basketry.market.tape import SIZE_DECIMALS, Ints, Market, Tape
from basketry.market.venues.grid import Grid
from basketry.market.venues.specs import VenueSpec

FEED_TABLES: Mapping[str, Schema] = {"trades": TRADES, "quotes": QUOTES, "depth": DEPTH}
COSTS: Mapping[str, pl.DataType] = {
    "fault": pl.String(),
    "venue": pl.String(),
    "pair": pl.String(),
    "start": pl.Datetime("us", "UTC"),
    "end": pl.Datetime("us", "UTC"),
    "price_factor": pl.Float64(),
    "notional": pl.Float64(),
    "slippage": pl.Float64(),
    "fees": pl.Float64(),
}
"""What an adversary did and paid, a row for each market and window; the last three in USD."""
Frames = Mapping[str, Mapping[Market, pl.DataFrame]]


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedVenues:
    """What many venues sent over a period.

    Attributes:
        seed: Seed that it was made from, and from which faults draw.
        asset: The asset whose price is sought.
        start: First instant.
        end: End, exclusive.
        frames: Frames by table name (trades, quotes, depth) and market, each in its schema and in order of arrival.
        tables: The reference tables `markets` (MARKETS) and `venues` (VENUES).
        truth: Columns time, asset, mid (USD): what no observer sees; each row holds until the next of the asset.
        costs: What adversaries paid (COSTS).
        specs: The venues' figures by id; empty where the data are recorded.
        grids: Ticks of each market; empty where the data are recorded.
    """

    seed: int
    asset: str
    start: np.datetime64
    end: np.datetime64
    frames: Frames
    tables: Mapping[str, pl.DataFrame]
    truth: pl.DataFrame
    costs: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=COSTS))
    specs: Mapping[str, VenueSpec] = field(default_factory=dict)
    grids: Mapping[Market, Grid] = field(default_factory=dict)

    @staticmethod
    def recorded(
        asset: str, frames: Frames, *, seed: int = 0, specs: Mapping[str, VenueSpec] | None = None
    ) -> SimulatedVenues:
        """Return recorded frames in the form that faults are injected into; there is no truth beside them.

        Args:
            asset: The asset whose price is sought.
            frames: Frames by table name and market.
            seed: Seed from which faults draw.
            specs: Figures of the venues, which an adversary with a budget needs.

        Raises:
            SchemaError: A frame is not in its schema.
            DataError: A table is not one of a feed, or there are no rows.
        """
        for name, held in frames.items():
            if name not in FEED_TABLES:
                raise DataError(f"no table of a feed is called {name!r}{nearest_hint(name, FEED_TABLES)}")
            for market, frame in held.items():
                FEED_TABLES[name].check(frame, f"{market} {name}")
        stamps = [frame["time"].to_physical() for held in frames.values() for frame in held.values() if frame.height]
        if not stamps:
            raise DataError(f"there are no rows of {asset} to inject faults into")
        first, last = min(int(stamp[0]) for stamp in stamps), max(int(stamp[-1]) for stamp in stamps)
        markets = sorted({market for held in frames.values() for market in held})
        span = np.datetime64(first, "us"), np.datetime64(last + 1, "us")
        truth = pl.DataFrame(schema=TRUTH)
        return SimulatedVenues(seed, asset, *span, frames, reference_tables(markets), truth, specs=specs or {})

    def markets(self) -> Sequence[Market]:
        """Return every market in ascending order."""
        return sorted({market for held in self.frames.values() for market in held})

    def tape(self, asset: str, start: int, end: int) -> Tape:
        """Return the trades of an asset with start <= time < end (microseconds since 1970)."""
        held = {market: frame for market, frame in self.frames.get("trades", {}).items() if market.base == asset}
        return Tape.from_frames(asset, held).cut(start, end)

    def mid(self, asset: str) -> tuple[Ints, Floats]:
        """Return the true price of an asset: microseconds since 1970 and USD, shape (T,) each.

        Raises:
            DataError: There is no truth about the asset.
        """
        rows = self.truth.filter(pl.col("asset") == asset)
        if not rows.height:
            known = self.truth["asset"].unique().sort().to_list()
            raise DataError(f"no true price of {asset!r} is known{nearest_hint(asset, known)}; known: {known}")
        return rows["time"].to_physical().to_numpy(), rows["mid"].to_numpy()

    def with_frames(self, table: str, frames: Mapping[Market, pl.DataFrame]) -> SimulatedVenues:
        """Return the feed with some markets' frames of a table replaced."""
        return replace(self, frames={**self.frames, table: {**self.frames[table], **frames}})


TRUTH: Mapping[str, pl.DataType] = {"time": pl.Datetime("us", "UTC"), "asset": pl.String(), "mid": pl.Float64()}


def reference_tables(markets: Sequence[Market], names: Mapping[str, str] | None = None) -> dict[str, pl.DataFrame]:
    """Return the MARKETS and VENUES tables of some markets; `names` are those of venues for people."""
    rows = [
        {
            "venue": market.venue,
            "pair": market.pair,
            "symbol": f"{ticker(market.base)}-{ticker(market.quote)}",
            "base": market.base,
            "quote": market.quote,
            "kind": market.kind,
            "size_decimals": SIZE_DECIMALS,
        }
        for market in markets
    ]
    groups = {market.venue: market.group for market in markets}
    venues = [
        {"venue": venue, "name": (names or {}).get(venue), "group": group} for venue, group in sorted(groups.items())
    ]
    return {
        "markets": MARKETS.conform(pl.DataFrame(rows, infer_schema_length=None)),
        "venues": VENUES.conform(pl.DataFrame(venues, infer_schema_length=None)),
    }


def ticker(asset: str) -> str:
    """Return what venues call an asset.

    >>> ticker("sim-aurum")
    'AURUM'
    """
    return asset.removeprefix("sim-").upper()
