"""The series of return rules over prices that were read: the rule in force at an instant makes the step to it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from basketry.core.numbers import Floats
from basketry.index.events import Prices
from basketry.index.state import IndexState
from basketry.methodology.methodology import Methodology
from basketry.methodology.path import IndexPath, Segment
from basketry.methodology.returns.price import Price


def extended(
    state: IndexState, event: Prices, levels: Floats, segment: Segment, rules: Methodology
) -> tuple[tuple[object, ...], tuple[Floats, ...]]:
    """Return what the return rules remember, and the level of each of them at the instants that were read.

    Args:
        state: Before the prices.
        event: The prices, of which the first were read.
        levels: Of the price return at the instants that were read.
        segment: The basket over these instants, from the instant before them.
        rules: The rulebook.
    """
    spans = rules.over("returns", event.times[: len(levels)])
    ((_, book),) = rules.over("returns", np.array([state.instant]))
    before = book.returns
    memories = list(state.memories)
    series: list[list[Floats]] = [[] for _ in memories]
    for span, book in spans:
        path: IndexPath | None = None
        for place, rule in enumerate(book.returns):
            if type(rule) is Price:
                # The levels themselves: most indices have no other series, and need no path.
                series[place].append(levels[span])
                continue
            if path is None:
                path = _path(state, event, levels, segment, span)
            memory, last = memories[place], before[place]
            if memory is not None and rule is not last and rule != last:
                memory = rule.take_over(memory, last, path)
            memories[place], values = rule.extend(memory, path)
            series[place].append(values[1:])
        before = book.returns
    return tuple(memories), tuple(parts[0] if len(parts) == 1 else np.concatenate(parts) for parts in series)


def _path(state: IndexState, event: Prices, levels: Floats, segment: Segment, span: slice) -> IndexPath:
    """Return the path over some of the instants that were read, from the instant before them."""
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
            becomes=segment.becomes if stop == len(levels) else None,
        )
    return IndexPath(times, values, (segment,), event.known.part(start, stop + 1))
