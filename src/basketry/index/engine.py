"""The walk through a history: baskets held from change to change, with every change written down."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from basketry.core.errors import DataError, MethodologyError
from basketry.core.numbers import Bools, Floats, exact_sum, normalise
from basketry.core.time import format_instant
from basketry.index.corporate import CorporateEvent, Outcome, apply_event
from basketry.index.determine import Determination, determine
from basketry.index.divisor import base_divisor, chained_divisor, units_for_weights
from basketry.index.holdings import Holdings
from basketry.index.kernels import basket_values, carry_forward, is_clean
from basketry.index.tables import CARRIED, STALE, SUSPENDED, Ledger, StatusLog
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology, Version
from basketry.methodology.path import Segment
from basketry.methodology.schedule import Transition
from basketry.methodology.sections import Missing
from basketry.methodology.transition import gradual_units
from basketry.methodology.triggers import Holding

_MICROSECONDS = np.timedelta64(1, "us")


@dataclass(frozen=True)
class Change:
    """A rebalance to be made: where on the grid, with which dates, and why."""

    position: int
    announced_at: np.datetime64
    determined_at: np.datetime64
    effective_at: np.datetime64
    trigger: str


class Engine:
    """One calculation under way. `run` gives levels, segments, statuses and tables; nothing is read or written.

    Args:
        methodology: The rulebook.
        panel: The market; halted prices already unknown.
        times: Calculation instants, shape (T,); the first is the base.
        rows: Row of the panel at or before each, shape (T,).
        events: Corporate events placed on the grid.
    """

    def __init__(
        self,
        methodology: Methodology,
        panel: Panel,
        times: NDArray[np.datetime64],
        rows: NDArray[np.int64],
        events: Iterable[CorporateEvent],
    ) -> None:
        self.methodology = methodology
        self.panel = panel
        self.times = times
        self.rows = rows
        self.events = tuple(events)
        self.price = panel.field("price")
        self.stamps = times.astype(np.int64)
        self.levels = np.full(len(times), np.nan)
        self.status = StatusLog(len(times))
        self.ledger = Ledger(panel.assets)
        self.segments: list[Segment] = []
        self.outage = observed_nothing(panel)[rows]
        self.version: Version = methodology.versions[0]
        self._steps: list[tuple[int, int]] = []

    def run(self, changes: list[Change]) -> None:
        """Walk from the base to the last instant, making the changes; the first is the base composition."""
        base, *planned = changes
        holdings = self._open(base)
        queue = planned[:]
        position = 0
        while True:
            end = queue[0].position if queue else len(self.times) - 1
            holdings, position, fired = self._hold(holdings, position, end)
            if fired is not None:
                if not queue or fired.position < queue[0].position:
                    queue.insert(0, fired)
                    if fired.position > position:
                        holdings, position, _ = self._hold(holdings, position, fired.position, watch=False)
                else:
                    holdings, position, _ = self._hold(holdings, position, queue[0].position, watch=False)
            if queue and queue[0].position == position:
                holdings = self._rebalance(holdings, queue.pop(0))
            elif position == len(self.times) - 1:
                return

    def _open(self, change: Change) -> Holdings:
        decision = self._determine(change, np.zeros(len(self.panel.assets), dtype=bool))
        if not len(decision.columns):
            raise MethodologyError(_nobody(decision))
        level = self.methodology.first.base.level
        holdings = self._strike(decision, change, None, level)
        holdings = replace(holdings, divisor=base_divisor(holdings.prices, holdings.units, level))
        self.levels[0] = level
        self.status.sources[0] = int((holdings.seen == self.stamps[0]).sum())
        self._write_composition(0, holdings)
        self._write_rebalance(change, None, holdings)
        return holdings

    def _determine(self, change: Change, members: Bools) -> Determination:
        version = self.methodology.at(change.determined_at)
        view = self.panel.as_of(change.determined_at)
        if not len(view.times):
            view = self.panel.as_of(change.effective_at)
            self.ledger.event(
                change.effective_at,
                "*",
                "determination",
                "made at the effective instant",
                f"the data begin after {format_instant(change.determined_at)}, when it was due",
            )
        decision = determine(version, view, members)
        for column, reason in sorted({**decision.frozen, **decision.refused}.items()):
            treatment = "not eligible" if column in decision.refused else "supply frozen"
            self.ledger.event(decision.at, self.panel.assets[column], "guard", treatment, reason)
        for column, reason in sorted(decision.overridden.items()):
            self.ledger.event(decision.at, self.panel.assets[column], "override", "applied", reason)
        if decision.shortage is not None:
            self.ledger.event(decision.at, "*", "cap_shortage", "equal weights", decision.shortage)
        return decision

    def _rebalance(self, holdings: Holdings, change: Change) -> Holdings:
        members = np.zeros(len(self.panel.assets), dtype=bool)
        members[holdings.columns[holdings.units > 0]] = True
        decision = self._determine(change, members)
        time = self.times[change.position]
        if not len(decision.columns):
            self.ledger.event(time, "*", "empty_universe", "composition kept", _nobody(decision))
            return holdings
        target = self._strike(decision, change, holdings, holdings.value)
        if not len(target.columns):
            self.ledger.event(
                time, "*", "no_prices", "composition kept", "no selected asset has a price that is fresh enough"
            )
            return holdings
        self.version = decision.version
        transition = decision.version.rules.schedule.transition
        if transition is not None and transition.steps > 1:
            target = self._start_transition(holdings, target, change, transition)
        else:
            target = target.with_divisor(chained_divisor(holdings.divisor, holdings.value, target.value))
        self._write_composition(change.position, target)
        self._write_rebalance(change, holdings, target)
        return target

    def _strike(self, decision: Determination, change: Change, holdings: Holdings | None, value: float) -> Holdings:
        """Return the basket that gives the determined weights at the effective prices; its divisor is to be set."""
        columns = decision.columns
        prices, seen = self._prices_at(change.position, columns, decision.version.rules.missing, holdings)
        present = ~np.isnan(prices)
        if not present.all():
            for column in columns[~present]:
                self.ledger.event(
                    self.times[change.position],
                    self.panel.assets[column],
                    "missing_price",
                    "left out of the rebalance",
                    "no price fresh enough at the effective instant; its weight goes to the others",
                )
            columns, prices, seen = columns[present], prices[present], seen[present]
            if not len(columns):
                empty = np.empty(0)
                return Holdings(columns, empty, empty, empty, seen, np.empty(0, dtype=bool), 1.0)
        weights, raw, shares = decision.weights, decision.raw, decision.shares
        if not present.all():
            weights = normalise(weights[present])
            raw = raw[present]
            shares = None if shares is None else shares[present]
        factors = np.divide(weights, raw, out=np.ones_like(raw), where=raw > 0)
        factors = factors / factors.max()
        struck = decision.view.latest("price", decision.version.rules.missing.carry_forward)[columns]
        fixed_units = decision.version.rules.schedule.fix == "units"
        if shares is not None:
            counted = shares * factors
            units = counted if fixed_units else units_for_weights(weights, prices, exact_sum(struck * counted))
        else:
            units = units_for_weights(weights, struck if fixed_units else prices, value)
        return Holdings(
            columns=columns,
            units=units,
            factors=factors,
            prices=prices,
            seen=seen,
            frozen=np.zeros(len(columns), dtype=bool),
            divisor=1.0,
        )

    def _prices_at(
        self, position: int, columns: NDArray[np.int64], missing: Missing, holdings: Holdings | None
    ) -> tuple[Floats, NDArray[np.int64]]:
        """Return the price of each column at a position, carried as far as allowed, and when it was observed."""
        row = int(self.rows[position])
        prices = self.price[row, columns]
        seen = np.full(len(columns), self.panel.times[row].astype(np.int64))
        for place in np.flatnonzero(np.isnan(prices)):
            oldest = self.times[position] - np.timedelta64(missing.carry_forward)
            back = row
            while back >= 0 and self.panel.times[back] >= oldest:
                if not np.isnan(self.price[back, columns[place]]):
                    prices[place] = self.price[back, columns[place]]
                    seen[place] = self.panel.times[back].astype(np.int64)
                    break
                back -= 1
        if holdings is not None:
            # A held asset keeps the price the index already uses, so that an implausible print is not struck.
            places = np.minimum(np.searchsorted(holdings.columns, columns), len(holdings.columns) - 1)
            held = holdings.columns[places] == columns
            prices = np.where(held, holdings.prices[places], prices)
            seen = np.where(held, holdings.seen[places], seen)
        return prices, seen

    def _start_transition(
        self, holdings: Holdings, target: Holdings, change: Change, transition: Transition
    ) -> Holdings:
        union = np.union1d(holdings.columns, target.columns)
        scaled = target.units * (holdings.value / target.value)
        plan = np.zeros((2, len(union)))
        plan[0, np.searchsorted(union, holdings.columns)] = holdings.units
        plan[1, np.searchsorted(union, target.columns)] = scaled
        merged = _merge(union, holdings, target)
        steps = transition.steps
        every = np.timedelta64(transition.every)
        self._steps = [
            (int(np.searchsorted(self.times, self.times[change.position] + step * every)), step + 1)
            for step in range(1, steps)
        ]
        units = gradual_units(merged.prices, plan[0], plan[1], 1, steps)
        return replace(merged, units=units, divisor=holdings.divisor, plan=plan)

    def _continue_transition(self, holdings: Holdings, position: int) -> Holdings:
        transition = self.version.rules.schedule.transition
        if holdings.plan is None or transition is None:
            return holdings
        steps = transition.steps
        step = max(number for place, number in self._steps if place == position)
        self._steps = [entry for entry in self._steps if entry[0] > position]
        before = holdings
        units = gradual_units(holdings.prices, holdings.plan[0], holdings.plan[1], step, steps)
        divisor = chained_divisor(holdings.divisor, holdings.value, exact_sum(units * holdings.prices))
        after = replace(holdings, units=units, divisor=divisor)
        if step == steps:
            after = replace(after.without(units == 0, keep_level=True), plan=None)
        self._write_composition(position, after)
        time = self.times[position]
        change = Change(position, time, time, time, f"transition step {step} of {steps}")
        self._write_rebalance(change, before, after)
        return after

    def _hold(
        self, holdings: Holdings, start: int, end: int, *, watch: bool = True
    ) -> tuple[Holdings, int, Change | None]:
        """Hold a basket from `start` to `end`, or to the first trigger that fires, applying what comes between."""
        if watch and holdings.plan is None:
            self._steps = []
        while start < end:
            stop = min([end, *(place for place, _ in self._steps if place > start)])
            due = self._due(holdings, start, stop)
            if due:
                stop = due[0].position
            holdings, stop, fired = self._segment(holdings, start, stop, due, watch=watch)
            if any(place == stop for place, _ in self._steps) and stop < end:
                holdings = self._continue_transition(holdings, stop)
            start = stop
            if fired is not None:
                return holdings, start, fired
        return holdings, start, None

    def _due(self, holdings: Holdings, start: int, stop: int) -> list[CorporateEvent]:
        """Return the events at the first position in (start, stop] that concern a held asset."""
        if not self.events:
            return []
        held = set(holdings.columns.tolist())
        due = [event for event in self.events if start < event.position <= stop and event.column in held]
        return [event for event in due if event.position == due[0].position]

    def _segment(
        self, holdings: Holdings, start: int, stop: int, due: list[CorporateEvent], *, watch: bool
    ) -> tuple[Holdings, int, Change | None]:
        rules = self.version.rules
        block = self._block(start, stop, holdings.columns)
        block[0] = holdings.prices
        outcomes: list[tuple[int, CorporateEvent, Outcome]] = []
        marked = holdings
        for event in due:
            if event.position != stop or event.column not in marked.columns:
                continue
            observed = self.price[self.rows[stop]]
            outcome = apply_event(event, marked, rules.events, observed, int(self.stamps[stop]))
            if outcome is None:
                continue
            place = np.flatnonzero(holdings.columns == event.column)
            block[-1, place] = outcome.worth
            outcomes.append((event.column, event, outcome))
            marked = outcome.holdings
        jump = rules.guard.price_jump or np.inf
        if not holdings.frozen.any() and is_clean(block, jump):
            ages = None
            seen = np.full(len(holdings.columns), self.stamps[stop], dtype=np.int64)
            self.status.sources[start + 1 : stop + 1] = len(holdings.columns)
        else:
            block, ages, implausible = carry_forward(
                block, self.stamps[start : stop + 1], holdings.seen, holdings.frozen, jump
            )
            removal = self._first_removal(ages, start, rules.missing)
            if removal is not None and start + removal < stop:
                stop, outcomes = start + removal, []
                block, ages, implausible = (part[: removal + 1] for part in (block, ages, implausible))
            if removal is not None and rules.missing.then == "remove_at_zero":
                gone = ages[removal] > np.timedelta64(rules.missing.carry_forward) / _MICROSECONDS
                block[removal, gone] = 0.0
            self._mark(holdings, start, ages, implausible, rules.missing)
            seen = self.stamps[stop] - ages[-1]
        values = basket_values(block[1:], holdings.units)
        self.levels[start + 1 : stop + 1] = values / holdings.divisor
        if ages is not None:
            self._hold_suspended(start, stop)
        frozen = holdings.frozen if ages is not None and holdings.frozen.any() else None
        segment = Segment(start, stop, holdings.columns, holdings.units, block, holdings.divisor, frozen)
        fired = self._fired(segment) if watch and rules.triggers else None
        if fired is not None and fired[0] < stop:
            stop = fired[0]
            keep = stop - start + 1
            segment = replace(segment, end=stop, prices=block[:keep])
            block = segment.prices
            seen = self.stamps[stop] - (0 if ages is None else ages[keep - 1])
            seen = np.broadcast_to(seen, holdings.columns.shape).astype(np.int64)
            outcomes = []
            ages = None if ages is None else ages[:keep]
        self.segments.append(segment)
        after = holdings.marked(block[-1], seen)
        if outcomes:
            after = self._apply(after, outcomes, stop)
        elif ages is not None:
            after = self._remove_missing(after, ages[-1], stop, rules.missing)
        return after, stop, None if fired is None else self._triggered(fired)

    def _block(self, start: int, stop: int, columns: NDArray[np.int64]) -> Floats:
        """Return a copy of the prices of some columns from position `start` to `stop`, shape (k, n)."""
        first, last = int(self.rows[start]), int(self.rows[stop])
        if last - first == stop - start:
            return self.price[first : last + 1].take(columns, axis=1)
        return self.price[self.rows[start : stop + 1]].take(columns, axis=1)

    def _apply(
        self, holdings: Holdings, outcomes: list[tuple[int, CorporateEvent, Outcome]], position: int
    ) -> Holdings:
        """Return the basket after the events of one instant, others marked at their prices there."""
        before = holdings
        rules = self.version.rules
        observed = self.price[self.rows[position]]
        for column, event, outcome in outcomes:
            place = np.flatnonzero(holdings.columns == column)
            if not len(place):
                continue
            unmarked = holdings.prices.copy()
            # The event is applied again on the basket marked at this instant, all but its own asset.
            unmarked[place] = before.prices[np.flatnonzero(before.columns == column)]
            again = apply_event(
                event, holdings.marked(unmarked, holdings.seen), rules.events, observed, int(self.stamps[position])
            )
            if again is None:
                continue
            holdings = again.holdings
            if again.treatment == "removed at last price":
                holdings = holdings.without(holdings.columns == column, keep_level=True)
            self.ledger.event(self.times[position], event.asset, event.kind, outcome.treatment, outcome.evidence)
        if not np.array_equal(holdings.units, before.units) or len(holdings.columns) != len(before.columns):
            self._write_composition(position, holdings)
            time = self.times[position]
            names = ", ".join(event.kind for _, event, _ in outcomes)
            self._write_rebalance(Change(position, time, time, time, names), before, holdings)
        return holdings

    def _first_removal(self, ages: NDArray[np.int64], start: int, missing: Missing) -> int | None:
        """Return the first row at which a member is to be removed for lack of a price, counted from the start."""
        if missing.then in ("keep", "suspend"):
            return None
        too_old = ages > np.timedelta64(missing.carry_forward) / _MICROSECONDS
        outage = self.outage[start : start + len(ages)]
        due = too_old.any(axis=1) & ~too_old.all(axis=1) & ~outage
        due[0] = False
        return int(due.argmax()) if due.any() else None

    def _remove_missing(self, holdings: Holdings, ages: NDArray[np.int64], position: int, missing: Missing) -> Holdings:
        limit = np.timedelta64(missing.carry_forward) / _MICROSECONDS
        gone = ages > limit
        if missing.then in ("keep", "suspend") or not gone.any() or gone.all() or self.outage[position]:
            return holdings
        time = self.times[position]
        for place in np.flatnonzero(gone):
            self.ledger.event(
                time,
                self.panel.assets[holdings.columns[place]],
                "missing_price",
                missing.then,
                f"no price for {ages[place] / 86_400e6:.1f} days; last price {holdings.prices[place]:.6g} "
                f"at weight {holdings.weights[place]:.4%}",
            )
        if missing.then == "to_cash":
            return replace(holdings, frozen=holdings.frozen | gone)
        after = holdings.without(gone, keep_level=missing.then == "remove_at_last_price")
        self._write_composition(position, after)
        change = Change(position, time, time, time, "missing price")
        self._write_rebalance(change, holdings, after)
        return after

    def _mark(
        self, holdings: Holdings, start: int, ages: NDArray[np.int64], implausible: Bools, missing: Missing
    ) -> None:
        """Record the status of the rows of a segment in which some price was not observed."""
        limit = int(np.timedelta64(missing.carry_forward) / _MICROSECONDS)
        names = [self.panel.assets[column] for column in holdings.columns]
        self.status.sources[start + 1 : start + len(ages)] = (ages[1:] == 0).sum(axis=1)
        oldest = ages.max(axis=1)
        for row in np.flatnonzero(oldest[1:] > 0) + 1:
            position = start + int(row)
            lacking = np.flatnonzero(ages[row] > 0)
            if self.outage[position]:
                status = SUSPENDED if oldest[row] > limit else CARRIED
                reason = "no asset has a price at this instant"
            else:
                too_old = oldest[row] > limit
                all_old = bool((ages[row] > limit).all())
                status = CARRIED
                if too_old and (missing.then == "suspend" or all_old):
                    status = SUSPENDED
                elif too_old and missing.then == "keep":
                    status = STALE
                reason = _lacking(names, lacking, implausible[row])
            self.status.mark(position, status, reason, int(oldest[row]), int((ages[row] == 0).sum()))

    def _hold_suspended(self, start: int, stop: int) -> None:
        for position in range(start + 1, stop + 1):
            if self.status.status[position] == SUSPENDED:
                self.levels[position] = self.levels[position - 1]

    def _fired(self, segment: Segment) -> tuple[int, str] | None:
        """Return the position and name of the first trigger that fires in a segment."""
        decisions: dict[int, Determination] = {}
        members = np.zeros(len(self.panel.assets), dtype=bool)
        members[segment.columns] = True

        def decide(row: int) -> Determination:
            if row not in decisions:
                decisions[row] = determine(self.version, self._view(segment.start + row), members)
            return decisions[row]

        holding = Holding(
            segment,
            self.levels[segment.start : segment.end + 1],
            view=lambda row: self._view(segment.start + row),
            eligible=lambda row: decide(row).eligible,
            selected=lambda row: decide(row).choice.chosen,
        )
        fired = [
            (segment.start + row, rule.name)
            for rule in self.version.rules.triggers
            if (row := rule.first_row(holding)) is not None
        ]
        return min(fired) if fired else None

    def _view(self, position: int) -> Panel:
        return self.panel.first_rows(int(self.rows[position]) + 1)

    def _triggered(self, fired: tuple[int, str]) -> Change:
        position, name = fired
        determined = self.times[position]
        lag = self.version.rules.schedule.determination_lag
        effective = int(np.searchsorted(self.times, determined + np.timedelta64(lag)))
        effective = min(max(effective, position), len(self.times))
        time = self.times[min(effective, len(self.times) - 1)]
        return Change(effective, determined, determined, time, name)

    def _write_composition(self, position: int, holdings: Holdings) -> None:
        self.ledger.compositions.append(
            (
                position,
                holdings.columns,
                holdings.units,
                holdings.weights,
                holdings.prices,
                holdings.factors,
                holdings.divisor,
                self.version.number,
            )
        )

    def _write_rebalance(self, change: Change, before: Holdings | None, after: Holdings) -> None:
        weights = np.zeros((2, len(self.panel.assets)))
        touched = np.zeros(len(self.panel.assets), dtype=bool)
        for row, basket in enumerate((before, after)):
            if basket is not None:
                weights[row, basket.columns] = basket.weights
                touched[basket.columns] = True
        union = np.flatnonzero(touched)
        weights = weights[:, union]
        self.ledger.rebalances.append(
            (
                change.announced_at,
                change.determined_at,
                self.times[change.position],
                union,
                weights[0],
                weights[1],
                change.trigger,
                self.version.number,
            )
        )


def observed_nothing(panel: Panel) -> Bools:
    """Return the rows in which no asset at all has a price: the source was silent, shape (T,)."""
    key = ("silent", len(panel.times))
    if key not in panel._memory:
        panel._memory[key] = np.isnan(panel.field("price")).all(axis=1)
    silent: Bools = panel._memory[key]
    return silent


def _merge(union: NDArray[np.int64], old: Holdings, new: Holdings) -> Holdings:
    """Return the assets of two baskets with the new basket's prices and factors where it has them."""
    size = len(union)
    merged = Holdings(
        union,
        np.zeros(size),
        np.ones(size),
        np.zeros(size),
        np.zeros(size, dtype=np.int64),
        np.zeros(size, dtype=bool),
        old.divisor,
    )
    for basket in (old, new):
        places = np.searchsorted(union, basket.columns)
        merged.factors[places] = basket.factors
        merged.prices[places] = basket.prices
        merged.seen[places] = basket.seen
    return merged


def _lacking(names: list[str], lacking: NDArray[np.int64], implausible: Bools) -> str:
    shown = ", ".join(names[place] for place in lacking[:3])
    more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
    why = "implausible price" if implausible[lacking].any() else "no price"
    return f"{why} for {shown}{more} ({len(lacking)} of {len(names)}); last price carried"


def _nobody(decision: Determination) -> str:
    counts = [f"{int(decision.candidates.sum())} assets have a fresh price"]
    passed = decision.candidates
    for rule, mask in zip(decision.version.rules.universe, decision.kept, strict=True):
        passed = passed & mask
        counts.append(f"{int(passed.sum())} left after {rule.name}")
    return (
        f"no asset is selected at {format_instant(decision.at)}: {', '.join(counts)}; "
        "loosen the rule that leaves none, or start later (--start)"
    )


def require_prices(panel: Panel) -> None:
    """Raise DataError when a panel holds no prices at all."""
    if not len(panel.times) or not len(panel.assets):
        raise DataError("there are no observations; import some with: basketry data import")
