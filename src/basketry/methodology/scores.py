"""Scores: standardised figures turned into positive weights."""

import numpy as np

from basketry.core.numbers import Floats, exact_sum

Z_MAX = 3.0


def standardise(figures: Floats) -> Floats:
    """Return z-scores, clipped at 3 either way, shape (n,).

    An unknown figure scores 0, as does everything where all figures are equal.

    >>> standardise(np.array([1.0, 2.0, 3.0])).round(4).tolist()
    [-1.2247, 0.0, 1.2247]
    """
    known = ~np.isnan(figures)
    if np.count_nonzero(known) < 2 or not np.ptp(figures[known]) > 0:
        return np.zeros(len(figures))
    mean = exact_sum(figures[known]) / np.count_nonzero(known)
    spread = np.sqrt(exact_sum(np.square(figures[known] - mean)) / np.count_nonzero(known))
    return np.where(known, np.clip((figures - mean) / spread, -Z_MAX, Z_MAX), 0.0)


def positive_score(z: Floats) -> Floats:
    """Return 1 + z for z ≥ 0, else 1 / (1 - z), which is positive and increasing, shape (n,).

    Source: S&P Dow Jones Indices, S&P Momentum Indices Methodology; MSCI Momentum Indices Methodology.

    >>> positive_score(np.array([-1.0, 0.0, 2.0])).tolist()
    [0.5, 1.0, 3.0]
    """
    return np.where(z >= 0, 1 + z, 1 / (1 - np.minimum(z, 0)))
