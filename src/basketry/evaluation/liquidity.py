"""The markets of a basket's constituents: value traded, volatility, venues, depth, and what trading costs there."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from basketry.core.errors import DataError
from basketry.core.numbers import Floats, normalise
from basketry.core.time import DAY, to_datetime, to_instant
from basketry.index.calculate import Instant
from basketry.market.panel import Panel
from basketry.methodology.metrics import log_returns

LIQUIDITY_WINDOW = timedelta(days=30)
VOLATILITY_MIN_ROWS = 5
USUAL_VOLATILITY = 0.04
"""A day's, of an asset where none is known."""


@dataclass(frozen=True)
class CostModel:
    """What trading an amount Q of an asset costs: Q (half_spread + fee) + Y σ √(Q / V) Q.

    The square-root law: an order of Q moves the price by Y σ √(Q / V), with the value V traded in a day and the
    volatility σ of a day, however long it takes. The move is taken as what the order pays on average; by the law
    itself the mean price is two thirds of the way, so a coefficient of 2/3 is the lower reading.

    Attributes:
        half_spread: Fraction of the amount.
        fee: Of the venue, fraction of the amount.
        coefficient: Y.

    Source: Almgren, Thum, Hauptmann and Li (2005), Direct Estimation of Equity Market Impact; Tóth et al. (2011),
    Anomalous Price Impact, who find Y near 1; for Bitcoin Donier and Bonart (2015).
    """

    half_spread: float = 0.0005
    fee: float = 0.001
    coefficient: float = 1.0

    def __post_init__(self) -> None:
        """Refuse costs that are no costs."""
        if not all(0 <= value < math.inf for value in (self.half_spread, self.fee, self.coefficient)):
            raise DataError("a cost model needs a half spread, a fee and a coefficient that are not negative")

    @property
    def linear(self) -> float:
        """Cost in proportion to the amount."""
        return self.half_spread + self.fee

    def of(self, amounts: ArrayLike, value_traded: ArrayLike, volatility: ArrayLike) -> Floats:
        """Return the cost of trading amounts, quote currency; infinite where nothing is known to trade.

        >>> CostModel(half_spread=0.0, fee=0.001).of([1e6, 0.0], [1e8, 1e8], [0.04, 0.04]).round(6).tolist()
        [5000.0, 0.0]
        """
        amount, traded, sigma = (np.asarray(part, dtype=np.float64) for part in (amounts, value_traded, volatility))
        impact = self.coefficient * sigma * np.abs(amount) ** 1.5 / np.sqrt(np.where(traded > 0, traded, np.nan))
        cost = np.abs(amount) * self.linear + impact
        return np.where(amount == 0, 0.0, np.where(np.isnan(cost), np.inf, cost))


USUAL_COSTS = CostModel()
"""Half a spread of 5 basis points, a fee of 10, and a coefficient of 1."""


@dataclass(frozen=True, eq=False)
class Liquidity:
    """What is known of the markets of some assets; NaN where it is not.

    Attributes:
        assets: Ids, length N.
        weights: In the index; they sum to 1, shape (N,).
        value_traded: Quote currency a day, shape (N,).
        volatility: Standard deviation of daily log returns, not annualised, shape (N,).
        venues: Number of major venues, shape (N,).
        depth: Quote currency on one side of the books within a stated distance of the price, shape (N,).
    """

    assets: tuple[str, ...]
    weights: Floats
    value_traded: Floats
    volatility: Floats
    venues: Floats
    depth: Floats

    @staticmethod
    def of(
        weights: Mapping[str, float],
        value_traded: Mapping[str, float],
        volatility: Mapping[str, float],
        venues: Mapping[str, float] | None = None,
        depth: Mapping[str, float] | None = None,
    ) -> Liquidity:
        """Return the liquidity of a basket from figures by asset; an asset without one has an unknown figure.

        Raises:
            DataError: Weights are negative or all zero, or a figure is negative.
        """
        assets = tuple(sorted(weights, key=lambda asset: (-weights[asset], asset)))
        parts = np.array([weights[asset] for asset in assets], dtype=np.float64)
        if not len(parts) or not (np.isfinite(parts) & (parts >= 0)).all() or not parts.any():
            raise DataError("weights must be numbers that are not negative, and not all zero")
        tables = [
            np.array([table.get(asset, np.nan) for asset in assets], dtype=np.float64)
            for table in (value_traded, volatility, venues or {}, depth or {})
        ]
        for name, values in zip(("value_traded", "volatility", "venues", "depth"), tables, strict=True):
            if (values < 0).any():
                raise DataError(
                    f"{name} of {assets[int(np.nanargmin(values))]!r} is negative; leave out what is unknown"
                )
        return Liquidity(assets, normalise(parts), *tables)

    @property
    def known_volatility(self) -> Floats:
        """Volatilities, with the median of those known (4% where none is) in place of an unknown one, shape (N,)."""
        known = self.volatility[~np.isnan(self.volatility)]
        return np.where(
            np.isnan(self.volatility), np.median(known) if len(known) else USUAL_VOLATILITY, self.volatility
        )


def days_to_trade(liquidity: Liquidity, size: float, participation: float = 0.1) -> Floats:
    """Return days to trade each part of a portfolio, size · w / (participation · value traded), shape (N,).

    >>> held = Liquidity.of({"btc": 0.5, "x": 0.5}, {"btc": 1e9, "x": 1e6}, {})
    >>> days_to_trade(held, 1e6).tolist()
    [0.005, 5.0]
    """
    traded = np.where(liquidity.value_traded > 0, liquidity.value_traded, np.nan)
    return liquidity.weights * size / (participation * traded)


def major_venues(markets: pl.DataFrame, major: Collection[str], instant: Instant) -> dict[str, int]:
    """Return on how many major venues each asset has a spot market in force at an instant.

    Args:
        markets: MARKETS table; the dates [valid_from, valid_until) say when a market was there.
        major: Ids of the venues that count as major, whoever chose them; say who did.
        instant: When.
    """
    moment = to_datetime(to_instant(instant))
    there = (pl.col("valid_from").is_null() | (pl.col("valid_from") <= moment)) & (
        pl.col("valid_until").is_null() | (pl.col("valid_until") > moment)
    )
    found = (
        markets.filter(there & (pl.col("kind") == "spot") & pl.col("venue").is_in(sorted(major)))
        .group_by("base")
        .agg(pl.col("venue").n_unique())
    )
    counted = dict.fromkeys(markets["base"].unique(), 0)
    return {**counted, **dict(found.iter_rows())}


def market_liquidity(view: Panel) -> tuple[Floats, Floats]:
    """Return the median value traded a day and the daily volatility of all assets over 30 days, each shape (N,).

    The volatility is the root of the mean squared log return (about zero), for a step of one day; NaN with fewer than
    five returns.

    Raises:
        DataError: The panel has no volumes.
    """
    if "volume" not in view.fields:
        raise DataError("the data hold no field 'volume', so nothing is known of liquidity; import daily volumes")
    value_traded = view.statistic("volume", "median", LIQUIDITY_WINDOW)
    returns = log_returns(view, LIQUIDITY_WINDOW)
    count = (~np.isnan(returns)).sum(axis=0)
    squares = np.nansum(returns**2, axis=0) / np.maximum(count, 1)
    steps = np.diff(view.times[-len(returns) - 1 :]) / DAY
    days = float(np.median(steps)) if len(steps) else 1.0
    return value_traded, np.where(count >= VOLATILITY_MIN_ROWS, np.sqrt(squares / days), np.nan)
