"""The basket of the plain implementation: lots of units, their conversion, and what becomes of one that leaves."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tests.independent.plain_market import Day, Event, Key, instant

MOMENT = timedelta(microseconds=1)
"""By which units that an event made are older than it: a redenomination at that very time still holds for them."""


@dataclass
class Price:
    """The last price used of an asset.

    Attributes:
        value: In the units held.
        day: When it was observed.
        by: Ratios of the conversions that were applied to it since; a later observation has none.
        waits: Whether it is none of the asset itself, which was credited and has had none, but what others that became
            units of it were worth, spread over all.
    """

    value: float
    day: Day
    by: dict[Key, float] = field(default_factory=dict)
    waits: bool = False


@dataclass(frozen=True)
class Lot:
    """Units that were fixed together.

    Attributes:
        units: Units held now.
        price: The price at which they were fixed, in the units of now.
        fixed: When that price was observed, or just before the event by which other units became these.
        by: Ratios of the events that were applied to the lot, by which a correction finds it.
        made: Whether an event made the units of others.
    """

    units: float
    price: float
    fixed: datetime
    by: Mapping[Key, float] = field(default_factory=dict)
    made: bool = False

    def times(self, ratio: float, key: Key) -> Lot:
        """Return the lot after a conversion."""
        return replace(self, units=self.units * ratio, price=self.price / ratio, by={**self.by, key: ratio})

    def corrected(self, ratio: float, key: Key) -> Lot:
        """Return the lot with another ratio in the place of the one applied."""
        factor = ratio / self.by[key]
        return replace(self, units=self.units * factor, price=self.price / factor, by={**self.by, key: ratio})

    def scaled(self, factor: float) -> Lot:
        return replace(self, units=self.units * factor)


@dataclass
class Basket:
    """Lots by asset, the cash for which assets were given up, by asset, and what the cash member is worth."""

    lots: dict[str, list[Lot]] = field(default_factory=dict)
    cash: dict[str, float] = field(default_factory=dict)
    money: float = 0.0

    @property
    def held(self) -> set[str]:
        """What is held, as an asset or as cash."""
        return {*self.lots, *self.cash}

    def units(self, asset: str) -> float:
        return math.fsum(lot.units for lot in self.lots.get(asset, []))

    def worth(self, asset: str, last: Mapping[str, Price]) -> float:
        """Return the value of one member; nothing before its first price."""
        return self.units(asset) * last[asset].value if asset in last else 0.0

    def value(self, last: Mapping[str, Price]) -> float:
        return math.fsum([self.money, *self.cash.values(), *(self.worth(asset, last) for asset in sorted(self.lots))])

    def scaled(self, factor: float) -> Basket:
        lots = {asset: [lot.scaled(factor) for lot in lots] for asset, lots in self.lots.items()}
        return Basket(lots, {asset: worth * factor for asset, worth in self.cash.items()}, self.money * factor)

    def plus(self, other: Basket) -> Basket:
        both = sorted({*self.lots, *other.lots})
        lots = {asset: [*self.lots.get(asset, []), *other.lots.get(asset, [])] for asset in both}
        return Basket(lots, money=self.money + other.money)

    def following(self, last: Mapping[str, Price]) -> Basket:
        """Return what takes part in a transition: not what was given up for cash, nor what has no price yet.

        No event is corrected.
        """
        lots = {asset: [replace(lot, by={}) for lot in lots] for asset, lots in self.lots.items() if asset in last}
        return Basket(lots, money=self.money)

    def convert(self, event: Event, new: str, fixed_after: Callable[[Lot], bool] = lambda _: False) -> None:
        """Turn the units of the event's asset into those of another, or of itself.

        A lot that was fixed after a redenomination which was not known then is in new units already.
        """
        lots = self.lots.pop(event.asset, [])
        if not lots:
            return
        turned = [lot if fixed_after(lot) else lot.times(event.factor, event.key) for lot in lots]
        if new != event.asset:
            turned = [replace(lot, fixed=event.time - MOMENT, made=True) for lot in turned]
        self.lots[new] = self.lots.get(new, []) + turned

    def correct(self, key: Key, ratio: float) -> None:
        """Put a corrected ratio in the place of the one that was applied, in the lots to which it was."""
        for asset, lots in self.lots.items():
            self.lots[asset] = [lot.corrected(ratio, key) if key in lot.by else lot for lot in lots]

    def exchange(self, asset: str, new: str, price: float, day: Day, value: Callable[[Lot], float]) -> None:
        """Put units of another asset in the place of a member's, lot by lot of the same value."""
        lots = self.lots.pop(asset, [])
        if lots:
            self.lots.setdefault(new, []).extend(Lot(value(lot) / price, price, instant(day)) for lot in lots)


@dataclass
class Pending:
    """A change that was determined and has not taken effect.

    Attributes:
        effective: The day on which it takes effect.
        day: The day of the determination.
        by_trigger: Whether a trigger caused it.
        weights: As determined, carried through events.
        basket: Units at the prices of the determination, carried through events.
        ranked: The eligible of the determination, best first.
    """

    effective: Day
    day: Day
    by_trigger: bool
    weights: dict[str, float]
    basket: Basket
    ranked: list[str]

    def convert(self, event: Event, new: str) -> None:
        """Replace a converted asset by what it became; weights add up where both were determined."""
        same = new == event.asset
        self.basket.convert(event, new, lambda lot: same and lot.fixed >= event.time)
        if event.asset in self.weights:
            weight = self.weights.pop(event.asset)
            self.weights[new] = self.weights.get(new, 0.0) + weight

    def drop(self, asset: str) -> None:
        """Leave an asset out; striking gives its weight to the others."""
        self.weights.pop(asset, None)
        self.basket.lots.pop(asset, None)

    def exchange(self, asset: str, new: str, price: float, day: Day) -> None:
        """Give the weight of an asset to another, units by the price of the determination for that of now."""
        self.basket.exchange(asset, new, price, day, lambda lot: lot.units * lot.price)
        if asset in self.weights:
            weight = self.weights.pop(asset)
            self.weights[new] = self.weights.get(new, 0.0) + weight
