"""Alternation: invented trades take turns between buy and sell, authentic ones come in runs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from basketry.reference.vetting.finding import Finding, ramp, untold
from basketry.reference.vetting.rules import VettingRules
from basketry.reference.vetting.trades import MarketTrades

NAME = "alternation"


def alternation(trades: MarketTrades, rules: VettingRules) -> Finding:
    """Return the runs test of the takers' sides (Wald and Wolfowitz, On a test whether two samples are from the same
    population, 1940).

        mean = 1 + 2 n+ n- / n,    variance = (mean - 1)(mean - 2) / (n - 1),    z = (runs - mean) / sd

    The statistic is z. Orders that are filled in parts and traders who follow one another make runs long and z
    negative; z above 0 says that sides take turns. The p-value is that of as many runs with sides in random order.
    """
    sides = trades.side[trades.side != 0]
    count = len(sides)
    if count < rules.min_trades:
        return untold(NAME, count, f"{count} trades with a side are fewer than {rules.min_trades}")
    runs, mean, deviation = runs_test(sides)
    if deviation <= 0:
        return untold(NAME, count, "all trades are on one side")
    z = (runs - mean) / deviation
    suspicion = ramp(runs / mean - 1.0, rules.alternation.start, rules.alternation.full)
    sentence = f"sides change {runs / mean:.2f} times as often as in random order"
    return Finding(NAME, float(z), float(ndtr(-z)), count, suspicion, sentence)


def runs_test(sides: NDArray[np.int8]) -> tuple[int, float, float]:
    """Return the number of runs, its mean and its standard deviation in random order.

    >>> runs, mean, deviation = runs_test(np.array([1, 1, -1, -1, 1], np.int8))
    >>> runs, round(mean, 2), round(deviation, 2)
    (3, 3.4, 0.92)
    """
    count = len(sides)
    buys = int((sides > 0).sum())
    runs = 1 + int((sides[1:] != sides[:-1]).sum())
    mean = 1.0 + 2.0 * buys * (count - buys) / count
    return runs, mean, float(np.sqrt(max((mean - 1.0) * (mean - 2.0) / (count - 1), 0.0)))
