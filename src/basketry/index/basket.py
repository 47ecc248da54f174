"""The basket as it is carried through a history: what is held, at which prices, and with which weights given."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from basketry.core.frozen import changed
from basketry.core.numbers import Bools, Floats, added, exact_sum
from basketry.methodology._exact import worth
from basketry.methodology.path import Carried

_Kind = TypeVar("_Kind", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Basket:
    """A basket at an instant.

    Attributes:
        columns: Assets held, ascending, as places in the ids of the state, shape (n,).
        units: Units held, shape (n,).
        factors: Capping factors, shape (n,).
        prices: Last prices used, shape (n,).
        seen: Microseconds at which those were observed, shape (n,).
        counted: Microseconds at which the prices were observed at which the units were fixed, those at the start and at
            the end of a transition under way, else the same twice, shape (2, n): units of a redenominated asset are old
            ones where that was before the event.
        given: Weights as given at the last strike, shape (n,); 0 for what was credited since.
        cash: Assets held as cash at their last price, and the cash member, shape (n,).
        awaited: Assets that were credited and have had no price yet, worth nothing until then but for what others with
            a price became of them, shape (n,).
        divisor: Basket value per index point.
        plan: Units at the start and at the end of a transition under way, shape (2, n); None for none.
    """

    columns: NDArray[np.int64]
    units: Floats
    factors: Floats
    prices: Floats
    seen: NDArray[np.int64]
    counted: NDArray[np.int64]
    given: Floats
    cash: Bools
    awaited: Bools
    divisor: float
    plan: Floats | None = None

    @property
    def value(self) -> float:
        """Basket value at the last prices."""
        return self._worth[0]

    @property
    def weights(self) -> Floats:
        """Weights at the last prices, shape (n,)."""
        return self._worth[1]

    @cached_property
    def _worth(self) -> tuple[float, Floats]:
        value, weights = worth(self.units, self.prices)
        # An overflow is told as everywhere.
        return (value if math.isfinite(value) else exact_sum(self.units * self.prices)), weights

    @cached_property
    def plain(self) -> bool:
        """Whether every member simply follows its price: none is cash, none awaited."""
        return not (self.cash.any() or self.awaited.any())

    def remembering(self, **found: object) -> Basket:
        """Return the basket, of which some properties were found on the way to it."""
        self.__dict__.update(found)
        return self

    def place(self, column: int) -> int | None:
        """Return where an asset stands in the basket, None where it is not held."""
        place = int(np.searchsorted(self.columns, column))
        return place if place < len(self.columns) and self.columns[place] == column else None

    def marked(self, prices: Floats, seen: NDArray[np.int64], awaited: Bools | None = None) -> Basket:
        """Return the basket at other prices."""
        found = Basket(
            self.columns, self.units, self.factors, prices, seen, self.counted, self.given, self.cash,
            self.awaited if awaited is None else awaited, self.divisor, self.plan,
        )  # fmt: skip
        return found.remembering(plain=self.plain) if awaited is None else found

    def with_divisor(self, divisor: float) -> Basket:
        """Return the basket with another divisor."""
        # What is remembered stays with it: value and weights do not depend on the divisor.
        return changed(self, divisor=divisor)

    def waits(self, place: int) -> bool:
        """Return whether a member is worth nothing yet, for it has had no price."""
        return bool(self.awaited[place] and self.prices[place] == 0)

    def as_cash(self, gone: Bools) -> Basket:
        """Return the basket with some assets held as cash; the next step of a transition sells it."""
        plan = None if self.plan is None else np.where(gone, 0.0, self.plan)
        return replace(self, cash=self.cash | gone, plan=plan)

    def alone(self, gone: Bools) -> bool:
        """Return whether nothing of worth would follow a price without some assets."""
        return not bool(added((self.units * self.prices)[~(gone | self.cash)]) > 0)

    def worth_without(self, gone: Bools) -> float:
        """Return the value of the basket without some assets at the last prices."""
        return exact_sum((self.units * self.prices)[~gone])

    def without(self, gone: Bools, *, keep_level: bool) -> Basket:
        """Return the basket without some assets; with `keep_level` the divisor takes up their value."""
        stay = ~gone
        divisor = self.divisor * (self.worth_without(gone) / self.value) if keep_level else self.divisor
        given = self.given[stay]
        total = exact_sum(given)
        return Basket(
            self.columns[stay], self.units[stay], self.factors[stay], self.prices[stay], self.seen[stay],
            self.counted[:, stay], given / total if total > 0 else given, self.cash[stay], self.awaited[stay], divisor,
            None if self.plan is None else self.plan[:, stay],
        )  # fmt: skip

    def exchanged(
        self,
        old: int,
        new: int,
        ratio: float,
        price: float,
        seen: int,
        counted: NDArray[np.int64],
        *,
        keep_old: bool = False,
        awaited: bool = False,
    ) -> tuple[Basket, Carried]:
        """Return the basket with `ratio` units of `new` for each unit of `old`, and how units went over.

        With `keep_old` the old asset stays and the new one comes beside it, with no weight given, as in a fork. A
        redenomination is an exchange of an asset for itself. Where the new asset is held already the units add up
        and its own price counts; while it waits for its first one, all its units are worth what came of others.

        Args:
            old, new: Columns; the old one is held.
            ratio: New units for one old.
            price: Of one new unit, where it is not held yet.
            seen: Microseconds at which that was observed.
            counted: As in the basket, where the new asset is not held yet, shape (2,).
            keep_old: Whether the old asset stays.
            awaited: Whether the new asset has no price yet.
        """
        size = len(self.columns)
        source = int(np.searchsorted(self.columns, old))
        stays = np.ones(size, dtype=bool)
        stays[source] = keep_old
        columns = np.union1d(self.columns[stays], [new])
        places = np.searchsorted(columns, self.columns[stays])
        target = int(np.searchsorted(columns, new))
        fresh = target not in places
        sources = np.concatenate([np.flatnonzero(stays), [source]])
        targets = np.concatenate([places, [target]])
        carried = Carried(len(columns), sources, targets, np.concatenate([np.ones(np.count_nonzero(stays)), [ratio]]))

        def placed(values: NDArray[_Kind], value: object) -> NDArray[_Kind]:
            """Return values of those who stay at their new places; a new member has a value of its own."""
            found = np.empty(len(columns), dtype=values.dtype)
            found[places] = values[stays]
            if fresh:
                found[target] = value
            return found

        given = placed(self.given, 0.0)
        if not keep_old:
            given[target] += self.given[source]
        moved = Basket(
            columns=columns,
            units=carried.carry(self.units),
            factors=placed(self.factors, self.factors[source]),
            prices=placed(self.prices, price),
            seen=placed(self.seen, seen),
            counted=np.array([placed(row, when) for row, when in zip(self.counted, counted.tolist(), strict=True)]),
            given=given,
            cash=placed(self.cash, bool(self.cash[source]) and not keep_old),
            awaited=placed(self.awaited, awaited or (bool(self.awaited[source]) and not keep_old)),
            divisor=self.divisor,
            plan=None if self.plan is None else self._planned(carried, keep_old=keep_old),
        )
        there = None if new == old else self.place(new)
        if there is not None and self.awaited[there]:
            came = float(price * self.units[source] * ratio)
            moved.prices[target] = (float(self.prices[there] * self.units[there]) + came) / moved.units[target]
            moved.seen[target] = seen if came > 0 else self.seen[there]
        return moved, carried

    def _planned(self, carried: Carried, *, keep_old: bool) -> Floats:
        """Return the plan of a transition as units go over; what is credited is sold at the next step."""
        plan = np.zeros((2, 0)) if self.plan is None else self.plan
        if keep_old:
            carried = replace(carried, ratios=np.append(carried.ratios[:-1], 0.0))
        return np.array([carried.carry(units) for units in plan])


def chain(first: Carried | None, second: Carried) -> Carried:
    """Return one carrying over of units that does what two do one after the other."""
    if first is None:
        return second
    pairs = [
        (int(first.sources[i]), int(second.targets[j]), float(first.ratios[i] * second.ratios[j]))
        for i in range(len(first.sources))
        for j in np.flatnonzero(second.sources == first.targets[i]).tolist()
    ]
    sources, targets, ratios = (np.array(part) for part in zip(*pairs, strict=True))
    return Carried(second.size, sources.astype(np.int64), targets.astype(np.int64), ratios.astype(np.float64))
