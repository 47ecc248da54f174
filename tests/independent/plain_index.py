"""A second implementation of the index calculation, in plain Python, written from docs/concepts/calculation.md.

It shares no code with basketry: dictionaries, lists, one asset at a time. It is slow and meant to be read beside the
page. `plain_market` holds the data and events, `plain_determine` a determination, `plain_basket` units, and
`plain_events` what events do to an index; this file holds the order of things at an instant. Instants are days,
00:00 UTC, and changes take effect at 00:00.

Where the page leaves something open, a comment that begins with "Open" says what was taken.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

from tests.independent.plain_basket import Basket, Lot, Pending, Price
from tests.independent.plain_determine import (
    CannotDetermineError,
    Determined,
    capped,
    determine,
    reviewed,
    scheduled,
)
from tests.independent.plain_events import Index, carry, correct, depart, leave, settle, way_out, worthless
from tests.independent.plain_income import Income
from tests.independent.plain_market import Day, Event, PlainMarket, Table, instant
from tests.independent.plain_turnover import limited

DEFAULTS: dict[str, Any] = {
    "every": "month",
    "determine": 1,
    "review": None,
    "among": None,
    "outside": None,
    "fix": "weights",
    "steps": 1,
    "step_days": 1,
    "exclude_tags": frozenset(),
    "min_cap": 0,
    "min_days": 0,
    "min_traded": None,
    "min_turnover": None,
    "screens": (),
    "by": "market_cap",
    "select": None,
    "top": None,
    "buffer": None,
    "weight": "market_cap",
    "window": 90,
    "cap": None,
    "largest": None,
    "floor": None,
    "fixed": {},
    "limits": {},
    "money": None,
    "turnover": None,
    "guard": True,
    "carry": 3,
    "live": 1,
    "then": "remove_at_last_price",
    "delisting": "remove_at_last_price",
    "hard_fork": "ignore",
    "airdrop": "ignore",
    "drift": None,
    "drift_relative": False,
    "volatility": None,
    "total": None,
}


@dataclass
class Status:
    """How good a level is."""

    word: str
    age: int
    fresh: int


@dataclass
class Result:
    """What a run gives, by day.

    Attributes:
        levels: Price return.
        total: Total return, where the rules ask for one.
        statuses: Of each level.
        baskets: Units over the divisor after everything of the day: their values make the level.
        cash: Cash for which assets were given up over the divisor, likewise.
        pending: Effective days of the changes that are pending at the end.
    """

    levels: dict[Day, float] = field(default_factory=dict)
    total: dict[Day, float] = field(default_factory=dict)
    statuses: dict[Day, Status] = field(default_factory=dict)
    baskets: dict[Day, dict[str, float]] = field(default_factory=dict)
    cash: dict[Day, float] = field(default_factory=dict)
    pending: list[Day] = field(default_factory=list)


class PlainIndex:
    """Daily index on tables {field: {asset: {day: value}}}, with weekly, monthly or quarterly changes."""

    def __init__(
        self,
        tables: Mapping[str, Table],
        days: list[Day],
        tags: Mapping[str, set[str]],
        rules: Mapping[str, Any],
        events: Iterable[Event] = (),
        yields: Mapping[str, Mapping[Day, float]] | None = None,
        parent: tuple[str, PlainIndex] | None = None,
    ):
        self.market, self.tags, self.rules = PlainMarket(tables, days, events), tags, {**DEFAULTS, **rules}
        self.days, self.yields, self.parent = days, yields or {}, parent
        self.early: list[tuple[Day, Day, set[str]]] = []
        self.unit = 1.0  # what one unit of the cash member is worth
        self.snapshots: dict[Day, list[tuple[Day, set[str]]]] = {}

    def run(self, base: Day, level: float) -> Result:
        """Return levels, statuses and baskets of each day from the base to the last."""
        rules, result = self.rules, Result()
        self.index = index = Index(self.market, rules, base, Income(self.yields, rules["total"]))
        self.result = result
        self.start(base, level)
        for day in [day for day in self.days if day >= base]:
            index.day = day
            if day > base:
                index.income.step(index.basket, day)
                self.interest(day)
                self.events(day)
                quiet = self.read(day)
                self.level(day, quiet)
                self.status(day, quiet)
                self.depart(day, quiet)
                self.total(day)
                due = self.triggered(day)
                if due:
                    self.decide(day, day + timedelta(rules["determine"]), by_trigger=True)
                if self.scheduled(day) and not rules["determine"]:
                    if self.reviewed(day) and not rules["review"]["determine"]:
                        self.review(day, day)
                    self.decide(day, day)
                if not self.change(day):
                    self.step(day)
            for effective in [day + timedelta(rules["review"]["determine"])] if rules["review"] else []:
                if effective > day and self.scheduled(effective) and self.reviewed(effective):
                    self.review(day, effective)
            effective = day + timedelta(rules["determine"])
            if rules["determine"] and self.scheduled(effective):
                self.decide(day, effective)
            index.income.close(index.basket, index.last)
            waiting = [(change.effective, set(change.weights)) for change in [*index.reviewed, *index.pending]]
            self.snapshots[day] = [(base, self.kept()), *waiting]
            points = index.divisor
            result.baskets[day] = {a: index.basket.units(a) / points for a in sorted(index.basket.lots)}
            if index.basket.money:
                result.baskets[day]["cash"] = index.basket.money / self.unit / points
            result.cash[day] = math.fsum(index.basket.cash.values()) / points
        result.pending = [change.effective for change in index.pending]
        return result

    def interest(self, day: Day) -> None:
        """Let the cash member earn a day of interest, at the rate known the day before."""
        if self.rules["money"] is None or self.rules["money"]["rate"] is None:
            return
        known = {on: rate for on, rate in self.rules["money"]["rate"].items() if on < day}
        factor = 1 + known[max(known)] / self.rules["money"]["year"]
        self.unit *= factor
        for basket in self.index.baskets:
            basket.money *= factor

    def start(self, base: Day, level: float) -> None:
        """Determine and strike the base composition, and what was determined before the base for later."""
        index, first = self.index, self.days[0]
        asked: list[tuple[Day, Callable[[Day, Day], None], Day]] = []
        lags: list[tuple[Callable[[Day, Day], None], int]] = [(self.decide, self.rules["determine"])]
        lags[:0] = [(self.review, self.rules["review"]["determine"])] if self.rules["review"] else []
        for ask, lag in lags:
            days = [base + timedelta(n) for n in range(1, lag) if self.scheduled(base + timedelta(n))]
            asked.extend((day - timedelta(lag), ask, day) for day in days if ask == self.decide or self.reviewed(day))
            on = base - timedelta(lag)
            ask(on if on >= first else base, base)
        asked.sort(key=lambda entry: entry[0])
        for day, ask, effective in asked:
            if day >= first:
                ask(day, effective)
        self.events(base)
        for event in index.leaving:
            leave(index, event)
        if not self.change(base):
            raise CannotDetermineError(f"nobody is eligible at the base {base}")
        index.divisor = index.basket.value(index.last) / level
        index.changed, self.result.levels[base] = base, level
        self.status(base, False)
        self.total(base)
        index.income.restart(1.0)
        for day, ask, effective in asked:
            if day < first:
                ask(base, effective)

    def scheduled(self, day: Day) -> bool:
        """Return whether a scheduled change takes effect on a day."""
        return scheduled(day, self.rules)

    def reviewed(self, day: Day) -> bool:
        """Return whether the members of a scheduled change have a review of their own."""
        return self.rules["review"] is not None and reviewed(day, self.rules)

    def review(self, day: Day, effective: Day) -> None:
        """Choose the members of a change whose weights are determined later, or on the same day after it."""
        held = set(self.index.basket.lots)
        found = determine(self.market, day, held, self.asked(day, effective), self.tags, "members")
        self.index.reviewed.append(self.told(found, day, effective))
        self.index.ranked, self.index.departed = found.ranked, set()

    def decide(self, day: Day, effective: Day, by_trigger: bool = False) -> None:
        """Make a determination, and its change pending."""
        index = self.index
        if self.rules["review"] is None:
            found = determine(self.market, day, set(index.basket.lots), self.asked(day, effective), self.tags)
            index.ranked, index.departed = found.ranked, set()
        else:
            found = determine(self.market, day, self.to_weigh(day, effective), self.rules, self.tags, "weights")
        found.weights = limited(self, found, day, effective)
        index.pending.append(self.told(found, day, effective, by_trigger))
        if not by_trigger:
            index.reviewed = [change for change in index.reviewed if change.effective > effective]

    def to_weigh(self, day: Day, effective: Day) -> set[str]:
        """Return who is to be weighted for a change: by its review, else by the change before it, else who is held."""
        index = self.index
        found = [change for change in index.reviewed if change.effective == effective]
        before = [change for change in index.pending if change.effective < effective and change.weights]
        chosen = found or sorted(before, key=lambda change: change.effective)[-1:]
        return set(self.carried(chosen[0], day).weights) if chosen else self.kept()

    def kept(self) -> set[str]:
        """Return who is in by the last change: not what was credited since, nor what leaves in steps."""
        index = self.index
        if index.target is not None:
            return {asset for asset in index.target.lots if index.target.units(asset) > 0}
        return {asset for asset in index.basket.lots if index.given[asset] > 0}

    def carried(self, change: Pending, day: Day) -> Pending:
        """Return what was determined as it is on a day; before the base no event has been settled yet."""
        if self.result.levels:
            return change
        found = replace(change, weights=dict(change.weights), basket=Basket(dict(change.basket.lots)))
        self.index.day, base = day, self.index.day
        for row in self.market.seen_in(change.day, day):
            carry(self.index, found, row)
        self.index.day = base
        return found

    def members(self, day: Day, effective: Day) -> set[str]:
        """Return who is in on an effective day, as known at the end of another: what waits for a day up to it, or held.

        Before the base that is what was determined by then.
        """
        known = self.snapshots.get(day, [(when, who) for on, when, who in self.early if on <= day])
        counted = [(when, who) for when, who in known if when <= effective and who]
        if not counted:
            raise CannotDetermineError(f"nobody is in yet on {day} for {effective}")
        latest = max(when for when, _ in counted)
        return [who for when, who in counted if when == latest][-1]

    def asked(self, day: Day, effective: Day) -> Mapping[str, Any]:
        """Return the rules of a determination, with who is in the parent."""
        if self.parent is None:
            return self.rules
        way, parent = self.parent
        return {**self.rules, way: parent.members(day, effective)}

    def told(self, found: Determined, day: Day, effective: Day, by_trigger: bool = False) -> Pending:
        """Return what was determined as a change that is pending."""
        # Where supplies are fixed, units are in proportion to them, and caps come at the strike.
        sizes = found.raw if self.rules["fix"] == "supply" else found.weights
        lots = {a: [Lot(w / price, price, instant(on))] for a, w in sizes.items() for price, on in [found.prices[a]]}
        if not self.result.levels:
            self.early.append((day, effective, set(found.weights)))
        return Pending(effective, day, by_trigger, dict(found.weights), Basket(lots), found.ranked)

    def events(self, day: Day) -> None:
        """Step 1: settle what takes effect, at the last prices used; departures wait for the prices of the day."""
        index, base = self.index, not self.result.levels
        after = min(change.day for change in [*index.pending, *index.reviewed]) if base else day - timedelta(1)
        index.leaving = []
        if base:
            index.settled = {row.key: row.factor for row in self.market.view(after).force}
        for row in self.market.seen_in(after, day):
            if row.key in index.settled:
                correct(index, row)
            else:
                settle(index, row)
            index.settled[row.key] = row.factor

    def read(self, day: Day) -> bool:
        """Step 2: take the prices of the day; return whether no member has one, which is silence."""
        index, quiet = self.index, True
        for asset in index.basket.lots:
            price = self.market.price(asset, day)
            known = index.last.get(asset)
            if price is None or (self.rules["guard"] and known and not known.waits and price > 20 * known.value):
                continue
            index.last[asset] = Price(price, day)
            quiet = False
        return quiet

    def old(self) -> list[str]:
        """Return the members whose last price is older than it may be carried."""
        index = self.index
        return [a for a in sorted(index.basket.lots) if a in index.last and index.age(a) > self.rules["carry"]]

    def level(self, day: Day, quiet: bool = False) -> None:
        """Make the level with the basket held; suspended, it stays where it was.

        In silence no price moves, so that the level moves only where an event takes value away.
        """
        index, levels = self.index, self.result.levels
        held = (quiet or self.rules["then"] == "suspend") and bool(self.old())
        now = index.basket.value(index.last) / index.divisor
        levels[day] = levels[day - timedelta(1)] if held else now

    def depart(self, day: Day, quiet: bool) -> None:
        """Step 3: members leave, by events first, then those without a price for too long."""
        index, then = self.index, self.rules["then"]
        old = self.old()
        gone = old if then not in ("keep", "suspend") and not quiet and len(old) < len(index.last) else []
        gone = [asset for asset in gone if asset not in {event.asset for event in index.leaving}]
        index.leaving.sort(key=lambda event: way_out(index, event.removal) != "remove_at_zero")
        for event in index.leaving:
            if way_out(index, event.removal) == "remove_at_zero":
                worthless(index, event.asset)
        leavers = {e.asset for e in index.leaving if way_out(index, e.removal) != "replace_by_next"}
        if not any(price.value for asset, price in index.last.items() if asset not in {*gone, *leavers}):
            gone = []  # Nothing else of worth is held.
        for asset in gone if then == "remove_at_zero" else []:
            index.last[asset] = replace(index.last[asset], value=0.0)
        for event in index.leaving:
            leave(index, event)
        for asset in gone:
            depart(index, asset, then)
        if index.lost and self.result.statuses[day].word != "suspended":
            self.level(day)
        index.lost = False

    def status(self, day: Day, quiet: bool) -> None:
        """Write the status of the level, by the prices that it was made with.

        Open: the status where a member leaves. Taken: the one who leaves counts, as the level was made with its
        price; where that is older than allowed, the level is carried, as the price is not kept.
        """
        index, rules = self.index, self.rules
        ages = [index.age(a) for a in index.basket.lots if a in index.last]
        oldest, fresh = max(ages, default=0), sum(age < rules["live"] for age in ages)
        word = "live" if ages and oldest < rules["live"] else "carried"  # nothing keeps the level of cash alone live
        if oldest > rules["carry"]:
            kept = {"keep": "stale", "suspend": "suspended"}
            word = "suspended" if quiet else kept.get(rules["then"], "carried")
        self.result.statuses[day] = Status(word, oldest, fresh)

    def total(self, day: Day) -> None:
        """Write the total return, after departures."""
        index = self.index
        if self.rules["total"]:
            before = day - timedelta(1)
            levels, total = self.result.levels, self.result.total
            if before in levels:
                total[day] = index.income.level(index, levels[day], levels[before], total[before])
            else:
                total[day] = levels[day]

    def triggered(self, day: Day) -> bool:
        """Step 4: return whether a trigger fires."""
        index, rules = self.index, self.rules
        ahead = [day + timedelta(n) for n in range(rules["determine"] + 1)]
        if any(map(self.scheduled, ahead)) or any(change.by_trigger for change in index.pending):
            return False
        if rules["drift"] is not None:
            value = index.basket.value(index.last)
            worth = {a: index.basket.worth(a, index.last) for a in index.basket.lots} | index.basket.cash
            worth |= {"cash": index.basket.money} if index.basket.money else {}
            for asset, held in worth.items():
                given = index.given[asset]
                if rules["drift_relative"] and not given:
                    continue  # What was credited was given no weight, and has no band relative to it.
                band = rules["drift"] * given if rules["drift_relative"] else rules["drift"]
                if abs(held / value - given) > band:
                    return True
        return rules["volatility"] is not None and self.volatile(day)

    def volatile(self, day: Day) -> bool:
        """Return whether the levels of a whole window since the last change are more volatile than allowed."""
        above, window = self.rules["volatility"]
        if (day - self.index.changed).days < window or window < 2:
            return False
        levels = [self.result.levels[day - timedelta(n)] for n in range(window, -1, -1)]
        returns = [math.log(b / a) for a, b in pairwise(levels)]
        return statistics.stdev(returns) * math.sqrt(365) > above

    def change(self, day: Day) -> bool:
        """Step 5: strike the latest of the changes that are due; return whether one was."""
        index = self.index
        due = [change for change in index.pending if change.effective <= day]
        index.pending = [change for change in index.pending if change.effective > day]
        return bool(due) and self.strike(day, max(due, key=lambda change: change.effective))

    def strike(self, day: Day, change: Pending) -> bool:
        """Put the determined basket in the place of the old one; nobody, and the old one is kept."""
        index, rules, view = self.index, self.rules, self.market.view(day)
        prices: dict[str, Price] = {}
        for asset in change.weights:
            price = view.observed(asset, rules["carry"])
            if asset in index.last:
                prices[asset] = index.last[asset]
            elif price is not None:
                seen = view.seen(asset, rules["carry"])
                # One from before an event through which the units went is over its ratio.
                gone = {key: ratio for lot in change.basket.lots[asset] for key, ratio in lot.by.items()}
                over = {key: ratio for key, ratio in gone.items() if instant(seen) < key[0]}
                prices[asset] = Price(price, seen, over)
        if not prices:
            return False
        first = not self.result.levels
        value = 1.0 if first else index.basket.value(index.last)
        if rules["fix"] == "units":
            fresh = Basket({a: change.basket.lots[a] for a in prices})
        else:
            weights = change.weights
            if rules["fix"] == "supply":
                weights = capped({a: change.basket.units(a) * price.value for a, price in prices.items()}, rules)
            sizes = {a: weights[a] / price.value for a, price in prices.items()}
            fresh = Basket({a: [Lot(sizes[a], price.value, instant(price.day))] for a, price in prices.items()})
        if rules["money"]:
            # Its weight is that of the prices at which units were fixed.
            lots = [lot for lots in fresh.lots.values() for lot in lots]
            share = rules["money"]["weight"]
            fresh.money = share / (1 - share) * math.fsum(lot.units * lot.price for lot in lots)
        fresh = fresh.scaled(value / fresh.value(prices))
        index.old = index.target = None
        old = index.basket.following(index.last)
        index.last |= {asset: replace(price, waits=False) for asset, price in prices.items()}
        if rules["steps"] > 1 and not first:
            index.old, index.target, index.began, index.done = old, fresh.following(prices), day, 0
            self.step(day)
        else:
            index.hold(fresh)
        return True

    def step(self, day: Day) -> None:
        """Step 6: hold the mixture of the last transition step whose time has come."""
        index, steps = self.index, self.rules["steps"]
        if index.old is None or index.target is None:
            return
        if not any(side.value(index.last) > 0 for side in (index.old, index.target)):
            index.old = index.target = None  # everybody on both sides has left
            return
        due = min(steps, 1 + (day - index.began).days // self.rules["step_days"])
        if due <= index.done:
            return
        index.done, share = due, due / steps
        mixture = index.target if due == steps else index.old.scaled(1 - share).plus(index.target.scaled(share))
        mixture = mixture if mixture.value(index.last) > 0 else index.old  # else everybody in the target has left
        index.hold(mixture.scaled(index.basket.value(index.last) / mixture.value(index.last)))
        if due == steps:
            index.old = index.target = None
