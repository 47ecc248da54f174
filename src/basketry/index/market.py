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
from basketry.market.comparable import Actions
from basketry.market.events import CorporateEvent, EventKind, EventRow
from basketry.market.membership import seen_as
from basketry.market.panel import Panel

_MICROSECOND = np.timedelta64(1, "us")

_Key = tuple[np.datetime64, str, str, str]
"""What the rows of one event share, see `CorporateEvent.key`."""


@dataclass(frozen=True)
class Placed:
    """A corporate event at the first calculation instant at which it counts.

    Attributes:
        position: Of the instant; the number of instants where none is left.
        event: As known at that instant. Of a correction that came later, `event.ratio` is the factor.
        since: From when on it counts: see `IndexMarket.since`.
        corrects_since: For such a correction, when the event was first seen.
        versions: The event as it was told until then, in the order in which it was known; none of a correction.
    """

    position: int
    event: CorporateEvent
    since: np.datetime64
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
        late: Rows of events that were told late to a published index. What is held goes through them at their time,
            in the stretch that corrects it, while a determination knows them from when they were known.
    """

    panel: Panel
    times: NDArray[np.datetime64]
    cash: int | None = None
    late: frozenset[EventRow] = frozenset()

    @staticmethod
    def of(panel: Panel, times: NDArray[np.datetime64], late: frozenset[EventRow] = frozenset()) -> IndexMarket:
        """Return the market of a panel at some instants."""
        return IndexMarket(without_halted(panel), times, late=late)

    def with_cash(self) -> IndexMarket:
        """Return the market with a column for the cash member."""
        panel = with_cash(self.panel)
        return IndexMarket(panel, self.times, panel.position(CASH), self.late)

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
        redenomination, the price is that of the other, or the old one, over the ratio that counts at the instant.
        """
        price = self.panel.fields["price"]
        done = self._actions.at(instant)
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

    def since(self, event: CorporateEvent) -> np.datetime64:
        """Return from when on a row of an event counts: once it is in force and known; told late, from its time."""
        return event.time if event.row in self.late else event.seen

    @cached_property
    def _actions(self) -> Actions:
        """What events do to earlier figures, as they count."""
        if not self.late:
            return self.panel.actions
        rows = [row for versions in self._rows.values() for row in versions]
        counted = [replace(row, known_at=row.time) if row.row in self.late else row for row in rows]
        return Actions(sorted(counted, key=lambda row: row.seen), self._columns)

    @cached_property
    def _rows(self) -> dict[_Key, list[CorporateEvent]]:
        """The rows of each event that changes baskets, in the order in which they were known, as far as they count."""
        known: dict[_Key, list[CorporateEvent]] = {}
        for event in sorted(self.panel.corporate, key=lambda event: event.known_at):
            if event.kind is not EventKind.HALT and self.column(event.asset) is not None:
                rows = known.setdefault(event.key, [])
                if event.row in self.late:
                    # It counts as soon as those before it.
                    rows[:] = [row for row in rows if self.since(row) < event.time]
                rows.append(event)
        return known

    @cached_property
    def _first_known(self) -> dict[_Key, np.datetime64]:
        """When each event was first known."""
        rows = sorted(self.panel.corporate, key=lambda event: event.known_at, reverse=True)
        return {event.key: event.known_at for event in rows}

    @cached_property
    def events(self) -> tuple[Placed, ...]:
        """The events that change baskets, in the order in which they take effect."""
        placed = [entry for versions in self._rows.values() for entry in self._placed(versions)]
        return tuple(sorted(placed, key=lambda entry: (entry.position, entry.since, *entry.event.key)))

    def _placed(self, versions: list[CorporateEvent]) -> list[Placed]:
        """Return one event and its corrections, of which those that count when it takes effect replace it."""
        since = self.since(versions[0])
        position = self._position(since)
        if position == len(self.times):
            return [Placed(position, versions[0], since, versions=tuple(versions))]
        first = [event for event in versions if self.since(event) <= self.times[position]]
        known = self._first_known[first[0].key]
        found = [Placed(position, replace(first[-1], known_at=known), since, versions=tuple(first))]
        used = first[-1].ratio
        for event in versions[len(first) :]:
            if event.ratio != used and event.kind is not EventKind.DELISTING:
                factor = replace(event, ratio=event.ratio / used)
                found.append(Placed(self._position(event.seen), factor, event.seen, since))
                used = event.ratio
        return found

    def told_since(
        self, before: IndexMarket, instant: np.datetime64, reserve: NDArray[np.int64], max_age: timedelta
    ) -> tuple[Due, ...]:
        """Return the events that count at an instant and did not in a market as it was known before.

        Of one that counted with another ratio, the factor, as of any correction. In the order of their times.
        """
        told, found = before._counted(instant), []
        for key, (row, since) in self._counted(instant).items():
            was = told.get(key)
            event = replace(row, known_at=self._first_known[key])
            if was is None:
                found.append(Placed(0, event, since))
            elif row.ratio != was[0].ratio and row.kind is not EventKind.DELISTING:
                found.append(Placed(0, replace(event, ratio=row.ratio / was[0].ratio), since, was[1]))
        found.sort(key=lambda entry: (entry.since, *entry.event.key))
        return tuple(self._due(entry, instant, reserve, max_age) for entry in found)

    def _counted(self, instant: np.datetime64) -> dict[_Key, tuple[CorporateEvent, np.datetime64]]:
        """Return by its key the last row of each event that counts at an instant, and since when the event does."""
        found = {}
        for key, rows in self._rows.items():
            counted = [(row, self.since(row)) for row in rows if self.since(row) <= instant]
            if counted:
                found[key] = (counted[-1][0], counted[0][1])
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
        self,
        start: np.datetime64,
        end: np.datetime64,
        reserve: NDArray[np.int64],
        max_age: timedelta,
        done: np.datetime64 | None = None,
    ) -> tuple[Due, ...]:
        """Return the events seen after one instant and up to another, with who of a reserve could replace a member.

        Each as it was known at the second, which may lie before the instant at which it takes effect.

        They are no corrections, and in the order in which they were seen. Those that count by `done` are left out.
        """
        here = [entry for entry in self.events if start < entry.event.seen <= end and entry.corrects_since is None]
        here = [entry for entry in here if done is None or entry.since > done]
        here.sort(key=lambda entry: (entry.event.seen, *entry.event.key))
        return tuple(self._due(entry.as_of(end), end, reserve, max_age) for entry in here)

    def missed(
        self,
        used: np.datetime64,
        determined: np.datetime64,
        done: np.datetime64,
        reserve: NDArray[np.int64],
        max_age: timedelta,
    ) -> tuple[Due, ...]:
        """Return the events that a determination does not see and that its change will not meet on its way.

        Args:
            used: Instant of the last data that it sees; what is seen since, up to the determination, it misses.
            determined: The determination.
            done: The instant that the index has reached: what counts by then, and was told late, it misses too.
            reserve, max_age: As of `seen_between`.
        """
        late = [
            entry
            for entry in (self.events if self.late else ())
            if entry.since <= done and entry.event.seen > determined and entry.corrects_since is None
        ]
        seen = self.seen_between(used, determined, reserve, max_age) if used < determined else ()
        return (*seen, *(self._due(entry, determined, reserve, max_age) for entry in late))

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
            and entry.since <= instant
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
