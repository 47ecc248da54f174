"""Weights of an index as they drift with prices between two changes of the basket."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Floats, added
from basketry.index.result import IndexResult
from basketry.market.cash import CASH
from basketry.methodology.path import Segment


def current_weights(result: IndexResult) -> dict[str, float]:
    """Return the weights at the last level, the largest first; they sum to 1."""
    names, weights = weights_at(result, np.array([len(result.times) - 1]))
    order = np.argsort(-weights[0], kind="stable")
    return {names[place]: float(weights[0, place]) for place in order if weights[0, place] > 0}


def weights_at(result: IndexResult, rows: NDArray[np.int64]) -> tuple[list[str], Floats]:
    """Return the names of all assets held in some of the rows, and their weights there.

    At a row where the basket changes, the weights are those of the new basket. What is cash, what a removed member left
    and the cash member together, is one column of its own, the last.

    Args:
        result: The index.
        rows: Rows of the levels, increasing, shape (k,).

    Returns:
        Names, length n, and weights, shape (k, n).
    """
    if not result.segments:  # a history of one level
        own = result.weights()
        return list(own), np.tile(list(own.values()), (len(rows), 1))
    baskets = [(segment, _rows_of(result, number, rows)) for number, segment in enumerate(result.segments)]
    baskets = [(segment, places) for segment, places in baskets if len(places)]
    held = sorted({int(column) for segment, _ in baskets for column in segment.columns})
    place = {column: number for number, column in enumerate(held)}
    weights = np.zeros((len(rows), len(held) + 1))
    for segment, places in baskets:
        share = _shares(segment, rows[places])
        idle = np.zeros(len(segment.columns), dtype=bool) if segment.frozen is None else segment.frozen
        columns = np.array([place[int(column)] for column in segment.columns[~idle]], dtype=np.int64)
        weights[np.ix_(places, columns)] = share[:, ~idle]
        weights[places, -1] = added(share[:, idle], axis=1)
    names = [*(result.panel.assets[column] for column in held), CASH]
    kept = np.flatnonzero((weights > 0).any(axis=0))
    return [names[number] for number in kept], weights[:, kept]


def largest_and_others(names: list[str], weights: Floats, count: int = 10) -> tuple[list[str], Floats]:
    """Return the assets of the largest mean weight with a column for all others together, shape (k, count + 1).

    >>> largest_and_others(["a", "b", "c"], np.array([[0.2, 0.5, 0.3]]), 1)
    (['b', 'others'], array([[0.5, 0.5]]))
    """
    order = np.argsort(-added(weights) / len(weights), kind="stable")
    shown, rest = order[:count], order[count:]
    if not len(rest):
        return [names[number] for number in shown], weights[:, shown]
    others = added(weights[:, rest], axis=1)
    return [*(names[number] for number in shown), "others"], np.column_stack([weights[:, shown], others])


def _rows_of(result: IndexResult, number: int, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the positions in `rows` at which a segment is held; at its end the next one already is."""
    segment, last = result.segments[number], number == len(result.segments) - 1
    stop = segment.end + 1 if last else segment.end
    return np.arange(*np.searchsorted(rows, [segment.start, stop]))


def _shares(segment: Segment, rows: NDArray[np.int64]) -> Floats:
    values = segment.prices[rows - segment.start] * segment.units
    total = added(values, axis=1)[:, np.newaxis]
    return np.divide(values, total, out=np.zeros_like(values), where=total > 0)
