"""The change log of a rulebook: for each version what changed, from what, to what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from basketry.core.time import format_instant
from basketry.methodology.differences import differences
from basketry.methodology.methodology import Methodology

ABSENT = "none"


@dataclass(frozen=True)
class Change:
    """One parameter in force that differs between two versions; `ABSENT` where a version does not have it."""

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
                tuple(changes(document, after)) if version.changes else (),
            )
        )
        document = after
    return entries


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    """Yield every parameter in force that differs, by path; rules of a list go by their names.

    >>> list(changes({"select": {"by": "price", "top": 10}}, {"select": {"by": "price", "top": 12}}))
    [Change(path='select.top', before='10', after='12')]
    >>> [change.path for change in changes({"universe": [{"history": {"min_days": 30}}]}, {"universe": []})]
    ['universe.history.min_days']
    >>> list(changes({}, {"guard": {"price_jump": 10}}))
    [Change(path='guard.price_jump', before='20', after='10')]
    """
    for path, old, new in differences(before, after):
        yield Change(path, _text(old), _text(new))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value == round(value) and abs(value) < 1e15:
        value = round(value)
    if isinstance(value, list):
        return ", ".join(_text(entry) for entry in value) or ABSENT
    return ABSENT if value is None or value == {} else str(value)
