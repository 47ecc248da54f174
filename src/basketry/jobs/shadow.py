"""New rules in the shadow of the old: what the last year would have been under each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from basketry.core.errors import BasketryError
from basketry.core.time import DAY, format_instant
from basketry.index.calculate import calculate_index
from basketry.index.result import IndexResult
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

YEAR = 365 * DAY
_ADDED = ("versions", "overrides")


@dataclass(frozen=True)
class Shadow:
    """An index under new rules beside that under the old ones, over a time that is past.

    Attributes:
        since: From when on the new rules are supposed to hold. through: The last instant.
        problem: Why the new rules could not be applied to that time; '' where they could, and then the rest counts.
        returns: Of the price return since then, under the old and the new rules, as fractions.
        largest: The largest relative difference of levels, new over old.
        added, removed: Who would be held at the end and is not, and the other way round.
        turnover: Half the sum of the absolute differences of weights at the end.
        weights: By asset, the weight at the last change under the old and the new rules, the largest difference first.
    """

    since: str
    through: str
    problem: str = ""
    returns: tuple[float, float] = (float("nan"), float("nan"))
    largest: float = float("nan")
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    turnover: float = float("nan")
    weights: tuple[tuple[str, float, float], ...] = ()


def shadow(old: Methodology, new: Methodology, before: IndexResult, panel: Panel) -> Shadow | None:
    """Return what the year to the last published level would have been under new rules; None where only words change.

    The last version, or override, of the new rulebook is supposed to hold a year earlier than the last level, or from a
    day after the version before it or the base.

    Args:
        old: The rules so far. new: With a version or an override more.
        before: The index under the old ones, to its last published level.
        panel: The market.
    """
    if all(new.document.get(name) == old.document.get(name) for name in _ADDED):
        return None
    through = before.times[-1]
    earliest = max(before.times[0], old.versions[-1].valid_from) + DAY
    since = max(through - YEAR, earliest).astype("datetime64[D]").astype("datetime64[us]")
    begin, end = format_instant(since), format_instant(through)
    if since >= through:
        return Shadow(begin, end, problem="the rules so far have not held for a day")
    try:
        rules = Methodology.load(_supposed(old.document, new.document, begin))
        one = calculate_index(old, panel, before.times[0], through)
        other = calculate_index(rules, panel, before.times[0], through)
    except BasketryError as error:
        return Shadow(begin, end, problem=str(error))
    start = int(np.searchsorted(one.times, since))
    a, b = one.level()[start:], other.level()[np.searchsorted(other.times, one.times[start:])]
    held, would = one.weights(), other.weights()
    names = sorted({*held, *would}, key=lambda name: (-abs(would.get(name, 0.0) - held.get(name, 0.0)), name))
    apart = b / b[0] / (a / a[0]) - 1
    return Shadow(
        begin,
        end,
        returns=(float(a[-1] / a[0] - 1), float(b[-1] / b[0] - 1)),
        largest=float(apart[np.abs(apart).argmax()]),
        added=tuple(sorted(would.keys() - held.keys())),
        removed=tuple(sorted(held.keys() - would.keys())),
        turnover=0.5 * sum(abs(would.get(name, 0.0) - held.get(name, 0.0)) for name in names),
        weights=tuple((name, held.get(name, 0.0), would.get(name, 0.0)) for name in names),
    )


def _supposed(old: Any, new: Any, since: str) -> dict[str, Any]:
    """Return the new rulebook with what it adds to the old one in force from a day on."""
    document = dict(new)
    for name in _ADDED:
        entries = list(new.get(name) or [])
        count = len(old.get(name) or [])
        if entries:
            document[name] = [*entries[:count], *({**entry, "from": since} for entry in entries[count:])]
    return document
