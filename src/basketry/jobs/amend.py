"""Amend a published index: a version of its rules, a committee's decision or another name, announced and recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from basketry.core.errors import MethodologyError, RecordError
from basketry.core.time import format_instant, to_instant
from basketry.index.calculate import Instant
from basketry.index.result import IndexResult
from basketry.index.state import Decision
from basketry.jobs.attack import IndexManipulation
from basketry.jobs.diff import RuleChange
from basketry.jobs.market import Market
from basketry.jobs.recompute import Recomputation
from basketry.jobs.save import write_index
from basketry.jobs.sealing import Sealer
from basketry.jobs.shadow import Shadow, shadow
from basketry.jobs.standing import as_published, require_whole
from basketry.ledger.amendments import rules_of
from basketry.ledger.folder import PublishedFolder, read_folder, result_lines, stamp
from basketry.ledger.keys import PrivateKey
from basketry.ledger.lock import writing
from basketry.ledger.record import dump_record
from basketry.ledger.told import AmendedBody, EndedBody, moment
from basketry.methodology.differences import differences
from basketry.methodology.methodology import Methodology
from basketry.methodology.rulebook import DEFINING, VERSIONED

Manipulation = Callable[[IndexResult], IndexManipulation | None]
NAMES = ("name", "symbol")
"""Keys that an amendment may change although they define an index: its record knows it by those of its first line."""


@dataclass(frozen=True)
class Act:
    """An administrator's act on a published index.

    Attributes:
        approver: Who answers for it. reason: Why.
        now: The instant of its entry; that of the machine's clock unless given.
        key: Signs the head; required once a folder is signed.
        manipulation: What it costs to move the index, for the factsheet.
        table: The lake's table of observations.
    """

    approver: str
    reason: str
    now: datetime | None = None
    key: PrivateKey | None = None
    manipulation: Manipulation | None = None
    table: str = "daily"

    @property
    def at(self) -> str:
        """The instant as an entry has it."""
        return (self.now or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Amendment:
    """What an amendment changes.

    Attributes:
        folder: The folder.
        effective: From when on it holds.
        changes: The rules that differ.
        shadow: The index under the new rules beside that under the old ones; None where only words change.
        recorded: Whether it was written, or only tried.
    """

    folder: Path
    effective: np.datetime64
    changes: tuple[RuleChange, ...]
    shadow: Shadow | None
    recorded: bool


def amend_index(
    folder: Path,
    market: Market,
    new: str | PathLike[str] | Mapping[str, Any] | Methodology,
    *,
    effective: Instant,
    act: Act,
    dry_run: bool = False,
) -> Amendment:
    """Give a published index other rules from a day on and return what changes.

    The sections in which the new rulebook differs from the rules in force become a version from that day on; one that
    holds the versions of the folder and a further one from that day is taken as it is. Nothing that was published or
    announced may change.

    Args:
        folder: Folder of a published index.
        market: A panel, a lake or the path of a lake.
        new: The rules as they shall be.
        effective: The first day, after the last published level.
        act: Who, why and when.
        dry_run: Show what would change, and write nothing.

    Raises:
        MethodologyError: The new rules are wrong, or define another index.
        RecordError: The folder contradicts its record, is a draft or ends; what was published or announced would
            change.
    """
    with writing(folder, "index amend"):
        published = _published(folder)
        document = amended(published.methodology, Methodology.load(new), effective, act)
        return _recorded(published, market, document, effective, act, dry_run=dry_run)


def override_index(
    folder: Path,
    market: Market,
    *,
    asset: str,
    action: str,
    effective: Instant,
    until: Instant | None = None,
    act: Act,
    dry_run: bool = False,
) -> Amendment:
    """Record a committee's decision about one asset and return what changes.

    It counts in determinations from its day on; one that is to act at once needs the trigger `eligibility_lost`.

    Args:
        folder: Folder of a published index.
        market: A panel, a lake or the path of a lake.
        asset: The asset.
        action: include, exclude or accept_supply; see `basketry.methodology.sections.Override`.
        effective: First day. until: Day on which it ends, exclusive; never unless given.
        act: Who, why and when.
        dry_run: Show what would change, and write nothing.

    Raises:
        MethodologyError, RecordError: As for `amend_index`.
    """
    with writing(folder, "index override"):
        published = _published(folder)
        day = format_instant(to_instant(effective))
        entry: dict[str, Any] = {"asset": asset, "action": action, "from": day}
        if until is not None:
            entry["until"] = format_instant(to_instant(until))
        entry |= {"reason": act.reason, "approver": act.approver, "date": act.at[:10]}
        document = overridden(published.methodology.document, entry)
        return _recorded(published, market, document, effective, act, dry_run=dry_run)


def end_index(folder: Path, market: Market, *, last: Instant, act: Act) -> np.datetime64:
    """Announce the end of a published index and return the instant of its last level.

    Raises:
        RecordError: The folder contradicts its record, is a draft or has an end; or levels are published after `last`.
    """
    with writing(folder, "index end"):
        published = _published(folder)
        through = moment(str(published.told.through))
        end = to_instant(last)
        if end < through:
            raise RecordError(
                f"{folder}: levels are published through {published.told.through}, after {last}; nothing is unpublished"
            )
        due = published.methodology.instants(through, end, np.array([end]))
        body = EndedBody(last=stamp(due[-1]), reason=_reason(act), approver=act.approver)
        again = Recomputation.of(published, market, act.table)
        _write(published, again.result(published.stretches), ("ended", body.model_dump()), act)
        return due[-1]


def amended(rules: Methodology, new: Methodology, effective: Instant, act: Act) -> dict[str, Any]:
    """Return the rulebook with a version more, which holds what other rules say otherwise.

    Raises:
        MethodologyError: The new rules define another index, or say nothing new.
    """
    old, other = rules.document, new.document
    for key in sorted({*old, *other} & DEFINING.keys() - {*NAMES, "versions"}):
        if old.get(key) != other.get(key):
            raise MethodologyError(f"{key}: an amendment may not change it: {DEFINING[key]}")
    document = {**old, **{name: other[name] for name in NAMES}}
    before, after = list(old.get("versions") or []), list(other.get("versions") or [])
    if after[: len(before)] == before and len(after) == len(before) + 1 and _same_first(old, other):
        document["versions"] = after
        return document
    stands, wanted = _merged(old), _merged(other)
    changes = {key: wanted.get(key) for key in VERSIONED if stands.get(key) != wanted.get(key)}
    if changes:
        day = format_instant(to_instant(effective))
        version = {"from": day, "note": _reason(act), "approver": act.approver, "changes": changes}
        document["versions"] = [*before, version]
    elif all(old[name] == other[name] for name in NAMES):
        raise MethodologyError("the new rules are those in force; there is nothing to amend")
    return document


def overridden(document: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return a rulebook with an override more; where a version replaces the overrides, another version holds it."""
    versions = list(document.get("versions") or [])
    if not any("overrides" in version["changes"] for version in versions):
        return {**document, "overrides": [*(document.get("overrides") or []), entry]}
    held = _merged(document).get("overrides") or []
    version = {
        "from": entry["from"],
        "note": entry["reason"],
        "approver": entry["approver"],
        "changes": {"overrides": [*held, entry]},
    }
    return {**document, "versions": [*versions, version]}


def _merged(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sections of a rulebook as its newest version has them."""
    merged = {key: value for key, value in document.items() if key != "versions"}
    for version in document.get("versions") or []:
        merged |= version["changes"]
    return merged


def _same_first(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return all(old.get(key) == new.get(key) for key in VERSIONED)


def _published(folder: Path) -> PublishedFolder:
    published = read_folder(folder)
    require_whole(published)
    if published.told.through is None:
        raise RecordError(f"{folder}: is a draft: change its rulebook, and run it again with: basketry index run")
    if published.told.ended is not None:
        raise RecordError(f"{folder}: the index ends on {published.told.ended.last}; nothing is changed any more")
    return published


def _reason(act: Act) -> str:
    if len(act.reason.strip()) < 3:
        raise RecordError("an act needs a reason: --reason TEXT")
    return act.reason.strip()


def _recorded(
    published: PublishedFolder,
    market: Market,
    document: Mapping[str, Any],
    effective: Instant,
    act: Act,
    *,
    dry_run: bool,
) -> Amendment:
    through, start = moment(str(published.told.through)), to_instant(effective)
    if start <= through:
        raise RecordError(
            f"{published.path}: levels are published through {published.told.through}; an amendment takes effect after "
            f"that, not on {format_instant(start)}"
        )
    old, rules = published.methodology, Methodology.load(document)
    body = AmendedBody(
        effective=stamp(start),
        before=rules_of(old.document),
        rules=rules_of(rules.document),
        reason=_reason(act),
        approver=act.approver,
    )
    before = Recomputation.of(published, market, act.table).result(published.stretches)
    again = Recomputation(rules, market, published.start, act.table)
    after = again.result(published.stretches)
    _require_same(published, before, after)
    both = sorted(differences(_merged(old.document), _merged(rules.document)), key=lambda entry: entry[0])
    changes = tuple(RuleChange(path, *values) for path, *values in both)
    found = shadow(old, rules, before, again.panel())
    if not dry_run:
        _write(published, after, ("amended", body.model_dump()), act)
    return Amendment(published.path, start, changes, found, recorded=not dry_run)


def _require_same(published: PublishedFolder, before: IndexResult, after: IndexResult) -> None:
    """Raise RecordError where other rules would change what was published, or what was announced and is to come."""
    lines = [line for line in result_lines(after) if line not in result_lines(before)]
    if lines:
        kind, body = lines[0]
        raise RecordError(f"{published.path}: the amendment would change what was published: {kind} {body}")
    told = [entry for entry in before.state.pending if entry.announced_at <= before.times[-1]]
    still = {_what(entry) for entry in after.state.pending}
    for entry in told:
        if _what(entry) not in still:
            raise RecordError(
                f"{published.path}: the change of {format_instant(entry.effective_at)} was announced on "
                f"{format_instant(entry.announced_at)}, and the amendment would make it another; let it take effect "
                "after that"
            )


def _what(decision: Decision) -> tuple[object, ...]:
    return (
        decision.scope, decision.words, decision.determined_at, decision.effective_at, decision.columns.tobytes(),
        decision.weights.tobytes(),
    )  # fmt: skip


def _write(published: PublishedFolder, result: IndexResult, line: tuple[str, Mapping[str, Any]], act: Act) -> None:
    sealer = Sealer.of(published, act.approver, act.at, act.key)
    record, head = sealer.sealed(published.record, (), line)
    standing = as_published(result, published, published.told)
    said = published.told.then(record[len(published.record) :])
    facts = act.manipulation and act.manipulation(standing)
    write_index(standing, published.path, dump_record(record), said, facts, head)
