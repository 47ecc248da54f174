"""The order-book rate at 200 ms from 5 venues of 200 levels a side: rows of depth a second, messages to rates."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from timing import report

MINUTES = 10
STEP = 200_000


def messages() -> tuple[dict[Any, pl.DataFrame], np.ndarray[Any, Any]]:
    """Return simulated depth by market, and the instants of the rates."""
    from datetime import timedelta

    from basketry.market.venues.simulate import simulate_venues

    feed = simulate_venues(3, quotes=["usd"], hours=MINUTES / 60, levels=200, step=timedelta(seconds=1))
    depth = {market: frame for market, frame in feed.frames["depth"].items() if market.base == feed.asset}
    start = int(feed.start.astype(np.int64))
    return depth, start + np.arange(1, MINUTES * 60_000_000 // STEP + 1) * STEP


def basketry() -> tuple[Callable[[], Any], int]:
    """Return our calculator over the messages."""
    from basketry.reference.books.calculator import book_rates
    from basketry.reference.books.rule import BookRate

    depth, instants = messages()
    rule = BookRate(spacing=1.0, decay=0.1)
    return lambda: book_rates(depth, instants, rule)["price"].to_numpy(), sum(map(len, depth.values()))


def dictionaries() -> tuple[Callable[[], Any], int]:
    """Return the plain way: a dictionary a side, merged and sorted with NumPy for each rate."""
    depth, instants = messages()
    rows = pl.concat(
        frame.select("time", "sequence", "kind", "side", "price", "size", market=pl.lit(place))
        for place, (_, frame) in enumerate(sorted(depth.items()))
    ).sort("time", "market", "sequence", maintain_order=True)
    columns = [rows["time"].to_physical().to_list(), *(rows[name].to_list() for name in rows.columns[1:])]
    count = len(depth)

    def rate(books: list[dict[str, dict[float, int]]]) -> float:
        ladders = []
        near = []
        for side, sign in (("bid", -1), ("ask", 1)):
            price = np.concatenate([np.fromiter(book[side], np.float64) for book in books])
            size = np.concatenate([np.fromiter(book[side].values(), np.float64) for book in books]) / 1e8
            order = np.argsort(sign * price, kind="stable")
            ladders.append((price[order], size[order]))
            inside = np.abs(price[order] / price[order][0] - 1) <= 0.05
            inside[:50] = True
            near.append(size[order][inside])
        sizes = np.sort(np.concatenate(near))
        cut = int(0.01 * len(sizes))
        kept = sizes[cut : len(sizes) - cut]
        cap = kept.mean() + 5 * np.clip(sizes, kept[0], kept[-1]).std()
        curves = []
        for price, size in ladders:
            held = np.cumsum(np.minimum(size, cap))
            points = np.arange(1, min(1000, int(held[-1] + 1e-9)) + 1)
            curves.append(price[np.searchsorted(held + 1e-9, points)])
        used = min(map(len, curves))
        bid, ask = (curve[:used] for curve in curves)
        wide = np.flatnonzero(ask / ((bid + ask) / 2) - 1 > 0.005)
        used = max(1, int(wide[0])) if len(wide) else used
        weight = np.exp(-0.1 * np.arange(1, used + 1))
        return float((weight * (bid[:used] + ask[:used]) / 2).sum() / weight.sum())

    def calculate() -> Any:
        books: list[dict[str, dict[float, int]]] = [{"bid": {}, "ask": {}} for _ in range(count)]
        last = [-1] * count
        prices = np.full(len(instants), np.nan)
        pending = iter(instants.tolist())
        place, instant = 0, next(pending)
        for time, sequence, kind, side, price, size, market in zip(*columns, strict=True):
            while time >= instant:
                prices[place] = rate(books)
                place, instant = place + 1, next(pending)
            if kind == "snapshot" and sequence != last[market]:
                books[market] = {"bid": {}, "ask": {}}
            last[market] = sequence
            if size:
                books[market][side][price] = size
            else:
                books[market][side].pop(price, None)
        while place < len(prices):
            prices[place] = rate(books)
            place += 1
        return prices

    return calculate, len(rows)


PEERS = {"basketry": basketry, "dictionaries, NumPy": dictionaries}


def main() -> None:
    """Measure one peer."""
    peer, levels = sys.argv[1], Path(sys.argv[2])
    calculate, rows = PEERS[peer]()
    report(calculate, levels, repeats=3 if peer == "basketry" else 1, ours=peer == "basketry", work=rows)


if __name__ == "__main__":
    main()
