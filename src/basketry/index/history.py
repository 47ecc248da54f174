"""History as a fold: which event comes next on a panel, and the walk over all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from basketry.core.errors import DataError, MethodologyError
from basketry.core.time import format_instant
from basketry.index.advance import advance
from basketry.index.basket import Basket
from basketry.index.carry import carried_through, carry_decision
from basketry.index.determine import determine
from basketry.index.events import ChangeDue, Corporate, Determined, Event, Prices, TransitionStep
from basketry.index.held import held_weights
from basketry.index.market import IndexMarket
from basketry.index.membership import evidence_of, held_members, to_weigh
from basketry.index.plan import LATER, Plan, Planned, planned
from basketry.index.prices import Reading, read_prices
from basketry.index.records import Cause, Evidence, Record, Scope
from basketry.index.reweigh import reweighed
from basketry.index.state import NEVER, Decision, IndexState, Phase
from basketry.market.membership import for_change
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology, Version
from basketry.methodology.path import PanelKnown, Segment
from basketry.methodology.rulebook import Rulebook
from basketry.methodology.schedule import RebalanceDate
from basketry.methodology.triggers import Holding, Standing


@dataclass(frozen=True, eq=False)
class Step:
    """One event of a history, with the state after it and what was written down.

    Attributes:
        event: What happened.
        state: Afterwards.
        records: What was written down.
        segments: The basket over the instants of the event, for prices.
        decision: What was struck, for a change that was made.
    """

    event: Event
    state: IndexState
    records: tuple[Record, ...]
    segments: tuple[Segment, ...] = ()
    decision: Decision | None = None


@dataclass(eq=False)
class History:
    """What happens to an index on a panel: the driver, which asks the market so that the fold need not.

    Attributes:
        rules: The rulebook.
        market: Prices by asset at the calculation instants.
        until: What is determined up to here is determined also where it lies after the last instant; else up to that.
        rows: At most so many instants in one event; None for as many as nothing else happens between. The levels do not
            depend on it.
    """

    rules: Methodology
    market: IndexMarket
    rows: int | None = None
    until: np.datetime64 | None = None
    _plan: Plan = field(init=False)
    _effective: NDArray[np.datetime64] = field(init=False)
    _next: tuple[np.datetime64, Planned | None] = field(init=False)
    _standings: dict[tuple[int, int, bytes], Standing] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.rules.holds_cash:
            self.market = self.market.with_cash()
        self._plan = planned(self.rules, self.market, self.until)
        changes = self._plan.changes
        self._effective = np.array([plan.dates.effective_at for plan in changes], dtype="datetime64[us]")
        self._next = (NEVER, changes[0] if changes else None)

    @property
    def times(self) -> NDArray[np.datetime64]:
        """Calculation instants, shape (T,)."""
        return self.market.times

    @property
    def panel(self) -> Panel:
        """The market's panel."""
        return self.market.panel

    def start(self) -> IndexState:
        """Return the state before the base."""
        return IndexState.start(self.rules, self.panel.assets, self.market.step())

    def walk(self, state: IndexState) -> Iterator[Step]:
        """Give every event from a state to the last instant, folded; none where the state has dealt with that.

        Raises:
            DataError: The state is of later than the last instant: the market is an older one than its own.

        An index goes on from the bytes of its state as if it had never stopped:

        >>> from basketry.index.calculate import calculate_index
        >>> days = np.datetime64("2020-01-01", "us") + np.arange(60) * np.timedelta64(1, "D")
        >>> market = Panel(days, ("a", "b"), {"price": np.linspace([10.0, 20.0], [70.0, 20.0], 60)})
        >>> rules = Methodology.load({
        ...     "basketry": 1, "name": "Two", "symbol": "TWO", "base": {"date": "2020-01-01", "level": 100},
        ...     "select": {"by": "price", "top": 2}, "weight": "equal", "rebalance": {"every": "month"},
        ... })
        >>> kept = calculate_index(rules, market, end="2020-01-31").state.to_bytes()
        >>> whole, state = calculate_index(rules, market), IndexState.from_bytes(kept, rules, market.assets)
        >>> *_, last = History(rules, IndexMarket.of(market, whole.times)).walk(state)
        >>> last.state.to_bytes() == whole.state.to_bytes()
        True
        """
        if state.instant > self.times[-1]:
            raise DataError(
                f"the state is of {format_instant(state.instant)}, and the market ends before it, at "
                f"{format_instant(self.times[-1])}; give the market that the state was made on, with later rows"
            )
        position = self.position(state)
        if position < 0 and state.basket is not None:
            raise DataError(
                f"the state is of {format_instant(state.instant)}, and the instants begin after it, at "
                f"{format_instant(self.times[0])}; give all from the base on"
            )
        while True:
            event = self._before_moving_on(state, position)
            if event is not None:
                before = state
                state, records = advance(before, event, self.rules)
                yield Step(event, state, records, decision=_struck(before, state, event))
                position = max(position, 0)  # the base stands at the first instant
            elif position == len(self.times) - 1 or state.basket is None:
                return
            else:
                step, rows = self._read(state, state.basket, position)
                state, position = step.state, position + rows
                yield step

    def position(self, state: IndexState) -> int:
        """Return the position of the last instant that a state has dealt with, -1 before the base."""
        return int(self.times.searchsorted(state.instant, side="right")) - 1

    def projected(self, state: IndexState) -> tuple[RebalanceDate, tuple[Decision, ...]] | None:
        """Return the dates of the next scheduled change, and what would be decided now; None for no change.

        The rules are those in force at its determination, the data those up to the instant of the state. Members that
        are to be reviewed before it are reviewed now, too; the change is the last decision.
        """
        made: list[Decision] = []
        while (plan := self._next_to_determine(state)) is not None:
            dates = replace(plan.dates, determined_at=state.instant, announced_at=state.instant)
            version = self.rules.at(plan.dates.determined_at)
            event = self._determine(state, Cause.SCHEDULE, "schedule", dates, plan.scope, version)
            state, _ = advance(state, event, self.rules)
            made.append(event.decision)
            if plan.scope is not Scope.MEMBERS:
                return plan.dates, tuple(made)
        return None

    # What comes at the instant that was reached, in order.

    def _before_moving_on(self, state: IndexState, position: int) -> Event | None:
        """Return what else happens before the next prices are read, None for nothing."""
        if state.basket is None:
            return self._opening(state)
        if state.phase is Phase.PRICED and (fired := self._fired(state)) is not None:
            return self._triggered(state, fired)
        plan = self._next_to_determine(state)
        if plan is not None and plan.asked <= position and plan.due <= position:
            return self._scheduled(state, plan)
        if state.pending and state.pending[0].effective_at <= self.times[position]:
            return self._change(state, position)
        if state.steps is not None and state.steps.next_at <= self.times[position]:
            return TransitionStep(self.times[position])
        last = position == len(self.times) - 1
        # Before the first prices that are later than it; nothing is determined that comes after the last.
        if plan is not None and (self._ripe(plan, position) if last else plan.after <= position + 1):
            return self._scheduled(state, plan)
        if not last and not state.due:
            return self._corporate(state, position + 1)
        return None

    def _ripe(self, plan: Planned, position: int) -> bool:
        """Return whether something planned is determined at the last instant."""
        return plan.asked <= position or (self.until is not None and bool(plan.dates.determined_at <= self.until))

    def _opening(self, state: IndexState) -> Event:
        base = self.times[0]
        if not state.pending:
            book = self.rules.at(base).rules
            if book.reviews is None:
                return self._determine(state, Cause.BASE, "base", book.schedule.around(base))
            if state.reviewed and not len(state.reviewed[0].columns):
                raise MethodologyError(state.reviewed[0].nobody)
            if not state.reviewed:
                return self._determine(state, Cause.BASE, "base", book.reviews.around(base), Scope.MEMBERS)
            return self._determine(state, Cause.BASE, "base", book.schedule.around(base), Scope.WEIGHTS)
        if state.phase is Phase.OPEN:
            plan = self._next_to_determine(state)
            if plan is not None and self.panel.times[0] <= plan.dates.determined_at < base:
                return self._scheduled(state, plan)
            determined = min(decision.determined_at for decision in (*state.pending, *state.reviewed))
            due = self.market.due(0, state, self._carry(state))
            late = tuple(entry for entry in due if entry.event.seen > determined)
            if late:
                return Corporate(base, late)
        return self._change(state, 0)

    def _corporate(self, state: IndexState, position: int) -> Corporate | None:
        if not self.market.events or self.market.next_event(position - 1, _concerned(state)) != position:
            return None
        return Corporate(self.times[position], self.market.due(position, state, self._carry(state)))

    def _next_planned(self, state: IndexState) -> Planned | None:
        # Asked several times an event, and changed once a rebalance.
        if self._next[0] is not state.scheduled_to:
            place = int(self._effective.searchsorted(state.scheduled_to, side="right"))
            changes = self._plan.changes
            self._next = (state.scheduled_to, changes[place] if place < len(changes) else None)
        return self._next[1]

    def _next_to_determine(self, state: IndexState) -> Planned | None:
        """Return the scheduled change whose determination comes next, or the review for one."""
        plan = self._next_planned(state)
        if not self._plan.reviews:
            return plan
        after = max([state.scheduled_to, *(entry.effective_at for entry in state.reviewed)])
        review = next((entry for entry in self._plan.reviews if entry.dates.effective_at > after), None)
        if review is None or (plan is not None and plan.dates.determined_at < review.dates.determined_at):
            return plan
        return review

    def _scheduled(self, state: IndexState, plan: Planned) -> Determined:
        return self._determine(state, Cause.SCHEDULE, "schedule", plan.dates, plan.scope)

    def _triggered(self, state: IndexState, name: str) -> Determined:
        book, now = self._book(state), state.instant
        dates = RebalanceDate(now, now, now + np.timedelta64(book.schedule.determination_lag))
        whole = book.review is None or any(rule.reviews for rule in book.triggers if rule.name == name)
        return self._determine(state, Cause.TRIGGER, name, dates, Scope.WHOLE if whole else Scope.WEIGHTS)

    def _determine(
        self,
        state: IndexState,
        cause: Cause,
        words: str,
        dates: RebalanceDate,
        scope: Scope = Scope.WHOLE,
        version: Version | None = None,
    ) -> Determined:
        version = self.rules.at(dates.determined_at) if version is None else version
        view = self.panel.as_of(dates.determined_at)
        evidence = []
        if not len(view.times):
            base = self.times[0]
            told = f"the data begin after {format_instant(dates.determined_at)}, when it was due"
            evidence.append(Evidence(base, "*", "determination", "made at the base", told))
            dates = replace(dates, determined_at=base, announced_at=max(base, dates.announced_at))
            view = self.panel.as_of(base)
        view = for_change(view, dates.determined_at, dates.effective_at)
        weighted = scope is Scope.WEIGHTS
        if weighted:
            members = to_weigh(state, self.market, dates, self._carry(state))
        else:
            members = held_members(state, self.market, dates.determined_at)
        held = None
        if version.rules.weight.turnover is not None and scope is not Scope.MEMBERS:
            held = held_weights(state, self.market, self.rules, view.now, dates.effective_at, self._carry(state))
        found = determine(version, view, members, scope, held)
        invested = version.rules.weight.invested
        weights, raw = (found.weights, found.raw) if invested == 1 else (found.weights / invested, found.raw / invested)
        decision = Decision(
            cause=cause,
            words=words,
            announced_at=dates.announced_at,
            determined_at=dates.determined_at,
            effective_at=dates.effective_at,
            used_to=found.at,
            version=version.number,
            members=members.nonzero()[0],
            columns=found.columns,
            # Where supplies are fixed, they go through events uncapped, and are capped at the strike.
            weights=raw if version.rules.schedule.fix == "supply" else weights,
            raw=raw,
            shares=found.shares,
            prices=found.prices,
            seen=found.seen,
            reserve=state.reserve if weighted else found.reserve,
            nobody="" if len(found.columns) else found.nobody(),
            scope=scope,
            held=held,
        )
        evidence += evidence_of(found, self.panel.assets, dates)
        # The data end at their last row, and what was seen since then, up to the determination, is carried through.
        for due in self.market.missed(
            found.at, dates.determined_at, state.instant, decision.reserve, self._carry(state)
        ):
            after = carry_decision(decision, due, found.at)
            if after is not decision:
                evidence.append(carried_through(decision, after, due, dates.determined_at, self.panel.assets))
            decision = after
        return Determined(decision, tuple(evidence))

    def _change(self, state: IndexState, position: int) -> ChangeDue:
        now = self.times[position]
        ready = [entry for entry in state.pending if entry.effective_at <= now]
        if not ready:
            raise DataError(f"no change is due at {format_instant(now)}, and the index has no basket to go on with")
        decision = ready[-1]
        book = self.rules.versions[decision.version - 1].rules
        prices, seen = self.market.to_strike(position, decision.columns, book.missing.carry_forward)
        halts = tuple(halt for halt in self.market.halts if halt.rows(self.times[position : position + 1]))
        if book.schedule.fix != "supply":
            return ChangeDue(now, prices, seen, halts)
        view = self.panel.as_of(max(decision.determined_at, self.panel.times[0]))
        weights, shortage = reweighed(decision, book, view, state.basket, prices, seen, now)
        return ChangeDue(now, prices, seen, halts, weights, shortage)

    def _book(self, state: IndexState) -> Rulebook:
        return self.rules.versions[state.version - 1].rules

    def _carry(self, state: IndexState) -> timedelta:
        return self._book(state).missing.carry_forward

    def _may_fire(self, state: IndexState) -> np.datetime64 | None:
        """Return the instant before which a trigger may fire, by what is pending and planned; None for never."""
        if not self._book(state).triggers or any(entry.cause is Cause.TRIGGER for entry in state.pending):
            return None
        waiting = [entry.effective_at for entry in state.pending]
        plan = self._next_planned(state)
        waiting += [] if plan is None else [plan.dates.effective_at]
        lag = np.timedelta64(self._book(state).schedule.determination_lag)
        return min(waiting, default=LATER) - lag

    def _fired(self, state: IndexState) -> str | None:
        """Return the name of the first trigger that fires at the instant of a state."""
        before = self._may_fire(state)
        basket = state.basket
        if before is None or state.instant >= before or basket is None:
            return None
        position = self.position(state)
        holding = Holding(
            basket.units, basket.prices[None, :], basket.given, state.changed_at,
            *_levels_to_now(state), lambda _: self._standing(state, basket, position),
        )  # fmt: skip
        names = sorted(rule.name for rule in self._book(state).triggers if rule.fires(holding.moment(0)))
        return names[0] if names else None

    def _standing(self, state: IndexState, basket: Basket, position: int) -> Standing:
        key = (position, state.version, basket.columns.tobytes() + basket.cash.tobytes())
        if key not in self._standings:
            members = np.zeros(len(self.panel.assets), dtype=bool)
            members[basket.columns[~basket.cash]] = True
            version = self.rules.versions[state.version - 1]
            found = determine(version, self.panel.as_of(self.times[position]), members)
            newcomers = int(np.count_nonzero(found.choice.chosen & ~members))
            # What is held as cash has left, and has nothing to lose.
            self._standings[key] = Standing(found.eligible[basket.columns] | basket.cash, newcomers)
        return self._standings[key]

    def _read(self, state: IndexState, basket: Basket, position: int) -> tuple[Step, int]:
        """Return the prices up to the next thing that happens, read, and how many instants they are of."""
        event = self._prices(state, basket, position + 1, self._stop(state, position))
        reading = read_prices(state, event, self.rules)
        fired = self._first_fired(state, basket, reading, position)
        if fired is not None:
            event = event.rows(0, fired + 1)
            reading = read_prices(state, event, self.rules)
        step = Step(event.rows(0, reading.rows), reading.state, reading.records, (reading.segment,))
        return step, reading.rows

    def _stop(self, state: IndexState, position: int) -> int:
        """Return the position after the last instant before which nothing but prices comes."""
        if state.due:
            return position + 2
        stop = len(self.times)
        if self.rows is not None:
            stop = min(stop, position + 1 + self.rows)
        plan = self._next_to_determine(state)
        if plan is not None:
            # The determination comes before the first prices that are later than it.
            stop = min(stop, plan.due + 1, plan.after)
        coming = [entry.effective_at for entry in state.pending]
        if state.steps is not None:
            coming.append(state.steps.next_at)
        if coming:
            stop = min(stop, int(self.times.searchsorted(min(coming))) + 1)
        if self.market.events:
            stop = min(stop, self.market.next_event(position, _concerned(state)))
        return max(stop, position + 2)

    def _prices(self, state: IndexState, basket: Basket, start: int, stop: int) -> Prices:
        columns = basket.columns
        if state.due:
            targets = [entry.new_column for entry in state.due if entry.new_column is not None]
            columns = np.union1d(columns, np.array(targets, dtype=np.int64))
        prices, seen = self.market.prices(start, stop, columns)
        times = self.times[start:stop]
        halts = tuple(halt for halt in self.market.halts if halt.rows(times))
        return Prices(times, columns, prices, seen, PanelKnown(self.panel, self.times[start - 1 : stop]), halts)

    def _first_fired(self, state: IndexState, basket: Basket, reading: Reading, position: int) -> int | None:
        """Return the first of the instants read, but for the last one, at which a trigger fires."""
        before = self._may_fire(state)
        if before is None or reading.rows == 1:
            return None
        # The last instant is asked of the state after it, in which somebody may have left.
        asked = int(np.searchsorted(self.times[position + 1 : position + reading.rows], before))
        if not asked:
            return None
        segment = reading.segment
        times = np.concatenate([state.past_times, self.times[position + 1 : position + 1 + asked]])
        values = np.concatenate([state.past_levels, reading.levels.values[:asked]])
        holding = Holding(
            segment.units, segment.prices[1 : asked + 1], basket.given, state.changed_at, times, values,
            lambda row: self._standing(state, basket, position + 1 + row),
        )  # fmt: skip
        rows = [row for rule in self._book(state).triggers if (row := rule.first_row(holding)) is not None]
        return min(rows) if rows else None


def _struck(before: IndexState, after: IndexState, event: Event) -> Decision | None:
    """Return the decision that a change struck, None where it struck none."""
    if not isinstance(event, ChangeDue) or after.basket is before.basket:
        return None
    return [entry for entry in before.pending if entry.effective_at <= event.time][-1]


def _levels_to_now(state: IndexState) -> tuple[NDArray[np.datetime64], NDArray[np.float64]]:
    if len(state.past_times):
        return state.past_times, state.past_levels
    return np.array([state.instant]), np.array([state.level])


def _concerned(state: IndexState) -> set[int]:
    """Return the columns whose corporate events matter: what is held, and what was determined."""
    held = set() if state.basket is None else set(state.basket.columns.tolist())
    for decision in (*state.pending, *state.reviewed):
        held |= set(decision.columns.tolist())
    return held
