"""Income of the plain implementation: the total return by quantity and by rate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.independent.plain_basket import Basket, Price
from tests.independent.plain_market import Day

if TYPE_CHECKING:
    from tests.independent.plain_events import Index


class Income:
    """What the units have earned since the last change.

    Attributes:
        earned: Units earned, by asset, in units of now.
        cash: What became of units earned of an asset whose units became cash.
        ratio: Total over price return at the last change (quantity).
        income: Income of the step that ends now over the basket's value at its start (rate).
    """

    def __init__(self, yields: Mapping[str, Mapping[Day, float]], rule: Mapping[str, Any] | None):
        self.yields, self.rule = yields, rule
        self.earned: dict[str, float] = {}
        self.cash, self.ratio, self.income = 0.0, 1.0, 0.0
        self.weights: dict[str, float] = {}
        self.factor = 1.0  # total over price return at the last instant

    def at(self, day: Day) -> Mapping[str, Any] | None:
        """Return the rule in force on a day: `later` of a rule is a day with what holds from it on."""
        if self.rule is None or "later" not in self.rule:
            return self.rule
        since, later = self.rule["later"]
        return self.rule | later if day >= since else self.rule

    def rate(self, asset: str, day: Day) -> float:
        """Return the income of a step that ends on a day, as a share; an unknown yield is none."""
        rule = self.at(day)
        if rule is None:
            return 0.0
        asked = day - timedelta(rule["lag"])
        known = {x: y for x, y in self.yields.get(asset, {}).items() if x <= asked}
        return known[max(known)] * rule["utilisation"] / 365 if known else 0.0

    def step(self, basket: Basket, day: Day) -> None:
        """Add the income of the day before, on the units held over it (before the events of its end).

        Where a version begins, another method or no utilisation spreads what was earned over the basket.
        """
        before, rule = self.at(day - timedelta(1)), self.at(day)
        spread = before != rule and before and rule and (before["method"] != rule["method"] or not rule["utilisation"])
        if spread:
            self.restart(self.factor)
        self.income = math.fsum(w * self.rate(a, day) for a, w in self.weights.items())
        for asset in basket.lots:
            units = basket.units(asset) * self.rate(asset, day)
            if units:
                self.earned[asset] = self.earned.get(asset, 0.0) + units

    def close(self, basket: Basket, last: Mapping[str, Price]) -> None:
        """Keep the weights at the end of an instant, on which the next step earns."""
        value = basket.value(last)
        self.weights = {a: basket.worth(a, last) / value for a in basket.lots}

    def convert(self, asset: str, new: str, factor: float) -> None:
        """Carry units earned through a conversion."""
        if asset in self.earned:
            units = self.earned.pop(asset) * factor
            self.earned[new] = self.earned.get(new, 0.0) + units

    def to_cash(self, asset: str, price: float) -> None:
        """Turn units earned into cash, as those held."""
        self.cash += self.earned.pop(asset, 0.0) * price

    def grown(self, basket: Basket, last: Mapping[str, Price]) -> float:
        """Return total over price return now."""
        value = basket.value(last)
        extra = math.fsum(units * last[a].value for a, units in self.earned.items() if a in last)
        return self.ratio * (value + extra + self.cash) / value

    def restart(self, ratio: float) -> None:
        """Begin anew at a change."""
        self.ratio, self.earned, self.cash = ratio, {}, 0.0

    def level(self, index: Index, now: float, before: float, total: float) -> float:
        """Return the total return of an instant."""
        rule = self.at(index.day)
        if rule is not None and rule["method"] == "rate":
            found = max(0.0, total * (now / before + self.income))
        else:
            found = now * self.grown(index.basket, index.last)
        self.factor = found / now if now else 1.0
        return found
