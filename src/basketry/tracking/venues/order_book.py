"""An order book walked level by level."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import polars as pl

from basketry.core.errors import DataError
from basketry.core.numbers import Floats, exact_sum
from basketry.tracking.venues import levels
from basketry.tracking.venues.terms import FREE, Terms
from basketry.tracking.venues.venue import Quote, Side


@dataclass(frozen=True, slots=True, eq=False)
class OrderBook:
    """The levels of one book at one instant.

    A fill takes its levels away; nothing comes back until the next snapshot.

    Attributes:
        bid_price: Quote currency per base unit, from the highest. bid_size: Base units.
        ask_price: From the lowest. ask_size: Base units.
        terms: Fees, lots and minimum sizes.

    Raises:
        DataError: Levels are out of order, not positive, or cross.
    """

    bid_price: Floats
    bid_size: Floats
    ask_price: Floats
    ask_size: Floats
    terms: Terms = FREE

    def __post_init__(self) -> None:
        """Refuse levels that are no book."""
        levels.check("bids", self.bid_price, self.bid_size, rising=False)
        levels.check("asks", self.ask_price, self.ask_size, rising=True)
        if self.bid_price.size and self.ask_price.size and self.bid_price[0] >= self.ask_price[0]:
            raise DataError(
                f"order book: the best bid {self.bid_price[0]:g} crosses the best ask {self.ask_price[0]:g}; "
                "use a later snapshot"
            )

    @staticmethod
    def of_depth(depth: pl.DataFrame, unit: float, terms: Terms = FREE) -> OrderBook:
        """Return the book at the end of some rows of depth (DEPTH): the last snapshot and the deltas after it.

        Args:
            depth: Rows of one market in the order of their sequence.
            unit: Base units of one unit of size, 10^-size_decimals.
            terms: Fees, lots and minimum sizes of the market.

        Raises:
            DataError: There is no snapshot, or the book crosses.

        >>> rows = {"sequence": [1, 1, 2], "kind": ["snapshot", "snapshot", "delta"], "side": ["bid", "ask", "ask"]}
        >>> frame = pl.DataFrame({**rows, "price": [99.0, 101.0, 102.0], "size": [500, 300, 700]})
        >>> book = OrderBook.of_depth(frame, unit=0.01)
        >>> book.mid, book.ask_size
        (100.0, array([3., 7.]))
        """
        start = depth.filter(pl.col("kind") == "snapshot")["sequence"].max()
        if start is None:
            raise DataError("order book: the rows hold no snapshot; begin them at one")
        rows = depth.filter(pl.col("sequence") >= start)
        last = rows.group_by("side", "price").agg(pl.col("size").sort_by("sequence").last())
        known = last.filter(pl.col("size") > 0)
        bids = known.filter(pl.col("side") == "bid").sort("price", descending=True)
        asks = known.filter(pl.col("side") == "ask").sort("price")
        return OrderBook(
            bids["price"].to_numpy(),
            bids["size"].to_numpy() * unit,
            asks["price"].to_numpy(),
            asks["size"].to_numpy() * unit,
            terms,
        )

    @property
    def mid(self) -> float:
        """Mean of the best bid and the best ask, quote currency per base unit.

        Raises:
            DataError: A side is empty.
        """
        if not self.bid_price.size or not self.ask_price.size:
            raise DataError("order book: a side is empty, so there is no mid price; use a later snapshot")
        return float(self.bid_price[0] + self.ask_price[0]) / 2

    def quote(self, side: Side, size: float) -> Quote:
        """Return what a market order gets; see Venue.quote.

        >>> import numpy as np
        >>> book = OrderBook(np.array([99.0]), np.array([5.0]), np.array([101.0, 102.0]), np.array([1.0, 4.0]))
        >>> book.quote("buy", 2.0)
        Quote(side='buy', size=2.0, price=101.5, fee=0.0, gas=0.0, impact=0.015)
        """
        return self._take(side, size)[0]

    def fill(self, side: Side, size: float) -> tuple[Quote, Self]:
        """Return what a market order gets, and the book without what it took; see Venue.fill."""
        quote, taken = self._take(side, size)
        price, offered = self._against(side)
        left = offered - taken
        keep = left > 0
        if side == "buy":
            return quote, replace(self, ask_price=price[keep], ask_size=left[keep])
        return quote, replace(self, bid_price=price[keep], bid_size=left[keep])

    def rest(self, side: Side, size: float) -> Quote:
        """Return what an order gets that rests at the best price of its own side, if all of it is taken.

        It pays the maker fee, and trades better than the mid; whether and when it is taken is not said here.

        Raises:
            DataError: As `quote`.

        >>> import numpy as np
        >>> sides = [np.array([99.0]), np.array([5.0]), np.array([101.0]), np.array([5.0])]
        >>> OrderBook(*sides, Terms(maker_fee=0.001)).rest("buy", 1.0).cash
        99.099
        """
        self.terms.check_size("order book", size)
        price = float((self.bid_price if side == "buy" else self.ask_price)[0]) if self.mid else 0.0
        notional = size * price
        self.terms.check_notional("order book", notional)
        return Quote.of(side, size, notional, mid=self.mid, fee=notional * self.terms.maker_fee, gas=self.terms.gas)

    def depth(self, side: Side, price: float) -> float:
        """Return the size of the levels within a limit; see RoutableVenue.depth."""
        levels_price, size = self._against(side)
        fee = self.terms.taker_fee
        within = levels_price * (1 + fee) <= price if side == "buy" else levels_price * (1 - fee) >= price
        return exact_sum(size[within])

    def _against(self, side: Side) -> tuple[Floats, Floats]:
        return (self.ask_price, self.ask_size) if side == "buy" else (self.bid_price, self.bid_size)

    def _take(self, side: Side, size: float) -> tuple[Quote, Floats]:
        self.terms.check_size("order book", size)
        price, offered = self._against(side)
        taken = levels.take(f"order book, {side}", price, offered, size)
        notional = exact_sum(taken * price)
        self.terms.check_notional("order book", notional)
        fee = notional * self.terms.taker_fee
        return Quote.of(side, size, notional, mid=self.mid, fee=fee, gas=self.terms.gas), taken
