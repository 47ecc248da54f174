"""Matching: a trader who trades with himself buys and sells the same size at nearly the same time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from basketry.core.numbers import Bools
from basketry.market.tape import Ints
from basketry.reference.vetting.finding import Finding, ramp, untold
from basketry.reference.vetting.rules import VettingRules
from basketry.reference.vetting.trades import MarketTrades

NAME = "matching"


def matching(trades: MarketTrades, rules: VettingRules) -> Finding:
    """Return the share of volume in trades that have an opposite trade of equal size within a second, beyond chance.

    Two trades are neighbours when no other trade of their size lies between them in time. The statistic is the share
    of volume that has a neighbour on the opposite side within `within`, less the share that has one on the same
    side: equal sizes that meet by chance, round ones above all, are as likely on the same side, and orders filled in
    equal parts are always so. It may be negative. The p-value is the binomial one of as many opposite sides among
    neighbours whose sides are independent, 2 b (1 - b) with the share b of buys.
    """
    known = trades.side != 0
    count = int(known.sum())
    if count < rules.min_trades:
        return untold(NAME, count, f"{count} trades with a side are fewer than {rules.min_trades}")
    time, size, side = trades.time[known], trades.size[known], trades.side[known]
    opposite, same, pairs, crossed = matched(time, size, side, round(rules.within.total_seconds() * 1e6))
    total = float(size.sum(dtype=np.float64))
    facing, beside = (float(size[found].sum(dtype=np.float64)) / total for found in (opposite, same))
    buys = float((side > 0).mean())
    p_value = float(betainc(crossed, pairs - crossed + 1, 2.0 * buys * (1.0 - buys))) if crossed else 1.0
    excess = facing - beside
    suspicion = ramp(excess, rules.matching.start, rules.matching.full)
    sentence = f"{facing:.1%} of the volume meets an equal size on the opposite side at once, {beside:.1%} on its own"
    return Finding(NAME, excess, p_value, count, suspicion, sentence)


def matched(time: Ints, size: Ints, side: NDArray[np.int8], within: int) -> tuple[Bools, Bools, int, int]:
    """Return which trades have an opposite and a same-sided neighbour, the pairs of neighbours and the opposite ones.

    >>> opposite, same, pairs, crossed = matched(
    ...     np.array([0, 5, 9]), np.array([7, 8, 7]), np.array([1, 1, -1], np.int8), 10
    ... )
    >>> opposite, pairs, crossed
    (array([ True, False,  True]), 1, 1)
    """
    order = np.argsort(size, kind="stable")
    near = (np.diff(size[order]) == 0) & (np.diff(time[order]) <= within)
    turned = side[order][1:] != side[order][:-1]
    found = []
    for pairs in (near & turned, near & ~turned):
        marked = np.zeros(len(size), np.bool_)
        places = np.flatnonzero(pairs)
        marked[order[places]] = True
        marked[order[places + 1]] = True
        found.append(marked)
    return found[0], found[1], int(near.sum()), int((near & turned).sum())
