"""Capitalisation of the units that trade freely."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from basketry.core.numbers import Floats
from basketry.core.rule import Reads
from basketry.market.panel import Panel
from basketry.methodology.free_float import BUFFER, float_bands, rounded_up
from basketry.methodology.weighting import WEIGHTING, WeightingRule
from basketry.methodology.weighting._proportional import in_proportion


@WEIGHTING.register("free_float_market_cap")
class FreeFloatMarketCap(WeightingRule):
    """Weight each asset by the capitalisation of its free float, the float rounded up to a band.

    Attributes:
        bands: Round the float up to a band: 0 below 15%, 20% up to 20%, then the next ten points; else use it
            as it is.
        buffer: A float this far outside its band keeps the band, a fraction; judged along the history of the
            data.
        whole_points: Assets whose float is rounded up to a whole point and not to a band.

    An asset whose float is not known counts with its whole supply.

    >>> FreeFloatMarketCap().words()
    'Assets are weighted by free-float market capitalisation; floats are rounded up to bands with a ...'
    """

    formula = "w_i = P_i S_i F_i / Σ_j P_j S_j F_j"
    source = "Coin Metrics, CMBI Adjusted Free Float Methodology (version 1.3)"

    bands: bool = True
    buffer: float = Field(BUFFER, ge=0, lt=0.05)
    whole_points: tuple[str, ...] = ()

    def weights(self, view: Panel, selected: NDArray[np.int64]) -> Floats:
        """Return the weights before capping."""
        figures = view.latest("market_cap").copy()
        figures[selected] *= self._factors(view, selected)
        return in_proportion(view, selected, figures, "market_cap")

    def shares(self, view: Panel, selected: NDArray[np.int64]) -> Floats:
        """Return supply times float factor."""
        return (view.latest("market_cap") / view.latest("price"))[selected] * self._factors(view, selected)

    @property
    def counts_units(self) -> bool:
        """Whether weights are price times units: always."""
        return True

    def _factors(self, view: Panel, selected: NDArray[np.int64]) -> Floats:
        if "free_float" not in view.fields:
            return np.ones(len(selected))
        history = view.comparable("free_float", columns=selected)
        share = _last_known(history)
        factors = float_bands(history, self.buffer) if self.bands else share
        exact = np.array([view.assets[column] in self.whole_points for column in selected.tolist()])
        factors = np.where(exact, rounded_up(share), factors)
        return np.where(np.isnan(factors), 1.0, factors)

    @property
    def reads(self) -> Reads:
        """The figures."""
        return Reads(fields=("market_cap", "price"), optional=("free_float",), assets=self.whole_points)

    def words(self) -> str:
        """Return the rule as a sentence."""
        words = "Assets are weighted by free-float market capitalisation"
        if self.bands:
            words += f"; floats are rounded up to bands with a buffer of {self.buffer * 100:g} points"
        if self.whole_points:
            words += f"; {', '.join(self.whole_points)} to the next whole point"
        return words + "."


def _last_known(history: Floats) -> Floats:
    """Return the last value of each column that is known, shape (n,)."""
    known = ~np.isnan(history[::-1])
    rows = known.argmax(axis=0)
    last: Floats = history[::-1][rows, np.arange(history.shape[1])]
    return last
