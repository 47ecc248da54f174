"""The tape: the trades of one asset on its markets, as arrays; the input of every rate made from trades."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from basketry.core.errors import DataError
from basketry.core.frames import BARS, TRADES, Schema
from basketry.core.numbers import Floats

Ints = NDArray[np.int64]
Columns = tuple[Ints, Floats, Ints]
"""Time, price and size of some trades."""

SIZE_DECIMALS = 8
_SIZE_MAX = 2**62
"""Twice the sum of all sizes of a tape must stay a 64-bit whole number."""
_MANY = 1 << 18
"""Trades from which copying them by several threads pays."""


@dataclass(frozen=True, slots=True, order=True)
class Market:
    """A pair on a venue.

    Attributes:
        venue: Stable id of the venue.
        pair: Stable id of the pair.
        base: Asset that is priced.
        quote: Asset or currency that the price is in.
        group: Owner or common source; markets of one group can fail together. The venue itself unless given.
        kind: spot, perpetual or pool.
    """

    venue: str
    pair: str
    base: str
    quote: str
    group: str = ""
    kind: str = "spot"

    def __post_init__(self) -> None:
        for name in ("venue", "pair", "base", "quote"):
            if not getattr(self, name):
                raise DataError(f"Market.{name} is empty")
        if not self.group:
            object.__setattr__(self, "group", self.venue)

    def __str__(self) -> str:
        return f"{self.venue}:{self.pair}"


@dataclass(frozen=True, slots=True, eq=False)
class Tape:
    """Trades of one asset on M markets; the N trades of a market are contiguous and in time order.

    Trades of one microsecond lie in the order of price and size, so that a tape does not depend on how its trades
    arrived.

    Attributes:
        asset: Stable id of the asset.
        markets: The markets in ascending order, length M.
        starts: Shape (M + 1,): the trades of market m are those at starts[m] to starts[m + 1].
        time: Microseconds since 1970-01-01 UTC, shape (N,).
        price: Quote currency per base unit, shape (N,); positive and finite.
        size: Whole multiples of `unit`, shape (N,); positive.
        unit: Base units in one unit of size, 1e-8 unless the markets say otherwise.
        currency: What all prices are in; '' where each market's prices are in its own quote.
    """

    asset: str
    markets: tuple[Market, ...]
    starts: Ints
    time: Ints
    price: Floats
    size: Ints
    unit: float = float(f"1e-{SIZE_DECIMALS}")
    currency: str = ""

    def __post_init__(self) -> None:
        if list(self.markets) != sorted(set(self.markets)):
            raise DataError("Tape.markets must be sorted and unique")
        if len(self.starts) != len(self.markets) + 1 or not len(self.time) == len(self.price) == len(self.size):
            raise DataError("Tape arrays do not match its markets")

    def __len__(self) -> int:
        return len(self.time)

    @staticmethod
    def from_frames(asset: str, frames: Mapping[Market, pl.DataFrame], *, size_decimals: int = SIZE_DECIMALS) -> Tape:
        """Return the tape of the trades (TRADES) or bars (BARS) of each market.

        Of trades with one id the last row counts; those retracted with size 0 are left out. A bar counts as one
        trade of its volume at its close, in its last microsecond; bars of other lengths are told apart by their
        spacing. Rows need not be in order.

        Raises:
            SchemaError: A frame is neither trades nor bars.
            DataError: A price or size is not positive, or the sizes are too many units to be summed exactly.
        """
        pieces = {market: [tick_columns(frame, str(market))] for market, frame in frames.items()}
        return Tape.from_pieces(asset, pieces, size_decimals=size_decimals)

    @staticmethod
    def from_pieces(
        asset: str, pieces: Mapping[Market, Sequence[Columns]], *, size_decimals: int = SIZE_DECIMALS
    ) -> Tape:
        """Return the tape of time, price and size of each market, in pieces in time order and known to be sound.

        Raises:
            DataError: The sizes are too many units to be summed exactly.
        """
        from basketry.market.ties import sort_ties

        markets = tuple(sorted(pieces))
        counts = [sum(len(piece[0]) for piece in pieces[market]) for market in markets]
        starts = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]).astype(np.int64)
        total = int(starts[-1])
        time, price, size = np.empty(total, np.int64), np.empty(total), np.empty(total, np.int64)

        def fill(place: int) -> None:
            first = end = int(starts[place])
            for piece in pieces[markets[place]]:
                begin, end = end, end + len(piece[0])
                time[begin:end], price[begin:end], size[begin:end] = piece
            sort_ties(time[first:end], price[first:end], size[first:end])

        if total < _MANY:
            for place in range(len(markets)):
                fill(place)
        else:
            with ThreadPoolExecutor() as threads:
                list(threads.map(fill, range(len(markets))))
        if float(size.sum(dtype=np.float64)) >= _SIZE_MAX:
            raise DataError(
                f"{asset}: the sizes sum to more than 2^62 units of 1e-{size_decimals}; "
                "keep its markets with fewer size_decimals"
            )
        return Tape(asset, markets, starts, time, price, size, float(f"1e-{size_decimals}"))

    def base_units(self, size: Ints) -> Floats:
        """Return whole sizes in units of the asset."""
        return size.astype(np.float64) * self.unit

    def market_slice(self, place: int) -> slice:
        """Return where the trades of a market lie."""
        return slice(int(self.starts[place]), int(self.starts[place + 1]))

    def bounds(self, edges: Ints) -> Ints:
        """Return the position of the first trade at or after each edge, shape (M, *edges.shape)."""
        flat = edges.ravel()
        found = np.empty((len(self.markets), len(flat)), np.int64)
        for place in range(len(self.markets)):
            part = self.market_slice(place)
            found[place] = np.searchsorted(self.time[part], flat) + part.start
        return found.reshape(len(self.markets), *edges.shape)

    def cut(self, start: int, end: int) -> Tape:
        """Return the trades with start <= time < end (microseconds)."""
        bounds = self.bounds(np.array([start, end], np.int64))
        parts = [slice(int(a), int(b)) for a, b in bounds]
        return self._of([(market, part) for market, part in zip(self.markets, parts, strict=True)])

    def only(self, markets: Sequence[Market]) -> Tape:
        """Return the trades on some of the markets."""
        chosen = sorted(set(markets))
        if tuple(chosen) == self.markets:
            return self
        return self._of([(market, self.market_slice(self.markets.index(market))) for market in chosen])

    def _of(self, parts: Sequence[tuple[Market, slice]]) -> Tape:
        def gather(values: NDArray[Any]) -> NDArray[Any]:
            return np.concatenate([values[part] for _, part in parts]) if parts else values[:0]

        lengths = [part.stop - part.start for _, part in parts]
        return replace(
            self,
            markets=tuple(market for market, _ in parts),
            starts=np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64),
            time=gather(self.time),
            price=gather(self.price),
            size=gather(self.size),
        )

    def priced(self, price: Floats, currency: str) -> Tape:
        """Return the tape with other prices, all in one currency; trades without a price are left out."""
        known = np.isfinite(price) & (price > 0)
        if known.all():
            return replace(self, price=price, currency=currency)
        kept = np.concatenate([[0], np.cumsum(known)])
        return replace(
            self,
            starts=kept[self.starts].astype(np.int64),
            time=self.time[known],
            price=price[known],
            size=self.size[known],
            currency=currency,
        )


def tick_columns(frame: pl.DataFrame, where: str) -> Columns:
    """Return time, price and size of the trades (TRADES) or bars (BARS) of one market, as `Tape.from_frames` has them.

    Raises:
        SchemaError: The frame is neither trades nor bars.
        DataError: A price or size is not positive.
    """
    schema: Schema = BARS if "close" in frame.columns else TRADES
    schema.check(frame, where)
    if schema is BARS:
        return _of_bars(frame, where)
    rows = frame
    if rows["known_at"].null_count() < rows.height or rows["trade_id"].null_count() < rows.height:
        identified = rows.filter(pl.col("trade_id").is_not_null())
        if identified["trade_id"].n_unique() < identified.height:
            latest = identified.sort("known_at", nulls_last=False, maintain_order=True).unique(
                "trade_id", keep="last", maintain_order=True
            )
            rows = pl.concat([rows.filter(pl.col("trade_id").is_null()), latest])
    rows = rows.filter(pl.col("size") != 0)
    bad = rows.filter(~pl.col("price").is_finite() | (pl.col("price") <= 0) | (pl.col("size") < 0))
    if bad.height:
        row = bad.row(0, named=True)
        raise DataError(
            f"{where}: {bad.height} trades without a positive finite price and size, the first at "
            f"{row['time']}: price {row['price']}, size {row['size']}; set them aside before a tape is made"
        )
    if not rows["time"].is_sorted():
        rows = rows.sort("time", maintain_order=True)
    return rows["time"].to_physical().to_numpy(), rows["price"].to_numpy(), rows["size"].to_numpy()


def _of_bars(frame: pl.DataFrame, where: str) -> Columns:
    rows = frame.filter(pl.col("volume") > 0).sort("time")
    if rows.filter(~pl.col("close").is_finite() | (pl.col("close") <= 0)).height:
        raise DataError(f"{where}: a bar has no positive finite close")
    starts = frame.sort("time")["time"].to_physical().to_numpy()
    length = int(np.diff(starts).min()) if len(starts) > 1 else 60_000_000
    return rows["time"].to_physical().to_numpy() + (length - 1), rows["close"].to_numpy(), rows["volume"].to_numpy()
