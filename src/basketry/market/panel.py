"""The wide view used for calculation: one row an instant, one column an asset, cut at any instant."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from basketry.core.errors import DataError, nearest_hint
from basketry.core.frames import EVENTS, RATES
from basketry.core.numbers import Bools, Floats
from basketry.core.time import format_instant, to_datetime, to_instant
from basketry.market.comparable import Actions
from basketry.market.events import CorporateEvent, events_of
from basketry.market.facts import Facts
from basketry.market.rates import rate_path
from basketry.market.revisions import NEVER, AsKnown, Revisions, first_known

if TYPE_CHECKING:
    from datetime import date, datetime

    from basketry.market.membership import Membership

Times = NDArray[np.datetime64]

# Making an empty table costs more than the rest of a panel together.
_NO_EVENTS, _NO_RATES, _NOTHING = EVENTS.empty(), RATES.empty(), pl.DataFrame()


@dataclass(frozen=True, eq=False)
class Panel:
    """Market data of N assets at T instants, with everything that a rule may look at.

    Attributes:
        times: datetime64[us], UTC, strictly increasing, shape (T,).
        assets: Stable ids in ascending order, length N.
        fields: Named float64 arrays of shape (T, N); NaN means unknown, never zero. The usual names are
            price, market_cap, volume, sources, supply, free_float and staking_yield; metrics keep theirs.
        facts: Names, tags and sectors with their dates.
        event_table: Corporate events (EVENTS schema); `events` shows those known at the last instant.
        rate_table: Interest and exchange rates (RATES schema).
        rejected: Observations left out when the panel was made (time, asset, field, value, reason; known_at,
            known_until: when that was what was known, see `market/left_out.py`).
        simulated: True when the data come from the simulated market.
        corrections: Figures at the last instant that a guard replaced, shape (N,) by field, which `latest` gives.
        revisions: What figures were before a later version of them became known; None where none was late.
        known_by: The fields give what was known at this instant; the last instant unless given. That of a panel of
            tables is the latest at which anything in them was observed or became known.
        memberships, change: Who is in other indices, by symbol, and when the change that rules are asked for is
            determined and takes effect, where rules look at them (`market/membership.py`).

    A panel cut with `as_of` holds nothing later than the cut, so a rule that is handed one cannot look ahead.
    `fields` and `field` give what was observed; all other figures are in units of the last instant, through corporate
    events in force and known then (`market/comparable.py`).

    The arrays are neither copied nor changed: the panel looks at them through read-only views, and whoever made them
    may fill in later rows. All cuts at one row share what was computed there. Where somebody can still write to an
    array, a new cut trusts what was remembered only if its last row is as it was; earlier rows are taken as finished.
    After a change of a finished row make another Panel of the same arrays, which costs microseconds.
    """

    times: Times
    assets: tuple[str, ...]
    fields: Mapping[str, Floats]
    facts: Facts = field(default_factory=Facts)
    event_table: pl.DataFrame = field(default_factory=_NO_EVENTS.clone)
    rate_table: pl.DataFrame = field(default_factory=_NO_RATES.clone)
    rejected: pl.DataFrame = field(default_factory=_NOTHING.clone)
    simulated: bool = False
    corrections: Mapping[str, Floats] = field(default_factory=dict)
    revisions: Revisions | None = None
    known_by: np.datetime64 | None = None
    memberships: Mapping[str, Membership] = field(default_factory=dict)
    change: tuple[np.datetime64, np.datetime64] | None = None
    _memory: dict[Any, Any] = field(default_factory=dict, repr=False)
    _here: dict[Any, Any] | None = field(default=None, init=False, repr=False)
    _observed: Panel | None = field(default=None, init=False, repr=False)
    _corrected: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        shape = (len(self.times), len(self.assets))
        if list(self.assets) != sorted(set(self.assets)):
            raise DataError("Panel.assets must be sorted and unique")
        if len(self.times) > 1 and not bool((self.times[1:] > self.times[:-1]).all()):
            raise DataError("Panel.times must be strictly increasing")
        for name, values in self.fields.items():
            if values.shape != shape or values.dtype != np.float64:
                raise DataError(f"Panel field {name!r} has shape {values.shape}, expected {shape} of float64")
        self._memory["watched"] = any(_can_change(values) for values in self.fields.values())
        object.__setattr__(self, "fields", {name: _read_only(values) for name, values in self.fields.items()})
        if self.known_by is None and len(self.times):
            object.__setattr__(self, "known_by", self.times[-1])

    @staticmethod
    def from_frames(
        observations: Any = None,
        *,
        assets: pl.DataFrame | None = None,
        classifications: pl.DataFrame | None = None,
        supply: pl.DataFrame | None = None,
        yields: pl.DataFrame | None = None,
        events: pl.DataFrame | None = None,
        metrics: pl.DataFrame | None = None,
        rates: pl.DataFrame | None = None,
        known_by: str | date | datetime | np.datetime64 | None = None,
        simulated: bool = False,
        **wide: Any,
    ) -> Panel:
        """Return a panel made of long tables, or of wide tables named by field; see `panel_from_frames`.

        >>> import polars as pl
        >>> from datetime import datetime
        >>> panel = Panel.from_frames(
        ...     price=pl.DataFrame({"time": [datetime(2020, 1, 1), datetime(2020, 1, 2)], "btc": [7200.0, 7000.0]})
        ... )
        >>> panel.assets, panel.fields["price"][:, 0].tolist()
        (('btc',), [7200.0, 7000.0])
        """
        from basketry.market.assemble import panel_from_frames

        return panel_from_frames(
            observations,
            wide=wide,
            assets=assets,
            classifications=classifications,
            supply=supply,
            yields=yields,
            events=events,
            metrics=metrics,
            rates=rates,
            known_by=known_by,
            simulated=simulated,
        )

    @property
    def now(self) -> np.datetime64:
        """The last instant of the panel."""
        if not len(self.times):
            raise DataError("the panel holds no observations")
        return self.times[-1]

    @property
    def events(self) -> pl.DataFrame:
        """Corporate events known at the last instant."""
        known = pl.coalesce("known_at", "time") <= to_datetime(self.now)
        return self.event_table.filter(known)

    @property
    def corporate(self) -> tuple[CorporateEvent, ...]:
        """All corporate events of the uncut panel as values, in the order in which they are seen."""
        # One reading serves every cut; who looks from a cut compares `seen` with its instant.
        if "corporate" not in self._memory:
            self._memory["corporate"] = events_of(self.event_table)
        return self._memory["corporate"]

    @property
    def actions(self) -> Actions:
        """The corporate events of the uncut panel, arranged so that every cut can ask what they do."""
        if "actions" not in self._memory:
            self._memory["actions"] = Actions(self.corporate, self._columns())
        return self._memory["actions"]

    def as_of(self, instant: str | date | datetime | np.datetime64) -> Panel:
        """Return the panel as it was known at an instant: nothing later, and no later version of what is earlier.

        Arrays are shared; rows with a figure that was corrected, or first known, after `instant` are copied when they
        are asked for.
        """
        moment = to_instant(instant)
        return self._cut(int(self.times.searchsorted(moment, side="right")), moment)

    def first_rows(self, rows: int) -> Panel:
        """Return the first rows of the panel as they were known at the last of them."""
        rows = min(rows, len(self.times))
        return self._cut(rows, self.times[rows - 1] if rows > 0 else None)

    def until(self, instant: str | date | datetime | np.datetime64) -> Panel:
        """Return the panel without rows later than `instant`, the others as they are known to the whole panel."""
        return self._cut(int(np.searchsorted(self.times, to_instant(instant), side="right")), self.known_by)

    def _cut(self, rows: int, moment: np.datetime64 | None) -> Panel:
        earlier = moment is not None and self.known_by is not None and moment < self.known_by
        known_by = moment if earlier else self.known_by
        if rows >= len(self.times) and not earlier and not self._memory["watched"]:
            return self
        fields = self._fields_at(rows, known_by if earlier else None)
        # A copy without the constructor's checks: a cut of a checked panel needs none, and many are made.
        panel = object.__new__(Panel)
        panel.__dict__.update(
            self.__dict__,
            times=self.times[:rows],
            fields=fields,
            corrections={},
            known_by=known_by,
            _here=None,
            _observed=None,
        )
        return panel

    def _fields_at(self, rows: int, moment: np.datetime64 | None) -> Mapping[str, Floats]:
        """Return the first rows of the fields, in the versions known at an earlier instant where one is given."""
        fields = self.fields
        if type(fields) is AsKnown:  # which is a Mapping, whose instances take several times as long to tell
            if moment is None:
                return fields.until(rows)
            fields = fields.latest
        undone = None if moment is None or self.revisions is None else self.revisions.undone(fields, rows, moment)
        return {name: values[:rows] for name, values in fields.items()} if undone is None else undone

    def with_price(self, price: Floats) -> Panel:
        """Return the panel with other prices, shape (T, N); where one is taken away, its earlier versions go too."""
        price.flags.writeable = False
        revisions = self.revisions
        if revisions is not None:
            revisions = revisions.without("price", np.isnan(price) & ~np.isnan(self.field("price")))
        return replace(self, fields={**self.fields, "price": price}, revisions=revisions, _memory={})

    def corrected(self, **figures: Floats) -> Panel:
        """Return the panel with other figures at its last instant, as `latest` gives them."""
        panel = object.__new__(Panel)
        corrections = {**self.corrections, **figures}
        panel.__dict__.update(self.__dict__, corrections=corrections, _observed=self.observed, _corrected={})
        return panel

    @property
    def observed(self) -> Panel:
        """The panel without corrections."""
        return self if self._observed is None else self._observed

    def field(self, name: str) -> Floats:
        """Return a field as observed, shape (T, N), or raise DataError with the nearest name."""
        try:
            return self.fields[name]
        except KeyError:
            raise DataError(
                f"the data hold no field {name!r}{nearest_hint(name, self.fields)}; "
                f"fields: {', '.join(sorted(self.fields))}"
            ) from None

    def comparable(
        self, name: str, start: int = 0, stop: int | None = None, columns: NDArray[np.int64] | None = None
    ) -> Floats:
        """Return rows of a field in units of the last instant, shape (k, n); not to be written to.

        Args:
            name: The field.
            start: First row.
            stop: Row after the last; None for the end.
            columns: Assets wanted, shape (n,); None for all, which copies nothing where no event changes a row.
        """
        values = self.part(name, start, stop)
        done = self.actions.at(self.now) if len(self.times) else None
        if done is None:
            return values if columns is None else values[:, columns]
        return done.restate(name, values, self.times[start:stop], columns)

    def part(self, name: str, start: int, stop: int | None) -> Floats:
        """Return rows of a field as observed, of which no more are copied than differ from what is known now."""
        if isinstance(self.fields, AsKnown) and name in self.fields:
            return self.fields.part(name, *slice(start, stop).indices(len(self.times))[:2])
        return self.field(name)[start:stop]

    def latest(self, name: str, max_age: timedelta = timedelta(days=3)) -> Floats:
        """Return each asset's last observation not older than `max_age`, shape (N,); NaN where there is none."""
        if name in self.corrections:
            return self.corrections[name]
        return self._remember(("latest", name, max_age), lambda: self._last(name, len(self.times), max_age))

    def latest_at(self, name: str, instant: np.datetime64, max_age: timedelta = timedelta(days=3)) -> Floats:
        """Return the last observations at an earlier instant, in units of the last one, shape (N,); NaN for none."""
        return self._last(name, int(np.searchsorted(self.times, instant, side="right")), max_age)

    def _last(self, name: str, rows: int, max_age: timedelta) -> Floats:
        if not rows:
            return np.full(len(self.assets), np.nan)
        start = int(np.searchsorted(self.times, self.times[rows - 1] - np.timedelta64(max_age)))
        values = self.comparable(name, start, rows)
        found = values[-1].copy()
        row = len(values) - 2
        while row >= 0 and np.isnan(found).any():
            found = np.where(np.isnan(found), values[row], found)
            row -= 1
        return found

    def window(self, name: str, length: timedelta) -> Floats:
        """Return the rows of a field in (now - length, now], shape (k, N)."""
        return self.comparable(name, self.window_start(length))

    def window_start(self, length: timedelta) -> int:
        """Return the first row in (now - length, now]."""
        return int(np.searchsorted(self.times, self.now - np.timedelta64(length), side="right"))

    def statistic(self, name: str, statistic: str, length: timedelta) -> Floats:
        """Return the median, mean, sum, minimum, maximum or count over a window, ignoring unknown values.

        Args:
            name: Field.
            statistic: 'median' | 'mean' | 'sum' | 'minimum' | 'maximum' | 'count'.
            length: The window is (now - length, now].

        Returns:
            Shape (N,); NaN where the window holds no observation (count gives 0).
        """
        from basketry.market.statistics import window_statistic

        return self._remember(
            ("statistic", name, statistic, length),
            lambda: window_statistic(self.window(name, length), statistic),
        )

    def age_days(self) -> Floats:
        """Return days since each asset's first price, shape (N,); NaN before the first.

        An asset that continues another one has been priced since the other was.
        """
        return self._remember(("age",), self._ages)

    def _ages(self) -> Floats:
        first = self._first_comparable()
        seen = first < len(self.times)
        born = self.times[np.where(seen, first, 0)]
        return np.where(seen, (self.now - born) / np.timedelta64(1, "D"), np.nan)

    def _first_comparable(self) -> NDArray[np.int64]:
        first = self._first_priced()
        done = self.actions.at(self.now) if len(self.times) else None
        if done is None or not done.origins:
            return first
        return done.first_known(first, self.field("price"), self.times)

    def _first_priced(self) -> NDArray[np.int64]:
        """Return the first row at which each asset has a price, shape (N,); one beyond the cut for none."""
        # Each row is looked at once for all cuts: the first priced row does not change with the cut, it is merely
        # beyond it. A last row that can still change is looked at anew.
        earlier = self.fields if isinstance(self.fields, AsKnown) else None
        price = self.field("price") if earlier is None else earlier.latest["price"]
        finished = self.finished
        done, first = self._memory.get("first_priced") or (0, np.full(len(self.assets), NEVER))
        if done < finished:
            unpriced = np.flatnonzero(first == NEVER)
            new = first_known(price[done:finished, unpriced])
            first = first.copy()
            first[unpriced] = np.where(new == NEVER, NEVER, done + new)
            self._memory["first_priced"] = (finished, first)
        if finished < len(price):
            first = np.where((first == NEVER) & ~np.isnan(price[-1]), len(price) - 1, first)
        return first if earlier is None else earlier.first_known("price", first)

    def tagged(self, *tags: str) -> Bools:
        """Return which assets carry any of the tags at the last instant, shape (N,)."""
        return self._remember(("tagged", tags), lambda: self.facts.holding(self._columns(), "tag", tags, self.now))

    def _columns(self) -> Mapping[str, int]:
        if "columns" not in self._memory:
            self._memory["columns"] = {asset: column for column, asset in enumerate(self.assets)}
        return self._memory["columns"]

    def sectors(self) -> list[str | None]:
        """Return each asset's sector at the last instant, None where it has none."""
        return self.facts.values(self.assets, "sector", self.now)

    def rate(self, name: str) -> Floats:
        """Return the value of a rate known at each instant of the panel, shape (T,); NaN before the first."""
        return rate_path(self.rate_table, name, self.times)

    def position(self, asset: str) -> int:
        """Return the column of an asset, or raise DataError with the nearest id."""
        if asset in self._columns():
            return self._columns()[asset]
        raise DataError(f"the data hold no asset {asset!r}{nearest_hint(asset, self.assets)}")

    def digest(self) -> str:
        """Return the SHA-256 of what the panel holds up to its last instant; see `market/panel_digest.py`."""
        from basketry.market.panel_digest import digest_panel

        return digest_panel(self)

    def remember(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        """Return what `compute` gives, computed once for a panel cut at this row and shared by all who ask.

        What is remembered of a corrected panel is its own; what does not depend on corrections is asked of `observed`.
        """
        if self._observed is None:
            return self._remember(("own", key), compute)
        if key not in self._corrected:
            self._corrected[key] = compute()
        return self._corrected[key]

    @property
    def shared(self) -> dict[Any, Any]:
        """What a computation keeps for all cuts of the panel: only what rows below `finished` decide belongs there.

        A cut at which some rows were known otherwise than later has its own.
        """
        own = isinstance(self.fields, AsKnown)
        return self._remember("shared", dict) if own else self._memory.setdefault("shared", {})

    @property
    def finished(self) -> int:
        """The number of rows that no longer change: the last one does where somebody can still write to an array."""
        return len(self.times) - 1 if self._memory["watched"] and len(self.times) else len(self.times)

    def _remember(self, key: Any, compute: Callable[[], Any]) -> Any:
        here = self._here
        if here is None:
            here = self._memory_here()
            object.__setattr__(self, "_here", here)
        if key not in here:
            here[key] = compute()
        return here[key]

    def _memory_here(self) -> dict[Any, Any]:
        """Return what all cuts with these rows and this knowledge share; anew where the last row changed."""
        rows = len(self.times)
        last: tuple[bytes, ...] = ()
        if self._memory["watched"] and rows:
            last = tuple(values[-1].tobytes() for values in self.fields.values())
        # Rows and knowledge say what is in a cut, by whatever way it was made.
        key = (rows, self.known_by)
        held = self._memory.get(key)
        if held is None or held[0] != last:
            held = self._memory[key] = (last, {})
        found: dict[Any, Any] = held[1]
        return found

    def __repr__(self) -> str:
        span = f"{format_instant(self.times[0])}..{format_instant(self.now)}" if len(self.times) else "empty"
        kind = ", simulated market" if self.simulated else ""
        return f"Panel({len(self.times)} x {len(self.assets)}, {span}, {', '.join(sorted(self.fields))}{kind})"


def _read_only(values: Floats) -> Floats:
    view = values.view()
    view.flags.writeable = False
    return view


def _can_change(values: Any) -> bool:
    """Return whether somebody can write to the numbers of an array, through it or through what it is a view of."""
    while isinstance(values, np.ndarray):
        if values.flags.writeable:
            return True
        values = values.base
    return False
