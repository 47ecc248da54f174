"""How large trades are: lognormal, with the round numbers that people choose."""

from __future__ import annotations

import numpy as np

from basketry.core.numbers import Floats

DEVIATION = 1.4
"""Standard deviation of the logarithm of a trade's value."""
ROUND_SHARE = 0.3
"""Share of the trades whose size has one significant digit."""
_MEAN_KEPT = float(sum(digit * np.log10(1.0 + 1.0 / digit) for digit in range(1, 10)) / (9.0 / np.log(10.0)))
"""Mean size after cutting to one digit over that before, for mantissas that are uniform in the logarithm."""


def simulate_sizes(generator: np.random.Generator, count: int, mean: float | Floats) -> Floats:
    """Return sizes of trades with the given mean, shape (count,).

    Round sizes are cut, not rounded, to one significant digit: first digits keep to Benford's law, as those of
    authentic trades do, while multiples of round numbers are frequent (Cong, Li, Tang and Yang, Crypto wash
    trading, Management Science 69, 2023).

    Args:
        generator: Source of the draws.
        count: Number of trades.
        mean: Mean size, one for all or one for each.

    >>> simulate_sizes(np.random.default_rng(1), 3, 1.0).shape
    (3,)
    """
    draws = np.exp(generator.standard_normal(count) * DEVIATION - DEVIATION**2 / 2.0)
    sizes = draws * mean / (1.0 - ROUND_SHARE * (1.0 - _MEAN_KEPT))
    rounded = np.flatnonzero(generator.random(count) < ROUND_SHARE)
    power = np.power(10.0, np.floor(np.log10(sizes[rounded])))
    sizes[rounded] = np.floor(sizes[rounded] / power) * power
    return sizes
