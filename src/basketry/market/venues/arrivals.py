"""When trades happen and which side takes: a self-exciting point process, drawn as a cloud of clusters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Floats
from basketry.market.tape import Ints

BRANCHING = 0.35
"""Trades that one trade causes on average, directly."""
DECAY_SECONDS = 2.0
SAME_SIDE = 0.75
"""Chance that a trade caused by another takes the same side."""


def simulate_arrivals(
    generator: np.random.Generator, mean: float, activity: Floats, step: int
) -> tuple[Ints, NDArray[np.bool_]]:
    """Return the times of trades in microseconds from the start, ascending, and whether each is a buy.

    A Hawkes process with an exponential kernel in its cluster form: immigrants come at a rate that follows
    `activity`, and each event has a Poisson number of children after exponential delays. Children after the end are
    left out, so that slightly fewer than `mean` come.

    Args:
        generator: Source of the draws.
        mean: Expected number of trades.
        activity: Relative intensity in each step, mean 1, shape (T,).
        step: Microseconds a step.

    Source: Hawkes and Oakes, A cluster process representation of a self-exciting process, J. Appl. Prob. 11, 1974.

    >>> times, buys = simulate_arrivals(np.random.default_rng(1), 100.0, np.ones(60), 1_000_000)
    >>> bool((np.diff(times) >= 0).all()), len(times) == len(buys)
    (True, True)
    """
    clock = np.concatenate([[0.0], np.cumsum(activity)])
    count = int(generator.poisson(mean * (1.0 - BRANCHING)))
    parents = np.interp(generator.random(count) * clock[-1], clock, np.arange(len(clock), dtype=np.float64) * step)
    sides = generator.random(count) < 0.5
    times, buys = [parents], [sides]
    end = float(len(activity) * step)
    while len(parents):
        children = generator.poisson(BRANCHING, len(parents))
        parents, sides = np.repeat(parents, children), np.repeat(sides, children)
        parents = parents + generator.exponential(DECAY_SECONDS * 1e6, len(parents))
        sides = sides ^ (generator.random(len(parents)) >= SAME_SIDE)
        inside = parents < end
        parents, sides = parents[inside], sides[inside]
        times.append(parents)
        buys.append(sides)
    moments = np.minimum(np.concatenate(times), end - 1.0).astype(np.int64)
    order = np.argsort(moments, kind="stable")
    return moments[order], np.concatenate(buys)[order]
