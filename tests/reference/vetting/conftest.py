"""Trades of made-up markets for the tests of the vetting."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from basketry.core.frames import BARS, INSTANT, TRADES
from basketry.market.tape import Market
from basketry.reference.vetting.rules import VettingRules
from basketry.reference.vetting.trades import MarketTrades, Peers

Numbers = Sequence[float] | NDArray[np.int64] | NDArray[np.float64]
SECOND = 1_000_000


class Maker:
    """Makes frames and trades; what is not given is one trade a second at 100, sides unknown."""

    rules = VettingRules()

    def frame(
        self,
        size: Numbers,
        *,
        time: Numbers | None = None,
        price: Numbers | float = 100.0,
        side: Sequence[str | None] | None = None,
    ) -> pl.DataFrame:
        count = len(size)
        moments = np.arange(count) * SECOND if time is None else np.asarray(time)
        return TRADES.conform(
            pl.DataFrame(
                {
                    "time": pl.Series(moments.astype(np.int64)).cast(INSTANT),
                    "side": pl.Series(side if side is not None else [None] * count, dtype=pl.String),
                    "price": np.broadcast_to(np.asarray(price, np.float64), count),
                    "size": np.asarray(size, np.int64),
                }
            )
        )

    def bars(self, volume: Numbers) -> pl.DataFrame:
        count = len(volume)
        time = pl.Series(np.arange(count) * 60 * SECOND).cast(INSTANT)
        prices = {name: np.full(count, 100.0) for name in ("open", "high", "low", "close")}
        return BARS.conform(pl.DataFrame({"time": time, **prices, "volume": np.asarray(volume, np.int64)}))

    def market(self, venue: str = "alpha", quote: str = "usd", group: str = "", kind: str = "spot") -> Market:
        return Market(venue, f"coin-{quote}", "coin", quote, group, kind)

    def trades(self, frame: pl.DataFrame, market: Market | None = None) -> MarketTrades:
        return MarketTrades.from_frame(market or self.market(), frame)

    def peers(self, frames: Sequence[pl.DataFrame], trusted: Sequence[str] = (), min_others: int = 2) -> Peers:
        """Return venues alpha, beta, ... with these trades."""
        names = ("alpha", "beta", "gamma", "delta", "epsilon")
        held = [self.trades(frame, self.market(name)) for name, frame in zip(names, frames, strict=False)]
        return Peers(tuple(held), frozenset(trusted), min_others)

    def honest_sizes(self, seed: int, count: int) -> NDArray[np.int64]:
        """Return lognormal sizes of which three in ten are cut to one significant digit."""
        rng = np.random.default_rng(seed)
        sizes = np.exp(rng.normal(18.0, 1.4, count)).astype(np.int64) + 100_000
        power = 10 ** np.floor(np.log10(sizes)).astype(np.int64)
        return np.where(rng.random(count) < 0.3, sizes // power * power, sizes)

    def sides(self, seed: int, count: int) -> list[str | None]:
        return list(np.random.default_rng(seed).choice(["buy", "sell"], count))


@pytest.fixture(scope="session")
def maker() -> Maker:
    return Maker()
