"""A panel as an index sees it: prices by asset at calculation instants, halts hidden, corporate events placed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Floats
from basketry.core.time import DAY
from basketry.index.halts import Halt, halts_of
from basketry.index.kernels import last_observed
from basketry.index.state import Candidate, Due, IndexState
from basketry.market.cash import CASH, with_cash
from basketry.market.events import CorporateEvent, EventKind
from basketry.market.membership import seen_as
from basketry.market.panel import Panel

_MICROSECOND = np.timedelta64(1, "us")


@dataclass(frozen=True)
class Placed:
    """A corporate event at the first calculation instant at which it is both in force and known.

    Attributes:
        position: Of the instant; the number of instants where none is left.
        event: As known at that instant. Of a correction that came later, `event.ratio` is the factor.
        corrects_since: For such a correction, when the event was first seen.
        versions: The event as it was told until then, in the order in which it was known; none of a correction.
    """

    position: int
    event: CorporateEvent
    corrects_since: np.datetime64 | None = None
    versions: tuple[CorporateEvent, ...] = ()

    def as_of(self, instant: np.datetime64) -> Placed:
        """Return the event as it was known at an instant at which it had been seen."""
        known = [event for event in self.versions if event.known_at <= instant]
        return replace(self, event=replace(known[-1], known_at=self.event.known_at))


@dataclass(frozen=True, eq=False)
class IndexMarket:
    """The market of one calculation.

    Attributes:
        panel: Prices observed during a halt are unknown in it.
        times: Calculation instants, shape (T,).
        cash: Column of the cash member, which has no figures and which events do not concern; None for none.
    """

    panel: Panel
    times: NDArray[np.datetime64]
    cash: int | None = None

    @staticmethod
    def of(panel: Panel, times: NDArray[np.datetime64]) -> IndexMarket:
        """Return the market of a panel at some instants."""
        return IndexMarket(without_halted(panel), times)

    def with_cash(self) -> IndexMarket:
        """Return the market with a column for the cash member."""
        panel = with_cash(self.panel)
        return IndexMarket(panel, self.times, panel.position(CASH))

    @cached_property
    def stamps(self) -> NDArray[np.int64]:
        """Microseconds of the instants, shape (T,)."""
        return self.times.astype(np.int64)

    @cached_property
    def first_row(self) -> int | None:
        """Row of the panel at the first instant where every instant is a row and none is left out, else None."""
        row = int(np.searchsorted(self.panel.times, self.times[0]))
        return row if np.array_equal(self.panel.times[row : row + len(self.times)], self.times) else None

    @cached_property
    def _consolidated(self) -> tuple[Floats, NDArray[np.int64]]:
        rows = self.panel.times.astype(np.int64)
        return last_observed(self.panel.fields["price"], rows, self.stamps)

    def prices(self, start: int, stop: int, columns: NDArray[np.int64]) -> tuple[Floats, NDArray[np.int64] | None]:
        """Return the price of some columns at positions start to stop - 1, and when observed (None: there)."""
        if self.first_row is not None:
            first = self.first_row + start
            return self.panel.fields["price"][first : first + stop - start].take(columns, axis=1), None
        price, seen = self._consolidated
        return price[start:stop].take(columns, axis=1), seen[start:stop].take(columns, axis=1)

    def at(self, position: int, columns: NDArray[np.int64]) -> tuple[Floats, NDArray[np.int64]]:
        """Return the price of some columns observed at the very instant of a position (NaN: none), and that instant."""
        if self.first_row is None:
            return np.full(len(columns), np.nan), np.zeros(len(columns), dtype=np.int64)
        price = self.panel.fields["price"][self.first_row + position].take(columns)
        return price, np.full(len(columns), self.stamps[position])

    def to_strike(
        self, position: int, columns: NDArray[np.int64], max_age: timedelta
    ) -> tuple[Floats, NDArray[np.int64]]:
        """Return the prices at which a change at a position strikes some columns, and when each was observed.

        Those of the very instant, else the last ones at most `max_age` old; NaN where there is none.
        """
        prices, seen = self.at(position, columns)
        for place in np.isnan(prices).nonzero()[0].tolist():
            prices[place], seen[place] = self.observed(int(columns[place]), self.times[position], max_age)
        return prices, seen

    def observed(self, column: int, instant: np.datetime64, max_age: timedelta) -> tuple[float, int]:
        """Return the last price of an asset at most `max_age` old, in units of now, and its microseconds; NaN for none.

        By the comparable series, as determinations see it: before an asset took over from another, and before a
        redenomination, the price is that of the other, or the old one, over the ratio known at the instant.
        """
        price = self.panel.fields["price"]
        done = self.panel.actions.at(instant)
        origins = () if done is None else done.origins.get(column, ())
        row = int(np.searchsorted(self.panel.times, instant, side="right")) - 1
        oldest = instant - np.timedelta64(max_age)
        while row >= 0 and self.panel.times[row] >= oldest:
            source, ratio = column, 1.0
            for origin in origins:
                if self.panel.times[row] >= origin.until:
                    break
                source, ratio = origin.column, origin.ratio
            value = float(price[row, source])
            if not np.isnan(value):
                return value / ratio, int(self.panel.times[row].astype(np.int64))
            row -= 1
        return float("nan"), 0

    def column(self, asset: str | None) -> int | None:
        """Return the column of an asset, None where the data do not hold it."""
        found = None if asset is None else self._columns.get(asset)
        return None if found == self.cash else found

    @cached_property
    def _columns(self) -> dict[str, int]:
        return {asset: column for column, asset in enumerate(self.panel.assets)}

    @cached_property
    def halts(self) -> tuple[Halt, ...]:
        """What hides prices of the panel."""
        return halts_of(self.panel)

    @cached_property
    def events(self) -> tuple[Placed, ...]:
        """The events that change baskets, in the order in which they take effect."""
        known: dict[object, list[CorporateEvent]] = {}
        for event in self.panel.corporate:
            if event.kind is not EventKind.HALT and self.column(event.asset) is not None:
                known.setdefault(event.key, []).append(event)
        placed = [entry for versions in known.values() for entry in self._placed(versions)]
        return tuple(sorted(placed, key=lambda entry: (entry.position, entry.event.seen, *entry.event.key)))

    def _placed(self, versions: list[CorporateEvent]) -> list[Placed]:
        """Return one event and its corrections, of which those known when it takes effect replace it."""
        versions = sorted(versions, key=lambda event: event.known_at)
        position = self._position(versions[0].seen)
        if position == len(self.times):
            return [Placed(position, versions[0], versions=tuple(versions))]
        first = [event for event in versions if event.seen <= self.times[position]]
        found = [Placed(position, replace(first[-1], known_at=first[0].known_at), versions=tuple(first))]
        used = first[-1].ratio
        for event in versions[len(first) :]:
            if event.ratio != used and event.kind is not EventKind.DELISTING:
                factor = replace(event, ratio=event.ratio / used)
                found.append(Placed(self._position(event.seen), factor, first[0].seen))
                used = event.ratio
        return found

    def _position(self, instant: np.datetime64) -> int:
        return int(np.searchsorted(self.times, instant))

    def next_event(self, position: int, held: set[int]) -> int:
        """Return the first position after `position` at which an event concerns one of some columns."""
        return next(
            (place for place, columns in self._concerned if place > position and (columns is None or columns & held)),
            len(self.times),
        )

    @cached_property
    def _concerned(self) -> list[tuple[int, set[int] | None]]:
        """The position of each event with the columns whose holders it concerns.

        None for everybody: what a correction changes may have gone over into other assets since.
        """
        return [
            (entry.position, {self._columns[entry.event.asset]} if entry.corrects_since is None else None)
            for entry in self.events
        ]

    def due(self, position: int, state: IndexState, max_age: timedelta) -> tuple[Due, ...]:
        """Return the events that take effect at a position, with who could replace a member that departs."""
        here = (entry for entry in self.events if entry.position == position)
        return tuple(self._due(entry, self.times[position], state.reserve, max_age) for entry in here)

    def seen_between(
        self, start: np.datetime64, end: np.datetime64, reserve: NDArray[np.int64], max_age: timedelta
    ) -> tuple[Due, ...]:
        """Return the events seen after one instant and up to another, with who of a reserve could replace a member.

        Each as it was known at the second, which may lie before the instant at which it takes effect.

        They are no corrections, and in the order in which they were seen.
        """
        here = [entry for entry in self.events if start < entry.event.seen <= end and entry.corrects_since is None]
        here.sort(key=lambda entry: (entry.event.seen, *entry.event.key))
        return tuple(self._due(entry.as_of(end), end, reserve, max_age) for entry in here)

    def _due(self, entry: Placed, instant: np.datetime64, reserve: NDArray[np.int64], max_age: timedelta) -> Due:
        replaces = entry.event.removal == "replace_by_next"
        return Due(
            entry.event,
            self._columns[entry.event.asset],
            self.column(entry.event.new_asset),
            self._candidates(instant, reserve, max_age) if replaces else (),
            entry.corrects_since,
        )

    def _candidates(
        self, instant: np.datetime64, reserve: NDArray[np.int64], max_age: timedelta
    ) -> tuple[Candidate, ...]:
        found = []
        for column in reserve.tolist():
            price, seen = self.observed(column, instant, max_age)
            if price > 0 and column not in self._departed(instant):
                found.append(Candidate(column, price, seen))
        return tuple(found)

    def _departed(self, instant: np.datetime64) -> set[int]:
        ends = {EventKind.DELISTING, EventKind.MIGRATION, EventKind.MERGER}
        return {
            self._columns[entry.event.asset]
            for entry in self.events
            if (
                entry.event.kind in ends
                or self.column(entry.event.new_asset) not in (None, self._columns[entry.event.asset])
            )
            and not entry.event.kind.distributes
            and entry.event.seen <= instant
        }

    def step(self) -> int:
        """Return one step of the data in microseconds: the time between its first rows where that is always the same.

        Where rows are not evenly spaced, as where each asset is observed at a minute of its own, it is the time from
        the first observation of an asset to its second: of those first observed twice, the shortest. A day where
        nothing is observed twice. Only the beginning of the data counts, so that later data do not change it.
        """
        spacings = np.diff(self.panel.times[:3])
        if len(spacings) and (spacings == spacings[0]).all():
            return int(spacings[0] / _MICROSECOND)
        price = self.panel.fields["price"]
        first = np.full(price.shape[1], -1)
        for row in range(len(price)):
            known = ~np.isnan(price[row])
            again = known & (first >= 0)
            if again.any():
                steps = self.panel.times[row] - self.panel.times[first[again]]
                return int(steps.min() / _MICROSECOND)
            first[known] = row
        return int(DAY / _MICROSECOND)


def without_halted(panel: Panel) -> Panel:
    """Return the panel with the prices unknown that were observed during a halt, from when it was known on.

    A halt without an end lasts to the end of the data.
    """
    halts = halts_of(panel)
    if not halts:
        return panel
    found: Panel = panel.remember("halted", lambda: _hidden(panel, halts))
    return seen_as(found, panel)


def _hidden(panel: Panel, halts: tuple[Halt, ...]) -> Panel:
    price = panel.fields["price"].copy()
    for halt in halts:
        rows = halt.rows(panel.times)
        price[rows.start : rows.stop, halt.column] = np.nan
    return panel.with_price(price)
