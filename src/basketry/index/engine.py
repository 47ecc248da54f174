"""The walk through a history: baskets held from change to change, with every change written down."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from basketry.core.errors import DataError, MethodologyError
from basketry.core.numbers import Bools, Floats, exact_sum
from basketry.core.time import format_instant
from basketry.index.corporate import CorporateEvent, Outcome, apply_event
from basketry.index.determine import Determination, determine
from basketry.index.divisor import base_divisor, chained_divisor
from basketry.index.holdings import Holdings
from basketry.index.kernels import basket_values, carry_forward, is_clean
from basketry.index.missing import age_limit, first_removal, record_removals, record_statuses, silent_rows
from basketry.index.strike import strike
from basketry.index.tables import SUSPENDED, Ledger, StatusLog
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
        self.silent = silent_rows(panel)[rows]
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
            raise MethodologyError(decision.nobody())
        level = self.methodology.first.base.level
        holdings = self._strike(decision, change.position, None, level)
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
            self.ledger.event(time, "*", "empty_universe", "composition kept", decision.nobody())
            return holdings
        target = self._strike(decision, change.position, holdings, holdings.value)
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

    def _strike(self, decision: Determination, position: int, holdings: Holdings | None, value: float) -> Holdings:
        row, time = int(self.rows[position]), self.times[position]
        return strike(decision, self.panel, row, time, holdings, value, self.ledger)

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
            silent = self.silent[start : stop + 1]
            removal = first_removal(ages, silent, rules.missing)
            if removal is not None and start + removal < stop:
                stop, outcomes = start + removal, []
                block, ages, implausible = (part[: removal + 1] for part in (block, ages, implausible))
            if removal is not None:
                time = self.times[start + removal]
                record_removals(self.ledger, time, holdings, block[removal], ages[removal], rules.missing)
                if rules.missing.then == "remove_at_zero":
                    block[removal, ages[removal] > age_limit(rules.missing)] = 0.0
            names = [self.panel.assets[column] for column in holdings.columns]
            record_statuses(self.status, start, names, ages, implausible, silent, rules.missing)
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

    def _remove_missing(self, holdings: Holdings, ages: NDArray[np.int64], position: int, missing: Missing) -> Holdings:
        gone = ages > age_limit(missing)
        if missing.then in ("keep", "suspend") or not gone.any() or gone.all() or self.silent[position]:
            return holdings
        if missing.then == "to_cash":
            return replace(holdings, frozen=holdings.frozen | gone)
        after = holdings.without(gone, keep_level=missing.then == "remove_at_last_price")
        self._write_composition(position, after)
        time = self.times[position]
        self._write_rebalance(Change(position, time, time, time, "missing price"), holdings, after)
        return after

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


def require_prices(panel: Panel) -> None:
    """Raise DataError when a panel holds no prices at all."""
    if not len(panel.times) or not len(panel.assets):
        raise DataError("there are no observations; import some with: basketry data import")
