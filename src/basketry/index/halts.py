"""Halts of trading: while one holds and is known, prices of its asset are unknown, and levels and events say so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Floats
from basketry.core.time import format_instant
from basketry.index.basket import Basket
from basketry.index.records import Evidence
from basketry.index.settle import told_of
from basketry.market.events import FOREVER, CorporateEvent, EventKind
from basketry.market.panel import Panel


@dataclass(frozen=True, slots=True)
class Halt:
    """What one row tells of a halt.

    Attributes:
        column: The asset.
        event: The halt by that row, which counts from `event.seen` on.
        end: Exclusive: the end of the halt, or when a row that corrects this one was known.
    """

    column: int
    event: CorporateEvent
    end: np.datetime64

    def words(self) -> str:
        """Return in words from when until when trading is halted.

        >>> day = np.datetime64("2021-09-14", "us")
        >>> Halt(0, CorporateEvent(day, day, EventKind.HALT, "sol"), day).words()
        'sol halted since 2021-09-14, without an end yet'
        """
        event = self.event
        known = f" (known on {format_instant(event.known_at)})" if event.known_at > event.time else ""
        end = ", without an end yet" if event.until == FOREVER else f" until {format_instant(event.until)}"
        return f"{event.asset} halted since {format_instant(event.time)}{known}{end}"

    def rows(self, times: NDArray[np.datetime64]) -> range:
        """Return the places of some ascending instants at which the row of the halt counts."""
        first, last = np.searchsorted(times, [self.event.seen, self.end])
        return range(int(first), int(last))


def halts_of(panel: Panel) -> tuple[Halt, ...]:
    """Return what the rows of a panel tell of halts; a row known later corrects one from then on."""
    columns = {asset: column for column, asset in enumerate(panel.assets)}
    rows = [event for event in panel.corporate if event.kind is EventKind.HALT and event.asset in columns]
    found = []
    for event in rows:
        later = [row.known_at for row in rows if row.key == event.key and row.known_at > event.known_at]
        found.append(Halt(columns[event.asset], event, min([event.until, *later])))
    return tuple(found)


def halted_at(
    halts: Iterable[Halt], times: NDArray[np.datetime64], columns: NDArray[np.int64]
) -> dict[tuple[int, int], str]:
    """Return in words by (row, place) which of some ascending columns are halted at which of some instants."""
    found: dict[tuple[int, int], str] = {}
    for halt in halts:
        for place in np.flatnonzero(columns == halt.column).tolist():
            for row in halt.rows(times):
                found.setdefault((row, place), halt.words())
    return found


def begun(
    halts: Iterable[Halt],
    since: np.datetime64,
    times: NDArray[np.datetime64],
    held: Basket,
    prices: Floats,
) -> list[Evidence]:
    """Return what is written down of halts of members that begin after an instant, at one of those that follow it.

    Args:
        halts: Of any assets.
        since: The instant before.
        times: The instants that follow, ascending, shape (k,).
        held: What is held.
        prices: Prices used, shape (k, n).
    """
    told = []
    for halt in halts:
        place, rows = held.place(halt.column), halt.rows(times)
        if place is None or halt.event.seen <= since or not rows:
            continue
        if _concerned(held, halt.column):
            told.append(evidence_of_halt(halt, times[rows[0]], float(prices[rows[0], place])))
    return told


def come_halted(
    halts: Iterable[Halt], time: np.datetime64, before: Basket | None, after: Basket | None
) -> list[Evidence]:
    """Return what is written down at an instant of halts during which somebody came in; of a member it was at once."""
    return [
        evidence_of_halt(halt, time, float(after.prices[place]))
        for halt in halts
        if after is not None
        and (place := after.place(halt.column)) is not None
        and _concerned(after, halt.column)
        and not (before is not None and _concerned(before, halt.column))
        and halt.rows(np.array([time]))
    ]


def _concerned(basket: Basket, column: int) -> bool:
    """Return whether a halt concerns what is held: cash is the asset no longer, and what waits misses no price."""
    place = basket.place(column)
    return place is not None and not (basket.cash[place] or basket.waits(place))


def evidence_of_halt(halt: Halt, time: np.datetime64, price: float) -> Evidence:
    """Return what is written down of the halt of a member with a last price, at the first instant that it concerns."""
    words = told_of(halt.event, f"{halt.words()}, last price {price:.6g}")
    return Evidence(time, halt.event.asset, EventKind.HALT.value, "prices unknown while it lasts", words)
