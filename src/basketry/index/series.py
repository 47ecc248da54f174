"""The series of return rules over prices that were read: the rule in force at an instant makes the step to it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from basketry.core.numbers import Floats
from basketry.index.events import Prices
from basketry.index.state import IndexState
from basketry.methodology.methodology import Methodology
from basketry.methodology.path import IndexPath, Segment
from basketry.methodology.returns import ReturnRule
from basketry.methodology.returns.price import Price

Memories = tuple[object, ...]


def extended(
    state: IndexState, event: Prices, levels: Floats, segment: Segment, rules: Methodology
) -> tuple[Memories, tuple[Floats, ...]]:
    """Return what the return rules remember, and the level of each of them at the instants that were read.

    Args:
        state: Before the prices.
        event: The prices, of which the first were read.
        levels: Of the price return at the instants that were read.
        segment: The basket over these instants, from the instant before them.
        rules: The rulebook.
    """
    eras = rules.eras("returns")
    returns = eras[0].rules.returns
    if len(eras) == 1:
        return _stretch(returns, returns, state.memories, state, event, levels, segment, slice(0, len(levels)))
    ((_, book),) = rules.over("returns", np.array([state.instant]))
    before, memories = book.returns, state.memories
    parts = []
    for span, book in rules.over("returns", event.times[: len(levels)]):
        memories, part = _stretch(book.returns, before, memories, state, event, levels, segment, span)
        parts.append(part)
        before = book.returns
    return memories, tuple(np.concatenate(values) for values in zip(*parts, strict=True))


def _stretch(
    returns: tuple[ReturnRule, ...],
    before: tuple[ReturnRule, ...],
    memories: Memories,
    state: IndexState,
    event: Prices,
    levels: Floats,
    segment: Segment,
    span: slice,
) -> tuple[Memories, tuple[Floats, ...]]:
    """Return what rules remember and give over some of the instants; others were in force at the instant before."""
    path: IndexPath | None = None
    following, series = [], []
    for rule, last, memory in zip(returns, before, memories, strict=True):
        if type(rule) is Price:
            # The levels themselves: most indices have no other series, and need no path.
            following.append(memory)
            series.append(levels[span])
            continue
        if path is None:
            path = _path(state, event, levels, segment, span)
        if rule is not last and rule != last and memory is not None:
            memory = rule.take_over(memory, last, path)
        remembered, values = rule.extend(memory, path)
        following.append(remembered)
        series.append(values[1:])
    return tuple(following), tuple(series)


def _path(state: IndexState, event: Prices, levels: Floats, segment: Segment, span: slice) -> IndexPath:
    """Return the path over some of the instants that were read, from the instant before them.

    Where several were read, the basket goes on after them.
    """
    start, stop = span.start, span.stop
    times, values = np.empty(stop - start + 1, dtype="datetime64[us]"), np.empty(stop - start + 1)
    times[0], values[0] = (event.times[start - 1], levels[start - 1]) if start else (state.instant, state.level)
    times[1:], values[1:] = event.times[span], levels[span]
    if (start, stop) != (0, len(levels)):
        segment = replace(
            segment,
            end=stop - start,
            prices=segment.prices[start : stop + 1],
            anew=segment.anew and start == 0,
        )
    return IndexPath(times, values, (segment,), event.known.part(start, stop + 1))
