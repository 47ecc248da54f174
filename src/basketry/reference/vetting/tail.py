"""Tail exponent: large trades thin out as a power of their size between 1 and 3."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from basketry.market.tape import Ints
from basketry.reference.vetting.finding import Finding, ramp, untold
from basketry.reference.vetting.rules import VettingRules
from basketry.reference.vetting.trades import MarketTrades

NAME = "tail"
TAIL_SHARE = 0.05
USUAL = (1.0, 3.0)
_LEAST_TAIL = 50


def tail(trades: MarketTrades, rules: VettingRules) -> Finding:
    """Return Hill's exponent of the largest 5% of the sizes.

        alpha = k / sum over i = 1..k of ln(x_(i) / x_(k+1)),      standard error alpha / sqrt(k)

    (Hill, A simple general approach to inference about the tail of a distribution, 1975). Authentic trades have 1 to
    3, around 1.5 in stocks (Gopikrishnan, Plerou, Gabaix and Stanley, 2000); Cong, Li, Tang and Yang (2023) hold
    exchanges against the Pareto-Levy range 1 to 2. The p-value is that of an exponent this far outside 1 to 3. Aloosh
    and Li (2024) found the test misleading on leaked books; it therefore weighs little.

    Nothing can be told when the tail has fewer than 50 trades, or when it is one size.
    """
    count = len(trades)
    if not trades.single:
        return untold(NAME, count, "bars do not tell the sizes of trades")
    top = int(count * TAIL_SHARE)
    if top < _LEAST_TAIL:
        return untold(NAME, count, f"the largest 5% are {top} trades, fewer than {_LEAST_TAIL}")
    alpha = hill(trades.numbers, top)
    if not np.isfinite(alpha):
        return untold(NAME, count, "the largest trades have one and the same size")
    outside = max(USUAL[0] - alpha, alpha - USUAL[1])
    p_value = float(ndtr(-outside * np.sqrt(top) / alpha))
    sentence = f"the exponent of the largest sizes is {alpha:.2f}, usual are {USUAL[0]:g} to {USUAL[1]:g}"
    return Finding(NAME, alpha, p_value, count, ramp(outside, rules.tail.start, rules.tail.full), sentence)


def hill(sizes: Ints, top: int) -> float:
    """Return Hill's exponent of the `top` largest sizes, inf where they are equal.

    >>> round(hill(np.array([1, 2, 4, 8]), 2), 4)  # 2 / (ln 4/2 + ln 8/2)
    0.9618
    """
    place = len(sizes) - top - 1
    ordered = np.partition(sizes, place)
    total = float(np.log(ordered[place + 1 :] / float(ordered[place])).sum())
    return top / total if total > 0 else np.inf
