"""What trading costs: a part in proportion, market impact with the power 3/2, gas; with the limits of liquidity."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.market.cash import CASH
from basketry.tracking.target import Target

IMPACT_FACTOR = 1.0
"""Y of the square-root law, of order one in all markets measured (Tóth et al. 2011; Donier and Bonart 2015)."""

USUAL_VOLATILITY = 0.04
"""A day's, of an asset with fewer than five returns in the window."""


@dataclass(frozen=True, eq=False)
class TradingCosts:
    """Cost of trading an amount z of an asset, quote currency: linear·|z| + impact·|z|^(3/2) + gas.

    Attributes:
        linear: Half spread and fee, fraction of the amount, shape (), (N,) or (T, N).
        impact: Coefficient of the power 3/2, per square root of quote currency, shape (), (N,) or (T, N).
        gas: Quote currency a trade.
        minimum: Trades smaller than this amount are not made, quote currency.
        largest: Most that can be traded of an asset in one step, quote currency, shape (), (N,) or (T, N).
        lot: Smallest unit of a trade in units of the asset, 0 for none, shape () or (N,).

    As fractions of a portfolio worth V, trading u costs c|u| + k|u|^(3/2) with c = linear and k = impact·√V.

    >>> costs = TradingCosts(linear=0.001, impact=1e-6)
    >>> round(float(costs.of(np.array([[1e6, -1e6]])).sum()), 2)
    4000.0
    """

    linear: float | Floats = 0.0
    impact: float | Floats = 0.0
    gas: float = 0.0
    minimum: float = 0.0
    largest: float | Floats = np.inf
    lot: float | Floats = 0.0

    def __post_init__(self) -> None:
        for name in ("linear", "impact", "gas", "minimum", "largest", "lot"):
            values = np.asarray(getattr(self, name), dtype=np.float64)
            if not (values >= 0).all() or (name != "largest" and not np.isfinite(values).all()):
                raise DataError(
                    f"TradingCosts.{name} must be numbers that are not negative; use 0 where it costs nothing"
                )
            object.__setattr__(self, name, float(values) if values.ndim == 0 else values)

    @staticmethod
    def from_volumes(
        target: Target,
        volumes: ArrayLike,
        *,
        half_spread: float | Floats = 0.0005,
        fee: float | Floats = 0.001,
        impact_factor: float = IMPACT_FACTOR,
        window: int = 30,
        participation: float = 0.1,
        gas: float = 0.0,
        minimum: float = 0.0,
    ) -> TradingCosts:
        """Return costs by the square-root law, from volumes and volatilities of the rows up to each instant.

        An order of amount Q moves the price by Y·σ·√(Q/V), which is taken as what the order pays on average; its cost
        is therefore Q times that, a power of 3/2.

        Args:
            target: Gives prices; the rows are taken as days.
            volumes: Traded a day, quote currency, NaN where unknown, shape (T, N).
            half_spread: Fraction, shape (), (N,) or (T, N).
            fee: Of the venue, fraction, likewise.
            impact_factor: Y.
            window: Rows over which the median volume and the volatility are taken, the present one included.
            participation: Largest share of the median daily volume that is traded in one step.
            gas: Quote currency a trade.
            minimum: Smallest trade, quote currency.

        An asset without any known volume in the window cannot be traded there. A cash member (`cash`, without any
        volume) costs nothing and has no limit.

        Source: Tóth, Lempérière, Deremble, de Lataillade, Kockelkoren and Bouchaud (2011), Anomalous price impact and
        the critical nature of liquidity in financial markets; for Bitcoin, Donier and Bonart (2015).

        Raises:
            DataError: Volumes have another shape than prices, or are negative.
        """
        traded = np.asarray(volumes, dtype=np.float64)
        if traded.shape != target.prices.shape:
            raise DataError(f"volumes have shape {traded.shape}, expected {target.prices.shape} (instants, assets)")
        if (traded < 0).any():
            raise DataError("volumes must not be negative; use NaN where a volume is not known")
        marks = np.concatenate([target.past, target.marks])
        with np.errstate(invalid="ignore", divide="ignore"):
            returns = np.diff(np.log(marks), axis=0, prepend=np.full((1, marks.shape[1]), np.nan))
        volatility = _trailing(returns, window, "deviation")[-len(traded) :]
        volume = _trailing(traded, window, "median")
        known = volume > 0
        sigma = np.where(np.isnan(volatility), USUAL_VOLATILITY, volatility)
        impact = np.where(known, impact_factor * sigma / np.sqrt(np.where(known, volume, 1.0)), 0.0)
        largest = np.where(known, participation * np.where(known, volume, 1.0), 0.0)
        linear: float | Floats = np.asarray(half_spread, dtype=np.float64) + np.asarray(fee, dtype=np.float64)
        cash = np.array([name == CASH for name in target.assets]) & np.isnan(traded).all(axis=0)
        if cash.any():
            linear = np.where(cash, 0.0, linear)
            largest[:, cash] = np.inf
        return TradingCosts(linear, impact, gas, minimum, largest)

    def of(self, trades: ArrayLike) -> Floats:
        """Return the cost of each trade, shape (T, N), of signed amounts in quote currency, shape (T, N)."""
        amount = np.abs(np.asarray(trades, dtype=np.float64))
        cost: Floats = self.linear * amount + self.impact * amount**1.5 + self.gas * (amount > 0)
        return cost

    def coefficients(self, value: float) -> tuple[float | Floats, float | Floats]:
        """Return c and k with which trading a fraction u of a portfolio of this value costs c|u| + k|u|^(3/2)."""
        return self.linear, self.impact * np.sqrt(value)

    def scaled(self, factor: float) -> TradingCosts:
        """Return costs this many times as high, with the same limits."""
        return replace(self, linear=self.linear * factor, impact=self.impact * factor, gas=self.gas * factor)

    def first_rows(self, rows: int) -> TradingCosts:
        """Return the costs of the first rows."""
        return self.rows(0, rows)

    def rows(self, first: int, last: int) -> TradingCosts:
        """Return the costs of the rows from first to before last."""
        parts = {name: getattr(self, name) for name in ("linear", "impact", "largest")}
        cut = {name: part[first:last] if np.ndim(part) == 2 else part for name, part in parts.items()}
        return replace(self, **cut)

    def table(self, name: str, shape: tuple[int, int]) -> Floats:
        """Return linear, impact or largest at every instant for every asset, shape (T, N).

        Raises:
            DataError: The figures do not fit the target.
        """
        values = np.asarray(getattr(self, name), dtype=np.float64)
        if (values.ndim == 2 and values.shape != shape) or (values.ndim == 1 and values.shape != shape[1:]):
            raise DataError(f"TradingCosts.{name} has shape {values.shape}, expected (), {shape[1:]} or {shape}")
        # A copy, which is writable: the compiled simulation takes read-only arrays as another type.
        return np.array(np.broadcast_to(values, shape), order="C")


def _trailing(values: Floats, window: int, statistic: str) -> Floats:
    """Return a statistic of the known values among the last rows up to each one, shape (T, N); NaN where none."""
    if window < 1:
        raise DataError(f"a window has at least one row, was {window}")
    padded = np.concatenate([np.full((window - 1, values.shape[1]), np.nan), values])
    result = np.full(values.shape, np.nan)
    least = 1 if statistic == "median" else min(5, window)
    for column in range(values.shape[1]):
        rows = sliding_window_view(padded[:, column], window)
        known = ~np.isnan(rows)
        enough = known.sum(axis=1) >= least
        if statistic == "median":
            result[enough, column] = np.nanmedian(rows[enough], axis=1)
        else:
            # Squares about zero: the mean of a short window is mostly noise.
            squares = np.where(known, rows, 0.0) ** 2
            result[enough, column] = np.sqrt(squares[enough].sum(axis=1) / known[enough].sum(axis=1))
    return result
