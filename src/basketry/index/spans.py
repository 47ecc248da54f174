"""An index whose parts are read from the data as they were known at different instants, one part after the other.

What was published stands: a correction that came too late, or that a rule keeps out, changes no level before it. The
index then goes on from what was published, at the prices that are known by then. With V the value of the basket at the
last published instant s, at the prices it was published with and at those known since,

    D' = D V'_s / V_s,   I_t = V_t / D'

so that I_s stays and I_t / I_s is the return of the basket: no return is an artefact of the correction (chain-linking
as at a rebalance; S&P Dow Jones Indices, Index Mathematics Methodology, divisor adjustments). The units are those held.
Where they were struck at s, that composition stands with its weights and prices, and only its divisor is another.

An event that is told late, after levels since its time were published, counts from its time in the span that knows it.
Where that is at s or before, what is held goes through it at s (`index/late.py`), and V'_s is what it is worth then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from basketry.core.errors import DataError
from basketry.core.frozen import changed
from basketry.core.numbers import round_published
from basketry.core.time import format_instant, to_instant
from basketry.index.account import Account
from basketry.index.basket import Basket
from basketry.index.calculate import Instant, index_history
from basketry.index.divisor import chained_divisor
from basketry.index.history import History
from basketry.index.late import RESTATEMENT, gone_through
from basketry.index.prices import composition_of
from basketry.index.records import Composition, Evidence, Record
from basketry.index.result import IndexResult
from basketry.index.state import IndexState
from basketry.market.events import EventRow
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology
from basketry.methodology.path import Carried, IndexPath, PanelKnown, Segment

__all__ = ["RESTATEMENT", "Span", "calculate_spans", "cut", "gone_on"]


@dataclass(frozen=True, eq=False)
class Span:
    """Instants that are read from the data as they were known at one instant.

    Attributes:
        panel: The market as it was known.
        through: Last instant, inclusive; the last of the panel for None.
        level: The price return published at the instant before; None where the spans before give it.
        late: Rows of events that were told late, and count from their time.
    """

    panel: Panel
    through: Instant | None = None
    level: float | None = None
    late: frozenset[EventRow] = frozenset()


def calculate_spans(methodology: Methodology, spans: Sequence[Span], start: Instant | None = None) -> IndexResult:
    """Return the index over some spans, each of which goes on from what the ones before it published.

    Args:
        methodology: The rulebook.
        spans: In the order of time, at least one; their panels hold the same assets.
        start: First day, where the base level is set; the methodology's base date unless given.

    Raises:
        DataError: The panels hold different assets, or a span begins after its market ends.

    A price that is corrected after it was published changes no return that follows it:

    >>> days = np.datetime64("2020-01-01", "us") + np.arange(3) * np.timedelta64(1, "D")
    >>> def market(*prices):
    ...     return Panel(days[: len(prices)], ("a",), {"price": np.array([[price] for price in prices])})
    >>> rules = Methodology.load({
    ...     "basketry": 1, "name": "One", "symbol": "ONE", "base": {"date": "2020-01-01", "level": 100},
    ...     "select": {"by": "price", "top": 1}, "weight": "equal", "rebalance": {"every": "year", "determine": "0d"},
    ... })
    >>> spans = [Span(market(10.0, 11.0)), Span(market(10.0, 12.0, 18.0))]
    >>> calculate_spans(rules, spans).level().tolist()
    [100.0, 110.0, 165.0]
    """
    account = Account()
    before: History | None = None
    for span in spans:
        history = index_history(methodology, span.panel, start, span.through, span.late)
        if before is None or account.state is None:
            state = history.start()
        else:
            if history.panel.assets != before.panel.assets:
                raise DataError("the markets of the spans of an index must hold the same assets")
            said = account.compositions[-1] if account.compositions else None
            state, records = gone_on(account.state, before, history, span.level, said)
            for record in records:
                account.write(record)
        account.follow(history, state)
        before = history
    if before is None:
        raise DataError("an index has at least one span")
    return account.result(methodology, before.panel)


def gone_on(
    state: IndexState,
    before: History,
    history: History,
    published: float | None = None,
    said: Composition | None = None,
) -> tuple[IndexState, tuple[Record, ...]]:
    """Return the state from which an index goes on after a correction, and what is written down.

    Args:
        state: At the last published instant.
        before: The history that it came from.
        history: The one with which it goes on.
        published: The level published then, where the data no longer give it.
        said: The last composition that was written down.
    """
    held = basket = state.basket
    if held is None or basket is None:
        return state, ()
    book = history.rules.versions[state.version - 1].rules
    carry, now = book.missing.carry_forward, state.instant
    due = history.market.told_since(before.market, now, state.reserve, carry)
    passed = gone_through(state, held, due, history) if due else None
    if passed is not None:
        state, basket = passed.state, passed.basket
    records = () if passed is None else passed.records
    anew = passed is not None and not _same_units(held, basket)
    prices, seen = basket.prices.copy(), basket.seen.copy()
    told = []
    for place, column in enumerate(basket.columns.tolist()):
        if basket.cash[place] or basket.awaited[place]:
            continue
        was, then = before.market.observed(column, now, carry)
        price, when = history.market.observed(column, now, carry)
        if (price, when) == (was, then) or not price > 0 or (anew and (price, when) == (prices[place], seen[place])):
            continue
        told.append(f"{state.assets[column]} {was:.8g} -> {price:.8g}")
        prices[place], seen[place] = price, when
    decimals = history.rules.at(now).rules.publish.decimals
    level = state.level
    if published is not None and round_published(np.array([level]), decimals)[0] != published:
        told.append(f"level {level:,.{decimals}f} -> {published:,.{decimals}f} as published")
        level = published
    marked = basket.marked(prices, seen)
    if not told and not anew:
        return state, records
    divisor = chained_divisor(held.divisor, held.value, marked.value) * (state.level / level)
    told = [*(f"{entry.event.kind.value} of {entry.event.asset} told late" for entry in due if anew), *told]
    words = f"{'; '.join(told)}: divisor {held.divisor!r} -> {divisor!r}"
    # The units are the same, and stand in an array of their own: a basket with another divisor is another piece.
    after = replace(marked.with_divisor(divisor), units=basket.units.copy())
    memories = _memories(state, (held, before), (marked, history), None if passed is None else passed.carried)
    going = changed(state, basket=after, level=level, memories=memories)
    # Who was struck at this instant has the weights that were struck, whatever the prices are known to be since.
    struck = said is not None and said.time == now and not anew
    holds = replace(said, divisor=divisor) if said and struck else composition_of(going, now, after, state.version)
    return going, (*records, Evidence(now, "*", RESTATEMENT, "goes on from what was published", words), holds)


def _same_units(one: Basket, other: Basket) -> bool:
    return (
        np.array_equal(one.columns, other.columns)
        and np.array_equal(one.units, other.units)
        and np.array_equal(one.cash, other.cash)
    )


def _memories(
    state: IndexState, was: tuple[Basket, History], now: tuple[Basket, History], becomes: Carried | None
) -> tuple[object, ...]:
    """Return what the return rules remember, so that their levels stand.

    Args:
        state: At the last published instant.
        was, now: The basket at the prices that it was published with and at those known now, and the history.
        becomes: How units went over from one to the other, through events told late; None where they did not.
    """
    ((_, book),) = now[1].rules.over("returns", np.array([state.instant]))
    paths = [_standing(state, *was, becomes), _standing(state, *now)]
    return tuple(
        memory if memory is None else rule.go_on(memory, *paths)
        for rule, memory in zip(book.returns, state.memories, strict=True)
    )


def _standing(state: IndexState, basket: Basket, history: History, becomes: Carried | None = None) -> IndexPath:
    """Return the path of one row, at which an index stands."""
    times, anew = np.array([state.instant]), state.changed_at == state.instant
    segment = Segment(
        0, 0, basket.columns, basket.units, basket.prices[None, :], basket.divisor, anew=anew, becomes=becomes
    )
    return IndexPath(times, np.array([state.level]), (segment,), PanelKnown(history.panel, times))


def cut(spans: Sequence[Span], instant: np.datetime64) -> list[Span]:
    """Return the parts of spans up to an instant, inclusive."""
    kept: list[Span] = []
    for span in spans:
        through = span.panel.now if span.through is None else to_instant(span.through)
        if through >= instant:
            return [*kept, replace(span, through=instant)]
        kept.append(span)
    raise DataError(f"the spans end before {format_instant(instant)}")
