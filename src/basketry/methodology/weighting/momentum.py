"""Weights by past return."""

from datetime import timedelta

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import model_validator

from basketry.core.numbers import Floats, normalise
from basketry.core.rule import Duration, Reads
from basketry.market.panel import Panel
from basketry.methodology.metrics import past_return
from basketry.methodology.scores import positive_score, standardise
from basketry.methodology.weighting import WEIGHTING, WeightingRule


@WEIGHTING.register("momentum")
class Momentum(WeightingRule):
    """Weight each asset by the score of its past return among the selected.

    Attributes:
        window: The return counts from this long ago...
        skip: ...to this long ago, so that the latest reversal does not count.

    An asset whose return is not known scores as the average one.

    >>> Momentum(skip="7d").words()
    'Assets are weighted by the score of their return from 90 to 7 days before.'
    """

    formula = "w_i ∝ 1 + z_i for z_i ≥ 0, else 1 / (1 - z_i), z of the past return"
    source = "S&P Momentum Indices Methodology; Jegadeesh and Titman (1993)"

    window: Duration = timedelta(days=90)
    skip: Duration = timedelta(0)

    @model_validator(mode="after")
    def _ordered(self) -> "Momentum":
        if self.skip >= self.window:
            raise ValueError("skip must be shorter than window")
        return self

    def weights(self, view: Panel, selected: NDArray[np.int64]) -> Floats:
        """Return the weights before capping."""
        return normalise(positive_score(standardise(past_return(view, self.window, self.skip)[selected])))

    @property
    def reads(self) -> Reads:
        """The figures."""
        return Reads(fields=("price",))

    def words(self) -> str:
        """Return the rule as a sentence."""
        days = f"from {self.window.days} to {self.skip.days} days before"
        return f"Assets are weighted by the score of their return {days}."


def momentum_allocation(
    returns: ArrayLike, *, hurdle: float = 0.08, first: float = 0.28, step: float = 0.08
) -> tuple[Floats, float]:
    """Return the weights of a momentum index that holds cash when few assets rise, and its cash share.

    Of the assets, m have a return above the hurdle. The index holds s = first + (m - 1) step in them, the
    same in each, and the rest in cash; everything in cash where m = 0. With ten assets s goes from 28% to
    100%.

    Args:
        returns: Return of each asset over 14 days, a fraction, shape (n,); NaN does not pass.
        hurdle: A return above this is momentum.
        first: Share of the index in assets where one has momentum.
        step: What each further one adds.

    Source: Coin Metrics, CMBI 10 Momentum Index methodology.

    >>> weights, cash = momentum_allocation([0.10, 0.09, 0.12, 0.30, 0.01, -0.2, 0.0, 0.02, 0.05, 0.08])
    >>> weights.round(4).tolist(), round(cash, 4)
    ([0.13, 0.13, 0.13, 0.13, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], 0.48)
    """
    winners = np.asarray(returns, dtype=np.float64) > hurdle
    count = int(np.count_nonzero(winners))
    share = min(first + (count - 1) * step, 1.0) if count else 0.0
    return np.where(winners, share / max(count, 1), 0.0), 1.0 - share
