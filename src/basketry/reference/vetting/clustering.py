"""Size clustering: people trade 100 or 500 more often than 97 or 512."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtr

from basketry.core.numbers import Floats
from basketry.market.tape import Ints
from basketry.reference.vetting.digits import decades
from basketry.reference.vetting.finding import Finding, ramp, untold
from basketry.reference.vetting.rules import VettingRules
from basketry.reference.vetting.trades import MarketTrades

NAME = "clustering"
_LEAST_IN_WINDOW = 30
_LEAST_WINDOWS = 5
_LEAST_LOTS = 100


def clustering(trades: MarketTrades, rules: VettingRules) -> Finding:
    """Return whether round sizes are as frequent as the most frequent size beside them.

    Student's t-test of Cong, Li, Tang and Yang (Crypto wash trading, Management Science 69, 2023): in a window of
    radius 50 base units around each multiple of 100 base units, the frequency at the multiple minus the highest
    frequency of another size,

        d(w) = f(100 X) - max of f(i), 0 < |i - 100 X| < 50,      t = mean d / (s(d) / sqrt(W)).

    In authentic trades t is well above 0. A base unit here is a hundredth of the decade that a size lies in, so that
    sizes of every magnitude and unit count: windows are those around 1, 2, ... 9 times each power of ten (around 1
    only from above, where the decade is the same). The p-value is that of t as low as this although the mean of d is
    not negative; the suspicion is how far the neighbours are above the round sizes, relative to the neighbours.

    Nothing can be told with fewer than 5 windows of 30 trades among the sizes of 100 lots and more.
    """
    count = len(trades)
    if not trades.single:
        return untold(NAME, count, "bars do not tell the sizes of trades")
    sizes = trades.numbers[trades.numbers >= _LEAST_LOTS * trades.lot]
    if len(sizes) < rules.min_trades:
        return untold(NAME, len(sizes), f"{len(sizes)} trades of 100 lots or more are fewer than {rules.min_trades}")
    rounded, nearby = window_frequencies(sizes)
    windows = len(rounded)
    if windows < _LEAST_WINDOWS:
        return untold(NAME, len(sizes), f"{windows} windows with {_LEAST_IN_WINDOW} trades are fewer than 5")
    difference = rounded - nearby
    error = max(float(difference.std(ddof=1)), 1e-12) / np.sqrt(windows)
    t = float(difference.mean() / error)
    likeliest = max(float(nearby.mean()), 1e-12)
    suspicion = ramp(1.0 - float(rounded.mean()) / likeliest, rules.clustering.start, rules.clustering.full)
    sentence = (
        f"a round size has {rounded.mean():.1%} of the trades around it, its likeliest neighbour {nearby.mean():.1%}"
    )
    return Finding(NAME, t, float(stdtr(windows - 1, t)), len(sizes), suspicion, sentence)


def window_frequencies(sizes: Ints) -> tuple[Floats, Floats]:
    """Return the frequency at the round size and the highest beside it, shape (W,) each, for windows with 30 trades.

    Sizes are at least 100, so that each has its hundredth of a decade.

    >>> rounded, nearby = window_frequencies(np.repeat([20_000, 20_100, 23_000], [15, 10, 5]))
    >>> rounded, nearby
    (array([0.5]), array([0.33333333]))
    """
    decade = decades(sizes)
    powers, place = np.unique(decade, return_inverse=True)
    cells = sizes // (decade // 100)
    counts = np.bincount(place * 1000 + cells, minlength=len(powers) * 1000).reshape(len(powers), 1000)
    rounded, nearby = [], []
    for row in counts:
        for middle in range(100, 1000, 100):
            window = row[max(middle - 49, 100) : middle + 50].astype(np.float64)
            total = window.sum()
            if total >= _LEAST_IN_WINDOW:
                rounded.append(row[middle] / total)
                window[middle - max(middle - 49, 100)] = 0
                nearby.append(window.max() / total)
    return np.array(rounded), np.array(nearby)
