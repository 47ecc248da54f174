"""The rate from order books, message by message or over recorded messages: one calculator for both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from basketry.core.elementary import exp
from basketry.core.errors import DataError
from basketry.core.frames import DEPTH, INSTANT
from basketry.core.numbers import Bools, Floats
from basketry.market.tape import SIZE_DECIMALS, Ints, Market
from basketry.reference.books import kernels
from basketry.reference.books.rule import BookRate

CAPACITY = 5_000
REASONS = ("counts", "no book", "stale", "one side empty", "crossed", "deviates", "no rate")
"""Why a market does not count, by code; a book is missing until its first snapshot and after a gap."""
BOOK_RATES = {
    "time": INSTANT,
    "price": pl.Float64(),
    "value_bid": pl.Float64(),
    "value_ask": pl.Float64(),
    "depth": pl.Float64(),
    "spread": pl.Float64(),
    "size_cap": pl.Float64(),
    "venues": pl.UInt32(),
    "status": pl.String(),
    "reason": pl.String(),
    "age_seconds": pl.Float64(),
}
"""Columns of rates from books: utilised depth and size cap in base units, age of a carried rate in seconds."""


@dataclass(frozen=True, slots=True)
class BookValue:
    """The rate at an instant.

    Attributes:
        time: Microseconds since 1970 UTC.
        price: The rate, the mean of the two below; NaN where there is none.
        value_bid: The same on the bid side alone. value_ask: On the ask side.
        depth: Utilised depth, base units. spread: Mid spread there, a fraction.
        size_cap: The most that a level counted for, base units.
        venues: Venues that count.
        codes: Why each market does not count, places in REASONS.
        status: live, carried or suspended.
        reason: Why it is not live.
        age: Seconds since it was made.
    """

    time: int
    price: float
    value_bid: float
    value_ask: float
    depth: float
    spread: float
    size_cap: float
    venues: int
    codes: tuple[int, ...]
    status: str = "live"
    reason: str = ""
    age: float = 0.0


class BookCalculator:
    """Keeps the books of some markets and gives the rate from them.

    Args:
        markets: The markets, in any order.
        rule: Parameters.
        size_decimals: Sizes are whole numbers of 10^-size_decimals base units.
        capacity: Levels kept on each side; a full side forgets its worst.

    >>> market = Market("kraken", "btc-usd", "btc", "usd")
    >>> books = BookCalculator([market], BookRate(spacing=1, size_cap=10, min_venues=1))
    >>> for side, price in (("bid", 99.0), ("ask", 101.0)):
    ...     books.update(market, 0, 1, snapshot=True, side=side, price=price, size=500_000_000)
    >>> books.value(1_000_000).price
    100.0
    """

    def __init__(
        self,
        markets: Sequence[Market],
        rule: BookRate,
        *,
        size_decimals: int = SIZE_DECIMALS,
        capacity: int = CAPACITY,
    ) -> None:
        self.markets = tuple(sorted(set(markets)))
        self.rule = rule
        self._unit = float(f"1e-{size_decimals}")
        self._place = {market: place for place, market in enumerate(self.markets)}
        venues = sorted({market.venue for market in self.markets})
        self._venue = np.array([venues.index(market.venue) for market in self.markets], np.int64)
        count = len(self.markets)
        self._state = (
            np.zeros((count, 2, capacity)),
            np.zeros((count, 2, capacity), np.int64),
            np.zeros((count, 2), np.int64),
            np.zeros(count, np.int64),
            np.zeros(count, np.bool_),
            np.zeros(count, np.int64),
            np.zeros((count, 3), np.int64),
        )
        # That of the first point is taken out of all, so that a large decay does not underflow.
        self._weights = exp(-rule.decay * rule.spacing * np.arange(rule.steps, dtype=np.float64))
        self._out: Bools = np.zeros(count, np.bool_)
        self._last: BookValue | None = None

    @property
    def faults(self) -> dict[Market, dict[str, int]]:
        """Gaps, old messages and malformed rows seen of each market."""
        names = ("gaps", "old", "malformed")
        return {
            market: dict(zip(names, self._state[6][place].tolist(), strict=True))
            for place, market in enumerate(self.markets)
        }

    def book(self, market: Market) -> tuple[list[tuple[float, int]], list[tuple[float, int]]]:
        """Return the bids and asks of a market, best first, as (price, size)."""
        place = self._place[market]
        price, size, count = self._state[:3]
        bids, asks = (
            [(float(price[place, side, i]), int(size[place, side, i])) for i in range(count[place, side])]
            for side in (kernels.BID, kernels.ASK)
        )
        return bids, asks

    def update(
        self, market: Market, time: int, sequence: int, *, snapshot: bool, side: str, price: float, size: int
    ) -> None:
        """Take one row of a message (DEPTH); rows of one message share its time and sequence.

        Raises:
            DataError: The market is not one of the calculator's, or the side is neither bid nor ask.
        """
        place = self._place.get(market)
        if place is None:
            raise DataError(f"{market} is not a market of this calculator")
        if side not in ("bid", "ask"):
            raise DataError(f"{market}: side {side!r} is neither bid nor ask")
        which = kernels.BID if side == "bid" else kernels.ASK
        kernels.apply_row(*self._state, place, time, sequence, snapshot, which, price, size)

    def value(self, at: int, factors: Floats | None = None) -> BookValue:
        """Return the rate at an instant, microseconds, from the messages taken so far.

        Args:
            at: The instant.
            factors: Units of the target currency for one of each market's quote, shape (M,) in the order of
                `markets`; 1 unless given. NaN: no rate is known, and the market does not count.
        """
        factor = np.ones(len(self.markets)) if factors is None else np.asarray(factors, dtype=np.float64)
        price, size, count, _, valid, time, _ = self._state
        limit, stale = self.rule.deviation, round(self.rule.stale.total_seconds() * 1e6)
        back = limit * self.rule.return_below
        code = kernels.judge(price, count, valid, time, factor, at, stale, self._out, limit, back)
        venues = len(np.unique(self._venue[code == kernels.COUNTS]))
        if venues < self.rule.min_venues:
            return self._carry(at, code, venues)
        if self.rule.size_cap == "dynamic":
            cap = kernels.size_cap(price, size, count, factor, code, 0.05, 50)
        else:
            cap = self.rule.size_cap / self._unit
        spacing = self.rule.spacing / self._unit
        curves = [
            kernels.curve(price, size, count, factor, code, side, cap, spacing, self.rule.steps)
            for side in (kernels.BID, kernels.ASK)
        ]
        if not len(curves[0]) or not len(curves[1]):
            return self._carry(at, code, venues, "the books hold less than one spacing")
        bid, ask, depth, spread = kernels.integrate(
            curves[0], curves[1], self.rule.spread, self.rule.spacing, self._weights
        )
        self._last = BookValue(
            at, (bid + ask) / 2, bid, ask, depth, spread, cap * self._unit, venues, tuple(code.tolist())
        )
        return self._last

    def _carry(self, at: int, code: NDArray[np.int8], venues: int, why: str = "") -> BookValue:
        reason = why or f"{venues} of at least {self.rule.min_venues} venues"
        nan = float("nan")
        none = BookValue(at, nan, nan, nan, nan, nan, nan, venues, tuple(code.tolist()), "suspended", reason)
        if self._last is None:
            return none
        age = (at - self._last.time) / 1e6
        if age > self.rule.carry.total_seconds():
            return none
        return replace(self._last, time=at, venues=venues, codes=none.codes, status="carried", reason=reason, age=age)


def book_rates(
    frames: Mapping[Market, pl.DataFrame],
    instants: Ints,
    rule: BookRate,
    *,
    factors: Floats | None = None,
    size_decimals: int = SIZE_DECIMALS,
    capacity: int = CAPACITY,
) -> pl.DataFrame:
    """Return the rates at ascending instants from recorded messages (columns BOOK_RATES).

    Args:
        frames: Messages of each market (DEPTH); a rate at t has seen those with time < t.
        instants: Microseconds, shape (T,).
        rule: Parameters.
        factors: Units of the target currency for one of each market's quote at each instant, shape (T, M), markets in
            ascending order; 1 unless given.
        size_decimals: Sizes are whole numbers of 10^-size_decimals base units.
        capacity: Levels kept on each side.

    Raises:
        SchemaError: A frame is not of DEPTH.
    """
    calculator = BookCalculator(list(frames), rule, size_decimals=size_decimals, capacity=capacity)
    rows = _Rows(frames, calculator.markets)
    values = []
    for place, instant in enumerate(instants.tolist()):
        rows.feed(calculator._state, instant)
        values.append(calculator.value(instant, None if factors is None else factors[place]))
    return _table(values)


class _Rows:
    """The rows of many markets in the order of time, and within a market of the messages."""

    def __init__(self, frames: Mapping[Market, pl.DataFrame], markets: Sequence[Market]) -> None:
        parts = []
        for place, market in enumerate(markets):
            frame = DEPTH.check(frames[market], str(market)).sort("time", "sequence", maintain_order=True)
            parts.append(
                frame.select(
                    "time",
                    "sequence",
                    "price",
                    "size",
                    market=pl.lit(place, dtype=pl.Int64),
                    snapshot=pl.col("kind") == "snapshot",
                    side=(pl.col("side") == "ask").cast(pl.Int64),
                )
            )
        whole = pl.concat(parts).sort("time", maintain_order=True)
        self._columns: dict[str, Any] = {
            name: (whole[name].to_physical() if name == "time" else whole[name]).to_numpy() for name in whole.columns
        }
        self._next = 0

    def feed(self, state: tuple[Any, ...], until: int) -> None:
        """Apply the rows with time < until that were not applied yet."""
        last = int(np.searchsorted(self._columns["time"], until))
        names = ("market", "time", "sequence", "snapshot", "side", "price", "size")
        kernels.apply_rows(*state, *(self._columns[name][self._next : last] for name in names))
        self._next = last


def _table(values: Sequence[BookValue]) -> pl.DataFrame:
    columns = {
        "time": [value.time for value in values],
        **{name: [getattr(value, name) for value in values] for name in list(BOOK_RATES)[1:-1]},
        "age_seconds": [value.age for value in values],
    }
    frame = pl.DataFrame(columns, schema={**BOOK_RATES, "time": pl.Int64()})
    return frame.with_columns(
        pl.col("time").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"), pl.col(pl.Float64).fill_nan(None)
    )
