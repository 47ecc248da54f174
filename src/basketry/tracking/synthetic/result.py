"""What following an index synthetically gave: paths, costs that add up, collateral, and comparison in one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from basketry.core.errors import DataError
from basketry.core.numbers import Floats, exact_sum
from basketry.core.time import DAY, YEAR_DAYS
from basketry.tracking.synthetic.basket import Times

COSTS = ("funding", "fees", "roll", "slippage", "interest", "liquidation")
"""Kinds of cost: `roll` is what the basis of futures loses against spot (its trades are in fees and slippage),
`interest` is negative where the reserve earns, `liquidation` is the venue's fee and the move missed in its row."""


@dataclass(frozen=True, eq=False)
class Replication:
    """One fund's path.

    Attributes:
        times: Shape (T,).
        value: Value of the fund after the trades of each row, quote currency, shape (T,).
        index: What the same capital would be with the index's returns, shape (T,).
        booked: Cost booked at each row, quote currency, positive is lost, shape (T, 6) in the order of COSTS.
        posted: Margin posted after each row, quote currency, shape (T,).
        units: Exposure held after each row as a multiple of what the capital first bought without costs, shape (T,).
        margin_calls: Times a position was topped up from the reserve.
        liquidations: Times a position was liquidated.
    """

    times: Times
    value: Floats
    index: Floats
    booked: Floats
    posted: Floats
    units: Floats
    margin_calls: int
    liquidations: int

    @property
    def years(self) -> float:
        """Length of the path in years of 365 days."""
        return float((self.times[-1] - self.times[0]) / DAY) / YEAR_DAYS

    @property
    def costs(self) -> dict[str, float]:
        """Sum of each kind of cost, quote currency."""
        return {name: exact_sum(self.booked[:, place]) for place, name in enumerate(COSTS)}

    @property
    def exposure(self) -> float:
        """Profit from holding more or fewer units than the capital's, for costs: Σ (k_t - 1) ΔI, quote currency."""
        return exact_sum((self.units[:-1] - 1) * np.diff(self.index))

    @property
    def tracking_difference(self) -> float:
        """Annual growth of the fund less that of the index, a fraction; 365 days."""
        if self.value[-1] <= 0:
            return float(-((self.index[-1] / self.index[0]) ** (1 / self.years)))
        fund, index = (float(path[-1] / path[0]) ** (1 / self.years) for path in (self._net, self.index))
        return fund - index

    @property
    def shortfall(self) -> float:
        """What the fund loses a year against the index as a share of it: 1 - (V_T / I_T)^(1 / years)."""
        return 1 - float(max(self.value[-1], 0.0) / self.index[-1]) ** (1 / self.years)

    @property
    def tracking_error(self) -> float:
        """Standard deviation (n - 1) of the differences of returns by row, annualised by √(rows a 365-day year)."""
        differences = np.diff(self._net) / self._net[:-1] - np.diff(self.index) / self.index[:-1]
        if len(differences) < 2:
            raise DataError("a tracking error needs at least three rows")
        return float(np.std(differences, ddof=1) * np.sqrt(len(differences) / self.years))

    @property
    def _net(self) -> Floats:
        # The costs of buying in at row 0 belong to the first step.
        return np.concatenate([self.index[:1], self.value[1:]])


def compare(paths: Mapping[str, Replication]) -> pl.DataFrame:
    """Return one row a replication: what it cost a year by kind, how far it strayed, and what collateral it used.

    Columns: name, shortfall, tracking_difference and tracking_error (fractions a year); each kind of cost as a
    fraction of mean value a year; collateral_mean and collateral_max (margin over value); margin_calls and
    liquidations (counts).
    """
    rows = []
    for name, path in paths.items():
        scale = float(path.value.mean()) * path.years
        used = path.posted / path.value
        rows.append(
            {
                "name": name,
                "shortfall": path.shortfall,
                "tracking_difference": path.tracking_difference,
                "tracking_error": path.tracking_error,
                **{kind: amount / scale for kind, amount in path.costs.items()},
                "collateral_mean": float(used.mean()),
                "collateral_max": float(used.max()),
                "margin_calls": path.margin_calls,
                "liquidations": path.liquidations,
            }
        )
    return pl.DataFrame(rows)
