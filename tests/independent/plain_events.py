"""What corporate events and missing prices do to an index of the plain implementation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.independent.plain_basket import MOMENT, Basket, Lot, Pending, Price
from tests.independent.plain_income import Income
from tests.independent.plain_market import CONVERSIONS, DISTRIBUTIONS, Day, Event, Key, PlainMarket, instant


class Index:
    """The index between two instants.

    Attributes:
        day: The instant.
        basket: What is held.
        last: The last price used of each member; none for what was credited and has not been priced.
        divisor: Basket value for one index point.
        given: Weights at the last strike or transition step.
        changed: The last change.
        old, target, began, done: A transition under way: from, to, its first day, steps made.
        pending: Changes determined and not struck.
        reviewed: Members determined for changes whose weights are not.
        ranked, departed: The eligible of the last determination, and who has departed since.
        settled: Ratio of every event that took effect.
        leaving: Events by which members leave after the prices of the instant.
        lost: Whether value was lost after the level was made.
    """

    def __init__(self, market: PlainMarket, rules: Mapping[str, Any], day: Day, income: Income):
        self.market, self.rules, self.day, self.income = market, rules, day, income
        self.basket = Basket()
        self.last: dict[str, Price] = {}
        self.divisor = 1.0
        self.given: dict[str, float] = {}
        self.changed = self.began = day
        self.old: Basket | None = None
        self.target: Basket | None = None
        self.done = 0
        self.pending: list[Pending] = []
        self.reviewed: list[Pending] = []
        self.ranked: list[str] = []
        self.departed: set[str] = set()
        self.settled: dict[Key, float] = {}
        self.leaving: list[Event] = []
        self.lost = False

    def age(self, asset: str) -> int:
        """Return the age of the last price used, in days."""
        return (self.day - self.last[asset].day).days

    @property
    def baskets(self) -> list[Basket]:
        """The basket held, and those of a transition under way."""
        return [basket for basket in (self.basket, self.old, self.target) if basket is not None]

    def hold(self, basket: Basket) -> None:
        """Change to a basket at the prices of now; the divisor takes up the difference."""
        value = basket.value(self.last)
        if self.basket.held or self.basket.money:
            self.income.restart(self.income.grown(self.basket, self.last))
            self.divisor *= value / self.basket.value(self.last)
        self.basket = basket
        self.last = {a: price for a, price in self.last.items() if a in basket.lots}
        self.given = {a: basket.worth(a, self.last) / value for a in basket.lots}
        self.given |= {"cash": basket.money / value} if basket.money else {}
        self.changed = self.day


def settle(index: Index, event: Event) -> None:
    """Apply an event that takes effect, at the last prices used."""
    has = index.market.has
    to_nothing = event.kind in ("migration", "merger") and not has(event.new_asset)
    if event.kind == "delisting" or to_nothing:
        index.leaving.append(event)
    elif event.kind in CONVERSIONS:
        # Open: a change of name to an id without data. Taken: the asset goes on under the id that it has.
        if event.renames and has(event.new_asset):
            _convert(index, event, event.new_asset or event.asset)
        elif event.kind == "redenomination":
            _convert(index, event, event.asset)
    elif event.kind in DISTRIBUTIONS and index.rules[event.kind] == "credit":
        _credit(index, event)


def _convert(index: Index, event: Event, new: str) -> None:
    asset = event.asset
    same = new == asset
    before, there_already = index.basket.units(asset), 0.0 if same else index.basket.units(new)
    # The price that is used is in new units already where a redenomination was learned late.
    late = same and asset in index.last and instant(index.last[asset].day) >= event.time
    # Where an event after the redenomination made all the units, their price came with them in new units.
    lots = index.basket.lots.get(asset, [])
    done = same and bool(lots) and all(lot.made and lot.fixed >= event.time for lot in lots)
    if new in index.basket.cash:
        _to_cash(index, asset, new)
    for basket in index.baskets:
        basket.convert(event, new, lambda lot: same and (late or lot.made) and lot.fixed >= event.time)
    for change in [*index.pending, *index.reviewed]:
        if instant(change.day) < event.seen:
            change.convert(event, new)
    if asset in index.last:
        price = index.last.pop(asset)
        if not (late or done):
            price = Price(price.value / event.factor, price.day, {**price.by, event.key: event.factor})
        if new in index.basket.lots and there_already and before:
            came, units = before * event.factor, index.basket.units(new)
            there = index.last.get(new)
            if there is None or there.waits:
                # What was credited and waits for its first price is worth no more than what came to it.
                worth = price.value * came + (0.0 if there is None else there.value * (units - came))
                index.last[new] = Price(worth / units, price.day, waits=True)
        index.last.setdefault(new, price)
    if before and asset in index.given:
        given = index.given.pop(asset)
        index.given[new] = index.given.get(new, 0.0) + given
    if before:
        after = index.basket.units(new) if new == asset else before * event.factor
        index.income.convert(asset, new, after / before)


def _to_cash(index: Index, asset: str, new: str) -> None:
    """Hold what would become an asset that is held as cash as cash, too."""
    cash = index.basket.cash
    cash[new] += index.basket.worth(asset, index.last)
    index.income.to_cash(asset, index.last[asset].value if asset in index.last else 0.0)
    for basket in index.baskets:
        basket.lots.pop(asset, None)
    index.last.pop(asset, None)


def _credit(index: Index, event: Event) -> None:
    """Add new units for those held; worth nothing until the first price.

    Open: whether a price from before the credit counts as the first. Taken: no, nothing of the new asset was held.
    """
    new = event.new_asset
    if new is None or not index.market.has(new) or event.asset not in index.basket.lots or new in index.basket.cash:
        return
    units = index.basket.units(event.asset) * event.ratio
    there = index.last.get(new)
    if there is not None and there.waits:
        held = index.basket.units(new)
        index.last[new] = replace(there, value=there.value * held / (held + units))
    index.basket.lots.setdefault(new, []).append(
        Lot(units, 0.0, event.time - MOMENT, {event.key: event.ratio}, made=True)
    )
    index.given.setdefault(new, 0.0)
    if event.asset in index.income.earned:
        earned = index.income.earned
        earned[new] = earned.get(new, 0.0) + earned[event.asset] * event.ratio


def correct(index: Index, event: Event) -> None:
    """Apply a later row of an event that has taken effect: units held since get the new ratio for the old."""
    key, ratio = event.key, event.factor
    if event.kind not in (*CONVERSIONS, *DISTRIBUTIONS):
        return
    before = {asset: index.basket.units(asset) for asset in index.basket.lots}
    # The price stands where the units are not corrected, as the basket was struck in between.
    turned = {asset for asset, lots in index.basket.lots.items() if lots and all(key in lot.by for lot in lots)}
    for basket in [*index.baskets, *(change.basket for change in [*index.pending, *index.reviewed])]:
        basket.correct(key, ratio)
    for asset, units in before.items():
        index.income.convert(asset, asset, index.basket.units(asset) / units if units else 1.0)
    for asset, price in index.last.items():
        if price.waits:
            index.last[asset] = replace(price, value=price.value * before[asset] / index.basket.units(asset))
        elif key in price.by and asset in turned:
            index.last[asset] = Price(price.value * price.by[key] / ratio, price.day, {**price.by, key: ratio})


def leave(index: Index, event: Event) -> None:
    """Take the asset of an event out of the basket and of what was determined before the event was seen."""
    for change in [*index.pending, *index.reviewed]:
        if instant(change.day) < event.seen:
            _leave_pending(index, change, event.asset, event.removal)
    depart(index, event.asset, event.removal)


def carry(index: Index, change: Pending, event: Event) -> None:
    """Take what was determined through an event that no basket has seen yet."""
    has = index.market.has
    if event.kind == "delisting" or (event.kind in ("migration", "merger") and not has(event.new_asset)):
        _leave_pending(index, change, event.asset, event.removal)
    elif event.kind == "redenomination":
        change.convert(event, event.asset)
    elif event.kind in CONVERSIONS and event.renames and has(event.new_asset):
        change.convert(event, event.new_asset or event.asset)


def way_out(index: Index, removal: str | None) -> str:
    """Return how a member leaves by an event that says so, or says nothing."""
    if removal == "replace_by_next" and _replacement(index, index.ranked, index.basket.held) is None:
        removal = None
    return removal or str(index.rules["delisting"])


def worthless(index: Index, asset: str) -> None:
    """Make the price of a member that leaves at zero zero, before anybody leaves; not where nobody else has one."""
    if asset in index.last and any(index.last[a].value for a in index.basket.lots if a != asset and a in index.last):
        index.last[asset] = replace(index.last[asset], value=0.0)


def depart(index: Index, asset: str, how: str | None) -> None:
    """Take an asset out of the basket held and of those of a transition under way."""
    if asset not in index.basket.lots:
        return
    new = _replacement(index, index.ranked, index.basket.held) if how == "replace_by_next" else None
    if how in (None, "replace_by_next"):
        how = index.rules["delisting"]
    if new is not None and asset in index.last:
        _replace(index, asset, new)
        return
    others = [a for a in index.basket.lots if a != asset and a in index.last]
    if not any(index.last[a].value for a in others):
        return  # a sole member is not removed
    value, worth = index.basket.value(index.last), index.basket.worth(asset, index.last)
    if how == "remove_at_zero":
        index.income.earned.pop(asset, None)
        index.lost = True
    grown = index.income.grown(index.basket, index.last)
    price = index.last.pop(asset, Price(0.0, index.day)).value
    worth_of_it = index.basket.units(asset) * price
    for basket in index.baskets:
        # In a transition the old basket and the target lose what the basket held loses, so that steps go on alike.
        basket.lots.pop(asset, None)
    if how == "to_cash":
        index.basket.cash[asset] = worth_of_it
    if how == "remove_at_last_price":
        index.divisor *= (value - worth) / value
    if how == "remove_at_zero":
        grown = index.income.grown(index.basket, index.last)
    _left(index, asset, grown)
    if how != "to_cash":
        index.given.pop(asset)
        total = sum(index.given.values())
        index.given = {a: w / total for a, w in index.given.items()} if total else index.given


def _left(index: Index, asset: str, grown: float) -> None:
    index.departed.add(asset)
    index.income.restart(grown)
    index.changed = index.day


def _replacement(index: Index, ranked: list[str], held: set[str]) -> str | None:
    """Return the best-ranked that is not held, has not departed and has a price that may be carried."""
    view = index.market.view(index.day)
    free = [a for a in ranked if a not in held and a not in index.departed and a not in view.ended]
    return next((a for a in free if view.observed(a, index.rules["carry"]) is not None), None)


def _replace(index: Index, asset: str, new: str) -> None:
    grown = index.income.grown(index.basket, index.last)
    old = index.last.pop(asset)
    view = index.market.view(index.day)
    price = view.observed(new, index.rules["carry"]) or 0.0
    day = view.seen(new, index.rules["carry"])
    for basket in index.baskets:
        basket.exchange(asset, new, price, day, lambda lot: lot.units * old.value)
    index.last[new] = Price(price, day)
    index.given[new] = index.given.pop(asset)
    _left(index, asset, grown)


def _leave_pending(index: Index, change: Pending, asset: str, how: str | None) -> None:
    """Take an asset out of what was determined; its weight goes to the others, or to its replacement.

    That is the best-ranked of the last determination that this one did not select.
    """
    if asset not in change.weights:
        return
    new = _replacement(index, index.ranked, set(change.weights)) if how == "replace_by_next" else None
    if new is None:
        change.drop(asset)
        return
    view, carry = index.market.view(index.day), index.rules["carry"]
    change.exchange(asset, new, view.observed(new, carry) or 0.0, view.seen(new, carry))
