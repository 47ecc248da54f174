"""Overrides that change nothing: never in force, or about an asset that the rules judge the same without them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from basketry.core.time import format_instant, to_instant
from basketry.index.determine import Determination
from basketry.index.records import Scope
from basketry.index.trial import Trial
from basketry.market.panel import Panel
from basketry.methodology.rulebook import Rulebook
from basketry.methodology.sections import Override


def idle_overrides(
    rules: Rulebook, panel: Panel, moments: Sequence[np.datetime64], tried: Sequence[Trial]
) -> Iterator[tuple[int, str]]:
    """Give the place of each override of a version that changes nothing on some data, with words.

    Overrides of assets that the data do not hold are told elsewhere.

    Args:
        rules: The version.
        panel: The market.
        moments: Scheduled determinations in which its overrides may count; none where there is no calculation.
        tried: Those that were tried.
    """
    for place, override in enumerate(rules.overrides):
        words = _never(override, moments, triggered=bool(rules.triggers))
        if words is None and override.asset in panel.assets:
            words = _no_effect(override, panel.position(override.asset), tried)
        if words is not None:
            yield place, words


def reversed_dates(override: Override) -> str | None:
    """Return in words that an override ends before it begins, None where it does not."""
    if override.until is None or override.until > override.valid_from:
        return None
    return f"until {override.until} is not after from {override.valid_from}, so it is never in force"


def _never(override: Override, moments: Sequence[np.datetime64], *, triggered: bool) -> str | None:
    """Return why an override is in force at no determination, None where it is."""
    start = to_instant(override.valid_from)
    end = None if override.until is None else to_instant(override.until)
    words = reversed_dates(override)
    if words is not None or not moments:
        return words
    first, last = min(moments), max(moments)
    if end is not None and end <= first:
        return f"it ends on {override.until}, before its first determination of {format_instant(first)}"
    if start > last:
        return f"it starts on {override.valid_from}, after its last determination on these data, {format_instant(last)}"
    if triggered or override.action == "accept_supply" or any(_holds(override, at) for at in moments):
        return None
    return "no scheduled determination falls within its dates"


def _holds(override: Override, at: np.datetime64) -> bool:
    begun = to_instant(override.valid_from) <= at
    return bool(begun and (override.until is None or at < to_instant(override.until)))


def _no_effect(override: Override, column: int, tried: Sequence[Trial]) -> str | None:
    """Return why an override changes nothing at the determinations tried, None where it does at one of them."""
    found = [trial.found for trial in tried if trial.found is not None and _holds(override, trial.asked.at)]
    if not found:
        return None
    nowhere = f"at none of the {len(found)} determinations tried while it is in force"
    if override.action == "include" and not any(entry.candidates[column] for entry in found):
        return f"{override.asset} has a fresh price {nowhere}, so it is not included"
    if override.action == "exclude" and not any(_admitted(entry, column) for entry in found):
        return f"the universe admits {override.asset} {nowhere}, so there is nothing to exclude"
    return None


def _admitted(entry: Determination, column: int) -> bool:
    asked = entry.members[column] if entry.scope is Scope.WEIGHTS else all(mask[column] for mask in entry.kept)
    return bool(entry.candidates[column] and asked)
