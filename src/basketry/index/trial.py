"""Determinations on trial: whether rules can be satisfied on a market, at some of the dates that a calculation has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from basketry.core.errors import BasketryError
from basketry.index.determine import Determination, determine
from basketry.index.history import History
from basketry.index.market import IndexMarket
from basketry.index.plan import scheduled
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology
from basketry.methodology.path import IndexPath, PanelKnown, Segment
from basketry.methodology.returns import ReturnRule

SPREAD = 120
"""Up to so many scheduled determinations are all tried, ten years of months; of more so many, spread evenly."""


@dataclass(frozen=True, eq=False)
class Trial:
    """One determination on trial.

    Attributes:
        at: When it is made.
        version: Number of the rules in force.
        found: What it gives; None where the rules cannot be satisfied.
        error: Why not.
        base: Whether it is the first of all, without which there is no index.
    """

    at: np.datetime64
    version: int
    found: Determination | None
    error: BasketryError | None = None
    base: bool = False


def determinations(rules: Methodology, times: NDArray[np.datetime64]) -> list[np.datetime64]:
    """Return when a calculation over some instants determines, the base first; triggers come on top."""
    base = rules.at(times[0]).rules.schedule.around(times[0]).determined_at
    later = [dates.determined_at for dates in scheduled(rules, times)]
    return [base, *(at for at in later if base < at <= times[-1])]


def tried(rules: Methodology, moments: list[np.datetime64], spread: int = SPREAD) -> list[int]:
    """Return the places of the determinations worth trying: first and last of all and of each version, and between."""
    numbers = [rules.at(at).number for at in moments]
    last = len(moments) - 1
    edges = {place for place in range(len(moments)) if place in (0, last) or numbers[place] != numbers[place - 1]}
    edges |= {place for place in range(last) if numbers[place] != numbers[place + 1]}
    return sorted(edges | set(np.linspace(0, last, min(spread, last + 1)).astype(int).tolist()))


def trials(rules: Methodology, panel: Panel, times: NDArray[np.datetime64]) -> Iterator[Trial]:
    """Give some determinations of a calculation over some instants, on trial, in order.

    The base is opened as the calculation opens it. Later ones take as members who the one tried before selects, which
    is near to what the calculation would hold.

    Args:
        rules: The rulebook.
        panel: The market, to the last instant.
        times: Calculation instants, the base first.
    """
    market = IndexMarket.of(panel, times)
    moments = determinations(rules, times)
    members = np.zeros(len(panel.assets), dtype=bool)
    for place in tried(rules, moments):
        at = moments[place]
        version = rules.at(at)
        view = market.panel.as_of(at)
        if not len(view.times):
            # The data begin after it: a calculation determines at the base.
            view = market.panel.as_of(times[0])
        try:
            if place == 0:
                _open(rules, market)
            found = determine(version, view, members)
        except BasketryError as error:
            yield Trial(at, version.number, None, error, place == 0)
            continue
        yield Trial(at, version.number, found, base=place == 0)
        if len(found.columns):
            members = found.choice.chosen


def _open(rules: Methodology, market: IndexMarket) -> None:
    """Strike the base, or raise what keeps a calculation from it."""
    history = History(rules, market)
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
