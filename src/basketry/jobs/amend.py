"""Amend a published index: a version of its rules, a committee's decision or another name, announced and recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from basketry.core.errors import MethodologyError, RecordError
from basketry.core.time import format_instant, to_instant
from basketry.index.calculate import Instant
from basketry.index.result import IndexResult
from basketry.jobs.acts import Act, acted_on, reason_of, require_same, undone, write_act
from basketry.jobs.amendment_faults import require_usable
from basketry.jobs.diff import RuleChange
from basketry.jobs.market import Market
from basketry.jobs.recompute import Recomputation
from basketry.jobs.shadow import Shadow, shadow
from basketry.jobs.standing import as_published
from basketry.ledger.amendments import rules_of
from basketry.ledger.bodies import AmendedBody, EndedBody, moment
from basketry.ledger.folder import PublishedFolder, stamp
from basketry.ledger.lock import writing
from basketry.methodology.differences import differences
from basketry.methodology.methodology import Methodology
from basketry.methodology.rulebook import DEFINING, VERSIONED

NAMES = ("name", "symbol")
"""Keys that an amendment may change although they define an index: its record knows it by those of its first line."""


@dataclass(frozen=True)
class Amendment:
    """What an amendment changes.

    Attributes:
        folder: The folder.
        effective: From when on it holds.
        changes: The rules that differ.
        shadow: The index under the new rules beside that under the old ones; None where only words change.
        recorded: Whether it was written, or only tried.
        beside: The first days of versions of the rules that are announced and not in force yet; the shadow holds none.
        warnings: What the new rules name and the data never hold, and changes that were determined and are not made.
    """

    folder: Path
    effective: np.datetime64
    changes: tuple[RuleChange, ...]
    shadow: Shadow | None
    recorded: bool
    beside: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


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
    holds the versions of the folder and a further one from that day is taken as it is. Overrides stay where the new
    rulebook has no key `overrides`. Nothing that was published or announced may change.

    Args:
        folder: Folder of a published index.
        market: A panel, a lake or the path of a lake.
        new: The rules as they shall be.
        effective: The first day, after the last published level.
        act: Who, why and when.
        dry_run: Show what would change, and write nothing.

    Raises:
        MethodologyError: The new rules are wrong, define another index, cannot be computed on the data, or are to hold
            before a version that was announced.
        RecordError: The folder contradicts its record, is a draft or ends before; what was published or announced
            would change.
    """
    with writing(folder, "index amend"):
        published = acted_on(folder)
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
        published = acted_on(folder)
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
        published = acted_on(folder)
        if published.told.ended is not None:
            raise RecordError(
                f"{folder}: the index ends on {published.told.ended.last} already; take that back first with: "
                "basketry index withdraw"
            )
        through = moment(str(published.told.through))
        end = to_instant(last)
        if end < through:
            raise RecordError(
                f"{folder}: levels are published through {published.told.through}, after {last}; nothing is unpublished"
            )
        due = published.methodology.instants(through, end, np.array([end]))
        body = EndedBody(last=stamp(due[-1]), reason=reason_of(act), approver=act.approver)
        again = Recomputation.of(published, market, act.table)
        write_act(published, again.result(published.stretches), ("ended", body.model_dump()), act)
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
    # Who writes rules anew means rules; decisions end where they are said to.
    if "overrides" not in wanted and "overrides" in stands:
        wanted["overrides"] = stands["overrides"]
    changes = {key: wanted.get(key) for key in VERSIONED if stands.get(key) != wanted.get(key)}
    if changes:
        _require_last(before, effective)
        day = format_instant(to_instant(effective))
        version = {"from": day, "note": reason_of(act), "approver": act.approver, "changes": changes}
        document["versions"] = [*before, version]
    elif all(old[name] == other[name] for name in NAMES):
        raise MethodologyError("the new rules are those in force; there is nothing to amend")
    return document


def overridden(document: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return a rulebook with an override more; where a version replaces the overrides, another version holds it."""
    versions = list(document.get("versions") or [])
    if not any("overrides" in version["changes"] for version in versions):
        return {**document, "overrides": [*(document.get("overrides") or []), entry]}
    _require_last(versions, entry["from"])
    held = _merged(document).get("overrides") or []
    version = {
        "from": entry["from"],
        "note": entry["reason"],
        "approver": entry["approver"],
        "changes": {"overrides": [*held, entry]},
    }
    return {**document, "versions": [*versions, version]}


def _require_last(versions: Sequence[Mapping[str, Any]], effective: Instant) -> None:
    if versions and to_instant(effective) <= to_instant(versions[-1]["from"]):
        raise MethodologyError(
            f"version {len(versions) + 1} of the rules was announced for {versions[-1]['from']}, and another begins "
            f"later than that, not on {format_instant(to_instant(effective))}; take it back first with: "
            "basketry index withdraw"
        )


def _merged(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sections of a rulebook as its newest version has them."""
    merged = {key: value for key, value in document.items() if key != "versions"}
    for version in document.get("versions") or []:
        merged |= version["changes"]
    return merged


def _same_first(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return all(old.get(key) == new.get(key) for key in VERSIONED)


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
    _require_before_end(published, rules, start)
    body = AmendedBody(
        effective=stamp(start),
        before=rules_of(old.document),
        rules=rules_of(rules.document),
        reason=reason_of(act),
        approver=act.approver,
    )
    again = Recomputation.of(published, market, act.table)
    before = again.result(published.stretches)
    again = again.under(rules)
    after = again.result(published.stretches)
    require_same(published, before, after)
    both = sorted(differences(_merged(old.document), _merged(rules.document)), key=lambda entry: entry[0])
    changes = tuple(RuleChange(path, *values) for path, *values in both)
    warnings = (*require_usable(old, rules, before, again.panel()), *undone(before, after))
    # Levels before they are rounded, where they are those that were published.
    same = before.published_levels.equals(published.levels)
    told = before if same else as_published(before, published, published.told)
    found = shadow(old, rules, told, partial(_supposed, published, market, act))
    beside = tuple(format_instant(entry.valid_from) for entry in old.versions if entry.valid_from > through)
    if not dry_run:
        write_act(published, after, ("amended", body.model_dump()), act)
    return Amendment(published.path, start, changes, found, not dry_run, beside, warnings)


def _require_before_end(published: PublishedFolder, rules: Methodology, start: np.datetime64) -> None:
    """Raise RecordError where rules begin after the announced end, or calculate no level at it."""
    ended = published.told.ended
    if ended is None:
        return
    last = moment(ended.last)
    if start > last:
        raise RecordError(
            f"{published.path}: the index ends on {ended.last}; nothing is decided that takes effect after that, on "
            f"{format_instant(start)}"
        )
    if not len(rules.instants(last, last, np.array([last]))):
        raise RecordError(f"{published.path}: the new rules calculate no level on {ended.last}, the end of the index")


def _supposed(published: PublishedFolder, market: Market, act: Act, rules: Methodology) -> IndexResult:
    """Return the index as other rules would have made it of the data as they were known, part after part."""
    # Published levels are those of the rules so far, and no others go on from them.
    stretches = [replace(stretch, level=None) for stretch in published.stretches]
    return Recomputation.of(published, market, act.table).under(rules).result(stretches)
