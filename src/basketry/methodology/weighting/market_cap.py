"""Capitalisation weights."""

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from basketry.core.numbers import Floats
from basketry.core.rule import Duration, Reads
from basketry.core.time import format_duration
from basketry.market.panel import Panel
from basketry.market.statistics import window_statistic
from basketry.methodology.weighting import WEIGHTING, WeightingRule
from basketry.methodology.weighting._proportional import in_proportion


@WEIGHTING.register("market_cap")
class MarketCap(WeightingRule):
    """Weight each asset by its market capitalisation, to a power.

    Attributes:
        power: 1 for the capitalisation itself; less flattens the weights, 0.5 being the square root.
        supply_window: Take the mean supply of this window, at the latest price, in place of the latest supply; one that
            the guard corrected counts as corrected.

    >>> MarketCap().words()
    'Assets are weighted by market capitalisation.'
    """

    formula = "w_i = (P_i S_i)^p / Σ_j (P_j S_j)^p"
    source = "Laspeyres (1871); S&P Dow Jones Indices, Index Mathematics Methodology"

    power: float = Field(1.0, gt=0, le=2)
    supply_window: Duration | None = None

    def weights(self, view: Panel, selected: NDArray[np.int64]) -> Floats:
        """Return the weights before capping."""
        caps = view.latest("market_cap")
        if self.supply_window is not None:
            caps = self._mean_supply(view, self.supply_window) * view.latest("price")
        return in_proportion(view, selected, caps, "market_cap", self.power)

    def shares(self, view: Panel, selected: NDArray[np.int64]) -> Floats | None:
        """Return the supply, for a power of 1."""
        if self.power != 1:
            return None
        if self.supply_window is not None:
            return self._mean_supply(view, self.supply_window)[selected]
        return view.latest("market_cap")[selected] / view.latest("price")[selected]

    @property
    def counts_units(self) -> bool:
        """Whether weights are price times supply: for a power of 1."""
        return self.power == 1

    def equation(self) -> str:
        """Return the formula, with the mean supply where a window is given."""
        return self.formula if self.supply_window is None else self.formula.replace("S_", "S̄_")

    @staticmethod
    def _mean_supply(view: Panel, window: timedelta) -> Floats:
        """Return the mean of capitalisation over price in a window, shape (N,), in units of now."""
        with np.errstate(divide="ignore", invalid="ignore"):
            daily = view.window("market_cap", window) / view.window("price", window)
        mean = window_statistic(daily, "mean")
        latest = view.latest("market_cap")
        corrected = latest != view.observed.latest("market_cap")
        return np.where(corrected & ~np.isnan(latest), latest / view.latest("price"), mean)

    @property
    def reads(self) -> Reads:
        """The figures."""
        return Reads(fields=("market_cap", "price") if self.counts_units or self.supply_window else ("market_cap",))

    def words(self) -> str:
        """Return the rule as a sentence."""
        power = "" if self.power == 1 else f"the power {self.power:g} of "
        words = f"Assets are weighted by {power}market capitalisation"
        if self.supply_window is not None:
            words += f", price times the mean supply of {format_duration(self.supply_window)}"
        return f"{words}."
