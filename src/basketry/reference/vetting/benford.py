"""Benford's law: the first digits of authentic sizes are 1 in 30% of the trades and 9 in 5%."""

from __future__ import annotations

import numpy as np
from scipy.special import chdtrc

from basketry.core.numbers import Floats
from basketry.market.tape import Ints
from basketry.reference.vetting.digits import first_digits
from basketry.reference.vetting.finding import Finding, ramp, untold
from basketry.reference.vetting.rules import VettingRules
from basketry.reference.vetting.trades import MarketTrades

NAME = "benford"
EXPECTED: Floats = np.log10(1.0 + 1.0 / np.arange(1, 10))
"""Shares of the first digits 1 to 9 (Benford, The law of anomalous numbers, 1938)."""
LEAST_SPAN = 2.0
_ENDS = (0.001, 0.999)
_LEAST_LOTS = 10


def benford(trades: MarketTrades, rules: VettingRules) -> Finding:
    """Return how far the first digits of the sizes are from Benford's law.

        MAD = mean over d of |share(d) - log10(1 + 1/d)|,     chi2 = n sum over d of (share(d) - e(d))^2 / e(d)

    The statistic is the mean absolute deviation (Nigrini, Benford's Law, 2012), the p-value that of chi-square with
    eight degrees of freedom (Cong, Li, Tang and Yang, Crypto wash trading, Management Science 69, 2023, who test
    first significant digits likewise). With many trades every p-value is small: the deviation decides.

    Nothing can be told of fewer than `min_trades`; of sizes whose 0.1% and 99.9% quantiles are less than a hundredfold
    apart; and where the median is below ten lots, so that sizes are small counts.
    """
    sizes, count = trades.numbers, len(trades)
    if not trades.single:
        return untold(NAME, count, "bars do not tell the sizes of trades")
    if count < rules.min_trades:
        return untold(NAME, count, f"{count} trades are fewer than {rules.min_trades}")
    low, median, high = (float(size) for size in np.quantile(sizes, [_ENDS[0], 0.5, _ENDS[1]]))
    span = float(np.log10(high / low))
    if span < LEAST_SPAN:
        return untold(NAME, count, f"sizes span {span:.1f} orders of magnitude, the law needs {LEAST_SPAN:g}")
    if median < _LEAST_LOTS * trades.lot:
        return untold(NAME, count, f"half of the sizes are below {_LEAST_LOTS} lots")
    deviation, p_value = digit_test(sizes)
    sentence = f"first digits deviate from Benford's law by {deviation:.4f} on average"
    return Finding(NAME, deviation, p_value, count, ramp(deviation, rules.benford.start, rules.benford.full), sentence)


def digit_test(sizes: Ints) -> tuple[float, float]:
    """Return the mean absolute deviation from Benford's law and the p-value of chi-square.

    >>> deviation, p_value = digit_test(np.array([2**power for power in range(60)]))
    >>> round(deviation, 4), p_value > 0.5
    (0.0178, True)
    """
    share = np.bincount(first_digits(sizes), minlength=10)[1:10] / len(sizes)
    chi_square = len(sizes) * float(((share - EXPECTED) ** 2 / EXPECTED).sum())
    return float(np.abs(share - EXPECTED).mean()), float(chdtrc(8, chi_square))
