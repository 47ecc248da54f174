"""Comparable series: what was observed, brought into units of a later instant through corporate events.

A redenomination with ratio r divides earlier prices by r and multiplies earlier supplies by r; values in currency
stay. An asset that continues another one (migration, name change) has the other's figures before the event. What is
observed from an event on stays as it is, so that the figures of the last instant are those observed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Bools, Floats
from basketry.market.events import CorporateEvent, EventKind

Times = NDArray[np.datetime64]

_DIVIDED, _MULTIPLIED = ("price",), ("supply", "second_supply")
"""Fields whose figures are for one unit, and that count units."""

_ENDS = (EventKind.DELISTING, EventKind.MIGRATION, EventKind.MERGER, EventKind.NAME_CHANGE)
_EARLIEST = np.datetime64("0001-01-01", "us")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the figures of an asset before an instant come from.

    Attributes:
        until: The instant, exclusive.
        column: The asset whose figures count.
        ratio: Units of today for one unit of then.
    """

    until: np.datetime64
    column: int
    ratio: float


@dataclass(frozen=True, eq=False)
class Comparison:
    """What the corporate events that are in force and known at an instant do to earlier figures.

    Attributes:
        origins: By column of an asset with such events, its origins, the latest first: each holds back to the
            next.
        ended: Assets that a delisting or conversion has ended, shape (N,).
        touched: By column, the instants of events that give the asset other units in circulation than before: it was
            converted, absorbed another, or was handed out.
        latest: The latest instant before which any figure changes.
    """

    origins: Mapping[int, tuple[Origin, ...]]
    ended: Bools
    touched: Mapping[int, tuple[np.datetime64, ...]]
    latest: np.datetime64

    def restate(self, name: str, values: Floats, times: Times, columns: NDArray[np.int64] | None) -> Floats:
        """Return rows of a field in units of the instant, shape (k, n).

        Args:
            name: The field.
            values: The rows as observed, shape (k, N). They are not changed.
            times: Instants of the rows, shape (k,).
            columns: Assets wanted, shape (n,); None for all.
        """
        own = values if columns is None else values[:, columns]
        if not len(times) or times[0] >= self.latest:
            return own
        if columns is None:
            own = own.copy()
        for column, origins in self.origins.items():
            if times[0] >= origins[0].until:
                continue
            places = [column] if columns is None else np.flatnonzero(columns == column).tolist()
            for place in places:
                for origin in origins:
                    rows = int(np.searchsorted(times, origin.until))
                    if not rows:
                        break
                    own[:rows, place] = _in_units(name, values[:rows, origin.column], origin.ratio)
        return own

    def first_known(self, first: NDArray[np.int64], values: Floats, times: Times) -> NDArray[np.int64]:
        """Return the first row at which each asset, or the one it continues, is known, shape (N,).

        Args:
            first: The first row at which the asset itself is known, shape (N,); beyond the rows where it never is.
            values: The field as observed, shape (T, N).
            times: Instants of its rows, shape (T,).
        """
        found = first.copy()
        for column, origins in self.origins.items():
            start = 0
            for source, until in [*((origin.column, origin.until) for origin in reversed(origins)), (column, None)]:
                stop = len(values) if until is None else int(np.searchsorted(times, until))
                row = int(first[source])
                if row < start:
                    known = np.flatnonzero(~np.isnan(values[start:stop, source]))
                    row = start + int(known[0]) if len(known) else len(values)
                if row < stop:
                    break
                start = stop
            found[column] = row
        return found


def _in_units(name: str, figures: Floats, ratio: float) -> Floats:
    if name in _DIVIDED:
        return figures / ratio
    return figures * ratio if name in _MULTIPLIED else figures


class Actions:
    """The corporate events of a panel, asked from any of its cuts.

    Of several rows with the same time, kind and assets, the one known last by an instant counts.

    Args:
        events: Of any assets.
        columns: Those of the assets that events concern; any other is one without data.
        size: Number of columns of the panel; that of `columns` unless given.

    >>> from basketry.market.events import CorporateEvent, EventKind
    >>> day = np.datetime64("2020-01-05", "us")
    >>> split = CorporateEvent(day, day, EventKind.REDENOMINATION, "a", ratio=10.0)
    >>> times, price = day + np.arange(-1, 1), np.array([[50.0], [5.0]])
    >>> Actions([split], {"a": 0}).at(day).restate("price", price, times, None).ravel().tolist()
    [5.0, 5.0]
    """

    def __init__(self, events: Sequence[CorporateEvent], columns: Mapping[str, int], size: int | None = None) -> None:
        self._size = len(columns) if size is None else size
        self._events = tuple(event for event in events if event.asset in columns)
        self._columns = columns
        self._seen = np.array([event.seen for event in self._events], dtype="datetime64[us]")
        self._known: dict[int, Comparison | None] = {}
        waiting = [
            (event.known_at, event.time, columns[event.new_asset])
            for event in self._events
            if event.kind.continues and event.new_asset not in (None, event.asset) and event.new_asset in columns
        ]
        self._announced = np.array([known for known, _, _ in waiting], dtype="datetime64[us]")
        self._in_force = np.array([time for _, time, _ in waiting], dtype="datetime64[us]")
        self._successor = np.array([column for _, _, column in waiting], dtype=np.int64)

    def count(self, now: np.datetime64) -> int:
        """Return how many events are in force and known at an instant."""
        return int(np.searchsorted(self._seen, now, side="right"))

    def at(self, now: np.datetime64) -> Comparison | None:
        """Return what the events in force and known at an instant do; None where there are none."""
        count = self.count(now)
        if count not in self._known:
            self._known[count] = self._compare(self._events[:count]) if count else None
        return self._known[count]

    def without_successors(self, candidates: Bools, now: np.datetime64) -> Bools:
        """Return a mask without the assets that a known event, not yet in force, makes another's successor."""
        waiting = self._successor[(self._announced <= now) & (now < self._in_force)]
        if not len(waiting):
            return candidates
        kept = candidates.copy()
        kept[waiting] = False
        return kept

    def _compare(self, seen: Sequence[CorporateEvent]) -> Comparison:
        valid = {event.key: event for event in seen}
        origins: dict[int, tuple[Origin, ...]] = {}
        ended = np.zeros(self._size, dtype=bool)
        touched: dict[int, tuple[np.datetime64, ...]] = {}
        # Of events at one instant, the one seen first comes first, as in the basket.
        for event in sorted(valid.values(), key=lambda event: (event.time, event.seen, *event.key)):
            old = self._columns[event.asset]
            new = old if event.new_asset is None else self._columns.get(event.new_asset, -1)
            # Under a name of which there are no data the asset goes on under the id that it has.
            if event.kind in _ENDS and not (event.kind is EventKind.NAME_CHANGE and new in (old, -1)):
                ended[old] = True
            if event.kind is not EventKind.REDENOMINATION and new not in (old, -1):
                for column in (old, new):
                    touched[column] = (*touched.get(column, ()), event.time)
            if event.kind is EventKind.REDENOMINATION:
                new = old
            elif not event.kind.continues or new in (old, -1):
                continue
            earlier = origins.get(old, ())
            here = Origin(event.time, old, event.ratio)
            origins[new] = (here, *(Origin(o.until, o.column, o.ratio * event.ratio) for o in earlier))
        latest = max((chain[0].until for chain in origins.values()), default=_EARLIEST)
        return Comparison(origins, ended, touched, latest)
