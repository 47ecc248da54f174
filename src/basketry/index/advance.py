"""The index as a fold: `advance(state, event, rules) -> (state, records)`, pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np

from basketry.core.errors import DataError, MethodologyError
from basketry.core.frozen import changed
from basketry.core.numbers import added, exact_sum
from basketry.core.time import format_instant
from basketry.index.basket import Basket
from basketry.index.carry import carried_through, carry_decision
from basketry.index.divisor import base_divisor, chained_divisor
from basketry.index.events import ChangeDue, Corporate, Determined, Event, Prices, Silence, TransitionStep
from basketry.index.halts import come_halted, halted_at
from basketry.index.missing import live_below, marks_of
from basketry.index.parts import Part, held_parts, started_parts, stepped_parts
from basketry.index.prices import composition_of, read_prices, rebalance_of
from basketry.index.records import Cause, Evidence, Levels, Record, Scope
from basketry.index.settle import departs
from basketry.index.state import Decision, IndexState, Phase, Steps
from basketry.index.strike import cash_share, merged, strike
from basketry.market.cash import CASH
from basketry.methodology.methodology import Methodology
from basketry.methodology.schedule import Transition
from basketry.methodology.transition import gradual_units


def advance(state: IndexState, event: Event, rules: Methodology) -> tuple[IndexState, tuple[Record, ...]]:
    """Return the state after an event, and what is written down.

    The order of the events of one instant is that of docs/concepts/calculation.md: corporate events, prices,
    determinations of triggers, changes, transition steps, further determinations.

    Raises:
        DataError: The event does not fit the state: prices that are not later, a change that nothing was determined
            for.
        MethodologyError: Nobody is eligible at the base.
    """
    if isinstance(event, Prices):
        return _prices(state, event, rules)
    if isinstance(event, Silence):
        return _prices(state, _silent(state, event), rules)
    if isinstance(event, Corporate):
        return _corporate(state, event)
    if isinstance(event, Determined):
        return _determined(state, event)
    if isinstance(event, ChangeDue):
        return _change(state, event, rules)
    return _step(state, event)


def _prices(state: IndexState, event: Prices, rules: Methodology) -> tuple[IndexState, tuple[Record, ...]]:
    records: list[Record] = []
    done = 0
    while done < len(event.times):
        reading = read_prices(state, event.rows(done, len(event.times)), rules)
        state, done = reading.state, done + reading.rows
        records += reading.records
    return state, tuple(records)


def _silent(state: IndexState, event: Silence) -> Prices:
    columns = np.empty(0, dtype=np.int64) if state.basket is None else state.basket.columns
    return Prices(np.array([event.time]), columns, np.full((1, len(columns)), np.nan), None, event.known)


def _corporate(state: IndexState, event: Corporate) -> tuple[IndexState, tuple[Record, ...]]:
    records: list[Record] = []

    def carried(decision: Decision) -> Decision:
        # Departures come after conversions, as in the basket.
        for due in sorted(event.due, key=departs):
            after = carry_decision(decision, due)
            if after is not decision:
                records.append(carried_through(decision, after, due, event.time, state.assets))
            decision = after
        return decision

    pending, reviewed = tuple(map(carried, state.pending)), tuple(map(carried, state.reviewed))
    waiting = event.due if state.basket is not None else ()
    # Before the base nothing is priced; the phase says that events were heard.
    phase = Phase.PRICED if state.basket is None else state.phase
    return changed(state, pending=pending, reviewed=reviewed, due=waiting, phase=phase), tuple(records)


def _determined(state: IndexState, event: Determined) -> tuple[IndexState, tuple[Record, ...]]:
    decision = event.decision
    if decision.scope is Scope.MEMBERS:
        reviewed = tuple(sorted((*state.reviewed, decision), key=lambda waiting: waiting.effective_at))
        return changed(state, reviewed=reviewed, reserve=decision.reserve), event.evidence
    scheduled = decision.cause in (Cause.SCHEDULE, Cause.BASE)
    after = changed(
        state,
        pending=tuple(sorted((*state.pending, decision), key=lambda waiting: waiting.effective_at)),
        reviewed=tuple(
            entry for entry in state.reviewed if not scheduled or entry.effective_at > decision.effective_at
        ),
        scheduled_to=decision.effective_at if scheduled else state.scheduled_to,
        reserve=decision.reserve,
        phase=Phase.ASKED if decision.cause is Cause.TRIGGER else state.phase,
    )
    return after, event.evidence


def _change(state: IndexState, event: ChangeDue, rules: Methodology) -> tuple[IndexState, tuple[Record, ...]]:
    ready = [decision for decision in state.pending if decision.effective_at <= event.time]
    if not ready:
        raise DataError(f"no change is due at {format_instant(event.time)}: nothing was determined for it")
    *superseded, decision = ready
    told: tuple[Evidence, ...] = ()
    if event.reweighed is not None:
        raw, weights = event.reweighed
        decision = changed(decision, raw=raw, weights=weights)
        if event.shortage is not None:
            treatment = rules.versions[decision.version - 1].rules.weight.treatment
            told = (Evidence(event.time, "*", "cap_shortage", treatment, event.shortage),)
    state = changed(state, pending=state.pending[len(ready) :], phase=Phase.ASKED)
    if state.basket is None:
        after, records = _open(state, decision, event, rules)
    else:
        after, records = _rebalanced(state, state.basket, decision, event, rules)
    records = (*told, *records, *come_halted(event.halts, event.time, state.basket, after.basket))
    if not superseded or state.basket is None:
        return after, records
    words = f"the change of {format_instant(decision.effective_at)} came due at the same instant"
    waived_changes = (
        Evidence(event.time, "*", "superseded", f"change of {format_instant(waived.effective_at)} not made", words)
        for waived in superseded
    )
    return after, (*waived_changes, *records)


def _rebalanced(
    state: IndexState, basket: Basket, decision: Decision, event: ChangeDue, rules: Methodology
) -> tuple[IndexState, tuple[Record, ...]]:
    time = event.time
    if not len(decision.columns):
        return state, (Evidence(time, "*", "empty_universe", "composition kept", decision.nobody),)
    version = rules.versions[decision.version - 1]
    schedule = version.rules.schedule
    target, left_out = strike(
        decision, event.prices, event.seen, basket, basket.value, schedule.fix, time, state.assets,
        cash_share(state, version.rules.weight),
    )  # fmt: skip
    if target is None:
        words = "no selected asset has a price that is fresh enough, and a weight"
        return state, (*left_out, Evidence(time, "*", "no_prices", "composition kept", words))
    steps = None
    parts: tuple[Part, ...] = ()
    transition = schedule.transition
    if transition is not None and transition.steps > 1:
        share = 1.0 if state.steps is None else state.steps.done / state.steps.steps
        fixed = decision.parts if schedule.fix == "units" else ()
        begun = started_parts(state.parts, basket, share, fixed)
        target, steps, parts = _first_step(
            basket, target, time, transition, begun, state.column(CASH) if rules.holds_cash else None
        )
    else:
        target = target.with_divisor(chained_divisor(basket.divisor, basket.value, target.value))
    state = _struck(state, target, time, version.number, steps)
    if steps is not None:
        state = changed(state, parts=parts)
    elif schedule.fix == "units":
        state = _with_parts(state, target, decision)
    dates = (decision.announced_at, decision.determined_at, time)
    return state, (
        *left_out,
        composition_of(state, time, target, version.number),
        rebalance_of(state, dates, basket, target, decision.cause, decision.words, version.number),
    )


def _open(
    state: IndexState, decision: Decision, event: ChangeDue, rules: Methodology
) -> tuple[IndexState, tuple[Record, ...]]:
    """Return the state with the base composition, at the base level."""
    if not len(decision.columns):
        raise MethodologyError(decision.nobody)
    level, time = rules.first.base.level, event.time
    book = rules.versions[decision.version - 1].rules
    basket, left_out = strike(
        decision,
        event.prices,
        event.seen,
        None,
        level,
        book.schedule.fix,
        time,
        state.assets,
        cash_share(state, book.weight),
    )
    if basket is None:
        raise MethodologyError(
            f"no selected asset has a fresh price at the base of {format_instant(time)}; start later (--start)"
        )
    basket = basket.with_divisor(base_divisor(basket.prices, basket.units, level))
    state = changed(_struck(state, basket, time, decision.version, None), level=level, instant=time)
    state = changed(state, past_levels=np.array([level]))
    if book.schedule.fix == "units":
        state = _with_parts(state, basket, decision)
    ages = (time.astype(np.int64) - basket.seen)[None, :]
    names = [state.assets[column] for column in basket.columns.tolist()]
    nobody = np.zeros(ages.shape, dtype=bool)
    halted = halted_at(event.halts, np.array([time]), basket.columns)
    marks = marks_of(
        names, ages, nobody, np.ones(1, dtype=np.int64), ~basket.cash[None, :], book.missing,
        live_below(book.missing, state.step), halted, {},
    )  # fmt: skip
    levels = np.array([level])
    series = tuple(levels for _ in rules.first.returns)
    dates = (decision.announced_at, decision.determined_at, time)
    return state, (
        Levels(np.array([time]), levels, marks.status, marks.ages, marks.sources, marks.reasons, series),
        *left_out,
        composition_of(state, time, basket, decision.version),
        rebalance_of(state, dates, None, basket, decision.cause, decision.words, decision.version),
    )


def _struck(state: IndexState, basket: Basket, time: np.datetime64, version: int, steps: Steps | None) -> IndexState:
    return changed(
        state,
        basket=basket,
        version=version,
        changed_at=time,
        parts=(),
        steps=steps,
        past_times=np.array([time]),
        past_levels=np.array([state.level]),
    )


def _with_parts(state: IndexState, basket: Basket, decision: Decision) -> IndexState:
    """Return the state of a basket whose units were fixed at the determination, and went through events since."""
    return changed(state, parts=held_parts(decision.parts, basket))


def _first_step(
    basket: Basket,
    target: Basket,
    time: np.datetime64,
    transition: Transition,
    parts: tuple[Part, ...],
    cash: int | None,
) -> tuple[Basket, Steps, tuple[Part, ...]]:
    both = merged(basket, target, cash)
    every = transition.every // timedelta(microseconds=1)
    steps = Steps(time, transition.steps, every, 1)
    stepped = _at_step(both, basket.value, basket.divisor, steps)
    # The step is scaled to what the basket held is worth, unless cash was sold for it.
    after = stepped.with_divisor(basket.divisor) if basket.plain else stepped
    return after, steps, stepped_parts(parts, both, after, 1 / steps.steps)


def _at_step(basket: Basket, value: float, divisor: float, steps: Steps) -> Basket:
    """Return a basket with the units of a step of its plan, with a divisor that leaves the level where it was.

    Args:
        basket: With its plan, at the prices of the instant.
        value: Of the basket held before. divisor: Its divisor.
        steps: The step to be taken is `done`.
    """
    if basket.plan is None:
        raise DataError("a transition step needs the plan of the transition; none is under way")
    old, target = basket.plan
    worth = [exact_sum(basket.prices * units) for units in basket.plan]
    if min(worth) > 0:
        units = gradual_units(basket.prices, old, target, steps.done, steps.steps)
    else:
        # Everybody on one side has departed since.
        units = old if worth[0] > 0 else target
    after = replace(basket, units=units)
    after = replace(after, given=after.weights, divisor=chained_divisor(divisor, value, after.value))
    # What is sold entirely, as cash is at the first step after it, does not stay as a member without units.
    after = after.without(units == 0, keep_level=True)
    if steps.done < steps.steps:
        return after
    return replace(after, plan=None, counted=after.counted[[1, 1]])


def _step(state: IndexState, event: TransitionStep) -> tuple[IndexState, tuple[Record, ...]]:
    basket, steps = state.basket, state.steps
    if basket is None or steps is None or basket.plan is None:
        raise DataError(f"no transition is under way at {format_instant(event.time)}")
    steps = replace(steps, done=steps.due_at(event.time))
    if not added((basket.prices * basket.plan).reshape(-1)) > 0:
        # Everybody on both sides has departed since; what came by an event is held.
        held = replace(basket, plan=None, counted=basket.counted[[1, 1]])
        return changed(state, basket=held, steps=None, parts=(), phase=Phase.ASKED), ()
    after = _at_step(basket, basket.value, basket.divisor, steps)
    time = event.time
    following = changed(
        _struck(state, after, time, state.version, steps if steps.done < steps.steps else None),
        parts=stepped_parts(state.parts, basket, after, steps.done / steps.steps),
        phase=Phase.ASKED,
    )
    words = f"transition step {steps.done} of {steps.steps}"
    return following, (
        composition_of(state, time, after, state.version),
        rebalance_of(state, (time, time, time), basket, after, Cause.TRANSITION_STEP, words, state.version),
    )
