"""Determinations on trial: whether rules can be satisfied on a market, at some of the dates that a calculation has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from basketry.core.errors import BasketryError
from basketry.core.numbers import Bools
from basketry.index.determine import Determination, determine
from basketry.index.history import History
from basketry.index.plan import reviewed, scheduled
from basketry.index.records import Scope
from basketry.market.membership import for_change
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology
from basketry.methodology.path import IndexPath, PanelKnown, Segment
from basketry.methodology.returns import ReturnRule
from basketry.methodology.schedule import RebalanceDate

SPREAD = 120
"""Up to so many scheduled determinations are all tried, ten years of months; of more so many, spread evenly."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A determination that a calculation makes.

    Attributes:
        dates: Its dates.
        scope: What is determined.
        base: Whether it is for the base, without which there is no index.
    """

    dates: RebalanceDate
    scope: Scope
    base: bool = False

    @property
    def at(self) -> np.datetime64:
        """When it is made."""
        return self.dates.determined_at


@dataclass(frozen=True, eq=False)
class Trial:
    """One determination on trial.

    Attributes:
        asked: Which one.
        version: Number of the rules in force.
        found: What it gives; None where the rules cannot be satisfied.
        error: Why not.
    """

    asked: Asked
    version: int
    found: Determination | None
    error: BasketryError | None = None


def determinations(rules: Methodology, times: NDArray[np.datetime64]) -> list[Asked]:
    """Return what a calculation over some instants determines, by time; what triggers cause comes on top."""
    base = times[0]
    book = rules.at(base).rules
    found = [Asked(book.schedule.around(base), Scope.WHOLE if book.reviews is None else Scope.WEIGHTS, base=True)]
    if book.reviews is not None:
        found.append(Asked(book.reviews.around(base), Scope.MEMBERS, base=True))
    changes = scheduled(rules, times)
    found += [Asked(*entry) for entry in (*changes, *reviewed(rules, changes, times))]
    # Members before the weights of the same change.
    return sorted(
        (asked for asked in found if asked.base or asked.at <= times[-1]),
        key=lambda asked: (not asked.base, asked.at, asked.dates.effective_at, asked.scope),
    )


def tried(rules: Methodology, asked: Sequence[Asked], spread: int = SPREAD) -> list[int]:
    """Return the places of the determinations worth trying: first and last of all and of each version, and between."""
    numbers = [rules.at(entry.at).number for entry in asked]
    last = len(asked) - 1
    edges = {place for place in range(last + 1) if asked[place].base or place == last}
    for place in range(last):
        edges |= {place, place + 1} if numbers[place] != numbers[place + 1] else set()
    return sorted(edges | set(np.linspace(0, last, min(spread, last + 1)).astype(int).tolist()))


def trials(history: History) -> Iterator[Trial]:
    """Give some determinations of a history on trial, in order.

    The base is opened as the calculation opens it. Later ones take as members whom those tried before select, which is
    near to what the calculation would hold.
    """
    rules, panel, base = history.rules, history.panel, history.times[0]
    asked = determinations(rules, history.times)
    held = np.zeros(len(panel.assets), dtype=bool)
    chosen: dict[np.datetime64, Bools] = {}
    for place in tried(rules, asked):
        entry = asked[place]
        version = rules.at(entry.at)
        # Where the data begin after it, a calculation determines at the base.
        at = entry.at if panel.times[0] <= entry.at else base
        view = for_change(panel.as_of(at), at, entry.dates.effective_at)
        members = chosen.get(entry.dates.effective_at, held) if entry.scope is Scope.WEIGHTS else held
        try:
            if place == 0:
                _open(history)
            found = determine(version, view, members, entry.scope)
        except BasketryError as error:
            yield Trial(entry, version.number, None, error)
            continue
        yield Trial(entry, version.number, found)
        if entry.scope is Scope.MEMBERS:
            chosen[entry.dates.effective_at] = found.choice.chosen
        elif len(found.columns):
            held = found.choice.chosen


def _open(history: History) -> None:
    """Strike the base, or raise what keeps a calculation from it."""
    for step in history.walk(history.start()):
        if step.state.basket is not None:
            return


def try_return(rule: ReturnRule, level: float, panel: Panel, times: NDArray[np.datetime64]) -> None:
    """Make a return series of an index that stands still, or raise what keeps a calculation from it.

    Raises:
        DataError: A rate or a yield is not in the data, or not for all instants.
    """
    held = np.zeros(1, dtype=np.int64)
    segment = Segment(0, len(times) - 1, held, np.array([level]), np.ones((len(times), 1)), 1.0)
    path = IndexPath(times, np.full(len(times), level), (segment,), PanelKnown(panel, times))
    rule.extend(None, path)
