"""Capitalisation of the units that trade freely."""

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from basketry.core.numbers import Floats, normalise
from basketry.market.panel import Panel
from basketry.methodology.free_float import float_bands
from basketry.methodology.weighting import WEIGHTING, WeightingRule


@WEIGHTING.register("free_float_market_cap")
class FreeFloatMarketCap(WeightingRule):
    """Weight each asset by the capitalisation of its free float, the float rounded up to a band.

    Attributes:
        banded: Round the float up to a band, slow to change by `buffer`; else use it as it is.
        buffer: A float this far beyond its band keeps the band, a fraction.

    An asset whose float is not known counts with its whole supply.

    >>> FreeFloatMarketCap().words()
    'Assets are weighted by free-float market capitalisation; floats are rounded up to bands with a buffer of 2 points.'
    """

    formula = "w_i = P_i S_i F_i / Σ_j P_j S_j F_j"
    source = "Coin Metrics, CMBI free float supply methodology (2020)"

    banded: bool = True
    buffer: float = Field(0.02, ge=0, lt=0.05)

    def weights(self, view: Panel, selected: NDArray[np.int64]) -> Floats:
        """Return the weights before capping."""
        return normalise(view.latest("price")[selected] * self.shares(view, selected))

    def shares(self, view: Panel, selected: NDArray[np.int64]) -> Floats:
        """Return supply times float factor."""
        supply = (view.latest("market_cap") / view.latest("price"))[selected]
        if "free_float" not in view.fields:
            return supply
        share = view.latest("free_float", timedelta(days=36_500))[selected]
        if self.banded:
            share = float_bands(view.field("free_float")[:, selected], self.buffer)
        return supply * np.where(np.isnan(share), 1.0, share)

    def words(self) -> str:
        """Return the rule as a sentence."""
        words = "Assets are weighted by free-float market capitalisation"
        if not self.banded:
            return words + "."
        return words + f"; floats are rounded up to bands with a buffer of {self.buffer * 100:g} points."
