"""As many members as an information criterion wants."""

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from basketry.core.numbers import Floats, added, exact_sum, standard_deviation
from basketry.core.rule import Duration, Reads
from basketry.market.panel import Panel
from basketry.methodology.selection import SELECTION, SelectionRule


@SELECTION.register("information_criterion")
class InformationCriterion(SelectionRule):
    """Want the first k = step, 2 step, ... at which Akaike's criterion of the index stops falling.

    For each k the daily log returns of the index of the k largest (capitalisation weights, fixed units, over the
    window) are subtracted from those of the total market. The likelihood of the differences is that of a normal
    kernel density with Silverman's bandwidth, each observation judged by the others; AIC(k) = 2 k − 2 ln L. Assets
    without a price at the start of the window do not count; a price that is missing later is carried. The first
    k whose AIC is below that of k + step is wanted.

    Attributes:
        step: Step of k, and the least number of members.
        window: History that counts.
        max: Largest number.

    >>> InformationCriterion().words()
    'As many of the best are taken as the information criterion (AIC, steps of 5, 90 days) wants.'
    """

    formula = "k* = first local minimum of AIC(k) = 2k − 2 Σ_t ln f̂(ε(k)_t), ε(k) = r(total market) − r(k largest)"
    source = "Trimborn and Härdle (2018), CRIX an index for cryptocurrencies, section 3"

    step: int = Field(5, ge=1)
    window: Duration = timedelta(days=90)
    max: int = Field(100, ge=1)

    def count(self, view: Panel, ranked: NDArray[np.int64], metric: Floats) -> int:
        """Return the number of members wanted."""
        # Imported where it is used: Numba takes half a second to load.
        from basketry.core.elementary import log

        del metric
        largest = min(self.max, len(ranked))
        caps = view.window("market_cap", self.window)[:, ranked]
        price = view.window("price", self.window)[:, ranked]
        whole = ~np.isnan(caps[:1]).any(axis=0) & ~np.isnan(price[:1]).any(axis=0)
        if np.count_nonzero(whole) <= self.step or len(caps) < 10:
            return min(self.step, len(ranked))
        held = price[:, whole] * (caps[0, whole] / price[0, whole])
        for row in range(1, len(held)):
            held[row] = np.where(np.isnan(held[row]), held[row - 1], held[row])
        sums = np.add.accumulate(held, axis=1)
        candidates = range(self.step, min(largest, int(np.count_nonzero(whole))) + 1, self.step)
        returns = np.diff(log(sums[:, [*(k - 1 for k in candidates), -1]]), axis=0)
        criterion = [
            2 * k - 2 * log_likelihood(returns[:, -1] - returns[:, place]) for place, k in enumerate(candidates)
        ]
        for place in range(len(criterion) - 1):
            if criterion[place] <= criterion[place + 1]:
                return candidates[place]
        return candidates[-1]

    @property
    def reads(self) -> Reads:
        """The figures."""
        return Reads(fields=("price", "market_cap"))

    def words(self) -> str:
        """Return the rule as a sentence."""
        return (
            f"As many of the best are taken as the information criterion (AIC, steps of {self.step}, "
            f"{self.window.days} days) wants."
        )


def log_likelihood(differences: Floats) -> float:
    """Return the leave-one-out log likelihood of a sample under its normal kernel density (Silverman 1986, 3.31).

    The bandwidth is 1.06 s n^(-1/5), not below 1e-6, so that a sample without spread has a finite likelihood.

    >>> round(log_likelihood(np.array([0.0, 0.1, -0.1, 0.05])), 3)
    2.834
    """
    # Imported where it is used: Numba takes half a second to load.
    from basketry.core.elementary import exp, log, power_of

    count = len(differences)
    width = max(1.06 * standard_deviation(differences) * power_of(count, -0.2), 1e-6)
    first, second = np.triu_indices(count, 1)
    kernels = np.zeros((count, count))
    kernels[first, second] = exp(-0.5 * np.square((differences[first] - differences[second]) / width))
    density = added(kernels + kernels.T) / ((count - 1) * width * np.sqrt(2 * np.pi))
    return exact_sum(log(np.maximum(density, 1e-300)))
