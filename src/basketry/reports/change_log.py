"""The change log of a rulebook: for each version what changed, from what, to what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from basketry.core.time import format_instant
from basketry.methodology.methodology import Methodology

ABSENT = "none"


@dataclass(frozen=True)
class Change:
    """One parameter that differs between two versions; `ABSENT` where a version does not have it."""

    path: str
    before: str
    after: str


@dataclass(frozen=True)
class LogEntry:
    """One version: number, first day, note, approver, and what changed against the version before."""

    number: int
    valid_from: str
    note: str
    approver: str
    changes: tuple[Change, ...]


def change_log(methodology: Methodology) -> list[LogEntry]:
    """Return the log, the first version first."""
    document: dict[str, Any] = {key: value for key, value in methodology.document.items() if key != "versions"}
    entries = []
    for version in methodology.versions:
        after = {**document, **version.changes}
        entries.append(
            LogEntry(
                version.number,
                "the base" if version.number == 1 else format_instant(version.valid_from),
                version.note,
                version.approver or "not stated",
                tuple(changes(document, after)),
            )
        )
        document = after
    return entries


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    """Yield every parameter that differs, by path; rules of a list go by their names.

    >>> list(changes({"select": {"by": "price", "top": 10}}, {"select": {"by": "price", "top": 12}}))
    [Change(path='select.top', before='10', after='12')]
    >>> [change.path for change in changes({"universe": [{"history": {"min_days": 30}}]}, {"universe": []})]
    ['universe.history.min_days']
    """
    left, right = dict(_leaves(before, "")), dict(_leaves(after, ""))
    for path in [*left, *(path for path in right if path not in left)]:
        if left.get(path, ABSENT) != right.get(path, ABSENT):
            yield Change(path, _text(left.get(path, ABSENT)), _text(right.get(path, ABSENT)))


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, entry in value.items():
            yield from _leaves(entry, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(entry, Mapping) for entry in value):
        seen: list[str] = []
        for place, entry in enumerate(value):
            rule = str(next(iter(entry))) if isinstance(entry, Mapping) and len(entry) == 1 else ""
            # A rule goes by its name; one that stands twice in a list is told apart by its place.
            yield from _leaves(entry, path if rule and rule not in seen else f"{path}[{place}]")
            seen.append(rule)
    elif value != []:
        yield path, value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_text(entry) for entry in value) or ABSENT
    return ABSENT if value is None or value == {} else str(value)
