"""The market of the plain implementation: tables by day, corporate events, and what was known of both on a day.

Prices carry their day's instant, 00:00 UTC. Events may come at any instant.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

Day = date
Series = dict[Day, float]
Table = dict[str, Series]
Key = tuple[datetime, str, str, str]

CONVERSIONS = ("redenomination", "migration", "merger", "name_change")
DISTRIBUTIONS = ("hard_fork", "airdrop")


def instant(day: Day) -> datetime:
    """Return the instant of a day's prices."""
    return datetime(day.year, day.month, day.day)


@dataclass(frozen=True)
class Event:
    """One row of the table of events."""

    time: datetime
    kind: str
    asset: str
    new_asset: str | None = None
    ratio: float = 1.0
    until: datetime | None = None
    known_at: datetime | None = None
    removal: str | None = None

    @property
    def known(self) -> datetime:
        return self.known_at or self.time

    @property
    def seen(self) -> datetime:
        """When the event is both in force and known."""
        return max(self.time, self.known)

    @property
    def key(self) -> Key:
        """What a row that corrects this one shares with it."""
        return (self.time, self.kind, self.asset, self.new_asset or "")

    @property
    def renames(self) -> bool:
        """Whether the asset goes on under another id."""
        return self.kind in CONVERSIONS[1:] and self.new_asset not in (None, self.asset)

    @property
    def factor(self) -> float:
        """New units for one old unit; a change of name is one for one."""
        return 1.0 if self.kind == "name_change" else self.ratio

    def holds(self, day: Day) -> bool:
        """Return whether a halt covers a day's instant, from when it was known on."""
        return self.seen <= instant(day) and (self.until is None or instant(day) < self.until)


def newest(rows: Iterable[Event]) -> list[Event]:
    """Return of the rows with one key the one known last, in the order in which their first rows are seen."""
    found: dict[Key, Event] = {}
    seen: dict[Key, datetime] = {}
    for row in sorted(rows, key=lambda row: row.known):
        found[row.key] = row
        seen.setdefault(row.key, row.seen)
    return sorted(found.values(), key=lambda row: (seen[row.key], row.key))


class PlainMarket:
    """Tables {field: {asset: {day: value}}} on a daily grid, with events."""

    def __init__(self, tables: Mapping[str, Table], days: list[Day], events: Iterable[Event] = ()):
        self.tables, self.days = tables, days
        # An event of an asset without data concerns nobody.
        held = [row for row in events if self.has(row.asset)]
        self.events = sorted(held, key=lambda row: (row.seen, row.key, row.known))
        self.views: dict[Day, View] = {}
        self.believed: dict[str, tuple[list[Day], list[tuple[float, float]]]] = {}
        self.first = {asset: min(values) for asset, values in tables["price"].items() if values}

    def has(self, asset: str | None) -> bool:
        """Return whether there are data of an asset at all."""
        return bool(asset is not None and self.tables["price"].get(asset))

    def seen_in(self, after: Day, day: Day) -> list[Event]:
        """Return the events that take effect after one day and not after another, one row a key."""
        return newest(row for row in self.events if instant(after) < row.seen <= instant(day))

    def price(self, asset: str, day: Day) -> float | None:
        """Return the raw price at an instant, None where it is missing or within a halt known by then."""
        if any(row.asset == asset and row.holds(day) for row in self.halts(day)):
            return None
        return self.tables["price"].get(asset, {}).get(day)

    def halts(self, day: Day) -> list[Event]:
        """Return the halts known on a day."""
        return newest(row for row in self.events if row.kind == "halt" and row.known <= instant(day))

    def view(self, day: Day) -> View:
        """Return the market as known on a day."""
        if day not in self.views:
            self.views[day] = View(self, day)
        return self.views[day]


class View:
    """Series in units of a day, with what was known on it.

    Events in force are laid over the series from the earliest on: a redenomination divides earlier prices; the
    successor of a migration or change of id has the old asset's figures from before, prices over the ratio.
    Capitalisations and volumes are in money, so that only the prices need the ratio; a supply is capitalisation
    over price.
    """

    def __init__(self, market: PlainMarket, day: Day):
        self.market, self.day = market, day
        now = instant(day)
        known = newest(row for row in market.events if row.known <= now)
        self.coming = {row.new_asset for row in known if row.renames and row.kind != "merger" and now < row.time}
        self.force = newest(row for row in market.events if row.seen <= now)
        # Under a name of which there are no data an asset goes on under its own.
        self.ended = {
            row.asset for row in self.force if _ends(row) and (row.kind != "name_change" or market.has(row.new_asset))
        }
        self.tables: dict[str, Table] = {field: dict(table) for field, table in market.tables.items()}
        prices = self.tables["price"]
        for halt in market.halts(day):
            series = prices.get(halt.asset, {})
            prices[halt.asset] = {x: price for x, price in series.items() if not halt.holds(x)}
        for row in sorted(self.force, key=lambda row: (row.time, row.seen, row.key)):
            if row.kind == "redenomination":
                series = prices.get(row.asset, {})
                prices[row.asset] = {x: p / row.ratio if instant(x) < row.time else p for x, p in series.items()}
            elif row.renames and row.kind != "merger" and row.new_asset and market.has(row.new_asset):
                for field, table in self.tables.items():
                    over = row.factor if field == "price" else 1.0
                    before = {x: v / over for x, v in table.get(row.asset, {}).items() if instant(x) < row.time}
                    after = {x: v for x, v in table.get(row.new_asset, {}).items() if instant(x) >= row.time}
                    table[row.new_asset] = before | after

    def first(self, asset: str) -> Day:
        """Return the day of the first price."""
        prices = self.tables["price"][asset]
        return self.market.first[asset] if prices is self.market.tables["price"].get(asset) else min(prices)

    def observed(self, asset: str, age: int, field: str = "price", ago: int = 0) -> float | None:
        """Return the value of `ago` days before, at most `age` days older."""
        values = self.tables[field].get(asset, {})
        end = self.day - timedelta(ago)
        return next((values[x] for n in range(age + 1) if (x := end - timedelta(n)) in values), None)

    def seen(self, asset: str, age: int) -> Day:
        """Return the day of the latest price, at most `age` days old."""
        values = self.tables["price"][asset]
        return next(x for n in range(age + 1) if (x := self.day - timedelta(n)) in values)

    def window(self, field: str, asset: str, length: int) -> list[float]:
        """Return the values of a field in the `length` days that end with the day."""
        values = self.tables[field].get(asset, {})
        return [values[x] for n in range(length - 1, -1, -1) if (x := self.day - timedelta(n)) in values]

    def together(self, over: str, under: str, asset: str, length: int) -> list[float]:
        """Return one field over another on the days of a window on which both are known."""
        left, right = self.tables[over].get(asset, {}), self.tables[under].get(asset, {})
        days = [self.day - timedelta(n) for n in range(length)]
        return [left[x] / right[x] for x in days if x in left and x in right]

    def supplies(self, asset: str) -> dict[Day, float]:
        """Return capitalisation over price on every day on which both are known, later ones too."""
        caps, prices = self.tables["market_cap"].get(asset, {}), self.tables["price"].get(asset, {})
        return {x: caps[x] / p for x, p in prices.items() if x in caps}

    def confirmed(self, asset: str, day: Day) -> bool:
        """Return whether an event that gives an asset other units took effect within seven days up to a day."""
        return any(
            asset in (row.asset, row.new_asset)
            and row.new_asset not in (None, row.asset)
            and self.market.has(row.new_asset)
            and row.kind != "redenomination"
            and timedelta(0) <= instant(day) - row.time < timedelta(7)
            for row in self.force
        )

    def past_return(self, asset: str, length: int, skip: int, age: int) -> float | None:
        """Return the price `skip` days before over the price `length` days before, less one."""
        now, then = (self.observed(asset, age, ago=n) for n in (skip, length))
        return None if now is None or then is None else now / then - 1

    def returns(self, asset: str, length: int) -> dict[Day, float]:
        """Return the daily log returns of the `length` days that end with the day."""
        prices = self.tables["price"][asset]
        days = [self.day - timedelta(n) for n in range(length)]
        return {x: math.log(prices[x] / prices[y]) for x in days if x in prices and (y := x - timedelta(1)) in prices}


def _ends(row: Event) -> bool:
    """Return whether an event in force ends its asset; a migration to nothing does, a new name alone does not."""
    return row.kind in ("delisting", "migration", "merger") or row.renames
