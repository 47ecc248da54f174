"""The trades of one market with their sides, and the markets that it is compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from basketry.core.errors import DataError
from basketry.core.frames import TRADES
from basketry.core.numbers import Floats
from basketry.market.tape import SIZE_DECIMALS, Ints, Market, tick_columns

MINUTE = 60_000_000
_MOST = 0.99
_LARGEST_LOT = 10**17
_CONTRACTS = (100.0, 10.0, 1.0)
_LEAST_PARTS = 1000
"""Units of size in a contract, below which whole contracts could not be told from any size."""


@dataclass(frozen=True, slots=True, eq=False)
class MarketTrades:
    """What one market traded, N rows in time order.

    Attributes:
        market: The market.
        time: Microseconds since 1970-01-01 UTC, shape (N,).
        price: Quote currency per base unit, shape (N,).
        size: Whole multiples of `unit`, shape (N,).
        side: 1 where the taker buys, -1 where it sells, 0 where it is not known, shape (N,).
        numbers: The sizes as traders choose them, shape (N,): `size`, or whole contracts of a value in the quote
            currency.
        lot: Largest power of ten of which 99% of the numbers are multiples; 1 where there are none.
        contract: Value of a contract in the quote currency; 0 where sizes are chosen in the base asset.
        unit: Base units in one unit of size.
        single: Whether rows are single trades; bars say nothing about sizes and sides.
    """

    market: Market
    time: Ints
    price: Floats
    size: Ints
    side: NDArray[np.int8]
    numbers: Ints
    lot: int = 1
    contract: float = 0.0
    unit: float = 10.0**-SIZE_DECIMALS
    single: bool = True

    def __len__(self) -> int:
        return len(self.time)

    @property
    def volume(self) -> float:
        """Base units traded."""
        return float(self.size.sum(dtype=np.float64)) * self.unit

    @staticmethod
    def from_frame(market: Market, frame: pl.DataFrame, size_decimals: int = SIZE_DECIMALS) -> MarketTrades:
        """Return the trades (TRADES) or bars (BARS) of a market.

        As in `Tape.from_frames` the last row of a trade id counts, and size 0 retracts a trade.

        Trades of one microsecond stay in the order of the frame.

        Raises:
            SchemaError: The frame is neither trades nor bars.
            DataError: A price or size is not positive.
        """
        unit = 10.0**-size_decimals
        if "close" in frame.columns:
            time, price, size = tick_columns(frame, str(market))
            sides = np.zeros(len(time), np.int8)
            return MarketTrades(market, time, price, size, sides, size, unit=unit, single=False)
        rows = _standing(TRADES.check(frame, str(market)), str(market))
        taker = pl.when(pl.col("side") == "buy").then(1).when(pl.col("side") == "sell").then(-1).otherwise(0)
        price, size = rows["price"].to_numpy(), rows["size"].to_numpy()
        inverse = market.kind == "perpetual" and lot_of(size) == 1
        contract = contract_value(price, size, unit) if inverse else 0.0
        numbers = np.rint(size * unit * price / contract).astype(np.int64) if contract else size
        return MarketTrades(
            market,
            rows["time"].to_physical().to_numpy(),
            price,
            size,
            rows.select(taker.cast(pl.Int8).alias("side"))["side"].to_numpy(),
            numbers,
            lot_of(numbers),
            contract,
            unit,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Peers:
    """Markets of one asset and kind, to be compared with one another.

    Attributes:
        markets: The markets.
        trusted: Venues that are the benchmark; empty for all others.
        min_others: Groups of other venues that a benchmark needs, unless venues are trusted.
    """

    markets: tuple[MarketTrades, ...]
    trusted: frozenset[str] = frozenset()
    min_others: int = 2

    def others(self, place: int) -> list[int]:
        """Return which markets a market is compared with: those of other groups, of trusted ones where some are."""
        group = self.markets[place].market.group
        far = [at for at, other in enumerate(self.markets) if other.market.group != group]
        return [at for at in far if not self.trusted or self.markets[at].market.venue in self.trusted]

    def reach(self, place: int, values: Sequence[float]) -> list[float]:
        """Return a market's own value and the median of the others'.

        What is compared must be measurable on the market itself and on most others; a minority whose data are coarse
        does not hinder the comparison of the rest.
        """
        others = [values[at] for at in self.others(place)]
        return [values[place], float(np.median(others))] if others else [values[place]]

    def benchmark(self, place: int, values: Sequence[float | None]) -> float | None:
        """Return the median of the known values of the others, None where too few groups have one.

        Args:
            place: The market that is compared.
            values: One for each market, None where it is not known.
        """
        known = [(self.markets[at].market.group, values[at]) for at in self.others(place)]
        found = [value for _, value in known if value is not None]
        groups = {group for group, value in known if value is not None}
        if len(groups) < (1 if self.trusted else self.min_others):
            return None
        return float(np.median(found))

    @property
    def span(self) -> tuple[int, int]:
        """First and last instant of any trade, microseconds; (0, 0) where there are none."""
        times = [held.time for held in self.markets if len(held)]
        return (min(int(time[0]) for time in times), max(int(time[-1]) for time in times)) if times else (0, 0)


def peers_of(
    trades: Mapping[Market, pl.DataFrame],
    size_decimals: int = SIZE_DECIMALS,
    trusted: Sequence[str] = (),
    min_others: int = 2,
) -> list[Peers]:
    """Return the markets by base asset and kind, each in ascending order."""
    held: dict[tuple[str, str], list[MarketTrades]] = {}
    for market in sorted(trades):
        held.setdefault((market.base, market.kind), []).append(
            MarketTrades.from_frame(market, trades[market], size_decimals)
        )
    return [Peers(tuple(held[key]), frozenset(trusted), min_others) for key in sorted(held)]


def lot_of(numbers: Ints) -> int:
    """Return the largest power of ten of which 99% are multiples: single dust trades do not make a lot finer.

    >>> lot_of(np.repeat([1_500, 7], [99, 1]))
    100
    """
    lot = 1
    while len(numbers) and lot < _LARGEST_LOT and np.mean(numbers % (lot * 10) == 0) >= _MOST:
        lot *= 10
    return lot


def contract_value(price: Floats, size: Ints, unit: float) -> float:
    """Return the value in quote currency of which 99% of the trades are whole multiples, 0 where there is none.

    Values are 100, 10 and 1, those of contracts margined in the base asset, whose sizes in base units are no numbers
    that anyone chose. What rounding to whole units of size can hide is taken for whole.

    >>> price = np.array([20.0, 30.0])
    >>> contract_value(price, np.array([50_000_000, 100_000_000]), 1e-8)  # 10 and 30
    10.0
    """
    value = size * unit * price
    blur = price * unit
    for contract in _CONTRACTS if len(size) else ():
        off = np.abs(value - contract * np.rint(value / contract))
        if np.mean(off <= blur) >= _MOST and float(blur.max()) < contract / _LEAST_PARTS:
            return contract
    return 0.0


def _standing(frame: pl.DataFrame, where: str) -> pl.DataFrame:
    """Return the trades that stand, in time order: the last row of an id, without those retracted."""
    rows = frame
    named = rows.filter(pl.col("trade_id").is_not_null()) if rows["trade_id"].null_count() else rows
    if named["trade_id"].n_unique() < named.height:
        last = named.sort("known_at", nulls_last=False, maintain_order=True)
        last = last.unique("trade_id", keep="last", maintain_order=True)
        rows = pl.concat([rows.filter(pl.col("trade_id").is_null()), last])
    rows = rows.filter(pl.col("size").ne_missing(0))
    sound = pl.col("price").is_finite() & (pl.col("price") > 0) & (pl.col("size") > 0)
    bad = rows.filter(~sound.fill_null(False))
    if bad.height:
        row = bad.row(0, named=True)
        raise DataError(
            f"{where}: {bad.height} trades without a positive finite price and size, the first at {row['time']}: "
            f"price {row['price']}, size {row['size']}; set them aside before venues are vetted"
        )
    return rows if rows["time"].is_sorted() else rows.sort("time", maintain_order=True)
