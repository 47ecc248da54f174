"""The optimal path of an order under linear impact and constant volatility, in closed form."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from basketry.core.errors import DataError
from basketry.core.numbers import Floats, exact_sum


class FrontierPoint(NamedTuple):
    """Expected cost and variance of the path that is best for one aversion to risk."""

    risk_aversion: float
    cost: float
    variance: float


@dataclass(frozen=True, slots=True)
class AlmgrenChriss:
    """The path that minimises E + λ V of the implementation shortfall.

    Selling n units in an interval of length τ moves the price by g n for good, and brings ε + η n / τ less than the
    price before. With η̃ = η - g τ / 2 and the slices n_k, the holdings x_k after each:

    - E = g X² / 2 + ε X + η̃ / τ Σ n_k²,  V = σ² τ Σ x_k²;
    - x_k = X sinh(κ (T - t_k)) / sinh(κ T), with 2 (cosh κτ - 1) / τ² = λ σ² / η̃.

    Without aversion to risk the slices are equal. Prices and volatility are absolute, in quote currency.

    Attributes:
        size: X, base units.
        duration: T, in any unit of time. intervals: How many slices.
        volatility: σ, quote currency per square root of the unit of time.
        temporary: η, quote currency per base unit, per base unit a unit of time.
        permanent: g, quote currency per base unit, per base unit.
        fixed: ε, half the spread and fees, quote currency per base unit.
        risk_aversion: λ, per quote currency.

    Source: Almgren and Chriss, Optimal Execution of Portfolio Transactions, 2000, sections 1.5 and 2.2
    (g is the paper's gamma).

    Raises:
        DataError: A figure is out of range, or the interval is so long that η̃ is not positive.

    >>> model = AlmgrenChriss(1e6, 5.0, 5, 0.95, 2.5e-6, 2.5e-7, 0.0625, risk_aversion=1e-6)
    >>> round(model.kappa, 2), model.slices.round()
    (0.61, array([458044., 252101., 141957.,  85756.,  62142.]))
    """

    size: float
    duration: float
    intervals: int
    volatility: float
    temporary: float
    permanent: float = 0.0
    fixed: float = 0.0
    risk_aversion: float = 0.0

    def __post_init__(self) -> None:
        """Refuse figures out of range."""
        if not (0 < self.size < math.inf and 0 < self.duration < math.inf and self.intervals >= 1):
            raise DataError(
                f"Almgren-Chriss: size {self.size}, duration {self.duration} and intervals {self.intervals} must be "
                "positive"
            )
        if min(self.volatility, self.permanent, self.fixed, self.risk_aversion) < 0:
            raise DataError("Almgren-Chriss: volatility, impact, spread and aversion to risk must be from 0")
        if self._temporary <= 0:
            raise DataError(
                f"Almgren-Chriss: temporary impact {self.temporary:g} must exceed half the permanent one over an "
                f"interval, {self.permanent * self.interval / 2:g}; take shorter intervals"
            )

    @property
    def interval(self) -> float:
        """τ, length of one interval."""
        return self.duration / self.intervals

    @property
    def kappa(self) -> float:
        """κ, urgency: 1 / κ is the half-life of the trade, in which the holdings fall by the factor e."""
        square = self.risk_aversion * self.volatility**2 / self._temporary
        return math.acosh(1 + square * self.interval**2 / 2) / self.interval

    @property
    def half_life(self) -> float:
        """1 / κ, in the unit of time; infinite without aversion to risk."""
        return 1 / self.kappa if self.kappa else math.inf

    @property
    def holdings(self) -> Floats:
        """Base units still to trade at the start and after each slice; intervals + 1 numbers."""
        time = np.linspace(0.0, self.duration, self.intervals + 1)
        kappa = self.kappa
        if kappa * self.duration < 1e-8:
            return np.asarray(self.size * (1 - time / self.duration))
        # sinh a / sinh b in exponentials that do not overflow.
        left = self.duration - time
        shape = np.exp(-kappa * time) * np.expm1(-2 * kappa * left) / math.expm1(-2 * kappa * self.duration)
        return np.asarray(self.size * shape)

    @property
    def slices(self) -> Floats:
        """Base units of each slice."""
        return -np.diff(self.holdings)

    @property
    def cost(self) -> float:
        """E of the optimal path, quote currency."""
        return self.cost_of(self.slices)

    @property
    def variance(self) -> float:
        """V of the optimal path, quote currency squared."""
        return self.variance_of(self.slices)

    def cost_of(self, slices: Floats) -> float:
        """Return E of any slices that sum to the size, quote currency.

        >>> model = AlmgrenChriss(1e6, 5.0, 5, 0.95, 2.5e-6, 2.5e-7, 0.0625)
        >>> round(model.cost_of(np.full(5, 2e5)), 6)
        662500.0
        """
        spread = self.fixed * exact_sum(np.abs(slices))
        return self.permanent * self.size**2 / 2 + spread + self._temporary / self.interval * exact_sum(slices**2)

    def variance_of(self, slices: Floats) -> float:
        """Return V of any slices that sum to the size, quote currency squared."""
        left = self.size - np.cumsum(slices)
        return self.volatility**2 * self.interval * exact_sum(left**2)

    def frontier(self, risk_aversions: Iterable[float]) -> list[FrontierPoint]:
        """Return cost and variance of the best path for each aversion to risk.

        >>> model = AlmgrenChriss(1e6, 5.0, 5, 0.95, 2.5e-6, 2.5e-7, 0.0625)
        >>> [round(point.cost) for point in model.frontier([0.0, 1e-6])]
        [662500, 911227]
        """
        models = [replace(self, risk_aversion=value) for value in risk_aversions]
        return [FrontierPoint(model.risk_aversion, model.cost, model.variance) for model in models]

    @property
    def _temporary(self) -> float:
        return self.temporary - self.permanent * self.interval / 2
