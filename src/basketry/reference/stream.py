"""The same fixings trade by trade: `update` takes what arrives, `value` gives the price at an instant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from basketry.core.errors import DataError
from basketry.market.tape import SIZE_DECIMALS, Ints, Market, Tape
from basketry.reference.fixing import Fixer, Fixings, FixingState
from basketry.reference.price_rules import PriceRules

_FIRST_CAPACITY = 1024


@dataclass(frozen=True, slots=True)
class LateTrade:
    """A trade that came, changed or was retracted after a price that would have counted it was given.

    Attributes:
        market: Where it was.
        time: Its instant, microseconds.
        trade_id: The venue's id, '' where it has none.
        instants: The prices given before it, which a restatement has to look at.
    """

    market: Market
    time: int
    trade_id: str
    instants: tuple[int, ...]


class PriceStream:
    """An incremental calculator of the reference price of one asset.

    Trades are kept in growing arrays for as long as a window, a fall-back or a conversion can need them; `value` runs
    the kernels of the batch on what is held. So batch and stream agree to the last digit on the same trades, in
    whatever order these came, as long as they came before the value was asked for.

    Args:
        asset: The asset to price.
        markets: All markets, those of quote currencies included.
        rules: How.
        size_decimals: Sizes are whole numbers of 10^-size_decimals base units.
        keep: How long trades are kept beyond what the rules need, for restatements.
        state: What an earlier calculator handed on, after a restart.

    >>> market = Market("kraken", "btc-usd", "btc", "usd")
    >>> stream = PriceStream("btc", [market], PriceRules.parse({"rate": "vwap", "min_venues": 1}))
    >>> stream.update(market, 1_000_000, 20_000.0, 150_000_000, "1")
    >>> stream.value(2_000_000).table["price"].item()
    20000.0
    """

    def __init__(
        self,
        asset: str,
        markets: Sequence[Market],
        rules: PriceRules,
        *,
        size_decimals: int = SIZE_DECIMALS,
        keep: timedelta = timedelta(hours=1),
        state: FixingState | None = None,
    ) -> None:
        self._buffers = {market: _Buffer() for market in sorted(set(markets))}
        self._size_decimals = size_decimals
        self._fixer = Fixer(self, asset, rules, state)
        self._horizon = round((_reach(rules) + keep).total_seconds() * 1e6)
        self._given: list[int] = []
        self.late: list[LateTrade] = []

    @property
    def state(self) -> FixingState:
        """What the next value builds on, for a restart."""
        return self._fixer.state

    def update(self, market: Market, time: int, price: float, size: int, trade_id: str = "") -> None:
        """Take a trade; one with an id seen before corrects it, with size 0 it retracts it.

        Args:
            market: Where.
            time: Microseconds since 1970 UTC.
            price: Quote currency per base unit.
            size: In 10^-size_decimals base units.
            trade_id: The venue's id; trades without one are never taken for duplicates.

        Raises:
            DataError: The market is not one of the calculator's, or the price or size is not a positive number.
        """
        buffer = self._buffers.get(market)
        if buffer is None:
            raise DataError(f"{market} is not a market of this calculator")
        if not (np.isfinite(price) and price > 0) or size < 0:
            raise DataError(f"{market}: a trade needs a positive price and size, was {price} and {size}")
        changed = buffer.put(time, price, size, trade_id)
        if changed and self._given and time < self._given[-1]:
            self._note_late(market, time, trade_id)

    def update_many(self, market: Market, trades: Iterable[tuple[int, float, int, str]]) -> None:
        """Take trades (time, price, size, id) of one market in any order."""
        for time, price, size, trade_id in trades:
            self.update(market, time, price, size, trade_id)

    def value(self, at: int) -> Fixings:
        """Return the fixing at an instant, microseconds; instants must ascend.

        Raises:
            DataError: The instant is not after the last one.
        """
        if self._given and at <= self._given[-1]:
            raise DataError(f"the price at {self._given[-1]} was given; {at} is not after it")
        fixings = self._fixer.fix(np.array([at], np.int64))
        self._given.append(at)
        for buffer in self._buffers.values():
            buffer.drop_before(at - self._horizon)
        while self._given[0] < at - self._horizon:
            self._given.pop(0)
        return fixings

    def _note_late(self, market: Market, time: int, trade_id: str) -> None:
        reach = round(_reach(self._fixer.rules).total_seconds() * 1e6)
        touched = tuple(instant for instant in self._given if instant - reach <= time < instant)
        if touched:
            self.late.append(LateTrade(market, time, trade_id, touched))

    def markets(self) -> list[Market]:
        """Return every market."""
        return list(self._buffers)

    def tape(self, asset: str, start: int, end: int) -> Tape:
        """Return what is held of an asset with start <= time < end."""
        held = {market: buffer for market, buffer in self._buffers.items() if market.base == asset}
        return Tape.from_pieces(
            asset,
            {market: [buffer.between(start, end)] for market, buffer in held.items()},
            size_decimals=self._size_decimals,
        )


class _Buffer:
    """Trades of one market in growing arrays, ordered when they are read."""

    def __init__(self) -> None:
        self._time = np.empty(_FIRST_CAPACITY, np.int64)
        self._price = np.empty(_FIRST_CAPACITY)
        self._size = np.empty(_FIRST_CAPACITY, np.int64)
        self._count = 0
        self._ordered = True
        self._place: dict[str, int] = {}

    def put(self, time: int, price: float, size: int, trade_id: str) -> bool:
        """Keep a trade; return whether it is news."""
        known = self._place.get(trade_id) if trade_id else None
        if known is not None:
            if (self._time[known], self._price[known], self._size[known]) == (time, price, size):
                return False
            # A retraction says what it retracts by its id alone.
            if size:
                self._time[known], self._price[known] = time, price
                self._ordered = False
            self._size[known] = size
            return True
        if self._count == len(self._time):
            self._grow()
        place = self._count
        self._time[place], self._price[place], self._size[place] = time, price, size
        self._ordered = self._ordered and (place == 0 or time >= self._time[place - 1])
        self._count += 1
        if trade_id:
            self._place[trade_id] = place
        return True

    def between(self, start: int, end: int) -> tuple[Ints, np.ndarray[tuple[int], np.dtype[np.float64]], Ints]:
        """Return copies of time, price and size of the trades in [start, end), in time order."""
        self._order()
        time = self._time[: self._count]
        first, last = (int(np.searchsorted(time, edge)) for edge in (start, end))
        traded = self._size[first:last] > 0
        return time[first:last][traded], self._price[first:last][traded], self._size[first:last][traded]

    def drop_before(self, horizon: int) -> None:
        """Forget trades before an instant, once they are half of what is held."""
        self._order()
        first = int(np.searchsorted(self._time[: self._count], horizon))
        if first > self._count // 2:
            self._take(np.arange(first, self._count))

    def _order(self) -> None:
        if not self._ordered:
            self._take(np.argsort(self._time[: self._count], kind="stable"))
            self._ordered = True

    def _take(self, rows: Ints) -> None:
        moved = np.full(self._count, -1, np.int64)
        moved[rows] = np.arange(len(rows))
        self._place = {key: int(moved[place]) for key, place in self._place.items() if moved[place] >= 0}
        for values in (self._time, self._price, self._size):
            values[: len(rows)] = values[rows]
        self._count = len(rows)

    def _grow(self) -> None:
        self._time, self._price, self._size = (
            np.concatenate([values, np.empty_like(values)]) for values in (self._time, self._price, self._size)
        )


def _reach(rules: PriceRules) -> timedelta:
    """Return how far before its instant a price can look."""
    widest = max([rules.rate.window, *rules.fallback.wider])
    return widest + 3 * (rules.conversion.max_age + rules.conversion.window)
