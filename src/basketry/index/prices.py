"""The prices of instants in a row, read into a state: levels with their status, then departures and removals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from basketry.core.errors import DataError
from basketry.core.frozen import changed
from basketry.core.numbers import Bools, Floats
from basketry.core.time import format_instant
from basketry.index.basket import Basket
from basketry.index.events import Prices
from basketry.index.halts import begun, come_halted, halted_at
from basketry.index.kernels import basket_values, carry_forward, clean_values, is_clean, side_by_side
from basketry.index.missing import (
    Marks,
    first_removal,
    fresh_marks,
    held_levels,
    live_below,
    marks_of,
    microseconds,
    removal_evidence,
)
from basketry.index.parts import held_parts
from basketry.index.records import Cause, Composition, Levels, Rebalance, Record
from basketry.index.series import extended
from basketry.index.settle import (
    AT_ZERO,
    LEARNED_LATE,
    STRUCK_SINCE,
    ZERO,
    Conversion,
    contradiction,
    convert,
    depart,
    evidence_of,
    way_out,
)
from basketry.index.state import NO_LEVELS, NO_TIMES, NOBODY, IndexState, Phase
from basketry.market.cash import CASH
from basketry.methodology.methodology import Methodology
from basketry.methodology.path import Carried, Segment
from basketry.methodology.rulebook import Rulebook

_NEVER: Bools = np.empty((0, 0), dtype=bool)
_NO_STAMPS: NDArray[np.int64] = np.empty((0, 0), dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Reading:
    """What reading prices gives.

    Attributes:
        state: Afterwards.
        levels: The levels.
        others: What else was written down.
        segment: The basket over these instants, from the instant before them.
    """

    state: IndexState
    levels: Levels
    others: tuple[Record, ...]
    segment: Segment

    @property
    def rows(self) -> int:
        """How many of the instants were read: up to the first at which somebody left."""
        return len(self.levels)

    @property
    def records(self) -> tuple[Record, ...]:
        """All that was written down."""
        return (self.levels, *self.others)


@dataclass(frozen=True, eq=False)
class _Filled:
    """Prices of a basket with gaps filled: row 0 and k rows (k + 1, n); the others (k, n).

    Where every price was observed at its instant, ages are None and the others say nothing.
    """

    prices: Floats
    ages: NDArray[np.int64] | None
    implausible: Bools
    news: NDArray[np.int64]
    seen: NDArray[np.int64]
    awaited: Bools

    def head(self, rows: int) -> _Filled:
        """Return the first k rows."""
        return _Filled(
            self.prices[: rows + 1],
            None if self.ages is None else self.ages[:rows],
            self.implausible[:rows],
            self.news[:rows],
            self.seen[:rows],
            self.awaited[:rows],
        )


def read_prices(state: IndexState, event: Prices, rules: Methodology) -> Reading:
    """Return the state after the prices of an event, as far as nobody leaves before its last instant.

    Where corporate events are due, only the first instant is read. A caller goes on with the instants that are left.

    Raises:
        DataError: The index has no basket, or the instants are not later than the last one.
    """
    basket = state.basket
    if basket is None:
        raise DataError("prices come before the base; the first change strikes the base composition")
    if not event.times[0] > state.instant:
        raise DataError(
            f"prices of {format_instant(event.times[0])} come after those of {format_instant(state.instant)}"
        )
    book = rules.versions[state.version - 1].rules
    if not state.due and event.seen is None and basket.plain and event.columns is basket.columns:
        now = int(event.times[-1].astype(np.int64))
        jump = book.guard.price_jump or np.inf
        block, levels, seen = clean_values(basket.prices, event.prices, basket.units, basket.divisor, jump, now)
        if len(levels):
            return _clean(state, event, rules, basket.marked(block[-1], seen), block, levels)
    conversion = None
    lost: dict[int, str] = {}
    held = basket
    if state.due:
        share = 1.0 if state.steps is None else state.steps.done / state.steps.steps
        conversion = convert(basket, state.due, book.events, state.parts, share)
        held, event = conversion.basket, event.rows(0, 1)
    stamps = event.times.astype(np.int64)
    filled = _filled(held, event, stamps, book)
    _accrue(filled.prices, state, held, event, book)
    gone: Bools | None = None
    ages = filled.ages
    row = None if ages is None else first_removal(ages, filled.news, held.cash, book.missing)
    if ages is not None and row is not None:
        filled, stamps = filled.head(row + 1), stamps[: row + 1]
        gone = ages[row] > microseconds(book.missing.carry_forward)
        if conversion is not None:
            # Those whom an event ends depart by the event.
            gone &= ~np.isin(held.columns, [due.column for due in conversion.leaving])
    rows = len(stamps)
    # What is written down of who leaves goes by the prices before any is zero.
    marked = _marked(held, filled, stamps)
    told = marked.marked(marked.prices.copy(), marked.seen)
    halted = halted_at(event.halts, event.times[:rows], held.columns)
    leaving: list[Record] = []
    if halted and ages is not None:
        leaving += begun(event.halts, state.instant, event.times[:rows], held, filled.prices[1:])
    if conversion is not None and conversion.leaving:
        lost |= _zero(filled.prices, held, conversion, book, state.assets)
        marked = _marked(held, filled, stamps)
    if gone is not None:
        leavers = () if conversion is None else conversion.leaving
        by_events = [due.column for due in leavers if way_out(due, held, book.events)[1] is None]
        if marked.alone(gone | np.isin(held.columns, by_events)):
            gone = None  # Nothing else of worth is held, and who stays follows its last price.
    if ages is not None and gone is not None:
        stopped = {place: words for (at, place), words in halted.items() if at == rows - 1}
        leaving += removal_evidence(
            told, gone, event.times[rows - 1], state.assets, ages[rows - 1], filled.implausible[-1], book.missing,
            stopped,
        )  # fmt: skip
        if book.missing.then == ZERO:
            lost |= _worthless(told, gone, state.assets)
            filled.prices[-1, gone] = 0.0
            marked = _marked(held, filled, stamps)
    marks = _marks(held, filled, book, state, halted, lost)
    before, block = basket, filled.prices
    if conversion is not None and conversion.carried is not None:
        block = np.vstack([basket.prices, _worth(filled.prices[1], conversion.carried, basket)])
    values = basket_values(np.ascontiguousarray(block[1:]), before.units) / before.divisor
    levels = values if filled.ages is None else held_levels(values, marks.status, state.level)
    now = event.times[rows - 1]
    settled, departed = marked, False
    written: list[Record] = []
    if conversion is not None:
        last = before.marked(block[-1], before.seen)
        settled, written, departed = _settled(state, last, marked, told, conversion, book, now)
    after = settled
    if gone is not None:
        after = _removed(settled, held.columns[gone], book)
        departed = departed or after is not settled
        if len(after.columns) < len(settled.columns):
            written += _changed(state, now, settled, after, Cause.MISSING_PRICE, "missing price")
    if conversion is not None:
        known = [halt for halt in event.halts if halt.event.seen <= state.instant]
        written += come_halted(known, now, basket, after)
        written += come_halted([halt for halt in event.halts if halt not in known], now, held, after)
    segment = Segment(
        0, rows, before.columns, before.units, block, before.divisor,
        before.cash if before.cash.any() else None,
        anew=state.changed_at == state.instant,
        becomes=None if conversion is None or departed else conversion.carried,
    )  # fmt: skip
    reading = _reading(state, event, rules, after, levels, marks, segment, departed=departed)
    following = changed(
        reading.state,
        changed_at=now if departed else state.changed_at,
        due=(),
        parts=held_parts(state.parts if conversion is None else conversion.parts, after),
        reserve=state.reserve[~np.isin(state.reserve, _left(held, after))] if departed else state.reserve,
    )
    return replace(reading, state=following, others=(*leaving, *written))


def _clean(
    state: IndexState, event: Prices, rules: Methodology, after: Basket, block: Floats, levels: Floats
) -> Reading:
    """Return the reading of prices that every member has at every instant, with nothing due."""
    rows, size = len(levels), len(after.columns)
    anew = bool(state.changed_at == state.instant)
    segment = Segment(0, rows, after.columns, after.units, block, after.divisor, anew=anew)
    return _reading(state, event, rules, after, levels, fresh_marks(rows, size), segment, departed=False)


def _reading(
    state: IndexState,
    event: Prices,
    rules: Methodology,
    after: Basket,
    levels: Floats,
    marks: Marks,
    segment: Segment,
    *,
    departed: bool,
) -> Reading:
    """Return the reading of some levels: the state with the basket afterwards, and the record of the levels."""
    rows = len(levels)
    times = event.times[:rows]
    following, series = extended(state, event, levels, segment, rules)
    past = _past(state, times, levels, rules.versions[state.version - 1].rules, departed=departed)
    after_state = changed(
        state,
        instant=times[-1],
        phase=Phase.PRICED,
        level=float(levels[-1]),
        basket=after,
        past_times=past[0],
        past_levels=past[1],
        memories=following,
    )
    record = Levels(times, levels, marks.status, marks.ages, marks.sources, marks.reasons, series)
    return Reading(after_state, record, (), segment)


def _left(held: Basket, after: Basket) -> NDArray[np.int64]:
    """Return who is held no more, or as cash: one that has departed replaces nobody until the next determination."""
    return np.setdiff1d(held.columns, after.columns[~after.cash])


def _filled(held: Basket, event: Prices, stamps: NDArray[np.int64], book: Rulebook) -> _Filled:
    rows, size = len(stamps), len(held.columns)
    prices = np.empty((rows + 1, size))
    prices[0] = held.prices
    observed = event.seen
    if event.columns is held.columns or np.array_equal(event.columns, held.columns):
        prices[1:] = event.prices
    else:
        places = np.minimum(np.searchsorted(event.columns, held.columns), len(event.columns) - 1)
        there = event.columns[places] == held.columns
        prices[1:] = np.where(there, event.prices[:, places], np.nan)
        observed = None if observed is None else observed[:, places]
    jump = book.guard.price_jump or np.inf
    if held.plain and observed is None and is_clean(prices, jump):
        return _Filled(prices, None, _NEVER, stamps, _NO_STAMPS, _NEVER)
    found = carry_forward(
        prices, stamps, held.seen, _NO_STAMPS if observed is None else np.ascontiguousarray(observed),
        held.cash, held.awaited, jump,
    )  # fmt: skip
    return _Filled(*found)


def _accrue(prices: Floats, state: IndexState, held: Basket, event: Prices, book: Rulebook) -> None:
    """Enter the prices of a cash member that earns a rate, at the instants of an event."""
    cash = book.weight.cash
    column = state.column(CASH)
    if cash is None or cash.rate is None or column is None or (place := held.place(column)) is None:
        return
    times = np.concatenate([[state.instant], event.times])
    prices[1:, place] = cash.prices(float(held.prices[place]), event.known, times)


def _marked(held: Basket, filled: _Filled, stamps: NDArray[np.int64]) -> Basket:
    if filled.ages is None:
        return held.marked(filled.prices[-1], np.full(len(held.columns), stamps[-1]))
    return held.marked(filled.prices[-1], filled.seen[-1], filled.awaited[-1])


def _zero(
    prices: Floats, held: Basket, conversion: Conversion, book: Rulebook, names: tuple[str, ...]
) -> dict[int, str]:
    """Make the price zero of each member that departs at zero, so that the level of the instant falls.

    Returns in words, by place, who does so.
    """
    lost: dict[int, str] = {}
    if not conversion.leaving:
        return lost
    basket = full = held.marked(prices[-1].copy(), held.seen)
    for due in conversion.leaving:
        place = held.place(due.column)
        basket, treatment = depart(basket, due, book.events, names)
        if place is not None and treatment == AT_ZERO:
            prices[-1, place] = 0.0
            by = f"its {due.event.kind.value} of {format_instant(due.event.time)}"
            lost[place] = f"{due.event.asset} {AT_ZERO} by {by}, {full.weights[place]:.4%} of the index"
    return lost


def _worthless(marked: Basket, gone: Bools, names: tuple[str, ...]) -> dict[int, str]:
    """Return in words, by place, who is removed at zero for want of a price."""
    return {
        place: f"{names[marked.columns[place]]} {AT_ZERO} without a price, {marked.weights[place]:.4%} of the index"
        for place in np.flatnonzero(gone).tolist()
    }


def _marks(
    held: Basket,
    filled: _Filled,
    book: Rulebook,
    state: IndexState,
    halted: dict[tuple[int, int], str],
    lost: dict[int, str],
) -> Marks:
    if filled.ages is None:
        found = fresh_marks(len(filled.prices) - 1, len(held.columns))
        # Only one instant is read where an event removes somebody.
        return replace(found, reasons=((0, "; ".join(lost.values())),)) if lost else found
    live = live_below(book.missing, state.step)
    names = [state.assets[column] for column in held.columns.tolist()]
    counted = ~(held.cash | (filled.awaited & (held.prices == 0)))
    return marks_of(names, filled.ages, filled.implausible, filled.news, counted, book.missing, live, halted, lost)


def _worth(prices: Floats, carried: Carried, basket: Basket) -> Floats:
    """Return what one unit of each old asset is worth at prices of what it became, shape (n,)."""
    worth = np.zeros(len(basket.columns))
    np.add.at(worth, carried.sources, carried.ratios * prices[carried.targets])
    return worth


def _settled(
    state: IndexState,
    before: Basket,
    marked: Basket,
    told: Basket,
    conversion: Conversion,
    book: Rulebook,
    time: np.datetime64,
) -> tuple[Basket, list[Record], bool]:
    """Return the basket once those departed whom the events of the instant end, the records, and whether any did.

    What is written down goes by the prices of `told`, which are not zero for those who depart at zero.
    """
    basket = marked
    records: list[Record] = []
    for due, price in conversion.applied:
        treatment = STRUCK_SINCE if due in conversion.idle else LEARNED_LATE if due in conversion.late else ""
        if due in conversion.leaving:
            basket, treatment = depart(basket, due, book.events, state.assets)
        records.append(evidence_of(due, price, told, treatment, time, book.events))
        # Of one learned late the price before was in new units already.
        doubt = None if due in conversion.late else contradiction(due, price, told, time)
        records += [] if doubt is None else [doubt]
    if not (np.array_equal(basket.columns, before.columns) and np.array_equal(basket.units, before.units)):
        kinds = ", ".join(due.event.kind.value for due, _ in conversion.applied)
        records += _changed(state, time, before, basket, Cause.CORPORATE_EVENT, kinds)
    return basket, records, basket is not marked


def _removed(basket: Basket, columns: NDArray[np.int64], book: Rulebook) -> Basket:
    """Return the basket without members that had no price for too long; the same where nothing of worth would stay."""
    then = book.missing.then
    gone = np.isin(basket.columns, columns)
    if then == "to_cash":
        return basket.as_cash(gone) if gone.any() else basket
    if not gone.any() or basket.alone(gone):
        return basket
    return basket.without(gone, keep_level=then == "remove_at_last_price")


def _changed(
    state: IndexState, time: np.datetime64, before: Basket | None, after: Basket, cause: Cause, words: str
) -> list[Record]:
    """Return a composition and a rebalance that were decided and done at one instant."""
    return [
        composition_of(state, time, after, state.version),
        rebalance_of(state, (time, time, time), before, after, cause, words, state.version),
    ]


def composition_of(state: IndexState, time: np.datetime64, basket: Basket, version: int) -> Composition:
    """Return the record of a basket at its prices."""
    return Composition(
        time, state.assets, basket.columns, basket.units, basket.weights, basket.prices, basket.factors,
        basket.divisor, version,
    )  # fmt: skip


def rebalance_of(
    state: IndexState,
    dates: tuple[np.datetime64, np.datetime64, np.datetime64],
    before: Basket | None,
    after: Basket,
    cause: Cause,
    words: str,
    version: int,
) -> Rebalance:
    """Return the record of a change: announced, determined and effective at `dates`."""
    old, weights = (NOBODY, NO_LEVELS) if before is None else (before.columns, before.weights)
    columns, was, stands, change = side_by_side(old, weights, after.columns, after.weights)
    return Rebalance(*dates, state.assets, columns, was, stands, change, cause, words, version)


def _past(
    state: IndexState, times: NDArray[np.datetime64], levels: Floats, book: Rulebook, *, departed: bool
) -> tuple[NDArray[np.datetime64], Floats]:
    """Return the levels since the last change, as far back as the triggers look."""
    longest = max((trigger.memory for trigger in book.triggers), default=timedelta(0)) if book.triggers else None
    if not longest:
        return NO_TIMES, NO_LEVELS
    if departed:
        return times[-1:], levels[-1:]
    all_times = np.concatenate([state.past_times, times])
    all_levels = np.concatenate([state.past_levels, levels])
    first = int(np.searchsorted(all_times, times[-1] - np.timedelta64(longest)))
    return all_times[first:], all_levels[first:]
