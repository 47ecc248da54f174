"""From a calculated index to the arrays of a target: weights row by row, prices that follow a holder."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.index.result import IndexResult
from basketry.market.cash import CASH
from basketry.methodology.path import Segment
from basketry.tracking.target import Target


def target_of_index(index: IndexResult, column: str, *, yields: bool, past: timedelta) -> Target:
    """Return the target that a calculated index is; see `Target.from_index`."""
    if not index.segments or len(index.times) < 2:
        raise DataError("the index has no basket to follow; calculate it over at least two instants")
    panel = index.panel
    rows = np.searchsorted(panel.times, index.times, side="right") - 1
    columns = np.unique(np.concatenate([segment.columns for segment in index.segments]))
    # By the last level it is known which asset went on under which id; a successor's past is that of the old asset.
    view = panel.until(index.times[-1])
    observed = panel.field("price")[:, columns]
    history = view.comparable("price", columns=columns)
    history = np.concatenate([history, observed[len(history) :]])
    names = tuple(panel.assets[column] for column in columns.tolist())
    cash = names.index(CASH) if index.methodology.holds_cash and CASH in names else None
    if cash is not None:
        history[:, cash] = 1.0
        history[rows, cash] = _cash_prices(index.segments, int(columns[cash]), len(rows))
        observed[:, cash] = history[:, cash]
    prices, weights, scale = _follow_holder(index.segments, columns, observed[rows], history[rows], cash)
    before = (panel.times < index.times[0]) & (panel.times >= index.times[0] - np.timedelta64(past))
    earned = np.nan_to_num(panel.field("staking_yield")[:, columns][rows], nan=0.0) if yields else None
    return Target(index.times, names, prices, weights, index.level(column), weights, earned, history[before] * scale)


def _cash_prices(segments: tuple[Segment, ...], column: int, rows: int) -> Floats:
    """Return the price of a unit of the cash member at each row, as last known where it is not held, shape (T,)."""
    prices = np.full(rows, np.nan)
    for segment in segments:
        place = int(np.searchsorted(segment.columns, column))
        if place < len(segment.columns) and segment.columns[place] == column:
            prices[segment.start : segment.end + 1] = segment.prices[:, place]
    last = np.maximum.accumulate(np.where(np.isnan(prices), 0, np.arange(rows)))
    return np.nan_to_num(prices[last], nan=1.0)


def _follow_holder(
    segments: tuple[Segment, ...],
    columns: NDArray[np.int64],
    observed: Floats,
    comparable: Floats,
    cash: int | None,
) -> tuple[Floats, Floats, Floats]:
    """Return prices of the units held at the start, NaN where none is observed, and weights, shape (T, N) each.

    Where an asset is not held its price is the comparable one, times what makes the two series one. That factor at the
    start is the third value, shape (N,).
    """
    weights = np.zeros_like(observed)
    restated = ((comparable != observed) & ~(np.isnan(comparable) & np.isnan(observed))).any(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        start = observed[0] / comparable[0]
    scale = np.where(restated & np.isfinite(start), start, 1.0)
    first_scale = scale
    factor = np.ones(len(columns))
    worth = np.full(len(columns), np.nan)
    prices = np.empty_like(observed)
    for segment in segments:
        held = np.searchsorted(columns, segment.columns)
        rows = slice(segment.start, segment.end + 1)
        # The price that the basket before gave over the price at which this one starts: the ratio of a
        # redenomination, otherwise 1.
        first = segment.prices[0]
        known = (worth[held] > 0) & (first > 0)
        factor[held] *= np.where(known, worth[held] / np.where(known, first, 1.0), 1.0)
        entering = comparable[segment.start, held] * scale[held] / np.where(first > 0, first, np.nan)
        anew = ~known & restated[held] & np.isfinite(entering)
        factor[held] = np.where(anew, entering, factor[held])
        prices[rows] = np.where(restated, comparable[rows] * scale, observed[rows] * factor)
        seen = ~np.isnan(observed[rows][:, held])
        if segment.frozen is not None:
            # What a removed member left cannot be traded at its last price; the cash member is money.
            seen &= ~segment.frozen | (held == cash)
        prices[rows, held] = np.where(seen, segment.prices * factor[held], np.nan)
        with np.errstate(invalid="ignore", divide="ignore"):
            ended = prices[segment.end] / comparable[segment.end]
        mine = np.zeros(len(columns), dtype=bool)
        mine[held] = True
        scale = np.where(restated & mine & np.isfinite(ended), ended, scale)
        weights[rows] = 0.0
        weights[rows, held] = segment.weights
        worth[:] = np.nan
        worth[held] = segment.prices[-1]
    prices[~(prices > 0)] = np.nan
    return prices, weights, first_scale
