"""New rules in the shadow of the old: what the last year would have been under each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from basketry.core.errors import BasketryError
from basketry.core.time import DAY, format_instant, to_instant
from basketry.index.result import IndexResult
from basketry.methodology.methodology import Methodology
from basketry.methodology.sections import Override

YEAR = 365 * DAY


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


def shadow(
    old: Methodology, new: Methodology, before: IndexResult, supposed: Callable[[Methodology], IndexResult]
) -> Shadow | None:
    """Return what the year to the last published level would have been under new rules; None where only words change.

    The last version, or override, of the new rulebook is supposed to hold a year earlier than the last level, or from a
    day after the version in force or the base; a decision that ends, for as long as it will, up to the last level.
    Until then, and until the next change after it, both hold what the index held. Versions that are announced and not
    in force yet are in neither.

    Args:
        old: The rules so far. new: With a version or an override more.
        before: The index as it was published, to its last published level.
        supposed: Gives the index that some rules would have made of the data as they were known at each publication.
    """
    added = _added(old, new)
    if not any(added.values()):
        return None
    through = before.times[-1]
    # A decision holds beside any version.
    earliest = (old.at(through).valid_from if added["versions"] else before.times[0]) + DAY
    since = max(through - min(YEAR, _length(old, new)), earliest, before.times[0] + DAY)
    since = since.astype("datetime64[D]").astype("datetime64[us]")
    begin, end = format_instant(since), format_instant(through)
    if since >= through:
        return Shadow(begin, end, problem="the rules so far have not held for a day")
    try:
        other = supposed(Methodology.load(_in_force_since(old, new, since, through)))
    except BasketryError as error:
        return Shadow(begin, end, problem=str(error))
    start = int(np.searchsorted(before.times, since))
    a, b = before.level()[start:], other.level()[np.searchsorted(other.times, before.times[start:])]
    held, would = before.weights(), other.weights()
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


def _added(old: Methodology, new: Methodology) -> dict[str, list[Any]]:
    """Return the versions and the overrides that a rulebook has beyond another one."""
    return {
        name: list(new.document.get(name) or [])[len(old.document.get(name) or []) :]
        for name in ("versions", "overrides")
    }


def _fresh(old: Methodology, new: Methodology) -> list[Override]:
    return [entry for entry in new.latest.overrides if entry not in old.latest.overrides]


def _length(old: Methodology, new: Methodology) -> np.timedelta64:
    """Return how long at most decisions hold that are all that is new; a year where other rules are."""
    if any(version["changes"].keys() - {"overrides"} for version in _added(old, new)["versions"]):
        return YEAR
    fresh = _fresh(old, new)
    lengths = [to_instant(entry.until) - to_instant(entry.valid_from) for entry in fresh if entry.until is not None]
    return max(lengths) if lengths and len(lengths) == len(fresh) else YEAR


def _in_force_since(old: Methodology, new: Methodology, since: np.datetime64, through: np.datetime64) -> dict[str, Any]:
    """Return the rulebook in force at an instant with what the new one adds, in force from an earlier day on."""
    added, day = _added(old, new), format_instant(since)
    known = [*(old.document.get("overrides") or [])]
    for version in old.document.get("versions") or []:
        known += version["changes"].get("overrides") or []

    def decided(entries: Any) -> list[Any]:
        return [entry if entry in known else _moved(entry, since) for entry in entries or []]

    in_force = [entry for entry in old.document.get("versions") or [] if to_instant(entry["from"]) <= through]
    for version in added["versions"]:
        changes = version["changes"]
        if "overrides" in changes:
            changes = {**changes, "overrides": decided(changes["overrides"])}
        in_force.append({**version, "from": day, "changes": changes})
    document = {**new.document, "versions": in_force}
    if "overrides" in document:
        document["overrides"] = decided(document["overrides"])
    return document


def _moved(entry: dict[str, Any], since: np.datetime64) -> dict[str, Any]:
    """Return a decision that begins on another day, and holds as long."""
    moved = {**entry, "from": format_instant(since)}
    if entry.get("until"):
        length = to_instant(entry["until"]) - to_instant(entry["from"])
        moved["until"] = format_instant((since + length).astype("datetime64[D]").astype("datetime64[us]"))
    return moved
