"""Verify corrections: that each was due, is what the rule makes of the figures before it, and took back what stood."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from basketry.jobs.contradictions import contradictions
from basketry.jobs.recompute import Recomputation
from basketry.jobs.restate import Judgment, judge
from basketry.jobs.verify_check import Check, Part, irreproducible, parts_of
from basketry.jobs.verify_epochs import Epoch
from basketry.ledger.bodies import RestatementBody, moment
from basketry.ledger.folder import PublishedFolder, result_lines, stamp
from basketry.ledger.record import Entry
from basketry.ledger.told import Said

NAME = "restatements"


def restatements_check(
    published: PublishedFolder, again: Recomputation, epochs: Sequence[Epoch], other: Collection[int]
) -> Check:
    """Check that each restatement had a cause, and says what the rule makes of the figures before it.

    What it took back must be what the data gave then, as far as they are there and this version of the program made
    it; how much is not, and how far off the largest of it is, is told.
    """
    taken = _Taken()
    for (entry, body), epoch in zip(published.told.restatements, epochs, strict=False):
        if entry.at is None:
            return Check(NAME, False, f"entry {entry.seq} does not say when it was written")
        now = datetime.fromisoformat(entry.at)
        last = epoch.told.restatements[-1][1] if epoch.told.restatements else None
        judgment = judge(again, epoch.stretches, epoch.standing, body.known_by, now, last)
        wrong = _difference(entry, body, _expected(body, judgment, epoch, again))
        wrong = wrong or (_cause(published, entry.seq) if body.cause == "software" else None)
        wrong = wrong or taken.add(published.told.superseded[entry.seq], epoch, other, again)
        if wrong is None and not _is_due(published, entry, body, judgment, epoch, again):
            wrong = "nothing was wrong then that was not known to be at the correction before it"
        if wrong is not None:
            return Check(NAME, False, wrong if wrong.startswith("entry") else f"entry {entry.seq}: {wrong}")
    words = f"{len(published.told.restatements)} restatements are what the rule makes of the data"
    return Check(NAME, True, words + taken.words())


def _expected(body: RestatementBody, judgment: Judgment, epoch: Epoch, again: Recomputation) -> RestatementBody:
    """Return what a restatement must say: what the rule makes of the figures before it."""
    through = epoch.standing.times[-1]
    return RestatementBody(
        after=judgment.after_text,
        through=stamp(through),
        level=judgment.level,
        known_by=body.known_by,
        cause=body.cause,
        reason=body.reason,
        approver=body.approver,
        rule=again.rules.at(through).rules.restate.words(),
        restated=judgment.restated.errors(),
        kept=judgment.kept.errors(),
    )


def _difference(entry: Entry, body: RestatementBody, expected: RestatementBody) -> str | None:
    if expected == body:
        return None
    name = next(key for key in type(body).model_fields if getattr(body, key) != getattr(expected, key))
    return f"entry {entry.seq} says {name}: {getattr(body, name)}, recomputed {getattr(expected, name)}"


def _cause(published: PublishedFolder, seq: int) -> str | None:
    """Return why the program is not the cause of a restatement: the same one made what it restates."""
    before = {body.software for entry, body in published.told.publications if entry.seq < seq}
    after = next((body.software for entry, body in published.told.publications if entry.seq > seq), None)
    same = None not in before and before == {after}
    return f"the cause is said to be the program, and basketry {after} made what it restates" if same else None


def _is_due(
    published: PublishedFolder,
    entry: Entry,
    body: RestatementBody,
    judgment: Judgment,
    epoch: Epoch,
    again: Recomputation,
) -> bool:
    """Return whether something was wrong that no correction before had dealt with; asked as who publishes asks it."""
    before = epoch.told.restatements
    settled = before[-1][1].after if before else None
    if judgment.restated or (judgment.kept and settled is None):
        return True
    if judgment.kept and settled is not None and judgment.kept.through(moment(settled)) != judgment.kept:
        return True
    tables = {name: getattr(epoch.standing, name) for name in ("levels", "compositions", "events")}
    then = replace(published, record=published.record[: entry.seq], tables={**published.tables, **tables})
    known = replace(again, known_by=body.known_by)
    return bool(contradictions(then, known, known.extended(then.stretches, None)))


@dataclass
class _Taken:
    """What corrections took back and cannot be computed again.

    Attributes:
        lines: Their number.
        largest: The largest relative error of a level among them. time: Its instant.
    """

    lines: int = 0
    largest: float = 0.0
    time: str = ""

    def add(self, lines: list[Said], epoch: Epoch, other: Collection[int], again: Recomputation) -> str | None:
        """Look at what one correction took back, and return what of it was never so."""
        said = replace(epoch.told, lines=lines)
        given = result_lines(epoch.fresh)
        parts = parts_of(epoch.told)
        lost = irreproducible(parts, other)
        levels = {body["time"]: body for kind, body in given if kind == "level"}
        basket = _first_other_basket(lines, given) if lost else None
        for line in said.unfounded(given):
            part = next(part for part in parts if part.entry.seq > line.seq)
            error = _error(line, levels)
            if not _is_gone(line, part, lost, basket, again, error):
                return f"entry {line.seq} ({line.kind} of {line.time}), which it takes back, was never so"
            self.lines += 1
            if error > self.largest:
                self.largest, self.time = error, line.time
        return None

    def words(self) -> str:
        """Return them in words."""
        if not self.lines:
            return ""
        size = "not a number" if math.isinf(self.largest) else f"{self.largest:.4%}"
        more = f", the largest error of a level {size} at {self.time}" if self.largest else ""
        return (
            f"; {self.lines} lines that they took back cannot be computed again, as rows were replaced or another "
            f"version made them{more}"
        )


def _error(line: Said, levels: Mapping[str, Mapping[str, Any]]) -> float:
    """Return the largest relative error of the figures of a level; infinite where one is missing, 0 for other lines."""
    if line.kind != "level":
        return 0.0
    fresh = levels.get(line.time)
    if fresh is None:
        return math.inf
    worst = 0.0
    for name in fresh.keys() - {"time", "status", "version"}:
        was, now = line.body.get(name), fresh[name]
        if was != now:
            worst = max(worst, abs(now / was - 1) if was and now else math.inf)
    return worst


def _is_gone(
    line: Said, part: Part, lost: Sequence[Part], basket: str | None, again: Recomputation, error: float
) -> bool:
    """Return whether a line that is not computed again may have been said: what it was made of is gone.

    That is so where a publication since the correction before is irreproducible, up to its own. One before that leaves
    the level with which it went on, and so only baskets can differ, with all that follows one, and levels by no more
    than figures that nobody can compute may stand.
    """
    before = [item for item in lost if item.entry.seq <= part.entry.seq]
    if any(item.epoch == part.epoch for item in before):
        return True
    if not before:
        return False
    if line.kind != "level" or (basket is not None and moment(basket) <= moment(line.time)):
        return True
    return not again.rules.at(line.time).rules.restate.is_material(error)


def _first_other_basket(lines: Sequence[Said], given: Sequence[tuple[str, Mapping[str, Any]]]) -> str | None:
    """Return the first instant at which lines tell of a basket with other holdings than is computed."""
    fresh = {body["effective_at"]: _held(body) for kind, body in given if kind == "composition"}
    told = [line for line in lines if line.kind == "composition"]
    return next((line.time for line in told if fresh.get(line.time) != _held(line.body)), None)


def _held(body: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Return the assets of a basket with their units and weights."""
    return [tuple(holding[:3]) for holding in body["holdings"]]
