"""What it takes to push the price of one market: from its order book, else from its trades."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
import polars as pl

from basketry.core.numbers import Floats
from basketry.market.tape import Ints, Market

Side = Literal["up", "down"]
_SAMPLE = 60_000_000


class Liquidity(Protocol):
    """What must be bought (or sold) to push a price, and what is lost by it."""

    @property
    def basis(self) -> str:
        """Where the figure comes from: book or trades."""
        ...

    def sweep(self, offset: float, side: Side) -> tuple[float, float]:
        """Return the base units to trade to push the price by a fraction, and the loss against the price before.

        The loss is in base units at the price before: times that price it is money.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class BookLiquidity:
    """Levels of one book. Beyond its last level a side is taken to go on at its mean density.

    Attributes:
        offset: Distance of the levels from the mid price as fractions, ascending, by side.
        size: Base units at the levels, by side.
    """

    offset: dict[Side, Floats]
    size: dict[Side, Floats]
    basis: str = "book"

    @staticmethod
    def of(depth: pl.DataFrame, unit: float) -> BookLiquidity | None:
        """Return the liquidity of the book at the end of some rows of depth (DEPTH); None without both sides.

        The rows up to the last snapshot do not matter; without one the book is not known, nor where its sides cross.
        """
        whole = pl.col("sequence") >= pl.col("sequence").filter(pl.col("kind") == "snapshot").max()
        levels = depth.filter(whole).group_by("side", "price").agg(pl.col("size").sort_by("sequence").last())
        known = levels.filter(pl.col("size") > 0).sort("price")
        sides = {name: known.filter(pl.col("side") == name) for name in ("bid", "ask")}
        if any(side.is_empty() for side in sides.values()):
            return None
        ask, bid = sides["ask"], sides["bid"].reverse()
        if ask["price"][0] <= bid["price"][0]:
            return None
        mid = (float(ask["price"][0]) + float(bid["price"][0])) / 2
        return BookLiquidity(
            {"up": ask["price"].to_numpy() / mid - 1, "down": 1 - bid["price"].to_numpy() / mid},
            {"up": ask["size"].to_numpy() * unit, "down": bid["size"].to_numpy() * unit},
        )

    def sweep(self, offset: float, side: Side) -> tuple[float, float]:
        """Return what lies between the mid price and an offset; see Liquidity.sweep.

        >>> book = BookLiquidity({"up": np.array([0.01, 0.02])}, {"up": np.array([5.0, 5.0])})
        >>> [round(value, 12) for value in book.sweep(0.015, "up")]
        [5.0, 0.05]
        >>> [round(value, 12) for value in book.sweep(0.04, "up")]
        [20.0, 0.45]
        """
        levels, size = self.offset[side], self.size[side]
        inside = levels <= offset
        quantity, loss = float(size[inside].sum()), float((size * levels)[inside].sum())
        last = float(levels[-1])
        if offset > last:
            density = quantity / last
            quantity += density * (offset - last)
            loss += density * (offset**2 - last**2) / 2
        return quantity, loss


@dataclass(frozen=True, slots=True)
class TradeLiquidity:
    """The square-root law of impact, from volume and volatility.

    Trading q moves the price by the fraction Y sigma sqrt(q / V), with volume V and volatility sigma of one interval
    (Almgren, Thum, Hauptmann and Li, Direct Estimation of Equity Market Impact, 2005; Toth et al., Anomalous Price
    Impact, 2011, who find Y near 1). The mean price paid is two thirds of the way.

    Attributes:
        volume: V, base units. variance: sigma squared over the same interval. coefficient: Y.
    """

    volume: float
    variance: float
    coefficient: float = 1.0
    basis: str = "trades"

    @staticmethod
    def of(time: Ints, price: Floats, size: Floats, coefficient: float) -> TradeLiquidity:
        """Return the liquidity of the trades of a market; its volatility is that of the last prices of minutes."""
        minutes = np.flatnonzero(np.diff(time // _SAMPLE, append=np.iinfo(np.int64).max))
        variance = float((np.diff(np.log(price[minutes])) ** 2).sum())
        return TradeLiquidity(float(size.sum()), variance, coefficient)

    def sweep(self, offset: float, side: Side) -> tuple[float, float]:  # noqa: ARG002 - the law knows no side
        """Return what the law says; see Liquidity.sweep. Infinite where trades show no volatility to scale by.

        >>> quantity, loss = TradeLiquidity(volume=100.0, variance=0.0004).sweep(0.01, "up")
        >>> round(quantity, 9), round(loss, 9)
        (25.0, 0.166666667)
        """
        if not self.volume:
            return 0.0, 0.0
        if not self.variance:
            return float("inf"), float("inf")
        quantity = self.volume / self.variance * (offset / self.coefficient) ** 2
        return quantity, quantity * offset * 2 / 3


def with_variance(liquidity: Mapping[Market, Liquidity]) -> dict[Market, Liquidity]:
    """Return the liquidity of the markets of one asset; who shows no variance has the median of those who do.

    A market with one trade in the window shows none, and would otherwise be out of reach.
    """
    shown = [held.variance for held in liquidity.values() if isinstance(held, TradeLiquidity) and held.variance]
    usual = float(np.median(shown)) if shown else 0.0
    return {
        market: replace(held, variance=usual) if isinstance(held, TradeLiquidity) and not held.variance else held
        for market, held in liquidity.items()
    }
