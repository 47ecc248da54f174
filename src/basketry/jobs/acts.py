"""Acts of an administrator on a published index: who answers, what they may not touch, and how they are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from basketry.core.errors import RecordError
from basketry.core.time import format_instant
from basketry.index.result import IndexResult
from basketry.index.state import Decision
from basketry.jobs.attack import IndexManipulation
from basketry.jobs.save import write_index
from basketry.jobs.sealing import Sealer
from basketry.jobs.standing import as_published, require_whole
from basketry.ledger.bodies import moment
from basketry.ledger.folder import PublishedFolder, read_folder, result_lines
from basketry.ledger.keys import PrivateKey
from basketry.ledger.record import dump_record

Manipulation = Callable[[IndexResult], IndexManipulation | None]


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


def acted_on(folder: Path) -> PublishedFolder:
    """Return the folder of an index on which an act can be done.

    Raises:
        RecordError: It contradicts its record, is a draft, or has reached its end.
    """
    published = read_folder(folder)
    require_whole(published)
    told = published.told
    if told.through is None:
        raise RecordError(f"{folder}: is a draft: change its rulebook, and run it again with: basketry index run")
    if told.ended is not None and moment(told.ended.last) <= moment(told.through):
        raise RecordError(f"{folder}: the index ended on {told.ended.last}; nothing is changed any more")
    return published


def reason_of(act: Act) -> str:
    """Return the reason of an act, or raise RecordError where there is none."""
    if len(act.reason.strip()) < 3:
        raise RecordError("an act needs a reason of at least three characters: --reason TEXT")
    return act.reason.strip()


def require_same(published: PublishedFolder, before: IndexResult, after: IndexResult) -> None:
    """Raise RecordError where other rules would change what was published, or what was announced and is to come."""
    lines = [line for line in result_lines(after) if line not in result_lines(before)]
    if lines:
        kind, body = lines[0]
        raise RecordError(f"{published.path}: it would change what was published: {kind} {body}")
    told = [entry for entry in before.state.pending if entry.announced_at <= before.times[-1]]
    still = {_what(entry) for entry in after.state.pending}
    for entry in told:
        if _what(entry) not in still:
            raise RecordError(
                f"{published.path}: the change of {format_instant(entry.effective_at)} was announced on "
                f"{format_instant(entry.announced_at)}, and it would make that another; let it take effect after that"
            )


def undone(before: IndexResult, after: IndexResult) -> tuple[str, ...]:
    """Return in words the changes that were determined and not announced, and that other rules would make others."""
    still = {_what(entry) for entry in after.state.pending}
    return tuple(
        f"the change of {format_instant(entry.effective_at)}, determined on {format_instant(entry.determined_at)} and "
        "not announced yet, is not made so"
        for entry in before.state.pending
        if entry.announced_at > before.times[-1] and _what(entry) not in still
    )


def _what(decision: Decision) -> tuple[object, ...]:
    return (
        decision.scope, decision.words, decision.determined_at, decision.effective_at, decision.columns.tobytes(),
        decision.weights.tobytes(),
    )  # fmt: skip


def write_act(published: PublishedFolder, result: IndexResult, line: tuple[str, Mapping[str, Any]], act: Act) -> None:
    """Write a folder as a result that says the same, with the line of an act at the end of its record."""
    sealer = Sealer.of(published, act.approver, act.at, act.key)
    record, head = sealer.sealed(published.record, (), line)
    standing = as_published(result, published, published.told)
    said = published.told.then(record[len(published.record) :])
    facts = act.manipulation and act.manipulation(standing)
    write_index(standing, published.path, dump_record(record), said, facts, head)
