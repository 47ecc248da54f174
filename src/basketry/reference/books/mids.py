"""Rates from best bids and asks: the venues' mids at an instant, combined by any rate over venues."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from basketry.core.frames import QUOTES
from basketry.core.numbers import Floats
from basketry.market.tape import SIZE_DECIMALS, Ints, Market
from basketry.reference.venue_rate import VenueRate


def quote_mids(
    frames: Mapping[Market, pl.DataFrame], instants: Ints, *, stale: int, size_decimals: int = SIZE_DECIMALS
) -> tuple[Floats, Floats]:
    """Return each market's mid and top size at some instants, shapes (T, M), markets in ascending order.

    The quote in force is the last with time < t that is not older than `stale`. One with an empty side, a bid at or
    above the ask, or a number that is not positive gives no mid (NaN), whatever came before it.

    Args:
        frames: Best bid and ask of each market (QUOTES).
        instants: Microseconds, shape (T,).
        stale: Microseconds.
        size_decimals: Sizes are whole numbers of 10^-size_decimals base units.

    Raises:
        SchemaError: A frame is not of QUOTES.
    """
    markets = sorted(frames)
    mids = np.full((len(instants), len(markets)), np.nan)
    sizes = np.zeros((len(instants), len(markets)))
    for place, market in enumerate(markets):
        frame = QUOTES.check(frames[market], str(market)).sort("time", "sequence", maintain_order=True)
        if frame.is_empty():
            continue
        time = frame["time"].to_physical().to_numpy()
        last = np.searchsorted(time, instants) - 1
        row = np.maximum(last, 0)
        bid, ask = (frame[name].fill_null(np.nan).to_numpy()[row] for name in ("bid", "ask"))
        size = np.minimum(*(frame[f"{name}_size"].fill_null(0).to_numpy()[row] for name in ("bid", "ask")))
        with np.errstate(invalid="ignore"):
            sound = (last >= 0) & (instants - time[row] <= stale) & (bid > 0) & (ask > bid) & np.isfinite(ask)
        mids[:, place] = np.where(sound & (size > 0), (bid + ask) / 2, np.nan)
        sizes[:, place] = np.where(np.isfinite(mids[:, place]), size * float(f"1e-{size_decimals}"), 0.0)
    return mids, sizes


def mid_rate(rule: VenueRate, mids: Floats, sizes: Floats) -> Floats:
    """Return a rate over venues, made from mids instead of trades, shape (T,).

    With `ClampedMean` it is the form of Deribit's index, with `VenueMedian` the median of the mids.

    Args:
        rule: How the venues are combined; its window and price of a venue are of no use here.
        mids: Shape (T, M), in one currency; NaN where a market has none.
        sizes: What stands for volume in weights, shape (T, M), for example the top sizes.

    >>> from basketry.reference.rates.clamped_mean import ClampedMean
    >>> mid_rate(ClampedMean(), np.array([[100.0, 100.1, 130.0]]), np.ones((1, 3))).round(4)
    array([100.2335])
    """
    return rule.combine(mids, rule.weights(mids, sizes))
